package editorial

import (
	"context"
	"database/sql"
	"fmt"
	"slices"
	"strings"

	"golang.org/x/text/cases"
	"golang.org/x/text/unicode/norm"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// docName is a name of a document: its path in the input, and the key by which it
// is compared with others.
type docName struct{ path, key string }

// namesOf returns the names by which a document could be mistaken for another of its
// type, as the content model defines them. In a key, the name comes after the other
// values that must be equal. Each key is returned once.
func namesOf(t domain.Type, r *aggregate.Row) []docName {
	list := aggregate.SpecOf(t).Names
	if list == nil {
		return nil
	}
	var names []docName
	for _, n := range list(r) {
		key := n.Scope + " " + foldName(n.Text)
		if n.Text != "" && !slices.ContainsFunc(names, func(n docName) bool { return n.key == key }) {
			names = append(names, docName{n.Path, key})
		}
	}
	return names
}

// foldName normalises a name for comparison: it ignores case, the width of spaces,
// and the encoding of accents.
func foldName(name string) string {
	folded := cases.Fold().String(norm.NFD.String(strings.Join(strings.Fields(name), " ")))
	return norm.NFC.String(folded)
}

// writeNames updates the stored keys of a document's names from those of old to
// those of next.
func (e *editTx) writeNames(ctx context.Context, t domain.Type, old, next *aggregate.Row) error {
	var before []docName
	if old != nil {
		before = namesOf(t, old)
	}
	after := namesOf(t, next)
	lacks := func(names []docName, key string) bool {
		return !slices.ContainsFunc(names, func(n docName) bool { return n.key == key })
	}
	var gone []string
	for _, n := range before {
		if lacks(after, n.key) {
			gone = append(gone, n.key)
		}
	}
	if len(gone) > 0 {
		engine := e.tx.Dialect()
		query := store.Bind(engine, "DELETE FROM name_keys WHERE document_id = ? AND name"+store.InSet(engine))
		if _, err := e.tx.Exec(ctx, query, int64(next.ID), store.TextSet(engine, gone)); err != nil {
			return fmt.Errorf("delete keys of names: %w", err)
		}
	}
	var rows []nameKey
	for _, n := range after {
		if lacks(before, n.key) {
			rows = append(rows, nameKey{next.ID, n.key})
		}
	}
	return e.insertNames(ctx, rows)
}

// nameKey is a row of name_keys.
type nameKey struct {
	document domain.ID
	key      string
}

func (e *editTx) insertNames(ctx context.Context, keys []nameKey) error {
	const head, one = "INSERT INTO name_keys (id, document_id, type, name) VALUES ", "(?, ?, ?, ?)"
	for len(keys) > 0 {
		n := aggregate.BatchSize(len(keys), 4)
		args := make([]any, 0, 4*n)
		for _, k := range keys[:n] {
			args = append(args, int64(e.newID(domain.Row)), int64(k.document), int64(k.document.Type()), k.key)
		}
		query := head + strings.Repeat(one+", ", n-1) + one
		if err := store.ExecLater(ctx, e.tx, "write keys of names", query, args...); err != nil {
			return err
		}
		keys = keys[n:]
	}
	return nil
}

// namesBatch is how many documents [Desk.IndexNames] indexes in one transaction.
const namesBatch = 500

// IndexNames writes the name keys of documents that have none: those that were
// saved by a version of the program without such keys. It returns the number of
// documents found. If it is interrupted, the next call continues.
func (d *Desk) IndexNames(ctx context.Context) (int, error) {
	ctx = domain.AsSystem(ctx, "index names")
	found := 0
	// The search below reads all documents.
	done, err := store.QueryIDs(ctx, d.stores.DeskRows(), "SELECT id FROM publication_log WHERE names_indexed_at IS NOT NULL")
	if err != nil || len(done) > 0 {
		return 0, err
	}
	for _, t := range domain.Types() {
		if aggregate.SpecOf(t).Names == nil {
			continue
		}
		ids, err := withoutNames(ctx, d.stores.DeskRows(), t)
		if err != nil {
			return found, err
		}
		progress := store.NewProgress(d.log, d.now, int64(len(ids)), "names of documents are being indexed", "type", t.String())
		for batch := range slices.Chunk(ids, namesBatch) {
			if err := d.indexNames(ctx, t, batch); err != nil {
				return found, err
			}
			found += len(batch)
			progress.Add(ctx, len(batch))
		}
	}
	return found, d.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		return store.Exec(ctx, tx, "UPDATE publication_log SET names_indexed_at = ?", d.clock())
	})
}

// indexNames indexes documents that may have been saved, or indexed by another
// process, since they were found to have no keys.
func (d *Desk) indexNames(ctx context.Context, t domain.Type, ids []domain.ID) error {
	return d.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		engine := tx.Dialect()
		has := map[domain.ID]bool{}
		err := store.QueryRows(ctx, tx, "SELECT document_id FROM name_keys WHERE document_id"+store.InSet(engine), []any{store.IDSet(engine, ids)},
			func(rows *sql.Rows) error {
				var id domain.ID
				defer func() { has[id] = true }()
				return rows.Scan(&id)
			})
		if err != nil {
			return fmt.Errorf("read keys of names: %w", err)
		}
		rows, err := aggregate.Load(ctx, tx, t, slices.DeleteFunc(slices.Clone(ids), func(id domain.ID) bool { return has[id] }))
		if err != nil {
			return err
		}
		var keys []nameKey
		for id, row := range rows {
			for _, n := range namesOf(t, row) {
				keys = append(keys, nameKey{id, n.key})
			}
		}
		e := &editTx{desk: d, tx: tx, at: d.clock()}
		return e.insertNames(ctx, keys)
	})
}

// withoutNames lists the documents of a type that have no name keys.
func withoutNames(ctx context.Context, db store.Rows, t domain.Type) ([]domain.ID, error) {
	ids, err := store.QueryIDs(ctx, db, "SELECT d.id FROM "+aggregate.TableOf(t).Name+
		" d WHERE NOT EXISTS (SELECT 1 FROM name_keys k WHERE k.document_id = d.id)")
	if err != nil {
		return nil, fmt.Errorf("find documents without keys of names: %w", err)
	}
	return ids, nil
}
