package exchange_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
	"github.com/redthread-api/redthread/internal/exchange"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestImportDocuments(t *testing.T) {
	editorialtest.Each(t, func(t *testing.T, d *editorialtest.Desk) {
		var file strings.Builder
		file.WriteString("\ufeff" + `{"type":"tag","slug":"sea","label":"Sea","vocabulary":"TOPIC"}` + "\n\n" + `{"type":"source","slug":"register","title":"Register"}` + "\n")
		for i := range 600 { // more than are saved at once
			fmt.Fprintf(&file, `{"type":"Entity","slug":"acme-%d","name":"Acme %d","kind":"COMPANY","tags":["sea"]}`+"\r\n", i, i)
		}
		file.WriteString(`{"type":"relationship","slug":"tie","from":"acme-0","to":"acme-599","kind":"OWNS","confidence":"CONFIRMED","share":33.4,"citations":[{"source":"register"}]}` + "\n")
		for _, bad := range []string{`{"type":"poem","slug":"x"}`, `{"slug":"x"}`, `[1]`, `{"type":"tag"`, `{"type":"tag"} {}`, `null`, `{"type":"tag","label":"x"}`,
			`{"type":"entity","slug":"bad","kind":"SHIP","tags":["none"],"size":1}`} {
			file.WriteString(bad + "\n")
		}
		for _, want := range []exchange.DocumentsResult{
			{Lines: 611, Created: 603, Refused: 8, Published: 601, Sequence: 603},
			{Lines: 611, Unchanged: 603, Refused: 8},
		} {
			var problems []string
			read := 0
			got, err := exchange.ImportDocuments(d.Ctx, d.Desk, strings.NewReader(file.String()), exchange.DocumentsParams{
				Publish: true, Progress: func(done, _ int) { read = done },
				Problem: func(p exchange.DocumentProblem) {
					problems = append(problems, fmt.Sprintf("%d %v %v", p.Line, p.Err, p.Fields))
				},
			})
			if err != nil || got != want {
				t.Errorf("got %+v (%v), want %+v", got, err, want)
			}
			if read < file.Len()/2 {
				t.Errorf("got %d bytes read of %d", read, file.Len())
			}
			for i, want := range []string{"605 ", "606 ", "607 want a JSON object", "608 ", "609 want one JSON object", "610 ", "611 ", "612 "} {
				if i >= len(problems) || !strings.HasPrefix(problems[i], want) {
					t.Errorf("got %q, want %q at %d", problems, want, i)
				}
			}
			if last := problems[len(problems)-1]; !strings.Contains(last, "kind") || !strings.Contains(last, "tags[0]") || !strings.Contains(last, "size") {
				t.Errorf("got %s, want all fields", last)
			}
		}
	})
}

// A run with Publish also publishes what an earlier run has only saved, but nothing that an
// editor has unpublished since.
func TestImportDocumentsAgain(t *testing.T) {
	editorialtest.Each(t, func(t *testing.T, d *editorialtest.Desk) {
		file := `{"type":"entity","slug":"acme","name":"Acme","kind":"COMPANY"}` + "\n" + `{"type":"entity","slug":"bolt","name":"Bolt","kind":"COMPANY"}` + "\n"
		run := func(publish bool) exchange.DocumentsResult {
			t.Helper()
			got, err := exchange.ImportDocuments(d.Ctx, d.Desk, strings.NewReader(file), exchange.DocumentsParams{Publish: publish})
			if err != nil {
				t.Fatal(err)
			}
			return got
		}
		if got := run(false); got.Created != 2 || got.Published != 0 {
			t.Errorf("saved only: got %+v", got)
		}
		if got := run(true); got.Unchanged != 2 || got.Published != 2 {
			t.Errorf("the second run: got %+v, want both published", got)
		}
		stored, err := d.Find(d.Ctx, domain.Entity, "acme")
		if err != nil {
			t.Fatal(err)
		}
		if _, err := d.Unpublish(d.Ctx, editorial.UnpublishParams{Documents: []string{stored.ID.String()}}); err != nil {
			t.Fatal(err)
		}
		if got := run(true); got.Unchanged != 2 || got.Published != 0 {
			t.Errorf("after an editor has unpublished one: got %+v", got)
		}
	})
}

// A line that never ends is refused before it is all in memory.
func TestImportDocumentsLongLine(t *testing.T) {
	t.Parallel()
	d := editorialtest.New(t, storetest.SQLite(t))
	_, err := exchange.ImportDocuments(d.Ctx, d.Desk, strings.NewReader("{}\n"+strings.Repeat("x", 9<<20)), exchange.DocumentsParams{})
	if err == nil || !strings.Contains(err.Error(), "line 2") {
		t.Errorf("got %v, want that line 2 is too long", err)
	}
}
