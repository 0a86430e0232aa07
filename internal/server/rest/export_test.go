package rest

import "github.com/vektah/gqlparser/v2/ast"

// Route is a route, for tests.
type Route struct {
	Operation, Path, Section, Summary string
	Examples                          []string
	Parameters                        []string // of the query string
	Required                          []string // of those, the ones without which there is no response
	Lists                             []string // of those, the ones with several values
	Texts                             []string // of those, the ones whose values are any text
	List                              bool     // the response is a page
	Nested                            []string // lists in the response that have a route of their own
	Text                              string
}

// Routes are the routes.
func (a *API) Routes() []Route {
	var all []Route
	for _, r := range a.routes {
		out := Route{Operation: r.operation, Path: r.path, Section: r.section, Summary: r.summary, Examples: r.examples, List: r.isList(), Text: r.document}
		for _, p := range r.parameters {
			if p.path {
				continue
			}
			out.Parameters = append(out.Parameters, p.name)
			if p.def.Name == "String" {
				out.Texts = append(out.Texts, p.name)
			}
			if p.required() {
				out.Required = append(out.Required, p.name)
			}
			if p.list() {
				out.Lists = append(out.Lists, p.name)
			}
		}
		if !r.isList() {
			for _, f := range flatten(r.resultField.SelectionSet) {
				if isConnection(f) {
					out.Nested = append(out.Nested, f.Alias)
				}
			}
		}
		all = append(all, out)
	}
	return all
}

// FileOfExample is the file with the response to the nth example of an operation.
func FileOfExample(operation string, n int) string { return exampleFile(operation, n) }

// Parse reads a document.
func Parse(schema *ast.Schema, source, fragments string) error {
	_, err := parse(schema, source, fragments)
	return err
}
