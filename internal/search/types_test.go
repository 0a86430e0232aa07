package search_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search"
	"github.com/redthread-api/redthread/internal/search/query"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// document returns a document with the fields.
func document(t domain.Type, fields map[string]any) search.Document {
	row := aggregate.NewRow()
	row.ID = domain.NewID(t, time.Now())
	for name, value := range fields {
		row.Set(name, value)
	}
	return search.Document{Root: row, Type: t, Published: time.Unix(1e9, 0)}
}

// indexed returns the index of a live store with documents, and the context of a viewer of what is CLEAR.
func indexed(t *testing.T, documents ...search.Document) (*search.Index, context.Context) {
	t.Helper()
	s := storetest.SQLite(t)
	err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
		w := search.NewWriter(tx)
		for _, d := range documents {
			if err := w.Put(ctx, d); err != nil {
				return err
			}
		}
		return w.Flush(ctx)
	})
	if err != nil {
		t.Fatal(err)
	}
	return search.New(s), domain.WithViewer(t.Context(), &domain.Viewer{})
}

func TestTypesAndKindsOfQueries(t *testing.T) {
	t.Parallel()
	edition := document(domain.Edition, map[string]any{"title": "Lantern letter", "language": "en"})
	for range 2 {
		item := aggregate.NewRow()
		item.ID = domain.NewID(domain.Row, time.Now())
		item.Set("headline", "A lantern was lit")
		edition.Root.Owned["edition_items"] = append(edition.Root.Owned["edition_items"], item)
	}
	index, ctx := indexed(t,
		edition,
		document(domain.Narrative, map[string]any{"title": "Lantern tale", "claim": "It glows", "status": "ACTIVE"}),
		document(domain.Tag, map[string]any{"label": "Lanterns", "vocabulary": "TOPIC"}),
		document(domain.Entity, map[string]any{"name": "Lantern Works", "kind": "COMPANY"}),
	)
	for text, want := range map[string]int{
		"lantern":                    6,
		"type:edition":               3,
		"type:item":                  2,
		"type:EDITION_ITEM lantern":  2,
		"type:edition -type:item":    1,
		"-type:edition":              3,
		"type:item type:tag":         3,
		"kind:active":                1,
		"kind:TOPIC":                 1,
		"kind:Topic kind:company":    2,
		"-kind:topic -kind:active":   4,
		"kind:active type:narrative": 1,
		"kind:unheard":               0,
	} {
		found, err := index.Search(ctx, search.Params{Query: query.Parse(text), First: 10})
		if err != nil || found.Total != want {
			t.Errorf("%s: got %d and %v, want %d", text, found.Total, err, want)
		}
	}
}

func TestRespelledQueriesFindSomething(t *testing.T) {
	t.Parallel()
	index, ctx := indexed(t,
		document(domain.Entity, map[string]any{"name": "Lantern Works", "kind": "COMPANY"}),
		document(domain.Tag, map[string]any{"label": "Mantle", "vocabulary": "TOPIC"}),
		document(domain.Tag, map[string]any{"label": "Fang English", "vocabulary": "TOPIC"}),
	)
	for text, want := range map[string]string{
		"lantren":                  "lantern",
		"lantren wroks":            "lantern works",
		"lantren OR mantel":        "lantern OR mantle",
		"lantren kind:company":     "lantern kind:COMPANY",
		"lantren mantel":           "",
		"lantren kind:TOPIC":       "",
		"lantren -works":           "",
		"lantren after:2020":       "",
		"lang:english":             "",
		`"lang:enlgish"`:           "",
		"fang:enlgish":             "fang:english",
		"lantren zzqqxxyy":         "",
		strings.Repeat("x1y ", 64): "",
	} {
		got, err := index.Respell(ctx, search.Params{Query: query.Parse(text), First: 10})
		if err != nil || got != want {
			t.Errorf("%s: got %q and %v, want %q", text, got, err, want)
		}
	}
}
