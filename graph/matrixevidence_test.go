package graph_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
)

// evidence asks what rests on each source, where each entity is spoken of, for each tree and for those who have a part in
// narratives: page by page and at once, and with counts that are those of what is seen.
func (m *matrix) evidence(v *domain.Viewer) {
	m.t.Helper()
	m.entryPoints["Query.narrativeActors"] = true
	for _, state := range states {
		if !sees(v, state) {
			continue
		}
		m.pages(v, fmt.Sprintf("source(slug: %q)", "source-"+state), "citedBy", "kind document { slug } displayName locator quote relationship { slug } listing { authority } observation { description } item { headline } footnote { number text(format: TEXT) }")
		m.pages(v, fmt.Sprintf("entity(slug: %q)", "entity-"+state), "mentions", "document { slug } displayName linked item { headline } passages { field link text html }")
		r := m.as(v, fmt.Sprintf(`{ source(slug: %q) { citedBy(first: 100) { totalCount counts { kind count } nodes { kind document { slug } } } } }`, "source-"+state), nil).ok()
		kinds, sum := map[any]float64{}, 0.0
		for _, n := range r.at("source.citedBy.nodes").([]any) {
			kinds[n.(map[string]any)["kind"]]++
		}
		for _, c := range r.at("source.citedBy.counts").([]any) {
			c := c.(map[string]any)
			if sum += c["count"].(float64); kinds[c["kind"]] != c["count"] {
				m.t.Errorf("%s (TLP:%v): %v of %v rest on source-%s", v.Role, v.Clearance, c, kinds, state)
			}
		}
		if sum != r.at("source.citedBy.totalCount") || v == everything && len(kinds) != 5 && state == "clear" {
			m.t.Errorf("%s (TLP:%v): the counts of source-%s: %s", v.Role, v.Clearance, state, r.body)
		}
		m.tree(v, state)
	}
	for _, role := range []string{"TARGET", "AMPLIFIER"} {
		for _, filter := range []string{"", `filter: {within: "narrative-clear"}`, `filter: {within: "narrative-red"}`} {
			r := m.as(v, fmt.Sprintf(`{ narrativeActors(role: %s, first: 100, %s) { totalCount narrativeCount actors { narrativeCount observationCount entity { slug } } }
				narratives(first: 100, %[2]s) { totalCount } }`, role, filter), nil).ok()
			m.wantNoLeak(v, "Query.narrativeActors", r)
			actors := r.at("narrativeActors.actors").([]any)
			if float64(len(actors)) != r.at("narrativeActors.totalCount") || r.at("narratives.totalCount") != r.at("narrativeActors.narrativeCount") ||
				len(actors) == 0 != (strings.Contains(filter, "red") && !sees(v, "red")) {
				m.t.Errorf("%s (TLP:%v): those with the part %s: %s", v.Role, v.Clearance, role, r.body)
			}
			for _, a := range actors {
				if a := a.(map[string]any); a["narrativeCount"].(float64) > r.at("narratives.totalCount").(float64) || a["observationCount"] != 6*a["narrativeCount"].(float64) {
					m.t.Errorf("%s (TLP:%v): each narrative has six sightings: %v", v.Role, v.Clearance, a)
				}
			}
		}
	}
}

// pages compares a list that is read page by page with the whole.
func (m *matrix) pages(v *domain.Viewer, of, field, fields string) {
	m.t.Helper()
	one := of[:strings.Index(of, "(")]
	whole := m.as(v, fmt.Sprintf(`{ %s { %s(first: 100) { totalCount nodes { %s } } } }`, of, field, fields), nil).ok()
	m.wantNoLeak(v, of+"."+field, whole)
	want := fmt.Sprint(whole.at(one + "." + field + ".nodes"))
	var got []any
	var after any
	for range 100 {
		r := m.as(v, fmt.Sprintf(`query($after: String) { %s { %s(first: 3, after: $after) { nodes { %s } pageInfo { hasNextPage endCursor } } } }`, of, field, fields), vars{"after": after}).ok()
		got = append(got, r.at(one+"."+field+".nodes").([]any)...)
		if r.at(one+"."+field+".pageInfo.hasNextPage") != true {
			break
		}
		after = r.at(one + "." + field + ".pageInfo.endCursor")
	}
	if fmt.Sprint(got) != want {
		m.t.Errorf("%s (TLP:%v): %s of %s page by page: %v, at once: %s", v.Role, v.Clearance, field, of, got, want)
	}
}

// tree compares the tree of a narrative with what the fields of its narratives say.
func (m *matrix) tree(v *domain.Viewer, state string) {
	m.t.Helper()
	const counts = ` children(first: 1) { totalCount } targets(first: 1) { totalCount } amplifiers(first: 1) { totalCount } observations { totalCount nodes { description } } parent { id }`
	r := m.as(v, fmt.Sprintf(`{ narrative(slug: %q) { tree { complete path { slug } nodes { depth parentId childCount hidden observationCount targetCount amplifierCount narrative { id slug`+counts+` } } } } }`, "narrative-"+state), nil).ok()
	m.wantNoLeak(v, "Narrative.tree", r)
	var below, above []string
	for i, s := range seenFrom {
		if !sees(v, s) {
			continue
		}
		if i < slices.Index(seenFrom, state) {
			above = append(above, "narrative-"+s)
		} else {
			below = append(below, "narrative-"+s)
		}
	}
	if got := r.list("narrative.tree.path", "slug"); got != strings.Join(above, " ") {
		m.t.Errorf("%s (TLP:%v): above narrative-%s is %q, want %v", v.Role, v.Clearance, state, got, above)
	}
	nodes := r.at("narrative.tree.nodes").([]any)
	if len(nodes) != len(below) || r.at("narrative.tree.complete") != true {
		m.t.Errorf("%s (TLP:%v): the tree of narrative-%s: %s, want %v", v.Role, v.Clearance, state, r.body, below)
	}
	for i, n := range nodes {
		n := n.(map[string]any)
		of := n["narrative"].(map[string]any)
		total := func(field string) any { return of[field].(map[string]any)["totalCount"] }
		if of["slug"] != below[i] || n["childCount"] != total("children") || n["targetCount"] != total("targets") || n["amplifierCount"] != total("amplifiers") ||
			n["observationCount"] != of["observations"].(map[string]any)["totalCount"] || n["hidden"] != 0.0 || n["depth"] != float64(i) {
			m.t.Errorf("%s (TLP:%v): a node of narrative-%s: %v", v.Role, v.Clearance, state, n)
		}
		if parent, ok := of["parent"].(map[string]any); i > 0 && (!ok || n["parentId"] != parent["id"]) || i == 0 && n["parentId"] != nil {
			m.t.Errorf("%s (TLP:%v): the parent in %v", v.Role, v.Clearance, n)
		}
	}
}
