package conformance

import (
	"encoding/json"
	"fmt"
	"net/url"
	"slices"
	"strings"
)

// The media types of responses.
const (
	graphqlResponse = "application/graphql-response+json"
	plainJSON       = "application/json"
)

const typenameBody = `{"query": "{ __typename }"}`

// post is a POST with a JSON body and the Accept of the new media type. Headers that
// are given by turns with their values are added.
func post(body string, header ...string) Request {
	return Request{Method: "POST", Body: body, Header: append([]string{"Content-Type", plainJSON, "Accept", graphqlResponse}, header...)}
}

// get is a GET with parameters, which are given by turns with their values.
func get(parameters ...string) Request {
	values := url.Values{}
	for i := 0; i+1 < len(parameters); i += 2 {
		values.Set(parameters[i], parameters[i+1])
	}
	// The names of the root types are put into the query, so they are not encoded.
	query := strings.NewReplacer("%25Query%25", "%Query%", "%25Mutation%25", "%Mutation%").Replace(values.Encode())
	return Request{Method: "GET", Query: query, Header: []string{"Accept", graphqlResponse}}
}

// status wants one of some statuses, whatever the body is.
func status(codes ...int) Want {
	text := "status " + strings.Trim(strings.ReplaceAll(fmt.Sprint(codes), " ", " or "), "[]")
	return Want{Text: text, check: func(_ *target, r *Response) error {
		if !slices.Contains(codes, r.Status) {
			return r.errorf("want %s", text)
		}
		return nil
	}}
}

// statusIn wants a status in a range, whatever the body is.
func statusIn(least, most int) Want {
	text := fmt.Sprintf("a status from %d to %d", least, most)
	return Want{Text: text, check: func(_ *target, r *Response) error {
		if r.Status < least || r.Status > most {
			return r.errorf("want %s", text)
		}
		return nil
	}}
}

// media wants one of some media types.
func media(types ...string) Want {
	text := "the media type " + strings.Join(types, " or ")
	return Want{Text: text, check: func(_ *target, r *Response) error {
		if !slices.Contains(types, r.Media) {
			return r.errorf("want %s", text)
		}
		return nil
	}}
}

// header wants a header that contains a text; an empty text wants that it is there.
func header(name, part string) Want {
	text := strings.TrimSpace("the header " + name + " " + part)
	return Want{Text: text, check: func(_ *target, r *Response) error {
		values := r.Header[name]
		if len(values) == 0 || !strings.Contains(strings.ToLower(strings.Join(values, ",")), strings.ToLower(part)) {
			return r.errorf("want %s, and there is %q", text, values)
		}
		return nil
	}}
}

// notExecuted wants a response without data.
func notExecuted() Want {
	return Want{Text: "no data", check: func(_ *target, r *Response) error {
		var body map[string]json.RawMessage
		if json.Unmarshal(r.Body, &body) == nil && body["data"] != nil {
			return r.errorf("want no data")
		}
		return nil
	}}
}

// bad wants a 4xx and no data: the request is not well-formed, so that nothing is
// executed.
func bad() Want { return all(statusIn(400, 499), notExecuted()) }

// httpMethods are cases of methods.
func httpMethods() []Case {
	other := func(id, method string) Case {
		return exchange(id, Request{Method: method, Body: typenameBody, Header: []string{"Content-Type", plainJSON, "Accept", graphqlResponse}}, all(status(405), notExecuted()), recommended)
	}
	return section(OverHTTP, "Methods",
		exchange("post", post(typenameBody), all(status(200), data(typename))),
		exchange("post-mutation", post(`{"query": "mutation { __typename }"}`), all(status(200), data(`{"__typename":"%Mutation%"}`)), needs(NeedsMutation)),
		other("put", "PUT"),
		other("patch", "PATCH"),
		other("delete", "DELETE"),
		exchange("allow-names-post", Request{Method: "PUT", Body: typenameBody, Header: []string{"Content-Type", plainJSON}}, header("Allow", "POST"), recommended),
		exchange("head-has-no-body", Request{Method: "HEAD", Query: "query=%7B__typename%7D"}, Want{Text: "no body", check: func(_ *target, r *Response) error {
			if len(r.Body) > 0 || r.Status >= 500 {
				return r.errorf("want no body")
			}
			return nil
		}}),
	)
}

// httpRequests are cases of the body of POST requests.
func httpRequests() []Case {
	typed := `"query": "query ($n: String!) { __type(name: $n) { name } }"`
	cases := section(OverHTTP, "Request Parameters",
		exchange("unknown-member", post(`{"query": "{ __typename }", "nothingOfThisName": 1}`), all(status(200), data(typename)), since(September2026)),
		exchange("unknown-member-object", post(`{"query": "{ __typename }", "id": {"a": [1]}, "documentId": null}`), all(status(200), data(typename)), since(September2026)),
		exchange("unknown-member-in-extensions", post(`{"query": "{ __typename }", "extensions": {"nothingOfThisName": {"a": 1}}}`), all(status(200), data(typename))),
		exchange("operation-name-null", post(`{"query": "query A { __typename }", "operationName": null}`), all(status(200), data(typename))),
		exchange("variables-null", post(`{"query": "{ __typename }", "variables": null}`), all(status(200), data(typename))),
		exchange("extensions-null", post(`{"query": "{ __typename }", "extensions": null}`), all(status(200), data(typename))),
		exchange("all-null", post(`{"query": "{ __typename }", "operationName": null, "variables": null, "extensions": null}`), all(status(200), data(typename))),
		exchange("extensions-empty", post(`{"query": "{ __typename }", "extensions": {}}`), all(status(200), data(typename))),
		exchange("variables", post(`{`+typed+`, "variables": {"n": "Int"}}`), all(status(200), data(`{"__type":{"name":"Int"}}`))),
		exchange("operation-name", post(`{"query": "query A { a: __typename } query B { b: __typename }", "operationName": "B"}`), all(status(200), data(`{"b":"%Query%"}`))),
		exchange("operation-named-null", post(`{"query": "query null { __typename }", "operationName": "null"}`), all(status(200), data(typename))),
		exchange("members-in-another-order", post(`{"variables": {"n": "Int"}, `+typed+`}`), all(status(200), data(`{"__type":{"name":"Int"}}`))),
		exchange("no-query", post(`{"variables": {}}`), bad()),
		exchange("empty-object", post(`{}`), bad()),
		exchange("misspelled-query", post(`{"qeury": "{ __typename }"}`), bad()),
		exchange("query-in-capitals", post(`{"Query": "{ __typename }"}`), bad()),
		exchange("query-null", post(`{"query": null}`), bad()),
		exchange("query-number", post(`{"query": 1}`), bad()),
		exchange("query-list", post(`{"query": ["{ __typename }"]}`), bad()),
		exchange("query-object", post(`{"query": {"a": "{ __typename }"}}`), bad()),
		exchange("query-boolean", post(`{"query": true}`), bad()),
		exchange("query-empty", post(`{"query": ""}`), bad()),
		exchange("operation-name-number", post(`{"query": "{ __typename }", "operationName": 1}`), bad()),
		exchange("operation-name-list", post(`{"query": "{ __typename }", "operationName": []}`), bad()),
		exchange("operation-name-object", post(`{"query": "{ __typename }", "operationName": {}}`), bad()),
		exchange("variables-string", post(`{"query": "{ __typename }", "variables": "{}"}`), bad()),
		exchange("variables-number", post(`{"query": "{ __typename }", "variables": 1}`), bad()),
		exchange("variables-list", post(`{"query": "{ __typename }", "variables": []}`), bad()),
		exchange("variables-boolean", post(`{"query": "{ __typename }", "variables": false}`), bad()),
		exchange("extensions-string", post(`{"query": "{ __typename }", "extensions": "a"}`), bad()),
		exchange("extensions-number", post(`{"query": "{ __typename }", "extensions": 1}`), bad()),
		exchange("extensions-list", post(`{"query": "{ __typename }", "extensions": []}`), bad()),
		exchange("variables-in-capitals", post(`{`+typed+`, "Variables": {"n": "Int"}}`), refused(), since(September2026)),
	)
	return append(cases, section(OverHTTP, "JSON Encoding",
		exchange("no-body", post(``), all(status(400), notExecuted()), recommended),
		exchange("no-json", post(`NONSENSE`), all(status(400), notExecuted()), recommended),
		exchange("cut-short", post(`{"query":`), all(status(400), notExecuted()), recommended),
		exchange("text-follows", post(typenameBody+` more`), all(status(400), notExecuted()), recommended),
		exchange("two-objects", post(typenameBody+typenameBody), all(status(400), notExecuted()), recommended),
		exchange("single-quotes", post(`{'query': '{ __typename }'}`), bad()),
		exchange("comma-follows", post(`{"query": "{ __typename }",}`), bad()),
		exchange("string", post(`"{ __typename }"`), bad()),
		exchange("number", post(`1`), bad()),
		exchange("null", post(`null`), bad()),
		exchange("empty-list", post(`[]`), bad()),
		exchange("white-space-around", post("\n\t "+typenameBody+"\r\n"), all(status(200), data(typename))),
		exchange("escapes", post(`{"query": "\u007b __type\u006eame \u007D"}`), all(status(200), data(typename))),
		exchange("escaped-member-name", post(`{"\u0071uery": "{ __typename }"}`), all(status(200), data(typename))),
		exchange("text-of-any-script", post(`{`+typed+`, "variables": {"n": "漢🦊"}}`), all(status(200), data(`{"__type":null}`))),
		exchange("byte-order-mark", post("\ufeff"+typenameBody), statusIn(200, 499)),
		exchange("batch-is-no-fault", post("["+typenameBody+"]"), statusIn(200, 499)),
		exchange("no-utf-8", post("{\"query\": \"{ __typename } # \xff\"}"), statusIn(200, 499)),
		exchange("deep", post(`{"query": "{ __typename }", "extensions": {"a": `+strings.Repeat("[", 200)+strings.Repeat("]", 200)+`}}`), statusIn(200, 499)),
	)...)
}

// httpGET are cases of GET, which is optional.
func httpGET() []Case {
	g := needs(NeedsGET)
	typed := `query ($n: String!) { __type(name: $n) { name } }`
	two := `query A { a: __typename } query null { b: __typename }`
	return section(OverHTTP, "GET",
		exchange("query", get("query", "{ __typename }"), all(status(200), data(typename)), g),
		exchange("plus-is-space", Request{Method: "GET", Query: "query=query+A+%7B+__typename+%7D", Header: []string{"Accept", graphqlResponse}}, all(status(200), data(typename)), g),
		exchange("percent-20-is-space", Request{Method: "GET", Query: "query=query%20A%20%7B%20__typename%20%7D", Header: []string{"Accept", graphqlResponse}}, all(status(200), data(typename)), g),
		exchange("variables", get("query", typed, "variables", `{"n":"Int"}`), all(status(200), data(`{"__type":{"name":"Int"}}`)), g),
		exchange("variables-of-any-script", get("query", typed, "variables", `{"n":"漢🦊 +&"}`), all(status(200), data(`{"__type":null}`)), g),
		exchange("variables-empty-object", get("query", "{ __typename }", "variables", `{}`), all(status(200), data(typename)), g),
		exchange("extensions", get("query", "{ __typename }", "extensions", `{"a":1}`), all(status(200), data(typename)), g),
		exchange("operation-name", get("query", two, "operationName", "A"), all(status(200), data(`{"a":"%Query%"}`)), g),
		exchange("operation-name-empty", get("query", "query A { __typename }", "operationName", ""), all(status(200), data(typename)), g, since(September2026)),
		exchange("variables-empty", get("query", "{ __typename }", "variables", ""), all(status(200), data(typename)), g, since(September2026), recommended),
		exchange("extensions-empty", get("query", "{ __typename }", "extensions", ""), all(status(200), data(typename)), g, since(September2026), recommended),
		exchange("operation-name-null-is-a-name", get("query", two, "operationName", "null"), all(status(200), data(`{"b":"%Query%"}`)), g, since(September2026)),
		exchange("operation-name-null-of-none", get("query", "query A { __typename }", "operationName", "null"), all(status(400), refused()), g, since(September2026)),
		exchange("unknown-parameter", get("query", "{ __typename }", "nothingOfThisName", "1"), all(status(200), data(typename)), g, since(September2026)),
		exchange("no-content-type-needed", get("query", "{ __typename }"), status(200), g),
		exchange("json", Request{Method: "GET", Query: "query=%7B__typename%7D", Header: []string{"Accept", plainJSON}}, all(status(200), media(plainJSON), data(typename)), g),
		exchange("no-query", get("variables", "{}"), bad(), g),
		exchange("query-empty", get("query", ""), bad(), g),
		exchange("variables-no-json", get("query", "{ __typename }", "variables", "NONSENSE"), bad(), g),
		exchange("variables-list", get("query", "{ __typename }", "variables", "[]"), bad(), g),
		exchange("variables-string", get("query", "{ __typename }", "variables", `"a"`), bad(), g),
		exchange("extensions-no-json", get("query", "{ __typename }", "extensions", "{"), bad(), g),
		exchange("extensions-list", get("query", "{ __typename }", "extensions", "[]"), bad(), g),
		exchange("no-graphql", get("query", "{"), all(status(400), refused()), g),
		exchange("mutation", get("query", "mutation { __typename }"), all(statusIn(400, 499), notExecuted()), g, needs(NeedsMutation)),
		exchange("mutation-status", get("query", "mutation { __typename }"), all(status(405), header("Allow", "POST")), g, needs(NeedsMutation), recommended),
		exchange("mutation-by-name", get("query", "query A { __typename } mutation B { __typename }", "operationName", "B"), all(statusIn(400, 499), notExecuted()), g, needs(NeedsMutation)),
		exchange("mutation-not-chosen", get("query", "query A { __typename } mutation B { __typename }", "operationName", "A"), all(status(200), data(typename)), g, needs(NeedsMutation)),
		exchange("mutation-with-json", Request{Method: "GET", Query: "query=mutation+%7B+__typename+%7D", Header: []string{"Accept", plainJSON}}, all(statusIn(400, 499), notExecuted()), g, needs(NeedsMutation)),
	)
}

// httpMediaTypes are cases of Content-Type and Accept.
func httpMediaTypes() []Case {
	content := func(id, value string, want Want, options ...option) Case {
		return exchange(id, Request{Method: "POST", Body: typenameBody, Header: []string{"Content-Type", value, "Accept", graphqlResponse}}, want, options...)
	}
	accepting := func(id, value string, want Want, options ...option) Case {
		return exchange(id, Request{Method: "POST", Body: typenameBody, Header: []string{"Content-Type", plainJSON, "Accept", value}}, want, options...)
	}
	either := all(status(200), media(graphqlResponse, plainJSON), data(typename))
	isNew, isOld := all(status(200), media(graphqlResponse), data(typename)), all(status(200), media(plainJSON), data(typename))
	cases := section(OverHTTP, "Content-Type",
		content("json", plainJSON, isNew),
		content("charset", "application/json; charset=utf-8", isNew),
		content("charset-in-capitals", "application/json; charset=UTF-8", isNew),
		content("charset-quoted", `application/json;charset="utf-8"`, isNew),
		content("type-in-capitals", "Application/JSON", isNew),
		content("text", "text/plain", all(status(415), notExecuted()), recommended),
		content("form", "application/x-www-form-urlencoded", all(status(415), notExecuted()), recommended),
		content("multipart", "multipart/form-data; boundary=a", all(statusIn(400, 499), notExecuted()), recommended),
		content("xml", "application/xml", all(status(415), notExecuted()), recommended),
		content("no-media-type", "nonsense", bad(), recommended),
		content("prefix-of-json", "application/jso", bad(), recommended),
		content("json-as-suffix", "application/graphql-response+json", statusIn(200, 499)),
		exchange("missing", Request{Method: "POST", Body: typenameBody, Header: []string{"Accept", graphqlResponse}}, bad(), recommended),
	)
	return append(cases, section(OverHTTP, "Accept",
		accepting("new", graphqlResponse, isNew),
		accepting("new-with-charset", graphqlResponse+"; charset=utf-8", isNew),
		accepting("new-in-capitals", "Application/GraphQL-Response+JSON", isNew),
		accepting("json", plainJSON, isOld),
		accepting("json-with-charset", plainJSON+"; charset=utf-8", isOld),
		accepting("both-new-first", graphqlResponse+", "+plainJSON, media(graphqlResponse), recommended),
		accepting("both", plainJSON+", "+graphqlResponse, either),
		accepting("new-preferred", plainJSON+";q=0.5, "+graphqlResponse, isNew),
		accepting("json-preferred", graphqlResponse+";q=0.5, "+plainJSON, isOld),
		accepting("new-excluded", graphqlResponse+";q=0, "+plainJSON, isOld),
		accepting("new-excluded-and-anything", graphqlResponse+";q=0, */*", isOld),
		accepting("json-excluded-and-anything", plainJSON+";q=0, */*", isNew),
		accepting("anything", "*/*", either),
		accepting("any-application", "application/*", either),
		accepting("others-first", "text/html, image/png, "+graphqlResponse, isNew),
		accepting("anything-least", "text/html, */*;q=0.1", either),
		accepting("spaces", "  "+plainJSON+"  ;  q=0.9 ,"+graphqlResponse+";q=0.1", isOld),
		accepting("several-parameters", graphqlResponse+"; charset=utf-8; q=0.8, "+plainJSON+"; charset=utf-8", isOld),
		accepting("nothing-known", "text/html", all(status(406), notExecuted()), recommended),
		accepting("nothing-known-is-no-fault", "text/html, image/*", status(406, 200)),
		exchange("missing", Request{Method: "POST", Body: typenameBody, Header: []string{"Content-Type", plainJSON}}, either),
		exchange("missing-means-new", Request{Method: "POST", Body: typenameBody, Header: []string{"Content-Type", plainJSON}}, isNew, since(September2026), recommended),
		accepting("charset-is-shown", graphqlResponse, header("Content-Type", "charset=utf-8"), recommended),
		accepting("charset-is-shown-for-json", plainJSON, header("Content-Type", "charset=utf-8"), recommended),
	)...)
}

// httpStatus are cases of the status of a result.
func httpStatus() []Case {
	// A null variable at a String! is an error of the field (6.4.1), in any server.
	partial := `{"query": "query ($n: String = \"Int\") { __typename __type(name: $n) { name } }", "variables": {"n": null}}`
	nothing := `{"query": "{ nestNonNull { failNonNull } }"}`
	legacy := func(body string) Request {
		return Request{Method: "POST", Body: body, Header: []string{"Content-Type", plainJSON, "Accept", plainJSON}}
	}
	// The status says what is wrong: 400 for a document that does not parse,
	// 422 for one that cannot be executed. A case of its own accepts both for both.
	requestErrors := []struct {
		id, body string
		status   int
	}{
		{"document-does-not-parse", `{"query": "{"}`, 400},
		{"document-is-not-valid", `{"query": "{ nothingOfThisName }"}`, 422},
		{"no-operation-of-the-name", `{"query": "query A { __typename }", "operationName": "B"}`, 422},
		{"operation-is-ambiguous", `{"query": "query A { __typename } query B { __typename }"}`, 422},
		{"variable-is-wrong", `{"query": "query ($n: String!) { __type(name: $n) { name } }", "variables": {"n": 1}}`, 422},
		{"variable-is-missing", `{"query": "query ($n: String!) { __type(name: $n) { name } }"}`, 422},
	}
	cases := section(OverHTTP, "Status Codes of application/graphql-response+json",
		exchange("data", post(typenameBody), all(status(200), media(graphqlResponse), data(typename))),
		exchange("data-and-errors-is-2xx", post(partial), all(statusIn(200, 299), fails(`["__type"]`, ""))),
		exchange("data-and-errors", post(partial), all(status(294), media(graphqlResponse), fails(`["__type"]`, "")), since(September2026), recommended),
		exchange("data-null-and-errors-is-2xx", post(nothing), all(statusIn(200, 299), fails(`["nestNonNull","failNonNull"]`, "null")), needs("Query.nestNonNull")),
		exchange("data-null-and-errors", post(nothing), all(status(294), fails(`["nestNonNull","failNonNull"]`, "null")), since(September2026), recommended, needs("Query.nestNonNull")),
		exchange("body-is-no-json", post(`NONSENSE`), statusIn(400, 499)),
		exchange("body-has-no-query", post(`{}`), statusIn(400, 499)),
		exchange("body-has-no-query-has-its-own-status", post(`{}`), status(422), since(September2026), recommended),
	)
	for _, e := range requestErrors {
		cases = append(cases, section(OverHTTP, "Status Codes of application/graphql-response+json",
			exchange(e.id, post(e.body), all(statusIn(400, 599), refused())),
			exchange(e.id+"-is-400-or-422", post(e.body), all(status(400, 422), media(graphqlResponse), refused()), recommended),
			exchange(e.id+"-has-its-own-status", post(e.body), all(status(e.status), refused()), since(September2026), recommended),
		)...)
	}
	cases = append(cases, section(OverHTTP, "Status Codes of application/json",
		exchange("data", legacy(typenameBody), all(status(200), media(plainJSON), data(typename))),
		exchange("data-and-errors", legacy(partial), all(status(200, 294), media(plainJSON), fails(`["__type"]`, ""))),
		exchange("data-null-and-errors", legacy(nothing), all(status(200, 294), fails(`["nestNonNull","failNonNull"]`, "null")), needs("Query.nestNonNull")),
		exchange("body-is-no-json", legacy(`NONSENSE`), all(status(400), notExecuted()), recommended),
		exchange("body-has-no-query", legacy(`{}`), all(status(400, 422), notExecuted()), recommended),
	)...)
	for _, e := range requestErrors {
		cases = append(cases, section(OverHTTP, "Status Codes of application/json",
			exchange(e.id, legacy(e.body), all(statusIn(200, 499), media(plainJSON, graphqlResponse), refused())),
		)...)
	}
	return cases
}
