package editorial_test

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"testing"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
	"github.com/redthread-api/redthread/internal/store"
)

// says is warnings as text.
func says(warnings []editorial.Warning) []string {
	var out []string
	for _, w := range warnings {
		out = append(out, fmt.Sprintf("%s %s: %s", w.Code, w.Path, w.Message))
	}
	return out
}

func TestSavesWarn(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		names := func(texts ...string) []any {
			var out []any
			for _, text := range texts {
				out = append(out, fields{"text": text, "kind": "ALIAS"})
			}
			return out
		}
		ids := func(pairs ...string) []any {
			var out []any
			for _, pair := range pairs {
				scheme, value, _ := strings.Cut(pair, " ")
				out = append(out, fields{"scheme": scheme, "value": value})
			}
			return out
		}
		d.Entity("acme", fields{"name": "Société Énergie", "names": names("Acme", "ガス会社"), "identifiers": ids("LEI 1", "LEI 2", "REG 1")})
		d.Source("register", fields{"url": "https://example.org/register?a=1"})
		d.Report("cranes", fields{"title": "Who owns the cranes?"})
		d.Tag("sea", fields{"label": "Sea"})
		d.MustSave(domain.Narrative, editorial.Create, fields{"slug": "dam", "title": "The dam", "claim": "C.", "status": "ACTIVE"})
		d.Series("w")
		d.MustSave(domain.Edition, editorial.Create, fields{"slug": "one", "series": "w", "number": 1, "title": "Weekly", "language": "en"})

		entity := func(more fields) fields {
			return merge(fields{"name": "Other", "kind": "COMPANY"}, []fields{more})
		}
		report := func(title string) fields {
			return fields{"title": title, "kind": "BRIEF", "language": "en"}
		}
		edition := func(more fields) fields {
			return merge(fields{"series": "w", "title": "Another", "language": "en"}, []fields{more})
		}
		item := func(more fields) fields {
			return merge(fields{"headline": "H", "summary": "S."}, []fields{more})
		}
		for n, row := range []struct {
			doc   domain.Type
			input fields
			want  []string
		}{
			{domain.Entity, entity(nil), nil},
			{domain.Entity, entity(fields{"name": " SOCIÉTÉ\u3000 E\u0301nergie "}), []string{"SAME_NAME name: entity:acme has the same name"}},
			{domain.Entity, entity(fields{"name": "ACME"}), []string{"SAME_NAME name: entity:acme has the same name"}},
			{domain.Entity, entity(fields{"names": names("x", "ガス会社")}), []string{"SAME_NAME names[1]: entity:acme has the same name"}},
			{domain.Entity, entity(fields{"name": "Acme", "names": names("acme")}), []string{"SAME_NAME name: entity:acme has the same name"}},
			{domain.Entity, entity(fields{"name": "カス会社"}), nil},
			{domain.Entity, entity(fields{"name": "Acme", "kind": "PLACE"}), nil}, // of another kind
			{domain.Entity, entity(fields{"identifiers": ids("LEI 3", "LEI 2", "REG 2")}), []string{"SAME_IDENTIFIER identifiers[1]: entity:acme has the identifier LEI 2 too"}},
			{domain.Entity, entity(fields{"identifiers": ids("REG 1")}), []string{"SAME_IDENTIFIER identifiers[0]: entity:acme has the identifier REG 1 too"}},
			{domain.Source, fields{"title": "r", "url": "https://example.org/register?a=1"}, []string{"SAME_ADDRESS url: source:register has the same address"}},
			{domain.Source, fields{"title": "register", "url": "https://example.org/register?a=2"}, nil},
			{domain.Source, fields{"title": "register"}, nil},
			{domain.Report, report("who owns  the cranes?"), []string{"SAME_NAME title: report:cranes has the same title"}},
			{domain.Report, report("The dam"), nil}, // the title of a narrative
			{domain.Narrative, fields{"title": "THE DAM", "claim": "C.", "status": "ACTIVE"}, []string{"SAME_NAME title: narrative:dam has the same title"}},
			{domain.Tag, fields{"label": "SEA", "vocabulary": "TOPIC"}, []string{"SAME_NAME label: tag:sea has the same name"}},
			{domain.Tag, fields{"label": "SEA", "vocabulary": "REGION"}, nil},
			{domain.Edition, edition(fields{"title": "weekly", "number": 2, "items": list(item(nil), item(fields{"citations": list(fields{"source": "register"})}), item(nil))}),
				[]string{"SAME_NAME title: edition:one has the same title", "NOT_CITED items[0]: this item cites no source", "NOT_CITED items[2]: this item cites no source"}},
			{domain.Asset, fields{"url": "https://example.org/register?a=1", "mediaType": "application/pdf"}, nil},
			{domain.Asset, fields{"url": "https://example.org/a.png", "mediaType": "image/png", "altText": "A crane"}, nil},
			{domain.Asset, fields{"url": "https://example.org/a.png", "mediaType": "Image/PNG"},
				[]string{"NOT_DESCRIBED altText: a picture needs an alternative text to be published: say what it shows"}},
			{domain.Report, merge(report("Pictures"), []fields{{"body": "![a](/a.png)\n\nb\n\n![](/b.png)"}}), []string{
				"NOT_DESCRIBED body: line 5: an image needs an alternative text to be published: write what it shows in its square brackets, as in ![The quay at low tide](/quay.jpg)"}},
		} {
			row.input["slug"] = fmt.Sprintf("new-%d", n)
			saved := d.MustSave(row.doc, editorial.Create, row.input)
			if got := says(saved.Warnings); !slices.Equal(got, row.want) {
				t.Errorf("%d: got %q, want %q", n, got, row.want)
			}
			// The same when it is saved again, also where nothing changes.
			again := d.MustSave(row.doc, editorial.Update, fields{"id": row.input["slug"]})
			if got := says(again.Warnings); again.Changed || !slices.Equal(got, row.want) {
				t.Errorf("%d, saved again: got %q, want %q", n, got, row.want)
			}
			if _, err := d.Delete(d.Ctx, editorial.DeleteParams{Type: row.doc, ID: fmt.Sprint(row.input["slug"])}); err != nil {
				t.Fatal(err)
			}
		}
	})
}

// A warning goes by what the documents are called now.
func TestWarningsFollowWhatIsSaved(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		acme := d.Entity("acme", fields{"name": "Acme", "names": list(fields{"text": "A", "kind": "ALIAS"})})
		for i := range 12 {
			d.Entity(fmt.Sprintf("many-%02d", i), fields{"name": "Many"})
		}
		other := func(name string) []editorial.Warning {
			return d.MustSave(domain.Entity, editorial.Upsert, fields{"slug": "other", "name": name, "kind": "COMPANY"}).Warnings
		}
		if got := other("acme"); len(got) != 1 || !slices.Equal(got[0].Documents, []domain.ID{acme}) {
			t.Errorf("got %+v, want one about acme", got)
		}
		many := other("many")
		if len(many) != 1 || len(many[0].Documents) != 10 || !strings.HasSuffix(many[0].Message, ", and others have the same name") {
			t.Errorf("got %+v, want one about ten of twelve", many)
		}
		d.MustSave(domain.Entity, editorial.Update, fields{"id": "acme", "name": "Apex", "names": list()})
		if got := slices.Concat(other("acme"), other("a")); len(got) != 0 {
			t.Errorf("names that nothing has any more: got %v", says(got))
		}
		if got := other("APEX"); len(got) != 1 {
			t.Errorf("the new name: got %v", says(got))
		}
		restored, err := d.Restore(d.Ctx, editorial.RestoreParams{Document: "entity:acme", Revision: 1})
		if err != nil || len(restored.Warnings) != 0 {
			t.Errorf("restored: %+v, %v", restored, err)
		}
		if got := other("A"); len(got) != 1 {
			t.Errorf("the restored name: got %v", says(got))
		}
		restored, err = d.Restore(d.Ctx, editorial.RestoreParams{Document: "entity:acme", Revision: 1})
		if err != nil || len(restored.Warnings) != 1 || restored.Warnings[0].Path != "names[0]" {
			t.Errorf("restored: %+v, %v; want a warning", restored, err)
		}
		if _, err := d.Delete(d.Ctx, editorial.DeleteParams{Type: domain.Entity, ID: "acme"}); err != nil {
			t.Fatal(err)
		}
		if got := other("acme"); len(got) != 0 {
			t.Errorf("a name of what is in the trash: got %v", says(got))
		}
		if _, err := d.Undelete(d.Ctx, "entity:acme"); err != nil {
			t.Fatal(err)
		}
		if got := other("acme"); len(got) != 1 {
			t.Errorf("taken out of the trash: got %v", says(got))
		}
		if _, err := d.MergeEntities(d.Ctx, editorial.MergeParams{From: []string{"acme"}, Into: "many-00"}); err != nil {
			t.Fatal(err)
		}
		if got := says(other("acme")); !slices.Equal(got, []string{"SAME_NAME name: entity:many-00 has the same name"}) {
			t.Errorf("merged: got %v", got)
		}
	})
}

// A key that may write and not read gets no warning about other documents.
func TestWarningsNameNothingThatTheViewerMayNotRead(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Entity("acme", fields{"name": "Acme", "identifiers": list(fields{"scheme": "LEI", "value": "1"})})
		d.Source("register")
		d.Series("w")
		d.Entity("zeta")
		d.Relationship("acme", "zeta", fields{"citations": list(fields{"source": "register"})})
		writer := domain.WithViewer(t.Context(), &domain.Viewer{Name: "w", Role: domain.Editor, Clearance: domain.Red, KeyID: 1,
			Scopes: []domain.Right{domain.WriteDrafts, domain.PublishDocuments}})
		for doc, input := range map[domain.Type]fields{
			domain.Entity:  {"slug": "other", "name": "ACME", "kind": "COMPANY", "identifiers": list(fields{"scheme": "LEI", "value": "1"})},
			domain.Source:  {"slug": "other", "title": "r", "url": "https://example.org/register"},
			domain.Edition: {"slug": "other", "series": "w", "number": 1, "title": "T", "language": "en", "items": list(fields{"headline": "H", "summary": "S."})},
		} {
			saved, err := d.Save(writer, editorial.SaveParams{Type: doc, Mode: editorial.Create, Fields: input})
			want := 0
			if doc == domain.Edition {
				want = 1 // it is about the edition itself
			}
			if err != nil || len(saved.Warnings) != want {
				t.Errorf("%v: got %v, %v; want %d", doc, says(saved.Warnings), err, want)
			}
		}
		d.MustPublish("entity:acme", "entity:zeta")
		ids := []domain.ID{d.idOf(domain.Entity, "acme")}
		if found, err := d.DraftRelationshipWarnings(writer, ids); err != nil || len(found) != 0 {
			t.Errorf("got %v, %v; want none", says(found), err)
		}
	})
}

func (d *desk) idOf(t domain.Type, slug string) domain.ID {
	d.T.Helper()
	stored, err := d.Find(d.Ctx, t, slug)
	if err != nil || stored == nil {
		d.T.Fatalf("%s:%s: got %v, %v", t, slug, stored, err)
	}
	return stored.ID
}

func TestDraftRelationshipsOfLiveEntities(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Source("s")
		cited := fields{"citations": list(fields{"source": "s"})}
		a, b := d.Entity("a"), d.Entity("b")
		c := d.Entity("c")
		d.Relationship("a", "b", cited, fields{"slug": "draft"})
		d.Relationship("b", "a", cited, fields{"slug": "live"})
		d.Relationship("a", "c", cited, fields{"slug": "half"}) // c is a draft
		d.Relationship("b", "a", cited, fields{"slug": "trashed", "kind": "FUNDS"})
		if _, err := d.Delete(d.Ctx, editorial.DeleteParams{Type: domain.Relationship, ID: "trashed"}); err != nil {
			t.Fatal(err)
		}
		d.MustPublish("entity:a", "entity:b", "relationship:live")
		want := []string{"DRAFT_RELATIONSHIP : relationship:draft is a draft, and both its ends are live: publish it too, if readers are to see it"}
		for _, ids := range [][]domain.ID{{a, b, c}, {a}, {b}} {
			got, err := d.DraftRelationshipWarnings(d.Ctx, ids)
			if err != nil || !slices.Equal(says(got), want) || len(got[0].Documents) != 1 {
				t.Errorf("of %v: got %q, %v; want %q", ids, says(got), err, want)
			}
		}
		for _, ids := range [][]domain.ID{nil, {c}} {
			if got, err := d.DraftRelationshipWarnings(d.Ctx, ids); err != nil || len(got) != 0 {
				t.Errorf("of %v: got %q, %v; want none", ids, says(got), err)
			}
		}
		d.MustPublish("entity:c")
		ctx, statements := store.CountStatements(d.Ctx)
		got, err := d.DraftRelationshipWarnings(ctx, []domain.ID{a, b, c})
		if err != nil || len(got) != 2 {
			t.Errorf("got %q, %v; want both drafts", says(got), err)
		}
		if *statements > 3 { // the transaction's own, and the query
			t.Errorf("%d statements", *statements)
		}
	})
}

// The documents of a desk that an older version wrote have their names indexed
// when the server starts; what has been indexed is left alone.
func TestIndexNames(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		for i := range 620 {
			d.Tag(fmt.Sprintf("tag-%d", i))
		}
		d.Entity("acme", fields{"name": "Acme", "names": list(fields{"text": "A", "kind": "ALIAS"})})
		d.Report("cranes")
		d.Source("s")
		index := func() int {
			t.Helper()
			n, err := d.IndexNames(t.Context())
			if err != nil {
				t.Fatal(err)
			}
			return n
		}
		before := nameKeys(t, d.Stores.DeskRows())
		if n := index(); n != 0 || len(before) != 623 {
			t.Errorf("%d documents had no keys, and there are %d keys; want 0 and 623", n, len(before))
		}
		err := d.Stores.Desk(d.Ctx, func(ctx context.Context, tx *store.Tx) error {
			if _, err := tx.Exec(ctx, "DELETE FROM name_keys"); err != nil {
				return err
			}
			_, err := tx.Exec(ctx, "UPDATE publication_log SET names_indexed_at = NULL")
			return err
		})
		if err != nil {
			t.Fatal(err)
		}
		if n := index(); n != 622 {
			t.Errorf("%d documents were indexed, want 622", n)
		}
		if after := nameKeys(t, d.Stores.DeskRows()); !slices.Equal(after, before) {
			t.Errorf("got %d keys, want %d as before", len(after), len(before))
		}
		if n := index(); n != 0 {
			t.Errorf("%d documents were indexed again", n)
		}
		ctx, statements := store.CountStatements(d.Ctx)
		if _, err := d.IndexNames(ctx); err != nil || *statements > 1 {
			t.Errorf("got %d statements, %v; want one that says that all names are indexed", *statements, err)
		}
	})
}

// The names of what is purged go with it.
func TestPurgeTakesTheKeysOfNames(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		d.Entity("acme")
		if _, err := d.Delete(d.Ctx, editorial.DeleteParams{Type: domain.Entity, ID: "acme"}); err != nil {
			t.Fatal(err)
		}
		if _, err := d.Purge(as(t.Context(), domain.Admin), editorial.PurgeParams{Documents: []string{"entity:acme"}}); err != nil {
			t.Fatal(err)
		}
		if got := nameKeys(t, d.Stores.DeskRows()); len(got) != 0 {
			t.Errorf("there are still %q", got)
		}
	})
}

func nameKeys(t *testing.T, db store.Rows) []string {
	t.Helper()
	rows, err := db.Query(t.Context(), "SELECT document_id, type, name FROM name_keys")
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = rows.Close() }() // it was only read
	var out []string
	for rows.Next() {
		out = append(out, editorialtest.Line(t, rows, []string{"document_id", "type", "name"}))
	}
	if err := rows.Err(); err != nil {
		t.Fatal(err)
	}
	slices.Sort(out)
	return out
}

// The queries behind warnings go by an index, whatever the size of the desk.
func TestWarningsGoByIndexes(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		queries := editorial.WarningQueries(d.Stores.Dialect())
		var plans []string
		err := d.Stores.Desk(d.Ctx, func(ctx context.Context, tx *store.Tx) error {
			explain := "EXPLAIN QUERY PLAN "
			if tx.Dialect() == dialect.Postgres {
				// Of tables that are empty, and for any parameters: this plan is used again until there are statistics.
				if _, err := tx.Exec(ctx, "SET LOCAL plan_cache_mode = force_generic_plan"); err != nil {
					return err
				}
				explain = "EXPLAIN "
			}
			for _, q := range queries {
				plan, err := planOf(ctx, tx, explain+store.Bind(tx.Dialect(), q.Text), q.Args)
				if err != nil {
					return fmt.Errorf("%s: %w", q.Text, err)
				}
				plans = append(plans, plan)
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		for i, plan := range plans {
			for _, table := range queries[i].Tables {
				if strings.Contains(plan, "SCAN "+table) || strings.Contains(plan, "Seq Scan on "+table) {
					t.Errorf("%s\nreads all of a table:\n%s", queries[i].Text, plan)
				}
			}
			if !strings.Contains(plan, queries[i].Index) {
				t.Errorf("%s\ndoes not use the index %s:\n%s", queries[i].Text, queries[i].Index, plan)
			}
		}
	})
}

func planOf(ctx context.Context, tx *store.Tx, query string, args []any) (string, error) {
	rows, err := tx.Query(ctx, query, args...)
	if err != nil {
		return "", err
	}
	defer func() { _ = rows.Close() }() // it was only read
	columns, err := rows.Columns()
	if err != nil {
		return "", err
	}
	var b strings.Builder
	for rows.Next() {
		values, dest := make([]any, len(columns)), make([]any, len(columns))
		for i := range values {
			dest[i] = &values[i]
		}
		if err := rows.Scan(dest...); err != nil {
			return "", err
		}
		fmt.Fprintln(&b, values[len(values)-1])
	}
	return b.String(), rows.Err()
}
