package graph_test

import (
	"fmt"
	"strings"
	"testing"
)

// JSON-LD has what the viewer may see, and tells nothing of what is left out.
func TestJSONLD(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		r := a.query(public, `{ report(slug: "bravo") { jsonLd } }`)
		for path, want := range map[string]any{
			"@type": "Report", "@id": "/reports/bravo", "headline": "bravo", "abstract": "Second.", "inLanguage": "en", "datePublished": "2024-03-06T00:00:00Z",
			"author.0.@type": "Person", "author.0.name": "Ana Lyst", "about.0.url": "/entities/port-ltd", "keywords.0": "Cranes", "publisher.name": "Redthread",
		} {
			if got := r.at("report.jsonLd." + path); got != want {
				t.Errorf("%s: got %v, want %v", path, got, want)
			}
		}
		if strings.Contains(r.body, "contributor") || strings.Contains(r.body, "idden") {
			t.Errorf("the public sees of the hidden partner: %s", r.body)
		}
		r = a.query(author, `{ report(slug: "alpha") { jsonLd } }`)
		for path, want := range map[string]any{
			"citation.0.name": "Harbour Gazette", "image.contentSize": "5000000000 B", "encoding.0.contentUrl": "https://example.org/crane.jpg",
			"about.0.identifier.0.value": "CRANE123", "mentions.0.name": "Hidden Fund", "editor.0.name": "Ana Lyst",
		} {
			if got := r.at("report.jsonLd." + path); got != want {
				t.Errorf("%s: got %v, want %v", path, got, want)
			}
		}
		r = a.query(public, `{ edition(slug: "weekly-7") { jsonLd } series(slug: "weekly") { jsonLd } }`)
		for path, want := range map[string]any{
			"edition.jsonLd.@type": "PublicationIssue", "edition.jsonLd.name": "Weekly 7: Week seven", "edition.jsonLd.issueNumber": 7.0, "edition.jsonLd.isPartOf.name": "Weekly",
			"edition.jsonLd.temporalCoverage": "2024-02-01/2024-02-14", "edition.jsonLd.abstract": "On Port Ltd.", "edition.jsonLd.hasPart.0.about.0.name": "Crane Works",
			"series.jsonLd.@type": "Periodical", "series.jsonLd.description": "What Port Ltd does.",
		} {
			if got := r.at(path); got != want {
				t.Errorf("%s: got %v, want %v", path, got, want)
			}
		}
		if strings.Contains(r.body, "idden") {
			t.Errorf("the public sees of the hidden entity: %s", r.body)
		}
		claim := a.query(public, `{ narrative(slug: "ports-are-safe") { jsonLd } }`)
		if got := claim.at("narrative.jsonLd.@type"); got != "Claim" {
			t.Errorf("without a decision: got %v", got)
		}
		a.query(editor, `mutation { updateNarrative(input: {id: "ports-are-safe", assessment: "**Misleading:** see [[port-ltd]]. </script>"}) { changed } }`)
		review := a.query(author, `query @inContext(stage: DESK) { narrative(slug: "ports-are-safe") { jsonLd } }`)
		if got := review.at("narrative.jsonLd.reviewRating.alternateName"); got != "Misleading" {
			t.Errorf("with a decision: got %v in %s", got, review.body)
		}
		if strings.Contains(review.body, "<") {
			t.Errorf("the answer would end a script: %s", review.body)
		}
	})
}

// Its cost is known before it is made.
func TestCostOfJSONLD(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		r := a.query(public, `{ reports(first: 10) { nodes { jsonLd } } }`)
		want := fmt.Sprintf(`"requested":%d`, 1+1+10*301)
		if !strings.Contains(r.body, want) {
			t.Errorf("got %s, want %s", r.body[strings.Index(r.body, `"extensions"`):], want)
		}
	})
}
