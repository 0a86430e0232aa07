package aggregate_test

import (
	"bytes"
	"encoding/json"
	"testing"

	"pgregory.net/rapid"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// Snapshots are read in one pass, and in the way in which those of earlier forms
// are: both read the same.
func FuzzDecodeSnapshot(f *testing.F) {
	for _, raw := range snapshotsOf(f) {
		f.Add(raw)
	}
	f.Fuzz(func(t *testing.T, raw []byte) {
		fast, err := aggregate.DecodeSnapshot(raw)
		if err != nil {
			return
		}
		slow, err := aggregate.DecodeByValues(raw)
		if err != nil {
			t.Fatalf("%s is read in one pass, and not by values: %v", raw, err)
		}
		if got, want := fast.Encode(), slow.Encode(); !bytes.Equal(got, want) {
			t.Errorf("read in one pass:\n%s\nand by values:\n%s", got, want)
		}
	})
}

// snapshotsOf are revisions of documents with most of what there can be in them.
func snapshotsOf(tb testing.TB) [][]byte {
	s := storetest.SQLite(tb)
	d := editorialtest.New(tb, s)
	defer d.Close()
	d.Source("register")
	d.Tag("sea")
	d.Entity("acme", editorialtest.Fields{"name": "Ācmé \"Group\" 商", "names": editorialtest.List(editorialtest.Fields{"text": "ACL", "kind": "ABBREVIATION"}), "tags": editorialtest.List("sea"),
		"listings": editorialtest.List(editorialtest.Fields{"authority": "A", "since": "2020", "citations": editorialtest.List(editorialtest.Fields{"source": "register", "quote": "a\nb"})})})
	d.Entity("zeta")
	d.Relationship("acme", "zeta", editorialtest.Fields{"kind": "OWNS", "share": 33.4, "citations": editorialtest.List(editorialtest.Fields{"source": "register"})})
	d.Report("cranes", editorialtest.Fields{"tags": editorialtest.List("sea"), "entities": editorialtest.List("acme"), "keyFindings": editorialtest.List("one", "two"),
		"body": "By [[acme]].[^1]\n\n<b>&</b>\n\n[^1]: [@register, p. 2]"})
	d.MustSave(domain.Report, editorial.Update, editorialtest.Fields{"id": "cranes", "slug": "harbour-cranes"})
	var all [][]byte
	for key := range storedRevisions(tb, s) {
		text, err := aggregate.ReadSnapshotText(tb.Context(), s.DeskRows(), key.ID, key.Number)
		if err != nil {
			tb.Fatal(err)
		}
		all = append(all, text)
	}
	return all
}

func TestDecodeSnapshot(t *testing.T) {
	t.Parallel()
	for _, raw := range snapshotsOf(t) {
		snap, err := aggregate.DecodeSnapshot(raw)
		if err != nil {
			t.Fatalf("%s: %v", raw, err)
		}
		if got := snap.Encode(); !bytes.Equal(got, raw) {
			t.Errorf("got %s, want %s", got, raw)
		}
	}
	for name, raw := range map[string]string{
		"ErrCutShort":     `{"schema":1,"type":"report","id":"rpt_0pmnqh2000k58","createdAt":"2026-03-01T12:00:00.000000Z","root":{"fields":{"title":"t"`,
		"ErrMoreBehind":   `{"schema":1,"type":"report","id":"rpt_0pmnqh2000k58","createdAt":"2026-03-01T12:00:00.000000Z","root":{"fields":{}}} {}`,
		"ErrNoRoot":       `{"schema":1,"type":"report","id":"rpt_0pmnqh2000k58","createdAt":"2026-03-01T12:00:00.000000Z"}`,
		"ErrAnotherType":  `{"schema":1,"type":"poem","id":"rpt_0pmnqh2000k58","createdAt":"2026-03-01T12:00:00.000000Z","root":{"fields":{}}}`,
		"ErrNoSuchColumn": `{"schema":1,"type":"report","id":"rpt_0pmnqh2000k58","createdAt":"2026-03-01T12:00:00.000000Z","root":{"fields":{"tune":"t"}}}`,
		"ErrNoNumber":     `{"schema":1,"type":"report","id":"rpt_0pmnqh2000k58","createdAt":"2026-03-01T12:00:00.000000Z","root":{"fields":{"marking":"1"}}}`,
	} {
		t.Run(name, func(t *testing.T) {
			if _, err := aggregate.DecodeSnapshot([]byte(raw)); err == nil {
				t.Error("it was read")
			}
		})
	}
}

// Rows are encoded as encoding/json encodes maps.
func TestEncodeRow(t *testing.T) {
	t.Parallel()
	text := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune("\"\\\n\t\r\x00\x7f<>&\u2028\u2029\uFFFD/商"))))
	value := rapid.OneOf(rapid.Map(text, func(s string) any { return s }), rapid.Map(rapid.Int64(), func(n int64) any { return n }),
		rapid.Map(rapid.SliceOf(text), func(l []string) any { return l }))
	rapid.Check(t, func(rt *rapid.T) {
		r := &aggregate.Row{Fields: rapid.MapOf(text, value).Draw(rt, "fields")}
		if rapid.Bool().Draw(rt, "broken") {
			r.Fields["broken"] = "a\xffb"
		}
		var want bytes.Buffer
		e := json.NewEncoder(&want)
		e.SetEscapeHTML(false)
		if err := e.Encode(map[string]any{"fields": r.Fields}); err != nil {
			rt.Fatal(err)
		}
		if got := string(aggregate.EncodeRow(r)) + "\n"; got != want.String() {
			rt.Errorf("got  %swant %s", got, want.String())
		}
	})
}
