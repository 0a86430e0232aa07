package editorial

import (
	"context"
	"database/sql"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// textBreach is a live text that names something of a higher marking than its own
// document has.
type textBreach struct {
	document, target         domain.ID
	documentMark, targetMark domain.Marking
}

// checkTexts adds a problem for each text breach that a release would cause. In live no
// text may name a document with a higher marking than the text's own document: the fence
// does not hide parts of a text, so the text would reveal the other document to viewers
// who may not see it. The state after the release must be written already. The check
// covers the texts of the documents that the release changed, and the texts that name
// one of them.
//
// A document that a text names need not be live (a release may omit it): then its
// marking on the desk counts. For the texts of the release the marking on the desk also
// counts if it is higher than the one in live.
func (e *editTx) checkTexts(ctx context.Context, changed []domain.ID, path func(domain.ID) string, p *domain.Problems) error {
	found, err := textBreaches(ctx, e.tx, changed)
	if err != nil {
		return err
	}
	names, err := e.namesOf(ctx, found)
	if err != nil {
		return err
	}
	in := map[domain.ID]bool{}
	for _, id := range changed {
		in[id] = true
	}
	for _, n := range found {
		n.add(names, in[n.document], path, p)
	}
	return nil
}

// add adds the breach to p, with the message for a text that is to be published or for
// one that is live already.
func (n textBreach) add(names map[domain.ID]string, published bool, path func(domain.ID) string, p *domain.Problems) {
	if published {
		p.Add(path(n.document), "the text of %s (TLP:%s) names %s, which is TLP:%s: mark the document as high, or take the name out",
			names[n.document], n.documentMark, names[n.target], n.targetMark)
		return
	}
	p.Add(path(n.target), "the live text of %s has a lower marking than TLP:%s and names %s: publish it without the name, or with a higher marking, in the same release or before",
		names[n.document], n.targetMark, names[n.target])
}

// checkTextsAhead predicts what [editTx.checkTexts] will find for a release that is not
// written yet, so that most breaches are refused before the desk is locked.
func (pl *releasePlan) checkTextsAhead(ctx context.Context, db store.Rows, p *domain.Problems) error {
	published := map[domain.ID]bool{}
	for _, id := range pl.set {
		published[id] = pl.metas[id].IsPending() || pl.publishedAt != nil
	}
	for _, en := range pl.supporting {
		published[en.Document] = true
	}
	ids := slices.Collect(maps.Keys(published))
	set := store.IDSet(db.Dialect(), ids)
	in := store.InSet(db.Dialect())
	pairs := func(query string) ([]textBreach, error) {
		var found []textBreach
		err := store.QueryRows(ctx, db, query, []any{set}, func(rows *sql.Rows) error {
			var n textBreach
			err := rows.Scan(&n.document, &n.target, &n.documentMark, &n.targetMark)
			found = append(found, n)
			return err
		})
		if err != nil {
			return nil, fmt.Errorf("find what texts name: %w", err)
		}
		return found, nil
	}
	own, err := pairs("SELECT m.document_id, m.target_id, 0, coalesce(d.marking, 0) FROM mentions m LEFT JOIN live_documents d ON d.id = m.target_id WHERE m.document_id" + in)
	if err != nil {
		return err
	}
	of, err := pairs("SELECT r.document_id, r.target_id, d.marking, 0 FROM live_references r JOIN live_documents d ON d.id = r.document_id WHERE r.mention AND r.target_id" + in)
	if err != nil {
		return err
	}
	of = slices.DeleteFunc(of, func(n textBreach) bool { return published[n.document] || pl.unpublishing[n.document] })
	var named []domain.ID
	for _, n := range append(own, of...) {
		named = append(named, n.document, n.target)
	}
	if err := pl.readMetas(ctx, db, named); err != nil {
		return err
	}
	names := map[domain.ID]string{}
	for _, id := range named {
		if meta := pl.metas[id]; meta != nil {
			names[id] = meta.Name()
		}
	}
	for _, n := range own {
		target := pl.metas[n.target]
		if !published[n.document] || target == nil {
			continue
		}
		n.documentMark = pl.metas[n.document].Marking
		if published[n.target] || n.targetMark < target.Marking {
			n.targetMark = target.Marking // as it is on the desk
		}
		if n.targetMark > n.documentMark {
			n.add(names, true, pl.path, p)
		}
	}
	for _, n := range of {
		if published[n.target] && pl.metas[n.target].Marking > n.documentMark {
			n.targetMark = pl.metas[n.target].Marking
			n.add(names, false, pl.path, p)
		}
	}
	return nil
}

// textBreaches returns the breaches of the rule of [editTx.checkTexts] among the texts of
// the changed documents, and among the texts that name one of them: at most one more
// than an error shows.
func textBreaches(ctx context.Context, db store.Rows, changed []domain.ID) ([]textBreach, error) {
	in := store.InSet(db.Dialect())
	const named = "SELECT r.document_id AS document_id, r.target_id AS target_id, d.marking AS document_marking, %s AS target_marking" +
		" FROM live_references r JOIN live_documents d ON d.id = r.document_id"
	parts := []string{
		fmt.Sprintf(named, "t.marking") + " JOIN live_documents t ON t.id = r.target_id WHERE r.mention AND t.marking > d.marking AND r.document_id" + in,
		fmt.Sprintf(named, "t.marking") + " JOIN live_documents t ON t.id = r.target_id WHERE r.mention AND t.marking > d.marking AND r.target_id" + in,
	}
	for _, t := range []domain.Type{domain.Entity, domain.Source} {
		parts = append(parts, fmt.Sprintf(named, "t.marking")+" JOIN "+aggregate.TableOf(t).Name+
			" t ON t.id = r.target_id WHERE r.mention AND t.marking > d.marking AND r.document_id"+in)
	}
	query := "SELECT document_id, target_id, document_marking, max(target_marking) FROM (" + strings.Join(parts, " UNION ALL ") +
		fmt.Sprintf(") n GROUP BY document_id, target_id, document_marking ORDER BY document_id, target_id LIMIT %d", domain.MaxProblems+1)
	set := store.IDSet(db.Dialect(), changed)
	var found []textBreach
	err := store.QueryRows(ctx, db, query, []any{set, set, set, set}, func(rows *sql.Rows) error {
		var n textBreach
		err := rows.Scan(&n.document, &n.target, &n.documentMark, &n.targetMark)
		found = append(found, n)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find texts that name what is marked higher: %w", err)
	}
	return found, nil
}

// allTextBreaches returns the breaches among all live texts, at most as many as an error
// shows.
func allTextBreaches(ctx context.Context, db store.Rows) ([]textBreach, error) {
	query := "SELECT DISTINCT r.document_id, r.target_id, d.marking, t.marking FROM live_references r" +
		" JOIN live_documents d ON d.id = r.document_id JOIN live_documents t ON t.id = r.target_id" +
		fmt.Sprintf(" WHERE r.mention AND t.marking > d.marking ORDER BY r.document_id, r.target_id LIMIT %d", domain.MaxProblems)
	var found []textBreach
	err := store.QueryRows(ctx, db, query, nil, func(rows *sql.Rows) error {
		var n textBreach
		err := rows.Scan(&n.document, &n.target, &n.documentMark, &n.targetMark)
		found = append(found, n)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find texts that name what is marked higher: %w", err)
	}
	return found, nil
}

// namesOf returns the names of the documents of breaches: "report:harbour-cranes".
func (e *editTx) namesOf(ctx context.Context, found []textBreach) (map[domain.ID]string, error) {
	var ids []domain.ID
	for _, n := range found {
		ids = append(ids, n.document, n.target)
	}
	metas, err := aggregate.ReadMeta(ctx, e.tx, ids)
	names := make(map[domain.ID]string, len(metas))
	for id, h := range metas {
		names[id] = h.Name()
	}
	return names, err
}
