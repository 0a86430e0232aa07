package read_test

import (
	"bytes"
	"encoding/json"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// Whatever a client sends as a filter, the answer is a list or a refusal that
// says what is wrong, never a failure of the program or of the database.
func FuzzFilter(f *testing.F) {
	for _, seed := range []string{
		`{}`, `{"slug": {"eq": "x"}}`, `{"slug": {"in": ["x", null, 5]}}`, `{"or": [], "and": [{}], "not": {"not": {}}}`,
		`{"tags": {"parent": {"not": {"label": {"startsWith": "%_"}}}}}`, `{"publishedAt": {"lt": "2024-01-01", "isNull": false}}`,
		`{"entities": {"outgoing": {"share": {"gte": 33.333333}, "since": {"lte": "2014-05"}}}}`, `{"wordCount": {"in": [1, "2", 3e3]}}`,
		`{"marking": {"notIn": ["RED"]}}`, `{"id": {"ne": "rpt_0000000000000"}}`, `{"title": {"eq": "\u0000\ud800"}}`, `[1]`, `{"a": {"b": null}}`,
		`{"narratives": {"observations": {"reach": {"gt": 9007199254740992}}}}`, `{"contributors": {}}`, `{"kind": {"eq": ["BRIEF"]}}`,
	} {
		f.Add(seed)
	}
	reader := read.NewReader(storetest.SQLite(f), catalog.Tables())
	ctx := domain.WithViewer(f.Context(), domain.Anonymous())
	f.Fuzz(func(t *testing.T, text string) {
		var filter map[string]any
		d := json.NewDecoder(strings.NewReader(text))
		d.UseNumber()
		if d.Decode(&filter) != nil {
			return
		}
		list, err := read.List(ctx, reader, catalog.Reports, read.Args{Filter: filter, Order: &read.OrderBy{Field: "SLUG", Direction: read.Ascending}})
		if err != nil {
			if domain.KindOf(err) != domain.KindInvalid {
				t.Fatalf("%s: %v", text, err)
			}
			return
		}
		if _, err := list.TotalCount(ctx); err != nil {
			t.Fatalf("%s: count: %v", text, err)
		}
		if _, err := list.Nodes(ctx); err != nil {
			t.Fatalf("%s: page: %v", text, err)
		}
	})
}

// Whatever a client sends as a cursor, it is one that the list made, or it is
// refused.
func FuzzCursor(f *testing.F) {
	for _, seed := range []string{"", "e30", "eyJsIjoicmVwb3J0cyBUSVRMRSBBU0MiLCJ2IjoiQSIsImkiOiJycHRfMGc3NWNleXMwMjBudCJ9", "bnVsbA", "====", strings.Repeat("A", 20_000)} {
		f.Add(seed, "TITLE")
		f.Add(seed, "PUBLISHED_AT")
		f.Add(seed, "WORD_COUNT")
	}
	reader := read.NewReader(storetest.SQLite(f), catalog.Tables())
	ctx := domain.WithViewer(f.Context(), domain.Anonymous())
	f.Fuzz(func(t *testing.T, cursor, field string) {
		if _, ok := catalog.Reports.Orders[field]; !ok {
			return
		}
		for _, direction := range []string{read.Ascending, read.Descending} {
			order := &read.OrderBy{Field: field, Direction: direction}
			list, err := read.List(ctx, reader, catalog.Reports, read.Args{After: &cursor, Before: &cursor, Order: order})
			if err != nil {
				if domain.KindOf(err) != domain.KindInvalid {
					t.Fatalf("%q: %v", cursor, err)
				}
				continue
			}
			if _, err := list.Nodes(ctx); err != nil {
				t.Fatalf("%q: %v", cursor, err)
			}
		}
	})
}

// The cursors of lists that are put together elsewhere come back as they went.
func FuzzPlaces(f *testing.F) {
	f.Add(int64(0), int64(1))
	f.Add(int64(-1), int64(1)<<40)
	f.Fuzz(func(t *testing.T, value, raw int64) {
		id, err := domain.ParseID(domain.ID(raw).String())
		if err != nil {
			return
		}
		places := read.CursorCodec{List: "things", Kind: read.Int}
		cursor, err := places.Encode(value, id)
		if err != nil {
			t.Fatal(err)
		}
		gotValue, gotID, err := places.Decode(&cursor)
		if err != nil || gotValue != value || gotID != id {
			t.Fatalf("%d %s: got %v %s %v", value, id, gotValue, gotID, err)
		}
		if _, _, err := (read.CursorCodec{List: "others", Kind: read.Int}).Decode(&cursor); err == nil {
			t.Fatal("another list takes the cursor")
		}
	})
}

// A row that no batch read has no edges: that is a fault of the program, and
// must not be an empty list.
func TestRowWithoutBatch(t *testing.T) {
	t.Parallel()
	_, err := catalog.ReportTags.List(t.Context(), &db.Report{ID: 1})
	if err == nil || !bytes.Contains([]byte(err.Error()), []byte("batch")) {
		t.Errorf("got %v", err)
	}
}
