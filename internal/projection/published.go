package projection

import (
	"context"
	"database/sql"
	"fmt"
	"iter"
	"maps"
	"slices"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// readAtOnce is how many entries of the log a check of it reads at once.
const readAtOnce = 8192

// lastEntry is the last entry of a document in the log.
type lastEntry struct {
	Entry
	there bool      // the revision is there: the document was not purged
	saved time.Time // when it was saved; only of supporting documents, since it is beside the snapshot
}

// liveState is what live has of a document besides its content. It is equal for the same
// entry of one log.
type liveState struct{ version, updated, published int64 } // times in microseconds since 1970

func stateOf(version int64, updated, published time.Time) liveState {
	return liveState{version, updated.UnixMicro(), published.UnixMicro()}
}

// state is what live has with this entry; see [projector.states].
func (e lastEntry) state() liveState {
	updated := e.At
	if e.Document.Type().Supporting() {
		updated = e.saved
	}
	return stateOf(int64(e.Revision), updated, e.PublishedAt)
}

// publishedPart has those of some entries of the log that are the last ones of their documents, and publish them.
type publishedPart struct {
	entries []lastEntry
	upTo    int64 // the last of the entries that were looked at
}

// publishedParts reads the last entries of the documents that the log has published up to a
// sequence, in order. It begins after another sequence, and looks at size entries of the
// log at once: a log of millions is never in memory. It ends with the first error.
func publishedParts(ctx context.Context, desk store.Rows, after, upTo int64, size int) iter.Seq2[publishedPart, error] {
	return func(yield func(publishedPart, error) bool) {
		for after < upTo {
			part := publishedPart{upTo: min(after+int64(size), upTo)}
			var err error
			part.entries, err = publishedBetween(ctx, desk, after, part.upTo, upTo)
			if !yield(part, err) || err != nil {
				return
			}
			after = part.upTo
		}
	}
}

// publishedBetween returns the entries after one sequence and up to another that publish a
// document, and are its last up to a third.
func publishedBetween(ctx context.Context, desk store.Rows, after, to, last int64) ([]lastEntry, error) {
	var entries []lastEntry
	var documents []domain.ID
	err := store.QueryRows(ctx, desk, "SELECT "+entryColumns+","+
		" EXISTS (SELECT 1 FROM revisions r WHERE r.document_id = e.document_id AND r.number = e.revision)"+
		" FROM publication_entries e WHERE sequence > ? AND sequence <= ? AND action = '"+ActionPublish+"' ORDER BY sequence", []any{after, to}, func(rows *sql.Rows) error {
		var e lastEntry
		if err := rows.Scan(&e.Sequence, &e.Release, &e.Action, &e.Document, &e.Revision, &e.At, &e.PublishedAt, &e.there); err != nil {
			return err
		}
		entries, documents = append(entries, e), append(documents, e.Document)
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the publication log: %w", err)
	}
	lasts := make(map[domain.ID]int64, len(documents))
	engine := desk.Dialect()
	err = store.QueryRows(ctx, desk, "SELECT document_id, max(sequence) FROM publication_entries WHERE sequence <= ? AND document_id"+store.InSet(engine)+" GROUP BY document_id",
		[]any{last, store.IDSet(engine, documents)}, func(rows *sql.Rows) error {
			var id domain.ID
			var sequence int64
			err := rows.Scan(&id, &sequence)
			lasts[id] = sequence
			return err
		})
	if err != nil {
		return nil, fmt.Errorf("read the publication log: %w", err)
	}
	published := entries[:0]
	for _, e := range entries {
		if lasts[e.Document] == e.Sequence {
			published = append(published, e)
		}
	}
	return published, readSaved(ctx, desk, published)
}

// readSaved sets when the revisions of those entries were saved that are of supporting documents.
func readSaved(ctx context.Context, desk store.Rows, entries []lastEntry) error {
	supporting := map[domain.ID]*lastEntry{}
	for i := range entries {
		if e := &entries[i]; e.Document.Type().Supporting() && e.there {
			supporting[e.Document] = e
		}
	}
	if len(supporting) == 0 {
		return nil
	}
	err := store.QueryRows(ctx, desk, "SELECT document_id, number, created_at FROM revisions WHERE document_id"+store.InSet(desk.Dialect()),
		[]any{store.IDSet(desk.Dialect(), slices.Collect(maps.Keys(supporting)))}, func(rows *sql.Rows) error {
			var id domain.ID
			var number int
			var saved time.Time
			err := rows.Scan(&id, &number, &saved)
			if e := supporting[id]; e.Revision == number {
				e.saved = saved
			}
			return err
		})
	if err != nil {
		return fmt.Errorf("read when revisions were saved: %w", err)
	}
	return nil
}
