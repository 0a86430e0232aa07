package graph_test

import (
	"encoding/json"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/exchange/site"
	"github.com/redthread-api/redthread/internal/newsletter/render"
)

// TestPreviewEqualsQuery compares the preview of an edition with the renderings of what
// the fragment of package render selects on the desk.
func TestPreviewEqualsQuery(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		r := a.query(author, `query @inContext(stage: DESK) { edition(slug: "weekly-7") { ...RenderedEdition } }`+render.Fragment).ok()
		raw, err := json.Marshal(r.at("edition"))
		if err != nil {
			t.Fatal(err)
		}
		var doc render.Document
		if err := json.Unmarshal(raw, &doc); err != nil {
			t.Fatal(err)
		}
		templates, none := render.Builtin(), site.Site{}
		e := render.New(doc, none)
		page, err := templates.Page(render.Page{Edition: e, Site: render.NameOf(none), Preview: true})
		if err != nil {
			t.Fatal(err)
		}
		mail, err := templates.Mail(e, none)
		if err != nil {
			t.Fatal(err)
		}
		got := a.query(author, `{ page: previewEdition(slug: "weekly-7", form: PAGE) { form content size }
			html: previewEdition(slug: "weekly-7", form: MAIL_HTML) { form content size } text: previewEdition(slug: "weekly-7", form: MAIL_TEXT) { form content size } }`).ok()
		for name, want := range map[string]string{"page": string(page), "html": mail.HTML(render.PreviewLinks), "text": mail.Text(render.PreviewLinks)} {
			if d := cmp.Diff(want, got.at(name+".content")); d != "" {
				t.Errorf("%s (-query +preview):\n%s", name, d)
			}
			if got.at(name+".size") != float64(len(want)) {
				t.Errorf("%s: got the size %v, want %d", name, got.at(name+".size"), len(want))
			}
		}
		if !strings.Contains(got.body, `"marking":"RED"`) && !strings.Contains(got.body, `"marking":"AMBER_STRICT"`) {
			t.Errorf("a preview is not marked as from the desk: %.200s", got.body[strings.LastIndex(got.body, "extensions"):])
		}
	})
}

func TestPreviewOfDraft(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		const ask = `previewEdition(slug: "weekly-8", form: PAGE) { content warnings { code message } }`
		if r := a.query(author, "{"+ask+"}"); r.at("previewEdition") != nil {
			t.Fatalf("got %s, want null for what does not exist", r.body)
		}
		a.query(editor, `mutation { createEntity(input: {slug: "nobody-yet" kind: PERSON name: "Nobody Yet"}) { created } createSource(input: {slug: "hearsay" title: "Hearsay"}) { created } }`).ok()
		a.query(editor, `mutation { createEdition(input: {series: "weekly" number: 8 title: "Week eight" language: "en"
			items: [{headline: "Of a draft", summary: "On [[nobody-yet]].", entities: ["nobody-yet"], citations: [{source: "hearsay"}]}]}) { created } }`).ok()
		r := a.query(author, "{"+ask+"}").ok()
		if content := r.at("previewEdition.content").(string); !strings.Contains(content, "Of a draft") || !strings.Contains(content, `class="preview"`) || !strings.Contains(content, "noindex") {
			t.Errorf("got %s", content)
		}
		if got, want := r.list("previewEdition.warnings", "code"), "NOT_LIVE TEXT TEXT TEXT LINK"; !strings.HasPrefix(got, want) {
			t.Errorf("got the warnings %s, want %s first: %v", got, want, r.at("previewEdition.warnings"))
		}
		a.as(public, "{"+ask+"}", nil).refused("UNAUTHENTICATED", "AUTHOR")
		a.as(partner, "{"+ask+"}", nil).refused("FORBIDDEN", "AUTHOR")
		a.as(author, `{ previewEdition(form: PAGE) { size } }`, nil).refused("BAD_USER_INPUT", "")
		if r := a.query(author, `{ previewEdition(slug: "nothing", form: MAIL_TEXT) { size } }`); r.at("previewEdition") != nil {
			t.Errorf("got %s, want null", r.body)
		}
	})
}
