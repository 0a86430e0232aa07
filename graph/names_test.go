package graph_test

import (
	"context"
	"fmt"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// allForms selects every Markdown field of a type in every format, with all
// that its texts are in elsewhere. It is read from the schema, so that a new
// field is asked for without a line here.
func allForms(s *ast.Schema, of string) string {
	var all []string
	for _, f := range s.Types[of].Fields {
		switch {
		case f.Name == "outline":
			all = append(all, "outline { text }")
		case f.Name == "footnotes":
			all = append(all, "footnotes { "+allForms(s, "Footnote")+" }")
		case f.Name == "items":
			all = append(all, "items { "+allForms(s, "EditionItem")+" }")
		case f.Name == "jsonLd":
			all = append(all, "jsonLd")
		case f.Arguments.ForName("format") != nil:
			for _, format := range []string{"MARKDOWN", "HTML", "TEXT"} {
				all = append(all, fmt.Sprintf("%s%s: %[1]s(format: %[2]s)", f.Name, format))
				if f.Arguments.ForName("notes") != nil {
					all = append(all, fmt.Sprintf("%s%sBody: %[1]s(format: %[2]s, notes: false)", f.Name, format))
				}
			}
		}
	}
	return strings.Join(all, " ")
}

// named writes, of each type with a Markdown text, a document that names an
// entity in it, and publishes them with it.
func (a *api) named(slug string) {
	a.t.Helper()
	a.query(editor, fmt.Sprintf(`mutation {
		e: createEntity(input: {slug: %[1]q, kind: COMPANY, name: "Norin Mining Co., Ltd."}) { created }
		r: createEntity(input: {slug: "third", kind: COMPANY, name: "A third"}) { created }
		o: createEntity(input: {slug: "names-it", kind: COMPANY, name: "Another", description: "By [[%[1]s]]."}) { created }
		t: createTag(input: {slug: "names-it", label: "L", vocabulary: TOPIC, description: "By [[%[1]s]]."}) { created }
		s: createSource(input: {slug: "paper", title: "The White Paper", url: "https://paper.example/1"}) { created }
		n: createNarrative(input: {slug: "names-it", title: "T", claim: "C", status: ACTIVE, description: "By [[%[1]s]].", assessment: "Of [[%[1]s]]."}) { created }
		c2: createSeries(input: {slug: "names", title: "Names", cadence: WEEKLY, language: "en"}) { created }
		d: createEdition(input: {series: "names", number: 1, title: "T", language: "en", introduction: "By [[%[1]s]].", items: [{headline: "H", summary: "By [[%[1]s]].", analysis: "Of [[%[1]s]]."}]}) { created }
		p: createReport(input: {slug: "names-it", title: "T", kind: BRIEF, language: "en", summary: "Of [[%[1]s]] & more.", tags: ["names-it"],
			body: "# On [[%[1]s]]\n\nBy [[%[1]s]], by [[%[1]s|its label]].[^1]\n\n- [ ] ![Mine of [[%[1]s]]](/mine.png)\n\n[^1]: As [[%[1]s]] says: [@paper, p. 12]"}) { created }
	}`, slug))
	a.query(editor, fmt.Sprintf(`mutation { createRelationship(input: {slug: "names-it", from: "names-it", to: "third", kind: SUPPLIES, confidence: CONFIRMED, description: "By [[%[1]s]].",
		citations: [{source: "paper"}]}) { created } }`, slug))
	a.query(editor, fmt.Sprintf(`mutation { publish(input: {documents: ["report:names-it", "narrative:names-it", "entity:names-it", "entity:%s", "relationship:names-it", "edition:names-1"], references: INCLUDE}) { state } }`, slug))
}

const namedDocuments = `{ report(slug: "names-it") { %s } narrative(slug: "names-it") { %s } entity(slug: "names-it") { %s }
	tag(slug: "names-it") { %s } relationship(slug: "names-it") { %s } editions(filter: {series: {slug: {eq: "names"}}}) { nodes { %s } } }`

func (a *api) formsOfNamed(v *domain.Viewer) *response {
	a.t.Helper()
	s := schema(a.t)
	return a.query(v, fmt.Sprintf(namedDocuments, allForms(s, "Report"), allForms(s, "Narrative"), allForms(s, "Entity"), allForms(s, "Tag"),
		allForms(s, "Relationship"), allForms(s, "Edition")))
}

// An entity that a text names is shown under one name in all forms of all
// texts, also by a former slug; a source that a note cites, by its title.
func TestNamesAreTheSameInEveryForm(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		a.named("norin-mining")
		a.query(editor, `mutation { updateEntity(input: {id: "norin-mining", slug: "norin"}) { changed } }`)
		a.query(editor, `mutation { publish(input: {documents: ["entity:norin"]}) { state } }`)
		r := a.formsOfNamed(public)
		const name = "Norin Mining Co., Ltd."
		link := `<a href="/entities/norin" class="entity">` + name + `</a>`
		for path, want := range map[string]string{
			"report.bodyTEXT":     "On " + name + "\n\nBy " + name + ", by its label.[1]\n\n[ ] Mine of " + name + "\n\n[1] As " + name + " says: The White Paper, p. 12",
			"report.bodyTEXTBody": "On " + name + "\n\nBy " + name + ", by its label.[1]\n\n[ ] Mine of " + name,
			"report.bodyHTMLBody": `<h1 id="on-norin-mining">On ` + link + "</h1>\n<p>By " + link + `, by <a href="/entities/norin" class="entity">its label</a>.<sup id="fnref-1"><a href="#fn-1" class="footnote-ref" role="doc-noteref">1</a></sup></p>` +
				"\n<ul>\n" + `<li class="task-list-item"><input type="checkbox" disabled=""> <img src="/mine.png" alt="Mine of ` + name + `"></li>` + "\n</ul>\n",
			"report.bodyMARKDOWNBody":           "# On [[norin-mining]]\n\nBy [[norin-mining]], by [[norin-mining|its label]].[^1]\n\n- [ ] ![Mine of [[norin-mining]]](/mine.png)\n",
			"report.outline.0.text":             "On " + name,
			"report.footnotes.0.textTEXT":       "As " + name + " says: The White Paper, p. 12",
			"report.footnotes.0.textMARKDOWN":   "As [[norin-mining]] says: [@paper, p. 12]",
			"report.footnotes.0.textHTML":       "As " + link + ` says: <cite><a href="https://paper.example/1" class="source" rel="nofollow noopener">The White Paper</a></cite>, p. 12`,
			"report.summaryTEXT":                "Of " + name + " & more.",
			"report.summaryMARKDOWN":            "Of [[norin-mining]] & more.",
			"report.summaryHTML":                "Of " + link + " &amp; more.",
			"report.jsonLd.abstract":            "Of " + name + " & more.",
			"narrative.descriptionTEXT":         "By " + name + ".",
			"narrative.assessmentHTML":          "<p>Of " + link + ".</p>\n",
			"entity.descriptionTEXT":            "By " + name + ".",
			"tag.descriptionTEXT":               "By " + name + ".",
			"relationship.descriptionTEXT":      "By " + name + ".",
			"editions.nodes.0.introductionTEXT": "By " + name + ".",
		} {
			if got := r.at(path); got != want {
				t.Errorf("%s:\ngot  %q\nwant %q", path, got, want)
			}
		}
		whole := r.at("report.bodyHTML").(string)
		if !strings.HasPrefix(whole, r.at("report.bodyHTMLBody").(string)) || !strings.Contains(whole, `<li id="fn-1">`+r.at("report.footnotes.0.textHTML").(string)) {
			t.Errorf("the parts differ from the whole: %s", whole)
		}
		// Nowhere is the slug shown as words.
		if strings.Contains(r.body, "norin mining") {
			t.Errorf("the words of the slug are in %s", r.body)
		}
	})
}

// A name that the viewer may not see is in no form of any text: not that of an
// entity that is live no longer, nor of one that was marked higher behind the
// back of the rules; and the same of a source.
func TestHiddenNamesAreInNoForm(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		a.named("norin-mining")
		wantHidden := func(names ...string) {
			t.Helper()
			r := a.formsOfNamed(public)
			for _, name := range names {
				if strings.Contains(r.body, name) {
					t.Errorf("%s is in %s", name, r.body)
				}
			}
			for path, want := range map[string]string{
				"report.outline.0.text":     "On norin mining",
				"report.summaryTEXT":        "Of norin mining & more.",
				"report.summaryHTML":        "Of norin mining &amp; more.",
				"narrative.descriptionTEXT": "By norin mining.",
				"narrative.descriptionHTML": "<p>By norin mining.</p>\n",
			} {
				if got := r.at(path); got != want {
					t.Errorf("%s: got %q, want %q", path, got, want)
				}
			}
		}
		a.query(editor, `mutation { unpublish(input: {documents: ["entity:norin-mining"]}) { state } }`)
		wantHidden("Norin")
		a.query(editor, `mutation { publish(input: {documents: ["entity:norin-mining"]}) { state } }`)
		if r := a.formsOfNamed(public); r.at("report.footnotes.0.textTEXT") != "As Norin Mining Co., Ltd. says: The White Paper, p. 12" {
			t.Errorf("what is live again is not shown: %s", r.body)
		}
		ctx := domain.AsSystem(t.Context(), "test")
		err := a.stores.Live(ctx, func(ctx context.Context, tx *store.Tx) error {
			for _, table := range []string{"entities WHERE slug = 'norin-mining'", "sources WHERE slug = 'paper'"} {
				name, where, _ := strings.Cut(table, " ")
				if _, err := tx.Exec(ctx, "UPDATE "+name+" SET effective_marking = 4 "+where); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		wantHidden("Norin", "White Paper", "paper.example")
		if r := a.formsOfNamed(public); r.at("report.footnotes.0.textTEXT") != "As norin mining says:" {
			t.Errorf("something of a hidden source is shown: %s", r.body)
		}
		if r := a.formsOfNamed(everything); r.at("report.footnotes.0.textTEXT") != "As Norin Mining Co., Ltd. says: The White Paper, p. 12" {
			t.Errorf("a viewer with the clearance does not see it: %s", r.body)
		}
	})
}
