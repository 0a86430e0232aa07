package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// facet returns the values of a facet with their numbers, those of the same number by name: they
// are in the order of ids, which are random.
func (r *response) facet(path string) string {
	r.t.Helper()
	var out []string
	for _, v := range r.at(path).([]any) {
		v := v.(map[string]any)
		out = append(out, fmt.Sprintf("%v:%v", v["value"], v["count"]))
	}
	slices.SortStableFunc(out, func(a, b string) int {
		a, n, _ := strings.Cut(a, ":")
		b, m, _ := strings.Cut(b, ":")
		if n == m {
			return strings.Compare(a, b)
		}
		return 0
	})
	return strings.Join(out, " ")
}

func TestFacets(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		const ask = `facets { tags { value label count tag { slug description } } entities { value label count entity { slug } } kinds { value label count } years { value count } languages { value count } }`
		for _, tt := range []struct {
			viewer                                      *domain.Viewer
			list                                        string
			tags, entities, kinds, years, languages, at string
		}{
			{public, `{ list: reports { ` + ask + ` } }`,
				"asia:1 cranes:1", "crane-works:1 port-ltd:1", "BRIEF:2", "2024:2", "en:1 ja:1", "list"},
			{partner, `{ list: reports(first: 0, filter: {entities: {slug: {eq: "crane-works"}}}) { ` + ask + ` } }`,
				"asia:1 ports:1", "crane-works:2", "BRIEF:1 TYPOLOGY:1", "2024:2", "en:1 ja:1", "list"},
			{author, `query @inContext(stage: DESK) { list: reports { ` + ask + ` } }`,
				"ports:3 cranes:2 asia:1 secret-term:1", "crane-works:3 port-ltd:2 hidden-fund:1", "BRIEF:3 RESEARCH:1 TYPOLOGY:1", "2024:4", "en:4 ja:1", "list"},
			{partner, `{ tag(slug: "ports") { reports { ` + ask + ` } } }`,
				"ports:1", "crane-works:1", "TYPOLOGY:1", "2024:1", "en:1", "tag.reports"},
			{public, `{ list: reports(filter: {slug: {eq: "none"}}) { ` + ask + ` } }`, "", "", "", "", "", "list"},
		} {
			r := a.query(tt.viewer, tt.list)
			for name, want := range map[string]string{"tags": tt.tags, "entities": tt.entities, "kinds": tt.kinds, "years": tt.years, "languages": tt.languages} {
				if got := r.facet(tt.at + ".facets." + name); got != want {
					t.Errorf("%s of %s for TLP:%v: got %q, want %q", name, tt.list, tt.viewer.Clearance, got, want)
				}
			}
		}
		r := a.query(public, `{ narratives { facets { targets { value count } amplifiers { value count } statuses { value label count filter } years(first: 1) { value filter } } }
			sources { facets { years { value count filter } } } entities { facets { countries { value count } kinds(first: 1) { label count } tags(first: 1) { value } } } tags { facets { vocabularies { value count } } }
			relationships { facets { confidences { value count } } } }`)
		for path, want := range map[string]string{
			"narratives.facets.targets": "port-ltd:2 crane-works:1", "narratives.facets.amplifiers": "crane-works:1", "narratives.facets.statuses": "ACTIVE:1 EMERGING:1",
			"sources.facets.years": "2021:1", "entities.facets.countries": "CN:1 ZM:1", "tags.facets.vocabularies": "TOPIC:2 REGION:1", "relationships.facets.confidences": "CONFIRMED:1 POSSIBLE:1",
		} {
			if got := r.facet(path); got != want {
				t.Errorf("%s: got %q, want %q", path, got, want)
			}
		}
		for path, want := range map[string]string{
			"narratives.facets.statuses.0.label": "Active", "narratives.facets.statuses.0.filter": "map[status:map[eq:ACTIVE]]",
			"narratives.facets.years.0.filter": "map[publishedAt:map[gte:2024-01-01T00:00:00Z lt:2025-01-01T00:00:00Z]]",
			"sources.facets.years.0.filter":    "map[date:map[eq:2021]]", "entities.facets.kinds.0.label": "Company",
		} {
			if got := fmt.Sprint(r.at(path)); got != want {
				t.Errorf("%s: got %s, want %s", path, got, want)
			}
		}
		// Several owners: one statement for the numbers of all, and one for their tags.
		r = a.query(public, `{ entities(orderBy: {field: SLUG}) { nodes { slug reports { facets { tags(first: 1) { value count } } } } } }`)
		var got []string
		for i := range r.at("entities.nodes").([]any) {
			got = append(got, r.facet(fmt.Sprintf("entities.nodes.%d.reports.facets.tags", i)))
		}
		if got := strings.Join(got, "/"); got != "/asia:1/cranes:1" || r.statements != 3 {
			t.Errorf("of several owners: got %q with %d statements, want 3", got, r.statements)
		}
		// With a filter, and through a link that can be there twice.
		r = a.query(author, `query @inContext(stage: DESK) { entities(orderBy: {field: SLUG}) { nodes { contributedTo(filter: {contributors: {slug: {ne: "x"}}}) { facets { tags { value count } } } } } }`)
		if got := r.facet("entities.nodes.0.contributedTo.facets.tags"); got != "cranes:2 ports:1" {
			t.Errorf("of contributions: got %q", got)
		}
		a.as(public, `{ reports { facets { kinds(first: 101) { value } } } }`, nil).refused("BAD_USER_INPUT", "first: 101 values; want 0 to 100")
		a.as(public, `{ reports { facets { tags(first: -1) { value } } } }`, nil).refused("BAD_USER_INPUT", "first: -1 values; want 0 to 100")
	})
}

// A cached response with facets ends when a number in it changes, or a tag.
func TestCachedResponsesWithFacets(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		k := newCachedAPI(t, s)
		k.createContent()
		for _, step := range []struct{ change, want string }{
			{`{ __typename }`, "asia:1 cranes:1"},
			{`mutation { updateTag(input: {id: "secret-term" marking: CLEAR}) { changed } }`, "asia:1 cranes:1 secret-term:1"},
			{`mutation { updateTag(input: {id: "asia" slug: "far-east"}) { changed } }`, "cranes:1 far-east:1 secret-term:1"},
			{`mutation { updateReport(input: {id: "charlie" tags: ["cranes"]}) { changed } publish(input: {documents: ["report:charlie"]}) { state } }`, "cranes:2"},
			{`mutation { unpublish(input: {documents: ["report:bravo"]}) { state } }`, "cranes:1"},
		} {
			k.query(editor, step.change)
			for range 2 {
				if got := k.query(public, `{ reports { facets { tags { value count } } } }`).facet("reports.facets.tags"); got != step.want {
					t.Errorf("after %s: got %q, want %q", step.change, got, step.want)
				}
			}
		}
	})
}
