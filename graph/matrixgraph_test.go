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

// time reads what happened, and observations over time: all of it, and about each entity, narrative and tag.
func (m *matrix) time(v *domain.Viewer) {
	m.t.Helper()
	const entries = `{ nodes { kind date title document { slug } observation { description platform { name } narrative { slug } citations { source { title } } }
		listing { authority citations { source { title } } } item { headline edition { slug } } } buckets(by: YEAR) { undated buckets { start count kinds { kind count } } } }`
	for _, entryPoint := range []string{"Query.timeline", "Query.observations"} {
		m.entryPoints[entryPoint] = true
	}
	r := m.as(v, `{ timeline(first: 100) `+entries+` }`, nil).ok()
	m.wantNoLeak(v, "Query.timeline", r)
	counted := 0.0
	for _, b := range r.at("timeline.buckets.buckets").([]any) {
		counted += b.(map[string]any)["count"].(float64)
	}
	if got := len(r.at("timeline.nodes").([]any)); got < 100 && float64(got) != counted {
		m.t.Errorf("%s (TLP:%v): %d entries, and %v are counted", v.Role, v.Clearance, got, counted)
	}
	const observations = `(first: 100) { totalCount nodes { description platform { slug name } narrative { slug } } counts(by: MONTH, groupBy: PLATFORM) { undated buckets { count reach groups { count platform { slug name } } } } }`
	r = m.as(v, `{ observations`+observations+` narratives(first: 100) { nodes { observations`+observations+` } } }`, nil).ok()
	m.wantNoLeak(v, "Query.observations", r)
	if got, want := r.at("observations.counts.undated"), r.at("observations.totalCount"); got != want {
		m.t.Errorf("%s (TLP:%v): %v observations of a year without a month, want all %v", v.Role, v.Clearance, got, want)
	}
	for _, state := range states {
		for _, argument := range []string{`entities: ["entity-%s"]`, `narratives: ["narrative-%s"]`, `tags: ["tag-%s"]`} {
			r := m.as(v, `{ timeline(`+fmt.Sprintf(argument, state)+`, first: 100) `+entries+` }`, nil)
			m.wantNoLeak(v, "Query.timeline", r)
			if !sees(v, state) && r.code() != "BAD_USER_INPUT" {
				m.t.Errorf("%s (TLP:%v): the timeline of what is hidden: %s", v.Role, v.Clearance, r.body)
			}
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
		report := func(list string) *response {
			return m.as(v, `{ exposureReport(list: `+list+`, asOf: "2020-06-15", first: 100) { totalCount entries { verdict entity { slug } through { slug } } } }`, nil)
		}
		r := report(list)
		m.wantNoLeak(v, "Query.exposureReport", r)
		if !sees(v, state) { // a list of what is hidden is as one that is not there
			if none := report(`{authority: "none", threshold: 50}`); r.code() != "BAD_USER_INPUT" || r.body != none.body {
				m.t.Errorf("%s (TLP:%v): the list of %s is %s, and none is %s", v.Role, v.Clearance, state, r.body, none.body)
			}
			continue
		}
		lists = append(lists, list)
		r.ok()
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
