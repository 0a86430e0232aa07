package graph_test

import (
	"fmt"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
)

// facets asks for each facet of each list: it names only what the viewer may see, and its filter
// finds as many as it says.
func (m *matrix) facets(v *domain.Viewer) {
	m.t.Helper()
	for _, doc := range documents {
		facets := m.schema.Types[doc.of+"Facets"]
		if facets == nil {
			continue
		}
		for _, f := range facets.Fields {
			entryPoint := facets.Name + "." + f.Name
			m.entryPoints[entryPoint] = true
			r := m.query(v, fmt.Sprintf(`{ %s { facets { %s(first: 100) %s } } }`, doc.many, f.Name, m.inside(m.schema.Types[f.Type.Name()], 0)))
			m.wantNoLeak(v, entryPoint, r)
			values := r.at(doc.many + ".facets." + f.Name).([]any)
			if v == everything && len(values) == 0 {
				m.t.Errorf("%s has no values even for a viewer of everything: %s", entryPoint, r.body)
			}
			for _, value := range values {
				value := value.(map[string]any)
				found := m.as(v, fmt.Sprintf(`query($f: %sFilter) { %s(filter: $f) { totalCount } }`, doc.of, doc.many), vars{"f": value["filter"]}).ok()
				if got := found.at(doc.many + ".totalCount"); got != value["count"] || got == 0.0 {
					m.t.Errorf("%s (TLP:%v) at %s: %v by the filter of %v", v.Role, v.Clearance, entryPoint, got, value)
				}
			}
		}
	}
}

// search searches for the texts, slugs and names of all documents, and for beginnings of them: what is found,
// suggested, proposed, counted and named as a reason is only what the viewer may see.
func (m *matrix) search(v *domain.Viewer) {
	m.t.Helper()
	for _, field := range []string{"search", "suggest", "matchEntities"} {
		m.entryPoints["Query."+field] = true
	}
	result := m.schema.Types["SearchResult"]
	var nodes []string
	for _, of := range m.schema.GetPossibleTypes(result) {
		if of.Name == "EditionItem" {
			nodes = append(nodes, "... on EditionItem { headline edition { slug } }")
		} else {
			nodes = append(nodes, "... on "+of.Name+" { slug }")
		}
	}
	node := " { " + strings.Join(nodes, " ") + " }"
	document := `query($q: String!, $f: SearchFilter, $names: [MatchName!]!) {
		search(query: $q, filter: $f, first: 100) { totalCount didYouMean nodes` + node + ` edges { field snippets { text html } node` + node + ` }
			facets { tags { value tag { slug } } entities { value entity { slug } } types { value } } }
		suggest(prefix: $q, first: 100) { text node` + node + ` }
		matchEntities(names: $names) { candidates { name entity { slug } } }
	}`
	asked := []string{"", "t", "n-r", "alias", "alias-re"}
	for _, state := range states {
		asked = append(asked, "t-"+state, "n-"+state, "alias-"+state, "v-"+state, "b-"+state, "h-"+state, "tag:tag-"+state, "entity:entity-"+state, "-t-"+state, state)
	}
	for _, q := range asked {
		r := m.as(v, document, vars{"q": q, "names": []any{vars{"name": q + "x"}, vars{"name": "alias-red"}}}).ok()
		m.wantNoLeak(v, "Query.search", r)
		if v == everything && q == "" && r.at("search.totalCount") == 0.0 {
			m.t.Errorf("nothing is found even for a viewer of everything: %s", r.body)
		}
	}
	for _, state := range states {
		for _, f := range []vars{{"tags": []string{"tag-" + state}}, {"withinTags": []string{"was-tag-" + state}}, {"entities": []string{"entity-" + state}}} {
			r := m.as(v, document, vars{"q": "", "f": f, "names": []any{}}).ok()
			m.wantNoLeak(v, "SearchFilter", r)
			if got := r.at("search.totalCount"); !sees(v, state) && got != 0.0 {
				m.t.Errorf("%s (TLP:%v): %v by %v, which is hidden", v.Role, v.Clearance, got, f)
			}
		}
		for _, doc := range documents {
			if m.schema.Types[doc.of+"Filter"].Fields.ForName("search") == nil {
				continue
			}
			entryPoint := doc.of + " filtered by search"
			m.entryPoints[entryPoint] = true
			r := m.query(v, fmt.Sprintf(`{ %s(first: 100, filter: {search: %q}) { totalCount nodes { slug } } }`, doc.many, `"t-`+state+`"`))
			m.wantNoLeak(v, entryPoint, r)
		}
	}
}
