package aggregate

import (
	"context"
	"database/sql"
	"fmt"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// RevisionKey names one revision.
type RevisionKey struct {
	ID     domain.ID
	Number int
}

// NewRevision is a revision that is to be stored.
type NewRevision struct {
	RowID    domain.ID
	Snapshot *Snapshot
	Number   int
	Author   string
	Message  string
	At       time.Time
}

// InsertRevisions stores revisions, compressed. A revision with a number above 1 is
// stored as what differs from the one before, where they have much in common.
func InsertRevisions(ctx context.Context, tx *store.Tx, revisions []NewRevision) error {
	const head = "INSERT INTO revisions (id, document_id, number, snapshot, compressed, hash, author, message, created_at) VALUES "
	const one, columns = "(?, ?, ?, ?, ?, ?, ?, ?, ?)", 9
	for len(revisions) > 0 {
		n := BatchSize(len(revisions), columns)
		args := make([]any, 0, n*columns)
		for _, r := range revisions[:n] {
			text := r.Snapshot.Encode()
			from, err := readBase(ctx, tx, r.Snapshot.ID, r.Number-1)
			if err != nil {
				return err
			}
			plain, compressed := stored(text, from)
			var message any
			if r.Message != "" {
				message = r.Message
			}
			args = append(args, int64(r.RowID), int64(r.Snapshot.ID), int64(r.Number), plain, compressed, Hash(text), r.Author, message, r.At)
		}
		if err := store.ExecLater(ctx, tx, "write revisions", head+strings.Repeat(one+", ", n-1)+one, args...); err != nil {
			return err
		}
		revisions = revisions[n:]
	}
	return nil
}

// stored returns the values of the columns snapshot and compressed: one of them has the
// snapshot, the other is empty.
func stored(text []byte, from *base) (plain string, compressed any) {
	if c := compress(text, from); c != nil {
		return "", c
	}
	return string(text), nil
}

// readBase returns the base for the revision after one of a document; nil if there is
// none. It is that revision or, where that is a delta itself, its base.
func readBase(ctx context.Context, db store.Rows, id domain.ID, number int) (*base, error) {
	if number == 0 {
		return nil, nil
	}
	key := RevisionKey{id, number}
	rows, err := readRevisionRows(ctx, db, []RevisionKey{key})
	if err != nil || rows[key] == nil {
		return nil, err
	}
	if n := baseOf(rows[key].compressed); n != 0 {
		key.Number = n
	}
	return &base{key.Number, rows[key].text}, nil
}

// revisionRow is the snapshot of a revision as it is stored.
type revisionRow struct {
	text       []byte // the snapshot, decompressed by decompressRow
	compressed []byte // nil where it is stored as text
	hash       string
	saved      time.Time
}

// maxBases bounds the revisions that must be read to read one. A revision is a delta
// from one that is none, or from one that was when it was written (see [CompactRevisions]).
const maxBases = 4

// readRevisionRows reads the snapshots of revisions, decompressed, and of those from which
// they are deltas. All other functions that read snapshots call it.
func readRevisionRows(ctx context.Context, db store.Rows, keys []RevisionKey) (map[RevisionKey]*revisionRow, error) {
	found := make(map[RevisionKey]*revisionRow, len(keys))
	for wanted := keys; len(wanted) > 0; {
		rows, err := readStored(ctx, db, wanted)
		if err != nil {
			return nil, err
		}
		wanted = nil
		for key, row := range rows {
			found[key] = row
		}
		for key, row := range rows {
			from := RevisionKey{key.ID, baseOf(row.compressed)}
			if from.Number != 0 && found[from] == nil {
				found[from] = &revisionRow{} // asked for once
				wanted = append(wanted, from)
			}
		}
	}
	for key := range found {
		if err := decompressRow(found, key, maxBases); err != nil {
			return nil, fmt.Errorf("revision %d of %s: %w", key.Number, key.ID, err)
		}
	}
	return found, nil
}

// decompressRow decompresses a row, after those on which it depends, and compares it with
// its hash.
func decompressRow(rows map[RevisionKey]*revisionRow, key RevisionKey, bases int) error {
	row := rows[key]
	switch {
	case row == nil || bases == 0:
		return errCompressed
	case row.text != nil:
		return nil
	}
	var from []byte
	if number := baseOf(row.compressed); number != 0 {
		if err := decompressRow(rows, RevisionKey{key.ID, number}, bases-1); err != nil {
			return err
		}
		from = rows[RevisionKey{key.ID, number}].text
	}
	text, err := decompress(row.compressed, from)
	if err != nil {
		return err
	}
	if Hash(text) != row.hash {
		return fmt.Errorf("%w: its hash is another one", errCompressed)
	}
	row.text = text
	return nil
}

// readStored reads rows of revisions as they are stored.
func readStored(ctx context.Context, db store.Rows, keys []RevisionKey) (map[RevisionKey]*revisionRow, error) {
	found := make(map[RevisionKey]*revisionRow, len(keys))
	// By number, so that the set of ids is one parameter.
	byNumber := map[int][]domain.ID{}
	for _, k := range keys {
		byNumber[k.Number] = append(byNumber[k.Number], k.ID)
	}
	for number, ids := range byNumber {
		query := "SELECT document_id, snapshot, compressed, hash, created_at FROM revisions WHERE number = ? AND document_id" + store.InSet(db.Dialect())
		err := store.QueryRows(ctx, db, query, []any{int64(number), store.IDSet(db.Dialect(), ids)}, func(rows *sql.Rows) error {
			var id domain.ID
			var row revisionRow
			if err := rows.Scan(&id, &row.text, &row.compressed, &row.hash, &row.saved); err != nil {
				return err
			}
			if row.compressed != nil {
				row.text = nil
			}
			found[RevisionKey{id, number}] = &row
			return nil
		})
		if err != nil {
			return nil, fmt.Errorf("read revisions: %w", err)
		}
	}
	return found, nil
}

// ReadRevision reads one revision's snapshot; KindNotFound where there is none.
func ReadRevision(ctx context.Context, db store.Rows, id domain.ID, number int) (*Snapshot, error) {
	found, err := ReadRevisions(ctx, db, map[domain.ID]int{id: number})
	if err != nil {
		return nil, err
	}
	if found[id] == nil {
		return nil, noRevision(ctx, db, id, number)
	}
	return found[id], nil
}

func noRevision(ctx context.Context, db store.Rows, id domain.ID, number int) error {
	name, err := NameOf(ctx, db, id)
	if err != nil {
		return err
	}
	return domain.NotFound("%s has no revision %d", name, number)
}

// ReadSnapshotText reads one revision's snapshot as the JSON that was stored;
// KindNotFound where there is none.
func ReadSnapshotText(ctx context.Context, db store.Rows, id domain.ID, number int) ([]byte, error) {
	key := RevisionKey{id, number}
	rows, err := readRevisionRows(ctx, db, []RevisionKey{key})
	if err != nil {
		return nil, err
	}
	if rows[key] == nil {
		return nil, noRevision(ctx, db, id, number)
	}
	return rows[key].text, nil
}

// ReadRevisions reads one revision of each of many documents, by number. Revisions
// that do not exist are not in the result.
func ReadRevisions(ctx context.Context, db store.Rows, numbers map[domain.ID]int) (map[domain.ID]*Snapshot, error) {
	keys := make([]RevisionKey, 0, len(numbers))
	for id, n := range numbers {
		keys = append(keys, RevisionKey{id, n})
	}
	found, err := ReadRevisionKeys(ctx, db, keys)
	if err != nil {
		return nil, err
	}
	out := make(map[domain.ID]*Snapshot, len(found))
	for key, snap := range found {
		out[key.ID] = snap
	}
	return out, nil
}

// ReadRevisionKeys reads many revisions, of one document or several. Revisions that
// do not exist are not in the result.
func ReadRevisionKeys(ctx context.Context, db store.Rows, keys []RevisionKey) (map[RevisionKey]*Snapshot, error) {
	rows, err := readRevisionRows(ctx, db, keys)
	if err != nil {
		return nil, err
	}
	found := make(map[RevisionKey]*Snapshot, len(keys))
	for _, key := range keys {
		row := rows[key]
		if row == nil || found[key] != nil {
			continue
		}
		snap, err := DecodeSnapshot(row.text)
		if err != nil {
			return nil, err
		}
		snap.SavedAt = row.saved
		found[key] = snap
	}
	return found, nil
}
