package content

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/markdown"
	"github.com/redthread-api/redthread/internal/store"
)

// Text is not fenced word by word. So a text that is live must not name what
// has a higher marking than the text's own document: an entity in an entity
// link, a source in a footnote. Both sides of that are checked here: the text
// when it is published, and the named document when its marking is raised.

// checkMarkings checks the texts of a release, and the documents of it whose
// marking goes up.
func (pl *plan) checkMarkings(ctx context.Context, p *domain.Problems) error {
	names := map[domain.ID][]domain.ID{}
	var all []domain.ID
	for _, id := range pl.set {
		ids, err := namedIn(ctx, pl.edit.tx, pl.snaps[id])
		if err != nil {
			return err
		}
		names[id] = ids
		all = append(all, ids...)
	}
	if err := pl.readHeads(ctx, all); err != nil {
		return err
	}
	for _, id := range pl.set {
		own := pl.snaps[id].Marking()
		for _, target := range names[id] {
			marking, err := pl.markingOf(ctx, target)
			if err != nil {
				return err
			}
			if marking > own {
				p.Add(pl.paths[id], "the text of %s (TLP:%s) names %s, which is TLP:%s: mark the document as high, or take the name out",
					pl.edit.name(pl.heads[id]), own, pl.edit.name(pl.heads[target]), marking)
			}
		}
	}
	going := map[domain.ID]bool{}
	for _, id := range pl.set {
		going[id] = true
	}
	for id := range pl.leaving {
		going[id] = true
	}
	for _, id := range pl.set {
		if err := pl.edit.checkRaisedMarking(ctx, pl.heads[id], pl.snaps[id].Marking(), pl.paths[id], going, p); err != nil {
			return err
		}
	}
	return nil
}

// markingOf is the highest marking that a document has, on the desk or live.
func (pl *plan) markingOf(ctx context.Context, id domain.ID) (domain.Marking, error) {
	head := pl.heads[id]
	_, in := pl.snaps[id]
	if in || !head.live() || !head.pending() {
		return head.Marking, nil
	}
	live, err := readRevision(ctx, pl.edit.tx, id, head.LiveVersion)
	if err != nil {
		return 0, err
	}
	return max(head.Marking, live.Marking()), nil
}

// namedIn lists the entities and sources that the texts of a document name.
func namedIn(ctx context.Context, db store.Rows, snap *Snapshot) ([]domain.ID, error) {
	var ids []domain.ID
	for _, m := range snap.Root.Owned["report_mentions"] {
		ids = append(ids, m.id("entity_id"))
	}
	for _, f := range snap.Root.Owned["footnotes"] {
		if id := f.id("source_id"); id != 0 {
			ids = append(ids, id)
		}
	}
	var slugs []string
	collect := func(r *Row, fields []fieldShape) {
		for _, f := range proseFields(fields) {
			if snap.Type == domain.Report && f.name == "body" {
				continue // its mentions are rows
			}
			if text := r.text(f.columnName()); strings.Contains(text, "[[") {
				for _, m := range markdown.Parse(text).Mentions() {
					slugs = append(slugs, m.Slug)
				}
			}
		}
	}
	s := shapes[snap.Type]
	collect(snap.Root, s.fields)
	for _, set := range s.sets {
		for _, row := range snap.Root.Owned[set.table] {
			collect(row, set.fields)
		}
	}
	if len(slugs) > 0 {
		found, err := lookup(ctx, db, domain.Entity, slugs)
		if err != nil {
			return nil, err
		}
		for _, id := range found {
			ids = append(ids, id)
		}
	}
	return ids, nil
}

// checkRaisedMarking refuses to raise the marking of a live entity or source
// while a live text of a lower marking names it. Documents of the same
// release do not count: they are checked as they will be.
func (e *edit) checkRaisedMarking(ctx context.Context, head *header, marking domain.Marking, path string, same map[domain.ID]bool, p *domain.Problems) error {
	t := head.ID.Type()
	if !head.live() || marking == domain.Clear || t != domain.Entity && t != domain.Source {
		return nil
	}
	live, err := readRevision(ctx, e.tx, head.ID, head.LiveVersion)
	if err != nil {
		return err
	}
	if live.Marking() >= marking {
		return nil
	}
	// Live must be what the log says, or a text would be missed. No release
	// can be appended meanwhile: this transaction holds the desk.
	if err := e.desk.Project(ctx); err != nil {
		return err
	}
	naming, err := e.liveTextsNaming(ctx, live, marking)
	if err != nil {
		return err
	}
	for _, id := range naming {
		if same[id] {
			continue
		}
		slug, err := slugOf(ctx, e.tx, id)
		if err != nil {
			return err
		}
		p.Add(path, "the live text of %s:%s has a lower marking than TLP:%s and names %s: publish it without the name, or with a higher marking, in the same release or before",
			id.Type(), slug, marking, e.name(head))
	}
	return nil
}

// liveTextsNaming finds the live documents below a marking whose text names a
// document. It reads every live text of entity links, which is slow, and rare.
func (e *edit) liveTextsNaming(ctx context.Context, named *Snapshot, below domain.Marking) ([]domain.ID, error) {
	db := e.desk.stores.LiveRows()
	var found []domain.ID
	find := func(query string, args ...any) error {
		return queryRows(ctx, db, query, args, func(rows *sql.Rows) error {
			var id domain.ID
			defer func() { found = append(found, id) }()
			return rows.Scan(&id)
		})
	}
	if named.Type == domain.Source {
		err := find("SELECT DISTINCT r.id FROM footnotes f JOIN reports r ON r.id = f.report_id WHERE f.source_id = ? AND r.marking < ?",
			int64(named.ID), int64(below))
		return found, err
	}
	for _, t := range domain.Types() {
		s, root := shapes[t], tableOf(t).name
		for _, slug := range append([]string{named.Slug()}, named.FormerSlugs...) {
			for _, f := range proseFields(s.fields) {
				query := fmt.Sprintf(`SELECT id FROM %s WHERE marking < ? AND (%[2]s LIKE ? OR %[2]s LIKE ?)`, root, quote(f.columnName()))
				if err := find(query, int64(below), "%[["+slug+"]]%", "%[["+slug+"|%"); err != nil {
					return nil, err
				}
			}
			for _, set := range s.sets {
				o, _ := tableOf(t).ownedTable(set.table)
				for _, f := range proseFields(set.fields) {
					query := fmt.Sprintf(`SELECT DISTINCT d.id FROM %s r JOIN %s d ON d.id = r.%s WHERE d.marking < ? AND (r.%[4]s LIKE ? OR r.%[4]s LIKE ?)`,
						set.table, root, quote(o.owner), quote(f.columnName()))
					if err := find(query, int64(below), "%[["+slug+"]]%", "%[["+slug+"|%"); err != nil {
						return nil, err
					}
				}
			}
		}
	}
	return found, nil
}
