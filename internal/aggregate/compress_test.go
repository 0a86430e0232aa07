package aggregate_test

import (
	"bytes"
	"context"
	"fmt"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
	"github.com/redthread-api/redthread/internal/store"
)

// Stored revisions are read with the dictionary: a changed one would make them
// unreadable.
func TestDictionaryStays(t *testing.T) {
	t.Parallel()
	if got, want := aggregate.Hash(aggregate.Dictionary1), "dd459151f1f463670d12d26177d37385566646f261821266059218784f863f72"; got != want {
		t.Errorf("the hash of dictionary1.txt is %s, want %s: it never changes", got, want)
	}
}

func TestCompress(t *testing.T) {
	t.Parallel()
	text := rapid.Custom(func(rt *rapid.T) []byte {
		words := rapid.SliceOfN(rapid.SampledFrom([]string{"a", `{"fields":{`, "cranes", "商", "\x00", "the harbour of "}), 0, 200).Draw(rt, "words")
		return []byte(strings.Join(words, ""))
	})
	rapid.Check(t, func(rt *rapid.T) {
		was, now := text.Draw(rt, "was"), text.Draw(rt, "now")
		if cut := rapid.IntRange(0, len(was)).Draw(rt, "cut"); rapid.Bool().Draw(rt, "edited") {
			now = bytes.Join([][]byte{was[:cut], now, was[cut:]}, nil)
		}
		for number := range 2 { // without a base and with one
			compressed, base := aggregate.Compress(now, was, number)
			if compressed == nil {
				continue // it would be longer
			}
			if len(compressed) >= len(now) {
				rt.Errorf("%d bytes are compressed to %d", len(now), len(compressed))
			}
			if base > number {
				rt.Errorf("got base %d, want %d or none", base, number)
			}
			got, err := aggregate.Decompress(compressed, was)
			if err != nil || !bytes.Equal(got, now) {
				rt.Errorf("got %q (%v), want %q", got, err, now)
			}
		}
	})
}

// What is damaged is an error.
func FuzzDecompress(f *testing.F) {
	was := []byte(`{"schema":1,"type":"report"}`)
	now := []byte(`{"schema":1,"type":"report","id":"x"}`)
	for number := range 2 {
		compressed, _ := aggregate.Compress(now, was, number)
		f.Add(compressed)
	}
	f.Add([]byte{2, 1, 255, 255, 255, 255, 255, 255, 255, 255, 255, 1, 2})
	f.Fuzz(func(_ *testing.T, raw []byte) {
		_, _ = aggregate.Decompress(raw, was)
	})
}

// storedRevisions returns how each revision is stored: compressed or not.
func storedRevisions(tb testing.TB, s *store.Stores) map[aggregate.RevisionKey]bool {
	tb.Helper()
	rows, err := s.DeskRows().Query(tb.Context(), "SELECT document_id, number, compressed IS NOT NULL FROM revisions")
	if err != nil {
		tb.Fatal(err)
	}
	defer rows.Close()
	all := map[aggregate.RevisionKey]bool{}
	for rows.Next() {
		var key aggregate.RevisionKey
		var compressed bool
		if err := rows.Scan(&key.ID, &key.Number, &compressed); err != nil {
			tb.Fatal(err)
		}
		all[key] = compressed
	}
	if err := rows.Err(); err != nil {
		tb.Fatal(err)
	}
	return all
}

func snapshotTexts(tb testing.TB, s *store.Stores) map[aggregate.RevisionKey]string {
	tb.Helper()
	all := map[aggregate.RevisionKey]string{}
	for key := range storedRevisions(tb, s) {
		text, err := aggregate.ReadSnapshotText(tb.Context(), s.DeskRows(), key.ID, key.Number)
		if err != nil {
			tb.Fatal(err)
		}
		all[key] = string(text)
	}
	return all
}

var prose = strings.Repeat("The cranes of the harbour were counted twice, and both counts agree with the register. ", 40)

// Revisions that are stored as text and compressed ones are read alike, next to each
// other, after they are compressed, and after what was between them is purged or merged.
func TestRevisionsAreReadAlike(t *testing.T) {
	editorialtest.Each(t, func(t *testing.T, d *editorialtest.Desk) {
		d.Entity("acme", editorialtest.Fields{"description": prose})
		d.Entity("zeta", editorialtest.Fields{"description": prose})
		d.Report("cranes", editorialtest.Fields{"body": prose, "entities": editorialtest.List("acme", "zeta")})
		gone := d.Report("gone", editorialtest.Fields{"body": prose})
		edit := func(n int) {
			d.MustSave(domain.Report, editorial.Update, editorialtest.Fields{"id": "cranes", "body": strings.Replace(prose, "register", fmt.Sprintf("register %d", n), n)})
		}
		for n := range 5 {
			edit(n + 1)
		}
		before := snapshotTexts(t, d.Stores)
		// As an older version of the program stored them.
		storeAsText(t, d.Stores, func(key aggregate.RevisionKey) bool { return key.Number%3 != 0 })
		edit(7)
		edit(8)
		for key, text := range before {
			if got := snapshotTexts(t, d.Stores)[key]; got != text {
				t.Fatalf("revision %v: got %s, want %s", key, got, text)
			}
		}
		if _, err := d.Delete(d.Ctx, editorial.DeleteParams{Type: domain.Report, ID: "gone"}); err != nil {
			t.Fatal(err)
		}
		before = snapshotTexts(t, d.Stores)
		seen := 0
		done, err := d.Compact(domain.AsSystem(t.Context(), "test"), func(n, _ int) { seen = n })
		if err != nil || done.Revisions == 0 || done.After*5 > done.Before || seen < done.Revisions {
			t.Fatalf("got %+v, %d seen (%v), want revisions a fifth as long", done, seen, err)
		}
		for key, compressed := range storedRevisions(t, d.Stores) {
			if !compressed {
				t.Errorf("revision %v is not compressed", key)
			}
		}
		edit(9)
		if _, err := d.Purge(editorialtest.As(t.Context(), domain.Admin), editorial.PurgeParams{Documents: []string{gone.String()}}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.MergeEntities(d.Ctx, editorial.MergeParams{From: []string{"zeta"}, Into: "acme"}); err != nil {
			t.Fatal(err)
		}
		after := snapshotTexts(t, d.Stores)
		for key, text := range before {
			if key.ID != gone && after[key] != text {
				t.Errorf("revision %v: got %s, want %s", key, after[key], text)
			}
		}
		d.WantTablesAsRevised()
	})
}

// A revision whose text is not what its hash says is an error, and is not compressed.
func TestDamagedRevision(t *testing.T) {
	editorialtest.Each(t, func(t *testing.T, d *editorialtest.Desk) {
		id := d.Report("cranes", editorialtest.Fields{"body": prose})
		damage := func(set string) {
			err := d.Stores.Desk(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				return store.Exec(ctx, tx, "UPDATE revisions SET "+set+" WHERE document_id = ?", int64(id))
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		damage("hash = 'another'")
		if _, err := aggregate.ReadSnapshotText(t.Context(), d.Stores.DeskRows(), id, 1); err == nil {
			t.Error("it was read")
		}
		damage("snapshot = '{}', compressed = NULL")
		done, err := d.Compact(domain.AsSystem(t.Context(), "test"), nil)
		if err != nil || len(done.Refused) != 1 || done.Revisions != 0 {
			t.Errorf("got %+v (%v), want one that is refused", done, err)
		}
	})
}

// storeAsText stores revisions without compression.
func storeAsText(tb testing.TB, s *store.Stores, which func(aggregate.RevisionKey) bool) {
	tb.Helper()
	texts := snapshotTexts(tb, s)
	err := s.Desk(tb.Context(), func(ctx context.Context, tx *store.Tx) error {
		for key, text := range texts {
			if !which(key) {
				continue
			}
			if err := store.Exec(ctx, tx, "UPDATE revisions SET snapshot = ?, compressed = NULL WHERE document_id = ? AND number = ?",
				text, int64(key.ID), int64(key.Number)); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		tb.Fatal(err)
	}
}

// BenchmarkCompress measures how much shorter snapshots become.
func BenchmarkCompress(b *testing.B) {
	raw := snapshotsOf(b)
	var before, after int
	for b.Loop() {
		for _, text := range raw {
			compressed, _ := aggregate.Compress(text, nil, 0)
			before += len(text)
			after += len(compressed)
		}
	}
	b.ReportMetric(float64(after)/float64(before), "x-text")
}
