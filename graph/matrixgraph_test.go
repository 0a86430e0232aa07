package graph_test

import (
	"fmt"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
)

// graph goes through the graph from each entity, and from each to each: what is around, on the way, and counted is
// only what the viewer sees; what is hidden breaks a path as if it were not there.
func (m *matrix) graph(v *domain.Viewer) {
	m.t.Helper()
	for _, entryPoint := range []string{"Query.network", "Query.paths", "Query.exposureReport", "Relationship.other"} {
		m.entryPoints[entryPoint] = true
	}
	const relationship = ` { slug description from { slug } to { slug } other(than: $from) { slug degree } }`
	for _, from := range states {
		r := m.as(v, `query($from: String!) { network(around: [$from], depth: 4) { complete nodes { entity { slug name degree } distance degree hidden cut } relationships`+relationship+` }
			entity(slug: $from) { degree relationships(first: 100) { totalCount } } }`, vars{"from": "entity-" + from})
		m.wantNoLeak(v, "Query.network", r)
		if !sees(v, from) {
			if r.code() != "BAD_USER_INPUT" {
				m.t.Errorf("%s (TLP:%v): the network around what is hidden: %s", v.Role, v.Clearance, r.body)
			}
			continue
		}
		if got, want := r.at("entity.degree"), r.at("entity.relationships.totalCount"); got != want {
			m.t.Errorf("%s (TLP:%v): entity-%s has degree %v and %v relationships", v.Role, v.Clearance, from, got, want)
		}
		if len(r.at("network.nodes").([]any)) < 2 && v == everything {
			m.t.Errorf("there is nothing around entity-%s even for a viewer of everything: %s", from, r.body)
		}
		for _, to := range states {
			r := m.as(v, `query($from: String!, $to: String!) { paths(from: $from, to: $to, maxLength: 6, first: 20) { outcome paths { length weakestConfidence steps {
				forward start { slug } end { slug } relationship`+relationship+` others`+relationship+` } } } }`, vars{"from": "entity-" + from, "to": "entity-" + to})
			m.wantNoLeak(v, "Query.paths", r)
		}
	}
}

// ownership asks for what lists mean for each entity, for owners and holdings, and for all that a list reaches.
func (m *matrix) ownership(v *domain.Viewer) {
	m.t.Helper()
	const step = ` { relationship { slug description } owner { slug name } owned { slug name } share { min max } doubts }`
	var lists []string
	for _, state := range states {
		list := fmt.Sprintf(`{authority: "a-%s", threshold: 50}`, state)
		lists = append(lists, list)
		r := m.as(v, `{ exposureReport(list: `+list+`, asOf: "2020-06-15", first: 100) { totalCount entries { verdict entity { slug } through { slug } } } }`, nil).ok()
		m.wantNoLeak(v, "Query.exposureReport", r)
		got, want := len(r.at("exposureReport.entries").([]any)), r.at("exposureReport.totalCount")
		if float64(got) != want || (got > 0) != sees(v, state) {
			m.t.Errorf("%s (TLP:%v): %d entries of %v by the list of %s", v.Role, v.Clearance, got, want, state)
		}
	}
	for _, state := range states {
		if !sees(v, state) {
			continue
		}
		r := m.as(v, `query($slug: String!) { entity(slug: $slug) { exposure(lists: [`+strings.Join(lists, ", ")+`], asOf: "2020-06-15", first: 50) { verdict held { min max } through { slug } relationshipCount listings { authority programme }
			holders`+step+` chains { steps`+step+` } open { step`+step+` } controls { slug } contradictions { entity { slug } sum } economic { share { min max } chains { steps`+step+` } } }
			owners(asOf: "2020-06-15", first: 50) { holdings { entity { slug } } } holdings(asOf: "2020-06-15", first: 50) { holdings { entity { slug } } } } }`, vars{"slug": "entity-" + state}).ok()
		m.wantNoLeak(v, "Entity.exposure", r)
		for _, field := range []string{"owners", "holdings"} {
			if v == everything && len(r.at("entity."+field+".holdings").([]any)) == 0 {
				m.t.Errorf("entity-%s has no %s even for a viewer of everything: %s", state, field, r.body)
			}
		}
	}
}
