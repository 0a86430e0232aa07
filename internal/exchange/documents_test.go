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
		for _, bad := range []string{`{"type":"poem","slug":"x"}`, `{"slug":"x"}`, `[1]`, `{"type":"tag"`, `{"type":"tag"} {}`, `null`, `{"type":"tag","label":"x"}`, `{"type":"tag","slug":"x","label":"X","label":"Y"}`,
			`{"type":"entity","slug":"bad","kind":"SHIP","tags":["none"],"size":1}`} {
			file.WriteString(bad + "\n")
		}
		for _, want := range []exchange.DocumentsResult{
			{Lines: 612, Created: 603, Refused: 9, Published: 601, Sequence: 603},
			{Lines: 612, Unchanged: 603, Refused: 9},
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
			for i, want := range []string{"605 ", "606 ", "607 want a JSON object", "608 ", "609 want one JSON object", "610 ", "612 the line cannot be read", "611 ", "613 "} {
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

// A document that is not complete does not keep the others from being published.
func TestImportDocumentsIncomplete(t *testing.T) {
	editorialtest.Each(t, func(t *testing.T, d *editorialtest.Desk) {
		var file strings.Builder
		file.WriteString(`{"type":"entity","slug":"hub","name":"Hub","kind":"COMPANY"}` + "\n")
		for i := range 30 { // more than an error shows
			fmt.Fprintf(&file, `{"type":"entity","slug":"acme-%d","name":"Acme %d","kind":"COMPANY"}`+"\n", i, i)
			fmt.Fprintf(&file, `{"type":"relationship","slug":"tie-%d","from":"acme-%d","to":"hub","kind":"OWNS","confidence":"CONFIRMED"}`+"\n", i, i)
		}
		file.WriteString(`{"type":"source","slug":"register","title":"Register"}` + "\n")
		file.WriteString(`{"type":"relationship","slug":"cited","from":"acme-0","to":"acme-1","kind":"OWNS","confidence":"CONFIRMED","citations":[{"source":"register"}]}` + "\n")
		problems := map[int]string{}
		got, err := exchange.ImportDocuments(d.Ctx, d.Desk, strings.NewReader(file.String()), exchange.DocumentsParams{
			Publish: true, Problem: func(p exchange.DocumentProblem) { problems[p.Line] = fmt.Sprint(p.Err, p.Fields) },
		})
		if err != nil || got.Created != 63 || got.Published != 32 || got.Incomplete != 30 || got.Refused != 0 {
			t.Errorf("got %+v (%v), want 32 published and 30 that are not complete", got, err)
		}
		if len(problems) != 30 {
			t.Errorf("got problems of %d lines, want 30", len(problems))
		}
		for line, says := range problems {
			if want := fmt.Sprintf("relationship:tie-%d: citations", (line-3)/2); line%2 == 0 || !strings.Contains(says, want) {
				t.Errorf("line %d: got %s, want %q", line, says, want)
			}
		}
	})
}

func TestRepeatedKey(t *testing.T) {
	t.Parallel()
	for text, want := range map[string]string{
		`{}`: "", `{"a":1,"b":[{"a":1},{"a":2}],"c":{"a":"\\"}}`: "", `{"a":"\"a","b":"}","c":null}`: "",
		`{"a":1,"a":2}`: "a", `{"a":1, "\u0061" : 2}`: "a", `{"a":[1,{"b":1,"c":[[{"x":1,"x":2}]]}]}`: "a[1].c[0].x",
		`{"a":{"b":1,"b":1}}`: "a.b", `{"a":1,`: "", `{"a":1,"a"`: "", `"a`: "", ``: "", `[1,2`: "", `{"a"}`: "",
		strings.Repeat("[", 100_000): "",
	} {
		if got := exchange.RepeatedKey([]byte(text)); got != want {
			t.Errorf("%.40s: got %q, want %q", text, got, want)
		}
	}
}
