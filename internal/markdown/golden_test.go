package markdown_test

import (
	"encoding/json"
	"testing"

	"github.com/redthread-api/redthread/internal/markdown"
)

func TestReport(t *testing.T) {
	t.Parallel()
	d := markdown.Parse(bodyFile(t))

	link := func(slug string) (href, name string, ok bool) {
		names := map[string]string{
			"merrow-maritime-holdings": "Merrow Maritime Holdings",
			"tallow-quay-operations":   "Tallow Quay Operations Ltd",
			"ostrava-lane-trading":     "Ostrava Lane & Daughters",
			"port-tallow-authority":    "Port Tallow Authority",
		}
		name, ok = names[slug]
		return "/entities/" + slug, name, ok
	}
	source := func(slug string) (href, title string, ok bool) {
		titles := map[string]string{"port-tallow-register": "Register of Port Tallow", "merrow-annual-report-2019": "Annual Report 2019"}
		title, ok = titles[slug]
		return "https://sources.example/" + slug, title, ok
	}
	r := d.For(markdown.Names{Entity: link, Source: source})
	out := r.HTML(markdown.Whole)
	checkSafe(t, out)
	golden(t, "report.html", out)
	golden(t, "report.txt", r.Text(markdown.Whole)+"\n")

	facts, err := json.MarshalIndent(map[string]any{
		"problems":  d.Problems(),
		"footnotes": d.Footnotes(),
		"mentions":  d.Mentions(),
		"outline":   r.Outline(),
		"words":     d.WordCount(),
		"minutes":   d.ReadingMinutes(),
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "report.json", string(facts)+"\n")
}
