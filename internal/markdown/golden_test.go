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
	out := d.HTML(link)
	checkSafe(t, out)
	golden(t, "report.html", out)
	golden(t, "report.txt", d.Text()+"\n")

	facts, err := json.MarshalIndent(map[string]any{
		"problems":  d.Problems(),
		"footnotes": d.Footnotes(),
		"mentions":  d.Mentions(),
		"outline":   d.Outline(),
		"words":     d.WordCount(),
		"minutes":   d.ReadingMinutes(),
	}, "", "  ")
	if err != nil {
		t.Fatal(err)
	}
	golden(t, "report.json", string(facts)+"\n")
}
