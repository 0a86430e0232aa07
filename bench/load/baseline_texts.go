package main

import (
	"context"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/internal/store"
)

// indexForBaseline makes the index in which the baseline searches: FTS5 without texts of its own, or a
// tsvector with a GIN index, each over the words as they stand.
func indexForBaseline(ctx context.Context, stores *store.Stores) error {
	return stores.Live(ctx, func(ctx context.Context, tx *store.Tx) error {
		exists := "SELECT count(*) FROM sqlite_master WHERE name = 'baseline_texts'"
		statements := []string{
			"CREATE VIRTUAL TABLE baseline_texts USING fts5(title, summary, body, content='', tokenize='unicode61')",
			"INSERT INTO baseline_texts (rowid, title, summary, body) SELECT id, title, summary, body FROM reports ORDER BY id",
			"INSERT INTO baseline_texts (baseline_texts) VALUES ('optimize')",
		}
		if tx.Dialect() == dialect.Postgres {
			exists = "SELECT count(*) FROM pg_tables WHERE schemaname = 'live' AND tablename = 'baseline_texts'"
			statements = []string{
				"CREATE TABLE live.baseline_texts (id bigint PRIMARY KEY, words tsvector NOT NULL)",
				"INSERT INTO live.baseline_texts SELECT id, to_tsvector('simple', title || ' ' || summary || ' ' || body) FROM live.reports",
				"CREATE INDEX ON live.baseline_texts USING gin (words)",
				"ANALYZE live.baseline_texts",
			}
		}
		n, err := store.QueryIDs(ctx, tx, exists) // a number, not an id
		if err != nil || len(n) == 1 && n[0] > 0 {
			return err
		}
		for _, statement := range statements {
			if err := store.Exec(ctx, tx, statement); err != nil {
				return err
			}
		}
		return nil
	})
}
