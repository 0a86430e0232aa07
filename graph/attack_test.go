package graph_test

import (
	"bytes"
	"encoding/base64"
	"encoding/json"
	"fmt"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/internal/domain"
)

// hostile are values, as JSON, that are made to break out of a statement, a
// pattern, a template or a text, or to be no text at all.
var hostile = []string{
	`"' OR '1'='1"`, `"'; DROP TABLE reports; --"`, `"\"; DELETE FROM reports; --"`, `"x') OR (1=1"`, `"/*"`, `"\\"`, `"\\'"`, `"%"`, `"_%\\%"`,
	`"$1"`, `"?"`, `":name @p1"`, `"{{.}} ${x} %s %n"`, `"NEAR(a b) AND \"c* OR NOT ("`, `"[[' OR 1=1]] [^1] [@';--]"`,
	`"\u0000"`, `"a\u0000b"`, `"\ud800"`, `"\udc00\ud800"`, `"\ufffe\uffff"`, `"\u202eabc\u2066"`, `"e` + strings.Repeat(`\u0301`, 50) + `"`,
	`"` + strings.Repeat("x", 100_000) + `"`, `""`, `" "`, `"\n\t\r"`, `"../../etc/passwd"`, `"javascript:alert(1)"`, `"http://[::1]:namedport"`,
	`"rpt_0000000000000"`, `"report:' OR 1=1"`, `"9999-99-99"`, `"0000-00-00T00:00:00Z"`, `"NaN"`, `"-0"`, `"1e400"`,
	`0`, `-1`, `9223372036854775807`, `99999999999999999999999`, `1e308`, `-0.0000001`, `true`, `null`, `[]`, `{}`, `[[]]`, `[null]`, `{"a":{}}`,
}

// leak is what no answer may have: the words of a driver, of an engine or of
// the program.
var leak = regexp.MustCompile(`(?i)INTERNAL|SQLSTATE|syntax error|near "|pq:|pgx|sqlite|SQL logic|constraint failed|violates|invalid byte|runtime error|panic|goroutine|\.go:\d`)

// attack sends a document whose variables are JSON as it is, and wants data or
// errors with codes, in words of the API's own.
func (a *api) attack(v *domain.Viewer, what, document, variables string) {
	a.t.Helper()
	q, err := json.Marshal(document)
	if err != nil {
		a.t.Fatal(err)
	}
	body := `{"query":` + string(q) + `,"variables":` + variables + `}`
	ctx := domain.WithViewer(a.t.Context(), v)
	r := httptest.NewRequestWithContext(ctx, http.MethodPost, "/graphql", bytes.NewReader([]byte(body)))
	r.Header.Set("Content-Type", "application/json")
	w := httptest.NewRecorder()
	a.handler.ServeHTTP(w, r)
	shown := variables[:min(len(variables), 300)]
	var out response
	if err := json.Unmarshal(w.Body.Bytes(), &out); err != nil {
		a.t.Errorf("%s with %s: %v in %s", what, shown, err, w.Body)
		return
	}
	for _, e := range out.Errors {
		if found := leak.FindString(e.Message + " " + e.Extensions.Code); e.Extensions.Code == "" || found != "" {
			a.t.Errorf("%s with %s: got %q %s", what, shown, e.Extensions.Code, e.Message)
		}
		for _, f := range e.Extensions.Fields {
			if found := leak.FindString(strings.ReplaceAll(f.Message, "NEAR", "")); found != "" {
				a.t.Errorf("%s with %s: got %q", what, shown, f.Message)
			}
		}
	}
	if len(out.Errors) == 0 && out.Data == nil {
		a.t.Errorf("%s with %s: got neither data nor errors: %s", what, shown, w.Body)
	}
}

// silent wants a log without errors.
func (a *api) silent() {
	a.t.Helper()
	for line := range strings.SplitSeq(a.log.String(), "\n") {
		if strings.Contains(line, "level=ERROR") {
			a.t.Errorf("logged %.600s", line)
			return
		}
	}
}

// argument is one that a hostile value can be sent with: how to ask for the
// field, and its type.
type argument struct {
	name, document string
	of             *ast.Type
}

// allArguments are those of each field of the schema that can be reached: of
// the root fields, and of the fields of documents in their lists.
func allArguments(s *ast.Schema) []argument {
	var out []argument
	add := func(operation string, parent *ast.Definition, f *ast.FieldDefinition, around string) {
		for _, arg := range f.Arguments {
			var others strings.Builder
			for _, other := range f.Arguments {
				if other != arg && other.Type.NonNull && other.DefaultValue == nil {
					fmt.Fprintf(&others, ", %s: %s", other.Name, literal(plausible(s, other.Type)))
				}
			}
			selection := ""
			switch t := s.Types[f.Type.Name()]; {
			case strings.HasSuffix(t.Name, "Connection"):
				selection = " { pageInfo { endCursor } nodes { __typename } }"
				if t.Fields.ForName("totalCount") != nil {
					selection = " { totalCount pageInfo { endCursor } nodes { __typename } }"
				}
			case t.Kind != ast.Scalar:
				selection = " { __typename }"
			}
			field := fmt.Sprintf("%s(%s: $v%s)%s", f.Name, arg.Name, &others, selection)
			out = append(out, argument{
				parent.Name + "." + f.Name + "(" + arg.Name + ")",
				fmt.Sprintf("%s($v: %s) { %s }", operation, arg.Type, fmt.Sprintf(around, field)), arg.Type})
		}
	}
	for _, f := range s.Query.Fields {
		if strings.HasPrefix(f.Name, "__") {
			continue
		}
		add("query", s.Query, f, "%s")
		of, isList := strings.CutSuffix(f.Type.Name(), "Connection")
		if !isList || isDeskField(f.Name) {
			continue
		}
		for _, inner := range s.Types[of].Fields {
			add("query", s.Types[of], inner, f.Name+" { nodes { %s } }")
			add("query", s.Types[of], inner, f.Name+"(first: 1) { nodes { %s } }")
		}
	}
	for _, f := range s.Mutation.Fields {
		add("mutation", s.Mutation, f, "%s")
	}
	return out
}

// plausible is a value that a type may have: of an object, with the fields
// that are required.
func plausible(s *ast.Schema, t *ast.Type) any {
	if t.Elem != nil {
		return []any{plausible(s, t.Elem)}
	}
	switch d := s.Types[t.NamedType]; {
	case d.Kind == ast.Enum:
		return enumValue(d.EnumValues[0].Name)
	case d.Kind == ast.InputObject:
		out := map[string]any{}
		for _, f := range d.Fields {
			if f.Type.NonNull && f.DefaultValue == nil {
				out[f.Name] = plausible(s, f.Type)
			}
		}
		return out
	}
	switch t.NamedType {
	case "Int", "Long", "Float":
		return 1
	case "Boolean":
		return true
	case "LanguageTag":
		return "en"
	case "URL":
		return "https://example.org/"
	case "DateTime":
		return "2030-01-01T00:00:00Z"
	case "Date":
		return "2020"
	}
	return "crane-works"
}

// hole is where a hostile value goes, and valuesPerPlace how many go there.
const (
	hole           = "\x00hole\x00"
	valuesPerPlace = 5
)

// holes calls f with each way to put a value into a type: the name of the
// place, and the whole with a hole there. A field of an input object is a
// place once, wherever it is come upon first.
func holes(s *ast.Schema, t *ast.Type, place string, seen map[string]bool, f func(place string, whole any)) {
	f(place, hole)
	if t.Elem != nil {
		holes(s, t.Elem, place+"[]", seen, func(place string, whole any) { f(place, []any{whole}) })
		return
	}
	d := s.Types[t.NamedType]
	if d.Kind != ast.InputObject {
		return
	}
	for _, field := range d.Fields {
		inner := d.Name + "." + field.Name
		if seen[inner] {
			continue
		}
		seen[inner] = true
		holes(s, field.Type, inner, seen, func(place string, whole any) {
			object := plausible(s, ast.NamedType(d.Name, nil)).(map[string]any)
			object[field.Name] = whole
			f(place, object)
		})
	}
}

// Whatever is sent in whichever place of whichever argument, the answer is
// data or an error that says what is wrong, in words of the API: never one of
// the program or of the database. The places are read from the schema.
func TestHostileValues(t *testing.T) {
	t.Parallel()
	s := schema(t)
	each(t, func(t *testing.T, a *api) {
		next, seen := 0, map[string]bool{}
		for _, arg := range allArguments(s) {
			holes(s, arg.of, arg.name, seen, func(place string, whole any) {
				text, err := json.Marshal(whole)
				if err != nil {
					t.Fatal(err)
				}
				mark, err := json.Marshal(hole)
				if err != nil {
					t.Fatal(err)
				}
				for range valuesPerPlace {
					next += 7 // prime to the number of values: all come to all kinds of place
					value := hostile[next%len(hostile)]
					a.attack(editor, place, arg.document, `{"v":`+strings.Replace(string(text), string(mark), value, 1)+`}`)
				}
			})
		}
		a.silent()
		t.Logf("%d hostile values in all arguments and %d fields of inputs", next/7, len(seen))
		if got := a.query(author, `query @inContext(stage: DESK) { reports { totalCount } }`).at("reports.totalCount").(float64); got < 5 {
			t.Errorf("%v reports are left", got)
		}
	})
}

// Cursors that no list made, or that were made for something else.
func TestHostileCursors(t *testing.T) {
	t.Parallel()
	s := schema(t)
	each(t, func(t *testing.T, a *api) {
		lists := 0
		cursors := func(of, field, around string, f *ast.FieldDefinition) {
			orders := []string{""}
			if arg := f.Arguments.ForName("orderBy"); arg != nil {
				if order := s.Types[arg.Type.Name()]; order.Kind == ast.Enum {
					for _, v := range order.EnumValues {
						orders = append(orders, "orderBy: "+v.Name)
					}
				} else {
					for _, v := range s.Types[order.Fields.ForName("field").Type.Name()].EnumValues {
						orders = append(orders, "orderBy: {field: "+v.Name+"}", "orderBy: {field: "+v.Name+", direction: DESC}")
					}
				}
			}
			required := ""
			if f.Arguments.ForName("query") != nil {
				required = ` query: ""`
			}
			for i, order := range orders {
				page := func(args string) string {
					return fmt.Sprintf(around, field+"("+args+required+" "+order+") { pageInfo { startCursor } edges { cursor } }")
				}
				made := regexp.MustCompile(`"cursor":"([^"]+)"`).FindStringSubmatch(a.as(editor, "query @inContext(stage: DESK) { "+page("first: 1")+" }", nil).body)
				if made == nil {
					continue // the list is empty
				}
				lists++
				for n, cursor := range tampered(t, made[1]) {
					if (n+i)%6 != 0 && i > 0 {
						continue // each of the further orders gets some of them
					}
					value, err := json.Marshal(cursor)
					if err != nil {
						t.Fatal(err)
					}
					for _, bound := range []string{"after", "before"} {
						if f.Arguments.ForName(bound) != nil {
							a.attack(editor, of+"."+field+" "+order+" "+bound, "query($c: String) @inContext(stage: DESK) { "+page(bound+": $c")+" }", `{"c":`+string(value)+`}`)
						}
					}
				}
			}
		}
		for _, f := range s.Query.Fields {
			of, isList := strings.CutSuffix(f.Type.Name(), "Connection")
			if !isList {
				continue
			}
			cursors("Query", f.Name, "%s", f)
			for _, inner := range s.Types[of].Fields {
				if strings.HasSuffix(inner.Type.Name(), "Connection") && !isDeskField(f.Name) {
					cursors(of, inner.Name, f.Name+"(first: 30) { nodes { %s } }", inner)
				}
			}
		}
		if lists < 100 {
			t.Errorf("only %d lists had a cursor to tamper with", lists)
		}
		a.silent()
	})
}

// tampered are variations of a cursor that a list made.
func tampered(t *testing.T, cursor string) []string {
	t.Helper()
	text, err := base64.RawURLEncoding.DecodeString(cursor)
	if err != nil {
		t.Fatal(err)
	}
	var parts map[string]json.RawMessage
	if err := json.Unmarshal(text, &parts); err != nil {
		t.Fatal(err)
	}
	out := []string{
		cursor[:len(cursor)/2], cursor[1:], cursor + "=", cursor + "AAAA", strings.Repeat(cursor, 300), strings.ToUpper(cursor), "",
		base64.StdEncoding.EncodeToString(text), base64.RawURLEncoding.EncodeToString(append(text, text...)),
	}
	for _, value := range []string{
		`null`, `""`, `"\u0000"`, `"\ud800"`, `"zzz"`, `"2024-01-01T00:00:00Z"`, `"0000-01-01T00:00:00Z"`, `"0001-01-01T00:00:00Z"`, `"9999-12-31T23:59:59.999999999+14:00"`,
		`"-9999-01-01T00:00:00Z"`, `"NaN"`, `0`, `-1`, `2147483648`, `9223372036854775807`, `-9223372036854775808`, `99999999999999999999`, `1e400`, `0.5`, `true`, `[]`, `{}`,
		`"` + strings.Repeat("x", 9000) + `"`,
	} {
		for _, id := range []string{string(parts["i"]), `"rpt_0000000000000"`, `"ent_0000000000000"`} {
			out = append(out, base64.RawURLEncoding.EncodeToString([]byte(`{"l":`+string(parts["l"])+`,"v":`+value+`,"i":`+id+`}`)))
			if value != "null" {
				break
			}
		}
	}
	for _, format := range []string{`{"l":%s,"i":%[3]s}`, `{"l":%s,"v":%s}`, `{"l":%s,"v":%s,"i":null}`, `{"l":%s,"v":%s,"i":1}`, `{"l":%s,"v":%s,"i":%s,"x":1}`, `[%s,%s,%s]`, `{"l":"","v":%[2]s,"i":%[3]s}`} {
		out = append(out, base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, format, parts["l"], parts["v"], parts["i"])))
	}
	return out
}

// A filter with a field that the schema does not have, in a variable, where a
// parser of documents would not see it, is refused and filters nothing.
func TestUnknownFilterFields(t *testing.T) {
	t.Parallel()
	s := schema(t)
	each(t, func(t *testing.T, a *api) {
		for _, f := range s.Query.Fields {
			arg := f.Arguments.ForName("filter")
			if arg == nil {
				continue
			}
			required := ""
			if f.Arguments.ForName("query") != nil {
				required = `, query: ""`
			}
			if f.Arguments.ForName("role") != nil {
				required = `, role: TARGET`
			}
			document := fmt.Sprintf("query($f: %s) { %s(filter: $f%s) { totalCount } }", arg.Type, f.Name, required)
			for _, filter := range []vars{
				{"nope": vars{"eq": 1}}, {"effective_marking": vars{"lte": 9}}, {"deletedAt": vars{"isNull": true}}, {"slug": vars{"like": "%"}},
				{"id": vars{"eq": nil, "nope": 1}}, {"not": vars{"nope": vars{}}}, {"or": []any{vars{"slug": vars{"eq": "x"}}, vars{"nope": nil}}}, {"": vars{}},
				{`slug") OR 1=1 --`: vars{"eq": "x"}},
			} {
				a.as(public, document, vars{"f": filter}).refused("GRAPHQL_VALIDATION_FAILED", "no such field")
			}
			all := a.as(public, document, vars{"f": nil}).ok().data()
			// No value is in an empty list; null is no condition.
			for _, field := range s.Types[arg.Type.Name()].Fields {
				operators := s.Types[field.Type.Name()]
				if operators.Fields.ForName("in") == nil {
					continue
				}
				if got := a.as(public, document, vars{"f": vars{field.Name: vars{"in": []any{}}}}).ok().at(f.Name + ".totalCount"); got != 0.0 {
					t.Errorf("%s: %v have a %s in an empty list", f.Name, got, field.Name)
				}
				if got := a.as(public, document, vars{"f": vars{field.Name: vars{"in": nil}}}).ok().data(); got != all {
					t.Errorf("%s: null for in: got %s, want %s", field.Name, got, all)
				}
				if got := a.as(public, document, vars{"f": vars{field.Name: nil}}).ok().data(); got != all {
					t.Errorf("%s: null: got %s, want %s", field.Name, got, all)
				}
			}
		}
	})
}

// An update or a delete of one type with the id, or the slug, of a document of
// another type is refused, says so at the field, and changes nothing.
func TestMutationsOfAnotherType(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		state := func() string {
			var b strings.Builder
			for _, doc := range documents {
				fmt.Fprintf(&b, "%s(first: 100) { nodes { id slug version updatedAt } } ", doc.many)
			}
			return a.query(editor, "query @inContext(stage: DESK) { "+b.String()+" trash { nodes { id } } publicationLog { totalCount } }").body
		}
		before := state()
		first := map[string]map[string]any{}
		for _, doc := range documents {
			first[doc.one] = a.query(editor, fmt.Sprintf(`query @inContext(stage: DESK) { %s(first: 1) { nodes { id slug } } }`, doc.many)).
				at(doc.many + ".nodes.0").(map[string]any)
		}
		for _, doc := range documents {
			for _, other := range documents {
				if doc == other {
					continue
				}
				for _, verb := range []string{"update", "delete"} {
					document := fmt.Sprintf(`mutation($id: ID!) { %s%s(input: {id: $id}) { __typename } }`, verb, doc.of)
					r := a.as(editor, document, vars{"id": first[other.one]["id"]})
					if len(r.Errors) != 1 || r.Errors[0].Extensions.Code != "BAD_USER_INPUT" || len(r.Errors[0].Extensions.Fields) != 1 || r.Errors[0].Extensions.Fields[0].Path != "id" {
						t.Errorf("%s%s of a %s: got %s", verb, doc.of, other.one, r.body)
					}
					if r := a.as(editor, document, vars{"id": first[other.one]["slug"]}); len(r.Errors) != 1 || r.Errors[0].Extensions.Code != "NOT_FOUND" {
						t.Errorf("%s%s by the slug of a %s: got %s", verb, doc.of, other.one, r.body)
					}
				}
			}
		}
		if after := state(); after != before {
			t.Errorf("something changed: %s, was %s", after, before)
		}
	})
}

// What is written after something was deleted has an id of its own, and the old
// id does not lead to it. (That ids do not repeat in a process is tested where
// they are made.)
func TestIDsAreNotGivenAgain(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		seen := map[any]bool{}
		for i := range 3 {
			id := a.query(editor, fmt.Sprintf(`mutation { createTag(input: {slug: "again-%d", label: "Again", vocabulary: TOPIC}) { tag { id } } }`, i)).at("createTag.tag.id")
			if seen[id] {
				t.Fatalf("%v was given twice", id)
			}
			seen[id] = true
			for old := range seen {
				r := a.as(editor, `query($id: ID!) @inContext(stage: DESK) { tag(id: $id) { id } }`, vars{"id": old}).ok()
				if found := r.at("tag") != nil; found != (old == id) {
					t.Errorf("%v, when %v is there: %s", old, id, r.body)
				}
			}
			a.as(editor, `mutation($id: ID!) { deleteTag(input: {id: $id}) { deletedId } }`, vars{"id": id}).ok()
		}
	})
}
