package rest

import (
	"bytes"
	"embed"
	"encoding/json"
	"maps"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
)

//go:embed examples/*.json
var exampleFiles embed.FS

// exampleFile is the file with the response to the nth example of an operation.
func exampleFile(operation string, n int) string {
	name := operation
	if n > 0 {
		name += "-" + strconv.Itoa(n+1)
	}
	return "examples/" + name + ".json"
}

// sections are the sections of the description, in order.
var sections = []struct{ name, about string }{
	{"Reports", "Publications in long form."},
	{"Narratives", "Claims and story lines that are spread to influence."},
	{"Entities", "People, companies, bodies, places, laws and events, and how they are tied."},
	{"Tags", "What documents are classified by: a tree of terms."},
	{"Editions", "Issues of a series, with what happened and why it matters."},
	{"Series", "Periodicals, whose issues are editions."},
	{"Graph", "Who is tied to whom, and what lists reach through owners."},
	{"Search", "Everything, by words and names."},
	{"Changes", "What was published, changed and withdrawn, in order."},
}

const introduction = `Reports, narratives, entities, tags, editions and series of a research publisher, and a search of them, as JSON.

Each route is a GraphQL document that the server runs itself. Use the GraphQL API at ` + "`/graphql`" + ` where
you want other fields, filters or nesting.

**Credentials.** Without one you read what is public. A key or token of your publisher, sent as
` + "`Authorization: Bearer …`" + `, shows what it is cleared for. What you may not see is not in lists and counts, and
is 404 by its address.

**Lists** come in pages: ` + "`{\"data\": […], \"page\": {\"next\": \"…\", \"previous\": null}}`" + `. Follow the header ` + "`Link`" + `, or
pass ` + "`page.next`" + ` as ` + "`after`" + `. A parameter that takes several values is repeated, or has commas between them.

**Errors** are ` + "`application/problem+json`" + ` (RFC 9457), with a ` + "`code`" + ` and, for parameters, each that is wrong.

**Rate limit.** Each request has a cost. ` + "`RateLimit`" + ` says what is left of the limit of a minute; when it is exceeded,
the response is 429 with ` + "`Retry-After`" + `.

**Markings.** The header ` + "`TLP`" + ` is the highest marking of the content of a response, by TLP 2.0.`

// describe returns the OpenAPI description.
func (a *API) describe() []byte {
	s := &schemas{graphQL: a.schema, components: map[string]any{}}
	var paths object
	for _, r := range a.routes {
		paths = append(paths, pair{r.path, object{{"get", r.describe(s)}}})
	}
	s.components["Problem"] = problemSchema
	doc := object{
		{"openapi", "3.1.0"},
		{"info", object{
			{"title", "Redthread: JSON API"}, {"version", "1.0.0"}, {"summary", "Research that is published, as JSON."}, {"description", introduction},
			{"contact", object{{"name", "Redthread"}, {"url", "https://github.com/redthread-api/redthread"}}},
			{"license", object{{"name", "Apache License 2.0"}, {"identifier", "Apache-2.0"}}},
		}},
		{"servers", []object{{{"url", "/"}, {"description", "The server that this came from."}}}},
		{"security", []object{{}, {{"bearer", []string{}}}}},
		{"tags", a.sections()},
		{"paths", paths},
		{"components", object{
			{"schemas", s.components}, {"responses", responses()}, {"headers", headers},
			{"securitySchemes", object{{"bearer", object{
				{"type", "http"}, {"scheme", "bearer"},
				{"description", "A key (`rt_…`), or a token of the publisher's OpenID Connect issuer. It may be left out: what is public needs none."},
			}}}},
		}},
	}
	return indented(doc)
}

// sections describes those that have routes.
func (a *API) sections() []object {
	var all []object
	for _, section := range sections {
		if slices.ContainsFunc(a.routes, func(r *route) bool { return r.section == section.name }) {
			all = append(all, object{{"name", section.name}, {"description", section.about}})
		}
	}
	return all
}

func (r *route) describe(s *schemas) object {
	var parameters []object
	for _, p := range r.parameters {
		parameters = append(parameters, p.describe(s, r.exampleOf(p)))
	}
	name := strings.TrimPrefix(strings.TrimPrefix(r.operation, "get"), "list")
	if def := s.graphQL.Types[r.resultField.Definition.Type.Name()]; r.isList() {
		s.components[name] = describedAs(s.page(r.resultField), "A page of a list.")
	} else if r.isPlainList() {
		s.components[name] = object{{"type", "object"}, {"description", def.Description}, {"properties", object{{"data", s.value(r.resultField)}}}, {"required", []string{"data"}}}
	} else {
		s.components[name] = describedAs(s.selected(def, r.resultField.SelectionSet), def.Description)
	}

	media := object{{"schema", ref(name)}}
	examples := object{}
	for i, example := range r.examples {
		if body, err := exampleFiles.ReadFile(exampleFile(r.operation, i)); err == nil {
			examples = append(examples, pair{"example" + strconv.Itoa(i+1), object{{"summary", "GET " + example}, {"value", json.RawMessage(body)}}})
		}
	}
	if len(examples) > 0 {
		media = append(media, pair{"examples", examples})
	}
	content := object{{"application/json", media}}
	if r.table != nil {
		content = append(content, pair{"text/csv", object{{"schema", object{{"type", "string"}, {"description", "RFC 4180, with the columns " + strings.Join(r.table.names(), ", ") + "."}}}}})
	}
	header := object{}
	for _, h := range headers {
		if h.name != "Link" || r.isList() || r.table != nil {
			header = append(header, pair{h.name, object{{"$ref", "#/components/headers/" + h.name}}})
		}
	}
	all := object{{"200", object{{"description", r.summary + ": the response."}, {"headers", header},
		{"content", content}}}}
	if r.isSingle() {
		all = append(all, pair{"308", object{{"$ref", "#/components/responses/Moved"}}})
	}
	for _, status := range []int{400, 401, 403, 404, 429, 500, 503} {
		if status != http.StatusNotFound || r.isSingle() {
			all = append(all, pair{strconv.Itoa(status), object{{"$ref", "#/components/responses/" + responseNames[status]}}})
		}
	}
	return object{
		{"operationId", r.operation}, {"tags", []string{r.section}}, {"summary", r.summary}, {"description", r.description},
		{"parameters", parameters}, {"responses", all},
	}
}

func (p *parameter) describe(s *schemas, example any) object {
	d := object{{"name", p.name}, {"in", "query"}, {"description", oneLine(p.about)}}
	if p.required() {
		d = append(d, pair{"required", true})
	}
	if p.path {
		d[1].value = "path"
		d = append(d, pair{"required", true})
	}
	schema := object{{"type", "string"}, {"minLength", 1}}
	if !p.path {
		schema = s.leaf(p.def)
		if p.most > 0 {
			schema = append(slices.Clone(schema), pair{"minimum", p.least}, pair{"maximum", p.most})
		}
	}
	switch {
	case p.list():
		schema = object{{"type", "array"}, {"items", schema}, {"minItems", 1}, {"maxItems", maxListValues}}
		d = append(d, pair{"style", "form"}, pair{"explode", true})
	case p.fallback() != nil:
		value, _ := p.initial.Value(nil) // it was valid when it was loaded
		schema = append(slices.Clone(schema), pair{"default", value})
	case p.standard != nil:
		schema = append(slices.Clone(schema), pair{"default", p.standard})
	}
	d = append(d, pair{"schema", schema})
	if example != nil {
		d = append(d, pair{"example", example})
	}
	return d
}

// exampleOf is the value that a parameter has in the examples; nil where it
// has none.
func (r *route) exampleOf(p *parameter) any {
	for _, example := range r.examples {
		u, err := url.Parse(example)
		if err != nil {
			continue
		}
		if p.path {
			return strings.Split(u.Path, "/")[slices.Index(strings.Split(r.path, "/"), "{slug}")]
		}
		if given, ok := u.Query()[p.name]; ok {
			if value, err := p.parse(given); err == nil {
				return value
			}
		}
	}
	return nil
}

var responseNames = map[int]string{
	400: "BadRequest", 401: "Unauthorized", 403: "Forbidden", 404: "NotFound", 429: "TooManyRequests", 500: "InternalServerError", 503: "ServiceUnavailable",
}

// responses are those that routes have in common.
func responses() object {
	all := object{{"Moved", object{
		{"description", "The slug is a former one. `Location` has the same request with the present one."},
		{"headers", object{{"Location", object{
			{"description", "The address, relative to that of the request."}, {"schema", object{{"type", "string"}, {"format", "uri-reference"}}}}}}},
	}}}
	for _, status := range slices.Sorted(maps.Keys(responseNames)) {
		var texts []string
		var code string
		for _, c := range codes() {
			if kinds[c].status == status {
				code = c
				texts = append(texts, "`"+c+"`: "+kinds[c].about)
			}
		}
		header := object{}
		switch status {
		case http.StatusUnauthorized:
			header = append(header, pair{"WWW-Authenticate", object{{"description", "How to send a credential."}, {"schema", object{{"type", "string"}}}}})
		case http.StatusTooManyRequests, http.StatusServiceUnavailable:
			header = append(header, pair{"Retry-After", object{{"description", "After how many seconds to retry."}, {"schema", object{{"type", "integer"}}}}})
		}
		example := Problem{Type: "/docs#" + anchor(code), Title: kinds[code].title, Status: status, Detail: kinds[code].title + ".",
			Instance: "urn:request:6bqvw2bkfcxq6stnzs6zqk7gtm", Code: code}
		if status == http.StatusBadRequest {
			example = Problem{Type: "/docs#" + anchor(codeInvalid), Title: kinds[codeInvalid].title, Status: status, Detail: "the parameters are not valid",
				Instance: example.Instance, Code: codeInvalid, Errors: []ParameterError{{"first", "want 1 to 100, not 500"}, {"colour", "is no parameter; there are after, before, first, last, totalCount"}}}
		}
		response := object{{"description", strings.Join(texts, "\n\n")}}
		if len(header) > 0 {
			response = append(response, pair{"headers", header})
		}
		response = append(response, pair{"content", object{{"application/problem+json", object{{"schema", ref("Problem")}, {"example", example}}}}})
		all = append(all, pair{responseNames[status], response})
	}
	return all
}

var headers = object{
	{"Link", object{{"description", "The pages `first`, `prev` and `next` (RFC 8288), relative to the address of the request."}, {"schema", object{{"type", "string"}}}}},
	{"TLP", object{{"description", "The highest marking of the content of the response."},
		{"schema", object{{"type", "string"}, {"enum", []string{"TLP:CLEAR", "TLP:GREEN", "TLP:AMBER", "TLP:AMBER+STRICT", "TLP:RED"}}}}}},
	{"RateLimit", object{{"description", "What is left of the limit, and in how many seconds it is full again: `\"cost\";r=1999800;t=1`."}, {"schema", object{{"type", "string"}}}}},
	{"RateLimit-Policy", object{{"description", "The limit of a minute: `\"cost\";q=2000000;w=60`."}, {"schema", object{{"type", "string"}}}}},
	{"X-Request-Id", object{{"description", "The request's id. Quote it when you report an error."}, {"schema", object{{"type", "string"}}}}},
}

var problemSchema = object{
	{"type", "object"},
	{"description", "An error response (RFC 9457)."},
	{"properties", object{
		{"type", object{{"type", "string"}, {"format", "uri-reference"}, {"description", "Where problems of this kind are described."}}},
		{"title", object{{"type", "string"}, {"description", "What kind of problem it is."}}},
		{"status", object{{"type", "integer"}, {"minimum", 400}, {"maximum", 599}, {"description", "The HTTP status."}}},
		{"detail", object{{"type", "string"}, {"description", "The error in this request."}}},
		{"instance", object{{"type", "string"}, {"format", "uri"}, {"description", "This request: `urn:request:` and its id."}}},
		{"code", object{{"type", "string"}, {"description", "The kind of problem for programs; the same as GraphQL's `extensions.code`."}, {"enum", codes()}}},
		{"errors", object{{"type", "array"}, {"description", "Each parameter that is not valid."}, {"items", object{
			{"type", "object"},
			{"properties", object{
				{"parameter", object{{"type", "string"}, {"description", "Its name."}}},
				{"detail", object{{"type", "string"}, {"description", "The error in it, and what is expected."}}},
			}},
			{"required", []string{"parameter", "detail"}},
		}}}},
	}},
	{"required", []string{"type", "title", "status", "detail", "instance", "code"}},
}

func indented(v any) []byte {
	raw, err := encode(v)
	if err != nil {
		panic(err) // it is made of constants
	}
	var out bytes.Buffer
	if err := json.Indent(&out, raw, "", "  "); err != nil {
		panic(err) // as above
	}
	out.WriteByte('\n')
	return out.Bytes()
}
