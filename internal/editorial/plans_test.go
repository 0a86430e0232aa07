package editorial_test

import (
	"database/sql"
	"slices"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// No statement of a save or a publication reads all of a table, so neither takes longer
// on a large desk. SQLite's plans do not depend on how much is in a table.
func TestWritesReadByIndex(t *testing.T) {
	t.Parallel()
	s, faults := storetest.OpenFaulty(t, storetest.SQLiteConfig(t))
	d := editorialtest.New(t, s)
	d.Source("register")
	d.Tag("sea")
	d.Entity("acme", editorialtest.Fields{"tags": editorialtest.List("sea")})
	d.Entity("cranes-co")
	d.Report("cranes", editorialtest.Fields{"tags": editorialtest.List("sea"), "entities": editorialtest.List("acme"), "body": "By [[acme]].[^1]\n\n[^1]: [@register]"})
	publish := func() {
		if _, err := d.Publish(d.Ctx, editorial.PublishParams{Documents: []string{"report:cranes"}, References: editorial.Include}); err != nil {
			t.Fatal(err)
		}
	}
	publish()
	statements := map[string][]string{}
	faults.Set(func(store, query string) error {
		if !slices.Contains(statements[store], query) {
			statements[store] = append(statements[store], query)
		}
		return nil
	})
	d.MustSave(domain.Report, editorial.Update, editorialtest.Fields{"id": "cranes", "title": "Cranes"})
	d.Relationship("acme", "cranes-co")
	publish()
	faults.Set(nil)
	if len(statements["desk"]) < 20 || len(statements["live"]) < 10 {
		t.Fatalf("got %d and %d statements", len(statements["desk"]), len(statements["live"]))
	}
	for name, db := range map[string]store.Rows{"desk": s.DeskRows(), "live": s.LiveRows()} {
		for _, statement := range statements[name] {
			verb, _, _ := strings.Cut(statement, " ")
			if !slices.Contains([]string{"SELECT", "INSERT", "UPDATE", "DELETE", "WITH"}, verb) {
				continue
			}
			var scans []string
			err := store.QueryRows(t.Context(), db, "EXPLAIN QUERY PLAN "+statement, slices.Repeat([]any{nil}, strings.Count(statement, "?")), func(rows *sql.Rows) error {
				var id, parent, unused int
				var detail string
				err := rows.Scan(&id, &parent, &unused, &detail)
				if table, ok := strings.CutPrefix(detail, "SCAN "); ok && !small(table, statement) {
					scans = append(scans, detail)
				}
				return err
			})
			if err != nil || len(scans) > 0 {
				t.Errorf("%s: %q (%v): %s", name, scans, err, statement)
			}
		}
	}
}

// small reports whether a scan reads few rows: of a parameter, of a table with one row, or
// the last row of a table.
func small(scanned, statement string) bool {
	for _, few := range []string{"json_each", "CONSTANT ROW", "SUBQUERY", "publication_log", "projection"} {
		if strings.Contains(scanned, few) {
			return true
		}
	}
	return strings.HasSuffix(statement, "ORDER BY id DESC LIMIT 1")
}
