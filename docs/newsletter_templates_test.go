package docs_test

import (
	"os"
	"reflect"
	"regexp"
	"strings"
	"testing"
	"testing/fstest"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/exchange/site"
	"github.com/redthread-api/redthread/internal/newsletter/render"
)

// TestTemplatesGuide runs the example of newsletter-templates.md, and checks that the page
// names every field of the model and every file.
func TestTemplatesGuide(t *testing.T) {
	t.Parallel()
	raw, err := os.ReadFile("newsletter-templates.md")
	if err != nil {
		t.Fatal(err)
	}
	blocks := regexp.MustCompile("(?s)```text\n(.*?)```").FindAllStringSubmatch(string(raw), -1)
	if len(blocks) != 3 {
		t.Fatalf("got %d blocks of text, want an error, a template and its result", len(blocks))
	}

	wrong := fstest.MapFS{"page.html": {Data: []byte("<p>\n{{.Title}}{{.Titel}}</p>")}}
	if _, err := render.Load(wrong); err == nil || !strings.Contains(blocks[0][1], "executing \"page.html\" at <.Titel>: can't evaluate field Titel in type render.Page") ||
		!strings.Contains(err.Error(), "executing \"page.html\" at <.Titel>: can't evaluate field Titel in type render.Page") {
		t.Errorf("got the error %v", err)
	}

	templates, err := render.Load(fstest.MapFS{"mail.txt": {Data: []byte(blocks[1][1])}})
	if err != nil {
		t.Fatal(err)
	}
	s := site.Site{Name: "Harbour Press", URL: "https://site.example"}
	mail, err := templates.Mail(render.New(render.Document{
		Slug: "tides-7", Title: "The quay", Number: 7, Language: "en", Series: &render.DocumentSeries{Slug: "tides", Title: "Tides"},
		Items: []render.DocumentItem{{Headline: "A crane fell", OccurredOn: "2026-04-13", Summary: "<p>It fell.</p>"}},
	}, s), s)
	if err != nil {
		t.Fatal(err)
	}
	if d := cmp.Diff(blocks[2][1], mail.Text(render.PreviewLinks)); d != "" {
		t.Errorf("the example makes something else (-page +result):\n%s", d)
	}

	page := string(raw)
	for _, file := range render.Files() {
		if !strings.Contains(page, "`"+file+"`") {
			t.Errorf("the page does not name the file %s", file)
		}
	}
	for _, model := range []any{render.Edition{}, render.Item{}, render.Note{}, render.Link{}, render.Page{}, render.Mail{}, render.List{}, render.ListedSeries{}, render.ListedEdition{}, render.Neighbour{}} {
		for _, f := range reflect.VisibleFields(reflect.TypeOf(model)) {
			if f.IsExported() && !f.Anonymous && !strings.Contains(page, "`."+f.Name) {
				t.Errorf("the page does not name .%s of %T", f.Name, model)
			}
		}
	}
}
