package graph_test

import (
	"slices"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/store/storetest"
)

// What a type does not have by its kind is null (section 4.2); what it could have and has
// not is an empty list.
func TestIntrospectionByKind(t *testing.T) {
	t.Parallel()
	a := newAPI(t, storetest.SQLite(t))
	const document = `query($n: String!) { __type(name: $n) { kind fields { name } interfaces { name }
		possibleTypes { name kind } enumValues { name } inputFields { name } ofType { name } specifiedByURL isOneOf } }`
	has := map[string][]string{
		"OBJECT": {"fields", "interfaces"}, "INTERFACE": {"fields", "interfaces", "possibleTypes"}, "UNION": {"possibleTypes"},
		"ENUM": {"enumValues"}, "INPUT_OBJECT": {"inputFields", "isOneOf"}, "SCALAR": {"specifiedByURL"},
	}
	kinds := map[string]bool{}
	for _, name := range []string{"Query", "Tag", "Viewer", "Node", "Document", "Marking", "ReportFilter", "DateTime", "__Type"} {
		r := a.as(public, document, vars{"n": name}).ok()
		got, _ := r.at("__type").(map[string]any)
		kind, _ := got["kind"].(string)
		kinds[kind] = true
		for field, value := range got {
			if field != "kind" && (value != nil) != slices.Contains(has[kind], field) {
				t.Errorf("%s, %s: got %s: %v", name, kind, field, value)
			}
		}
	}
	if len(kinds) != 5 {
		t.Errorf("got kinds %v, want each that the schema has", kinds)
	}
	if got := a.as(public, document, vars{"n": "Nothing"}).ok().data(); got != `{"__type":null}` {
		t.Errorf("unknown type: got %s", got)
	}
	if got := a.as(public, document, vars{"n": "Node"}).ok(); !strings.Contains(got.body, `"interfaces":[]`) || strings.Contains(got.body, `"INTERFACE","name"`) ||
		strings.Contains(got.body, `{"name":"Document"`) {
		t.Errorf("Node: got %s", got.body)
	}
}

func TestIntrospectionOfDirectives(t *testing.T) {
	t.Parallel()
	a := newAPI(t, storetest.SQLite(t))
	r := a.query(public, `{ __schema { description
		directives { name isRepeatable isDeprecated deprecationReason args(includeDeprecated: true) { name defaultValue isDeprecated type { kind ofType { name } } } }
		all: directives(includeDeprecated: true) { name } } }`)
	if got, want := r.list("__schema.directives", "name"), "deprecated inContext include oneOf skip specifiedBy"; !containsAll(got, want) || strings.Contains(got, "defer") {
		t.Errorf("got %q, want %q and no defer", got, want)
	}
	if got, want := r.list("__schema.all", "name"), r.list("__schema.directives", "name"); got != want {
		t.Errorf("with deprecated ones: got %q, want %q", got, want)
	}
	for _, text := range []string{
		`{"name":"skip","isRepeatable":false,"isDeprecated":false,"deprecationReason":null,"args":[{"name":"if","defaultValue":null,"isDeprecated":false,"type":{"kind":"NON_NULL","ofType":{"name":"Boolean"}}}]}`,
		`"defaultValue":"\"No longer supported\""`,
	} {
		if !strings.Contains(r.body, text) {
			t.Errorf("want %s in %s", text, r.body)
		}
	}
	locations := a.query(public, `{ __type(name: "__DirectiveLocation") { enumValues { name } } }`)
	if got := locations.list("__type.enumValues", "name"); !strings.Contains(got, "DIRECTIVE_DEFINITION") {
		t.Errorf("got %q", got)
	}
	a.as(public, `{ reports { ... @defer { totalCount } } }`, nil).refused("GRAPHQL_VALIDATION_FAILED", `Unknown directive "@defer"`)
	a.as(public, `query($all: Boolean) { __type(name: "Node") { fields(includeDeprecated: $all) { name } } }`, vars{"all": nil}).
		refused("BAD_USER_INPUT", "includeDeprecated: the variable $all is null; want Boolean!")
}

func containsAll(got, want string) bool {
	have := strings.Fields(got)
	for _, word := range strings.Fields(want) {
		if !slices.Contains(have, word) {
			return false
		}
	}
	return true
}
