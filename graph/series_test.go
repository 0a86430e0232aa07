package graph_test

import (
	"fmt"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
)

// The newest edition of a series, and the one before and after an edition, are those among
// the editions that the viewer may see.
func TestNeighboursOfAnEdition(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		a.query(editor, `mutation { createSeries(input: {slug: "digest", title: "Digest", cadence: FORTNIGHTLY, language: "en", description: "On *cranes*."}) { created } }`)
		for n, marking := range []string{"CLEAR", "RED", "CLEAR", "AMBER"} {
			a.query(editor, fmt.Sprintf(`mutation { createEdition(input: {series: "digest", number: %d, title: "T", language: "en", marking: %s, periodEnd: "2026-01-%d", items: [{headline: "H", summary: "S"}]}) { created }
				publish(input: {documents: ["edition:digest-%[1]d"]}) { state } }`, n+1, marking, 10+n))
		}
		const ask = `{ series(slug: "digest") { latest { slug } nextNumber nextPeriod { start end } editions { totalCount nodes { slug displayName } } }
			editions(filter: {series: {slug: {eq: "digest"}}}, orderBy: {field: NUMBER}) { nodes { slug seriesTitle series { title } previous { slug } next { slug } } } }`
		for viewer, want := range map[*domain.Viewer][3]string{
			public:     {"digest-3", "digest-3 digest-1", "digest-1:-:digest-3 digest-3:digest-1:-"},
			everything: {"digest-4", "digest-4 digest-3 digest-2 digest-1", "digest-1:-:digest-2 digest-2:digest-1:digest-3 digest-3:digest-2:digest-4 digest-4:digest-3:-"},
		} {
			r := a.query(viewer, ask)
			var neighbours string
			for i, node := range r.at("editions.nodes").([]any) {
				e := node.(map[string]any)
				slug := func(field string) any {
					if of, ok := e[field].(map[string]any); ok {
						return of["slug"]
					}
					return "-"
				}
				if i > 0 {
					neighbours += " "
				}
				neighbours += fmt.Sprint(e["slug"], ":", slug("previous"), ":", slug("next"))
				if e["seriesTitle"] != "Digest" {
					t.Errorf("got the title %v, want that of the series", e["seriesTitle"])
				}
			}
			got := [3]string{r.at("series.latest.slug").(string), r.list("series.editions.nodes", "slug"), neighbours}
			if got != want {
				t.Errorf("TLP:%v: got %q, want %q", viewer.Clearance, got, want)
			}
			if r.at("series.nextNumber") != nil || r.at("series.nextPeriod") != nil {
				t.Errorf("live proposes what comes next: %s", r.body)
			}
			if r.statements > 12 {
				t.Errorf("got %d statements, which is more than one for each edge", r.statements)
			}
		}
		desk := a.as(editor, `query @inContext(stage: DESK) { series(slug: "digest") { nextNumber nextPeriod { start end } description(format: TEXT) } }`, nil).ok()
		if got, want := desk.data(), `{"series":{"nextNumber":5,"nextPeriod":{"start":"2026-01-14","end":"2026-01-27"},"description":"On cranes."}}`; got != want {
			t.Errorf("the desk: got %s, want %s", got, want)
		}
		r := a.query(public, `{ edition(slug: "digest-1") { displayName seriesTitle series { slug } } }`)
		if got, want := r.at("edition.displayName"), "Digest 1: T"; got != want {
			t.Errorf("got the name %v, want %v", got, want)
		}
	})
}
