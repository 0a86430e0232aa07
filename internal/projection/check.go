package projection

import (
	"cmp"
	"context"
	"database/sql"
	"errors"
	"fmt"
	"math/rand/v2"
	"slices"
	"time"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// LogCheck is what a look through the publication log finds.
type LogCheck struct {
	Identity string
	Entries  int64
	// Problems are texts for operators.
	Problems []string
	// Reordered is how many entries have an earlier time than the one before them, as after a clock was put back.
	Reordered int64
}

// CheckLog looks through the publication log: it has no gap, each release is whole, and there is a revision for each
// document that it has published last.
func CheckLog(ctx context.Context, desk store.Rows) (LogCheck, error) {
	var c LogCheck
	log, err := ReadLog(ctx, desk)
	if err != nil {
		return c, err
	}
	c.Identity = log.Identity
	var first int64
	number := func(into *int64, query string, args ...any) {
		if err == nil {
			err = store.QueryRows(ctx, desk, query, args, func(rows *sql.Rows) error { return rows.Scan(into) })
		}
	}
	// All up to one entry, because a server may append others meanwhile.
	number(&c.Entries, "SELECT count(*) FROM publication_entries WHERE sequence <= ?", log.Last)
	number(&first, "SELECT coalesce(min(e.sequence), 0) + 1 FROM publication_entries e WHERE e.sequence < ? AND"+
		" NOT EXISTS (SELECT 1 FROM publication_entries n WHERE n.sequence = e.sequence + 1)", log.Last)
	if err == nil && c.Entries != log.Last {
		if c.Entries > 0 {
			var least int64
			if number(&least, "SELECT min(sequence) FROM publication_entries"); least != 1 {
				first = 1
			}
		}
		c.Problems = append(c.Problems, fmt.Sprintf("it has %d entries up to number %d: entry %d is missing", c.Entries, log.Last, first))
	}
	var broken, lost int64
	number(&broken, "SELECT count(*) FROM publication_entries e LEFT JOIN publication_entries r ON r.sequence = e.release"+
		" WHERE e.sequence <= ? AND (e.release < e.sequence OR r.sequence IS NULL OR r.release <> r.sequence)", log.Last)
	if broken > 0 {
		c.Problems = append(c.Problems, fmt.Sprintf("%d entries are of a release that is not whole", broken))
	}
	number(&c.Reordered, "SELECT count(*) FROM publication_entries e JOIN publication_entries b ON b.sequence = e.sequence - 1"+
		" WHERE e.sequence <= ? AND e.at < b.at", log.Last)
	if err != nil {
		return c, fmt.Errorf("read the publication log: %w", err)
	}
	for part, err := range publishedParts(ctx, desk, 0, log.Last, readAtOnce) {
		if err != nil {
			return c, err
		}
		for _, e := range part.entries {
			if !e.there {
				lost++
			}
		}
	}
	if lost > 0 {
		c.Problems = append(c.Problems, fmt.Sprintf("%d published documents have no revision on the desk", lost))
	}
	return c, nil
}

// LastEntryAt returns the time of the last entry of the log; the zero time without one.
func LastEntryAt(ctx context.Context, desk store.Rows) (time.Time, error) {
	entries, err := readEntries(ctx, desk, "SELECT "+entryColumns+" FROM publication_entries WHERE sequence = (SELECT max(sequence) FROM publication_entries)")
	if err != nil || len(entries) == 0 {
		return time.Time{}, err
	}
	return entries[0].At.UTC(), nil
}

// Comparison is how live compares with the publication log and the revisions on the desk.
type Comparison struct {
	Documents int // in live as the log says
	Read      int // whose content was compared
	// Missing, Surplus and Differing are documents that live should have, should not have, and has in another form.
	Missing, Surplus, Differing []domain.ID
	// Rebuilding reports that a rebuild has begun and not ended.
	Rebuilding bool
}

// Same reports whether no difference was found.
func (c *Comparison) Same() bool { return len(c.Missing)+len(c.Surplus)+len(c.Differing) == 0 }

// ErrMoved is the error of [Live.Compare] where live changed each time while it was compared.
var ErrMoved = errors.New("live changes too often to be compared")

// Compare compares live with the log up to the entry that live has applied: which documents are there and in which
// version and, for a random sample of them or for all if sample is 0, what they say. It changes nothing. It does not
// compare effective markings.
//
// Errors: KindConflict if live is no projection of the log; see [Live.Lag].
func (l *Live) Compare(ctx context.Context, sample int) (Comparison, error) {
	for range 5 {
		before, _, err := l.compareWithLog(ctx)
		if err != nil {
			return Comparison{}, err
		}
		out, err := l.compareUpTo(ctx, before.applied, sample)
		if err != nil {
			return out, err
		}
		after, err := readProjection(ctx, l.stores.LiveRows())
		if err != nil || after.same(before) {
			return out, err
		}
		if out.Same() {
			return out, nil
		}
	}
	return Comparison{}, ErrMoved
}

// Rebuilding reports whether a rebuild of live was begun and has not ended: it runs, or was interrupted.
func (l *Live) Rebuilding(ctx context.Context) (bool, error) {
	live, err := readProjection(ctx, l.stores.LiveRows())
	return live.staged > 0, err
}

// Incomplete reports whether live was lost, and a rebuild that makes it anew has not ended: readers are refused.
func (l *Live) Incomplete(ctx context.Context) (bool, error) {
	live, err := readProjection(ctx, l.stores.LiveRows())
	return live.incomplete(), err
}

func (l *Live) compareUpTo(ctx context.Context, applied int64, sample int) (Comparison, error) {
	var out Comparison
	wanted := map[domain.ID]liveState{}
	for part, err := range publishedParts(ctx, l.stores.DeskRows(), 0, applied, readAtOnce) {
		if err != nil {
			return out, err
		}
		for _, e := range part.entries {
			if e.there { // else it was purged, and live drops it
				wanted[e.Document] = e.state()
			}
		}
	}
	live := l.stores.LiveRows()
	var err error
	if out.Rebuilding, err = l.Rebuilding(ctx); err != nil {
		return out, err
	}
	var same []aggregate.RevisionKey
	found := map[domain.ID]bool{}
	for _, t := range domain.Types() {
		if err := statesIn(ctx, live, t, "", nil, func(id domain.ID, _ domain.Marking, state liveState) {
			found[id] = true
			switch w, ok := wanted[id]; {
			case !ok && out.Rebuilding: // what a rebuild has staged, which nobody reads
			case !ok:
				out.Surplus = append(out.Surplus, id)
			case w != state:
				out.Differing = append(out.Differing, id)
			default:
				same = append(same, aggregate.RevisionKey{ID: id, Number: int(state.version)})
			}
		}); err != nil {
			return out, err
		}
	}
	out.Documents = len(wanted)
	for id := range wanted {
		if !found[id] {
			out.Missing = append(out.Missing, id)
		}
	}
	slices.Sort(out.Missing)
	if sample > 0 && len(same) > sample {
		rand.Shuffle(len(same), func(i, j int) { same[i], same[j] = same[j], same[i] })
		same = same[:sample]
	}
	slices.SortFunc(same, func(a, b aggregate.RevisionKey) int { return cmp.Compare(a.ID, b.ID) })
	return out, l.compareContent(ctx, same, &out)
}

// compareContent compares documents of live with their revisions.
func (l *Live) compareContent(ctx context.Context, keys []aggregate.RevisionKey, out *Comparison) error {
	for batch := range slices.Chunk(keys, aggregate.MaxBatch) {
		snaps, err := aggregate.ReadRevisionKeys(ctx, l.stores.DeskRows(), batch)
		if err != nil {
			return fmt.Errorf("read the revisions: %w", err)
		}
		ids := make([]domain.ID, len(batch))
		for i, key := range batch {
			ids[i] = key.ID
		}
		rows := map[domain.ID]*aggregate.Row{}
		for t, of := range aggregate.GroupByType(ids) {
			loaded, err := aggregate.Load(ctx, l.stores.LiveRows(), t, of)
			if err != nil {
				return fmt.Errorf("read documents of live: %w", err)
			}
			for id, row := range loaded {
				rows[id] = row
			}
		}
		for _, key := range batch {
			snap, row := snaps[key], rows[key.ID]
			if snap == nil || row == nil {
				continue // live has moved on
			}
			out.Read++
			if string(aggregate.EncodeRow(snap.Root)) != string(aggregate.EncodeRow(row)) {
				out.Differing = append(out.Differing, key.ID)
			}
		}
	}
	return nil
}
