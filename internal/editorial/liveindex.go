package editorial

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/markdown"
	"github.com/redthread-api/redthread/internal/store"
)

// The desk has an index of live for its rules: which documents are live, with which
// marking (live_documents), and what they refer to, in rows and in texts
// (live_references). Each release updates the index in its own transaction. So no rule
// reads live, which may lag, and no desk transaction waits for it.
//
// The table mentions has the documents that the texts on the desk name. Each save
// updates it.

// namedIn returns the documents that the texts of a document name: entities in entity
// links, sources in footnotes. Documents in the trash count, since they can be restored.
func namedIn(ctx context.Context, db store.Rows, t domain.Type, root *aggregate.Row) ([]domain.ID, error) {
	var ids []domain.ID
	for _, m := range root.Owned["report_mentions"] {
		ids = append(ids, m.Ref("entity_id"))
	}
	for _, f := range root.Owned["footnotes"] {
		if id := f.Ref("source_id"); id != 0 {
			ids = append(ids, id)
		}
	}
	var slugs []string
	collect := func(r *aggregate.Row, fields []aggregate.FieldSpec) {
		for _, f := range aggregate.ProseFields(fields) {
			if f.Footnotes {
				continue // its mentions are rows
			}
			if text := r.Text(f.ColumnName()); strings.Contains(text, "[[") {
				for _, m := range markdown.Parse(text).Mentions() {
					slugs = append(slugs, m.Slug)
				}
			}
		}
	}
	s := aggregate.SpecOf(t)
	collect(root, s.Fields)
	for _, f := range s.Fields {
		if f.NamesEntities {
			for _, m := range markdown.PlainMentions(root.Text(f.ColumnName())) {
				slugs = append(slugs, m.Slug)
			}
		}
	}
	for _, set := range s.Lists {
		for _, row := range root.Owned[set.Table] {
			collect(row, set.Fields)
		}
	}
	if len(slugs) > 0 {
		named, err := slugOwners(ctx, db, domain.Entity, slugs)
		if err != nil {
			return nil, err
		}
		ids = append(ids, named...)
	}
	slices.Sort(ids)
	return slices.Compact(ids), nil
}

// slugOwners returns the documents that have or had the slugs, including those in the
// trash. A document that was merged into another no longer has a slug.
func slugOwners(ctx context.Context, db store.Rows, t domain.Type, slugs []string) ([]domain.ID, error) {
	in := store.InSet(db.Dialect())
	query := "SELECT id FROM " + aggregate.TableOf(t).Name + " d WHERE NOT EXISTS (SELECT 1 FROM aliases a WHERE a.former_id = d.id) AND slug" + in +
		" UNION SELECT document_id FROM aliases WHERE type = " + fmt.Sprint(int(t)) + " AND slug" + in
	set := store.TextSet(db.Dialect(), slugs)
	ids, err := store.QueryIDs(ctx, db, query, set, set)
	if err != nil {
		return nil, fmt.Errorf("find %s by slug: %w", t, err)
	}
	return ids, nil
}

// writeMentions stores which documents the texts of a document on the desk name.
func writeMentions(ctx context.Context, tx *store.Tx, t domain.Type, root *aggregate.Row, isNew bool) error {
	named, err := namedIn(ctx, tx, t, root)
	if err != nil {
		return err
	}
	if !isNew {
		was, err := store.QueryIDs(ctx, tx, "SELECT DISTINCT target_id FROM mentions WHERE document_id = ? ORDER BY target_id", int64(root.ID))
		if err != nil {
			return fmt.Errorf("read mentions: %w", err)
		}
		if slices.Equal(was, named) {
			return nil
		}
		if err := store.Exec(ctx, tx, "DELETE FROM mentions WHERE document_id = ?", int64(root.ID)); err != nil {
			return fmt.Errorf("write mentions: %w", err)
		}
	}
	return insertPairs(ctx, tx, "mentions (document_id, target_id)", "", pairsOf(root.ID, named))
}

// pair is a document and another one to which it refers.
type pair struct{ document, target domain.ID }

func pairsOf(document domain.ID, targets []domain.ID) []pair {
	pairs := make([]pair, len(targets))
	for i, target := range targets {
		pairs[i] = pair{document, target}
	}
	return pairs
}

// insertPairs inserts a row for each pair. more is SQL for the further columns of the
// row: ", TRUE".
func insertPairs(ctx context.Context, tx *store.Tx, into, more string, pairs []pair) error {
	one := "(?, ?" + more + ")"
	for len(pairs) > 0 {
		n := aggregate.BatchSize(len(pairs), 2)
		args := make([]any, 0, 2*n)
		for _, p := range pairs[:n] {
			args = append(args, int64(p.document), int64(p.target))
		}
		if err := store.ExecLater(ctx, tx, "insert into "+into, "INSERT INTO "+into+" VALUES "+strings.Repeat(one+", ", n-1)+one, args...); err != nil {
			return err
		}
		pairs = pairs[n:]
	}
	return nil
}

// markLive records in the index that the present versions of documents are live. The
// number of statements does not depend on the number of documents.
func markLive(ctx context.Context, tx *store.Tx, ids []domain.ID) error {
	groups := aggregate.GroupByType(ids)
	for t, ids := range groups {
		err := store.ExecSet(ctx, tx, "INSERT INTO live_documents (id, version, marking) SELECT id, version, marking FROM "+aggregate.TableOf(t).Name+" WHERE id", ids)
		if err != nil {
			return fmt.Errorf("note what is live: %w", err)
		}
	}
	for t, ids := range groups {
		parts := []string{"SELECT document_id, target_id, TRUE FROM mentions WHERE document_id" + store.InSet(tx.Dialect())}
		for _, way := range aggregate.ReferrersFrom(t) {
			parts = append(parts, "SELECT d.id, "+way.Column+", FALSE FROM "+way.From+" WHERE "+way.Column+" IS NOT NULL AND d.id"+store.InSet(tx.Dialect()))
		}
		args := slices.Repeat([]any{store.IDSet(tx.Dialect(), ids)}, len(parts))
		err := store.Exec(ctx, tx, "INSERT INTO live_references (document_id, target_id, mention) "+strings.Join(parts, " UNION ALL "), args...)
		if err != nil {
			return fmt.Errorf("note what live refers to: %w", err)
		}
	}
	return nil
}

// markRevisionLive records in the index that a version of a document is live which is
// not the present one on the desk.
func markRevisionLive(ctx context.Context, tx *store.Tx, t domain.Type, root *aggregate.Row, version int) error {
	named, err := namedIn(ctx, tx, t, root)
	if err != nil {
		return err
	}
	if err := store.Exec(ctx, tx, "INSERT INTO live_documents (id, version, marking) VALUES (?, ?, ?)",
		int64(root.ID), int64(version), root.Int("marking")); err != nil {
		return fmt.Errorf("note what is live: %w", err)
	}
	const into = "live_references (document_id, target_id, mention)"
	if err := insertPairs(ctx, tx, into, ", FALSE", pairsOf(root.ID, root.Targets(aggregate.TableOf(t)))); err != nil {
		return err
	}
	return insertPairs(ctx, tx, into, ", TRUE", pairsOf(root.ID, named))
}

// unmarkLive deletes documents from the index: what [markLive] and [markRevisionLive]
// wrote.
func unmarkLive(ctx context.Context, tx *store.Tx, ids []domain.ID) error {
	for _, from := range []string{"live_documents WHERE id", "live_references WHERE document_id"} {
		if err := store.ExecSet(ctx, tx, "DELETE FROM "+from, ids); err != nil {
			return fmt.Errorf("note what is not live: %w", err)
		}
	}
	return nil
}

// indexLive rebuilds the desk's index of live from the revisions, and the mentions from
// the desk's documents.
func indexLive(ctx context.Context, tx *store.Tx) error {
	for _, name := range []string{"live_documents", "live_references", "mentions"} {
		if err := store.Exec(ctx, tx, "DELETE FROM "+name); err != nil {
			return fmt.Errorf("empty %s: %w", name, err)
		}
	}
	for _, t := range domain.Types() {
		ids, err := store.QueryIDs(ctx, tx, "SELECT id FROM "+aggregate.TableOf(t).Name+" ORDER BY id")
		if err != nil {
			return fmt.Errorf("read %s: %w", aggregate.TableOf(t).Name, err)
		}
		for batch := range slices.Chunk(ids, aggregate.MaxBatch) {
			if err := indexBatch(ctx, tx, t, batch); err != nil {
				return err
			}
		}
	}
	// Documents in the trash still refer to what was merged since.
	for _, name := range []string{"live_references", "mentions"} {
		if err := store.Exec(ctx, tx, "UPDATE "+name+" SET target_id = (SELECT a.document_id FROM aliases a WHERE a.former_id = target_id)"+
			" WHERE target_id IN (SELECT former_id FROM aliases WHERE former_id IS NOT NULL)"); err != nil {
			return fmt.Errorf("follow merges in %s: %w", name, err)
		}
	}
	return nil
}

func indexBatch(ctx context.Context, tx *store.Tx, t domain.Type, ids []domain.ID) error {
	rows, err := aggregate.Load(ctx, tx, t, ids)
	if err != nil {
		return err
	}
	metas, err := aggregate.ReadMeta(ctx, tx, ids)
	if err != nil {
		return err
	}
	var current []domain.ID
	earlier := map[domain.ID]int{}
	for _, id := range ids {
		if err := writeMentions(ctx, tx, t, rows[id], true); err != nil {
			return err
		}
		switch meta := metas[id]; {
		case !meta.IsLive():
		case meta.IsPending():
			earlier[id] = meta.LiveVersion
		default:
			current = append(current, id)
		}
	}
	if err := markLive(ctx, tx, current); err != nil {
		return err
	}
	snaps, err := aggregate.ReadRevisions(ctx, tx, earlier)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if snap := snaps[id]; snap != nil {
			if err := markRevisionLive(ctx, tx, t, snap.Root, earlier[id]); err != nil {
				return err
			}
		}
	}
	return nil
}
