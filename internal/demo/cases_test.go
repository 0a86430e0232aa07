package demo_test

import (
	"fmt"
	"strings"
	"testing"
)

// Each case has a form of its own, and is short.
func TestCasesDiffer(t *testing.T) {
	t.Parallel()
	seen, methods, headings := map[string]string{}, map[string]int{}, map[string]int{}
	cases := 0
	for _, r := range mutations(t)["createReport"] {
		slug := r["slug"].(string)
		if !strings.HasPrefix(slug, "case-") {
			continue
		}
		cases++
		body := r["body"].(string)
		sentence := func(text string) string {
			before, _, _ := strings.Cut(strings.Join(strings.Fields(text), " "), ". ")
			return before
		}
		for part, text := range map[string]string{"question": r["question"].(string), "first sentence": sentence(body), "summary's first sentence": sentence(r["summary"].(string))} {
			if other := seen[part+text]; other != "" {
				t.Errorf("%s and %s have the same %s: %q", slug, other, part, text)
			}
			seen[part+text] = slug
		}
		for line := range strings.Lines(body) {
			if strings.HasPrefix(line, "## ") {
				headings[line]++
			}
		}
		methods[fmt.Sprint(r["methods"])]++
		prose, _, _ := strings.Cut(body, "[^notes]:")
		if words := len(strings.Fields(prose)); words < 120 || words > 250 {
			t.Errorf("%s has %d words, want 120 to 250", slug, words)
		}
	}
	for line, n := range headings {
		if n > 1 {
			t.Errorf("%d cases have the heading %q", n, strings.TrimSpace(line))
		}
	}
	if cases != 14 || len(methods) < 6 {
		t.Errorf("got %d cases with %d sets of methods, want 14 with 6 or more", cases, len(methods))
	}
}
