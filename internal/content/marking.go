package content

import (
	"context"
	"database/sql"
	"fmt"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// naming is a live text that names something of a higher marking than its own
// document has.
type naming struct {
	document, target         domain.ID
	documentMark, targetMark domain.Marking
}

// checkTexts holds a release to the rule that no text in live names what has a
// higher marking than the text's own document: text is not fenced word by word,
// so who sees the one would learn of the other. It asks about the state that the
// release leaves, which must be written by now: about the texts of the documents
// that the release changed, and about the texts that name one of them.
//
// What a text names need not be live (a release may omit it): then its marking
// on the desk counts, and for the texts of the release also where that is higher
// than the one in live.
func (e *edit) checkTexts(ctx context.Context, changed []domain.ID, path func(domain.ID) string, p *domain.Problems) error {
	found, err := namings(ctx, e.tx, changed)
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
		if in[n.document] {
			p.Add(path(n.document), "the text of %s (TLP:%s) names %s, which is TLP:%s: mark the document as high, or take the name out",
				names[n.document], n.documentMark, names[n.target], n.targetMark)
			continue
		}
		p.Add(path(n.target), "the live text of %s has a lower marking than TLP:%s and names %s: publish it without the name, or with a higher marking, in the same release or before",
			names[n.document], n.targetMark, names[n.target])
	}
	return nil
}

// namings are the breaches of the rule of [edit.checkTexts] among the texts of
// the changed documents, and among those that name one of them: as many as an
// error shows, and one more.
func namings(ctx context.Context, db store.Rows, changed []domain.ID) ([]naming, error) {
	in := store.InSet(db.Dialect())
	const named = "SELECT r.document_id AS document_id, r.target_id AS target_id, d.marking AS document_marking, %s AS target_marking" +
		" FROM live_references r JOIN live_documents d ON d.id = r.document_id"
	parts := []string{
		fmt.Sprintf(named, "t.marking") + " JOIN live_documents t ON t.id = r.target_id WHERE r.mention AND t.marking > d.marking AND r.document_id" + in,
		fmt.Sprintf(named, "t.marking") + " JOIN live_documents t ON t.id = r.target_id WHERE r.mention AND t.marking > d.marking AND r.target_id" + in,
	}
	for _, t := range []domain.Type{domain.Entity, domain.Source} {
		parts = append(parts, fmt.Sprintf(named, "t.marking")+" JOIN "+tableOf(t).name+
			" t ON t.id = r.target_id WHERE r.mention AND t.marking > d.marking AND r.document_id"+in)
	}
	query := "SELECT document_id, target_id, document_marking, max(target_marking) FROM (" + strings.Join(parts, " UNION ALL ") +
		fmt.Sprintf(") n GROUP BY document_id, target_id, document_marking ORDER BY document_id, target_id LIMIT %d", domain.MaxProblems+1)
	set := store.Set(db.Dialect(), changed)
	var found []naming
	err := queryRows(ctx, db, query, []any{set, set, set, set}, func(rows *sql.Rows) error {
		var n naming
		err := rows.Scan(&n.document, &n.target, &n.documentMark, &n.targetMark)
		found = append(found, n)
		return err
	})
	if err != nil {
		return nil, fmt.Errorf("find texts that name what is marked higher: %w", err)
	}
	return found, nil
}

// namesOf are the names of the documents of namings: "report:harbour-cranes".
func (e *edit) namesOf(ctx context.Context, found []naming) (map[domain.ID]string, error) {
	var ids []domain.ID
	for _, n := range found {
		ids = append(ids, n.document, n.target)
	}
	heads, err := headers(ctx, e.tx, ids)
	names := make(map[domain.ID]string, len(heads))
	for id, h := range heads {
		names[id] = h.name()
	}
	return names, err
}
