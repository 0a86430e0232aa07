package graph_test

import (
	"strings"
	"testing"
)

func TestCompileEdition(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		const compile = `mutation($edition: ID) { compileEdition(input: {series: "weekly", edition: $edition, from: "2024-03-01", to: "2024-03-14"}) {
			created changed edition { slug number periodStart periodEnd items { id headline origin } }
			proposed { reason item { id headline anchor summary(format: TEXT) citations { source { slug } } } origin { __typename slug } tag { slug } entity { slug } }
			leftOut { reason headline origin { slug } } warnings { code } } }`
		r := a.as(editor, compile, nil).ok()
		if got := r.at("compileEdition.edition.slug"); got != "weekly-8" || r.at("compileEdition.created") != true || r.at("compileEdition.edition.periodEnd") != "2024-03-14" {
			t.Errorf("got %s, want number 8 of these two weeks", r.body)
		}
		proposed := r.at("compileEdition.proposed").([]any)
		items := r.at("compileEdition.edition.items").([]any)
		if len(proposed) == 0 || len(proposed) != len(items) {
			t.Fatalf("got %d proposals and %d items: %s", len(proposed), len(items), r.body)
		}
		var headlines []string
		for i, p := range proposed {
			p := p.(map[string]any)
			item, stored := p["item"].(map[string]any), items[i].(map[string]any)
			if item["id"] != stored["id"] || p["origin"] == nil || stored["origin"] == nil {
				t.Errorf("proposal %d is %v, and the item %v", i, p, stored)
			}
			headlines = append(headlines, item["headline"].(string))
		}
		all := strings.Join(headlines, ", ")
		for _, want := range []string{"bravo", "Crane Works owns Port Ltd", "Ports are safe"} {
			if !strings.Contains(all, want) {
				t.Errorf("got %s, want %q in it", all, want)
			}
		}
		// The series is CLEAR, so what is marked higher is not there, nor what it ties.
		for _, hidden := range []string{"Hidden", "hidden-fund", "Delta", "Alpha", "secret-term", "Echo"} {
			if strings.Contains(r.body, hidden) {
				t.Errorf("%q is in %s", hidden, r.body)
			}
		}
		again := a.as(editor, compile, vars{"edition": "weekly-8"}).ok()
		if again.at("compileEdition.changed") != false || len(again.at("compileEdition.proposed").([]any)) != 0 {
			t.Errorf("again, it proposes %s", again.body)
		}
		a.query(editor, `mutation { publish(input: {documents: ["edition:weekly-8"]}) { state } }`)
		live := a.query(public, `{ edition(slug: "weekly-8") { items { headline origin } } }`)
		if strings.Contains(live.body, "rpt_") || live.at("edition.items.0.origin") != nil {
			t.Errorf("live shows what items were made from: %s", live.body)
		}
		a.as(partner, compile, nil).refused("FORBIDDEN", "AUTHOR")
		a.as(editor, `mutation { compileEdition(input: {series: "weekly", from: "2024-03", to: "2024-02-01"}) { changed } }`, nil).refused("BAD_USER_INPUT", "want a day")
	})
}
