package graph_test

import "github.com/redthread-api/redthread/internal/domain"

// graph goes through the graph from each entity, and from each to each: what is around, on the way, and counted is
// only what the viewer sees; what is hidden breaks a path as if it were not there.
func (m *matrix) graph(v *domain.Viewer) {
	m.t.Helper()
	for _, entryPoint := range []string{"Query.network", "Query.paths", "Relationship.other"} {
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
