package projection_test

import (
	"context"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
	"github.com/redthread-api/redthread/internal/store"
)

// Links in live have the date and the effective marking of their document: from the projection,
// and, where an older version has written them, from the migration.
func TestLinksHaveTheDatesOfDocuments(t *testing.T) {
	editorialtest.Each(t, func(t *testing.T, d *editorialtest.Desk) {
		d.Tag("tag")
		d.Entity("acme", editorialtest.Fields{"tags": editorialtest.List("tag")})
		d.Report("cranes", editorialtest.Fields{"tags": editorialtest.List("tag"), "entities": editorialtest.List("acme"), "marking": domain.Green.String()})
		if _, err := d.Publish(d.Ctx, editorial.PublishParams{Documents: []string{"report:cranes", "entity:acme"}, References: editorial.Include}); err != nil {
			t.Fatal(err)
		}
		check := func(when string, want int) {
			t.Helper()
			wrong, all, err := editorialtest.LinksUnlikeDocuments(t.Context(), d.Stores.LiveRows())
			if err != nil || all != 3 || len(wrong) != want {
				t.Errorf("%s: got %d links, wrong %v, %v; want 3, of which %d are wrong", when, all, wrong, err, want)
			}
		}
		check("after the projection", 0)

		engine := map[string]string{dialect.SQLite: "sqlite", dialect.Postgres: "postgres"}[d.Stores.Dialect()]
		files, err := filepath.Glob("../store/migrations/" + engine + "/live/*_lists.sql")
		if err != nil || len(files) != 1 {
			t.Fatalf("got the migrations %v, %v, want one", files, err)
		}
		migration, err := os.ReadFile(files[0])
		if err != nil {
			t.Fatal(err)
		}
		run := func(only func(string) bool, statements ...string) {
			t.Helper()
			err := d.Stores.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				for _, statement := range statements {
					if !only(statement) {
						continue
					}
					if _, err := tx.Exec(ctx, statement); err != nil {
						return err
					}
				}
				return nil
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		run(func(string) bool { return true }, "UPDATE report_tags SET owner_published = NULL, owner_marking = NULL",
			"UPDATE report_entities SET owner_published = NULL", "UPDATE entity_tags SET owner_marking = NULL")
		check("as an older version writes them", 3)
		run(func(s string) bool { return strings.HasPrefix(s, "UPDATE") }, strings.Split(string(migration), "\n")...)
		check("after the migration", 0)
	})
}
