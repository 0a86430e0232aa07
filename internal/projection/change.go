package projection

import (
	"context"
	"database/sql"
	"encoding/base64"
	"encoding/binary"
	"fmt"
	"io"
	"strconv"
	"strings"
	"time"

	entsql "entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/change"
	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/visibility"
)

// ChangeKind is what happened to a document, as a viewer saw it.
type ChangeKind int

// The kinds of change. Their numbers are stored.
const (
	// Published: the viewer sees a document that they did not see before.
	Published ChangeKind = 1
	// Updated: a document that the viewer sees was published again, or a document
	// that it refers to became visible or invisible to them.
	Updated ChangeKind = 2
	// Unpublished: the document is no longer live.
	Unpublished ChangeKind = 3
	// NoLongerVisible: the document is live, and marked higher than the viewer
	// may see; or an end of the relationship is no longer visible.
	NoLongerVisible ChangeKind = 4
)

var changeKinds = map[ChangeKind]string{
	Published: "PUBLISH", Updated: "UPDATE", Unpublished: "UNPUBLISH", NoLongerVisible: "NO_LONGER_VISIBLE",
}

// String is the kind's name: "NO_LONGER_VISIBLE".
func (k ChangeKind) String() string { return changeKinds[k] }

// Tombstone reports whether the viewer no longer sees the document.
func (k ChangeKind) Tombstone() bool { return k == Unpublished || k == NoLongerVisible }

// MarshalGQL writes the kind as a GraphQL enum value.
func (k ChangeKind) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, strconv.Quote(k.String())) }

// UnmarshalGQL reads a GraphQL enum value.
func (k *ChangeKind) UnmarshalGQL(v any) error {
	name, _ := v.(string)
	for kind, text := range changeKinds {
		if text == name {
			*k = kind
			return nil
		}
	}
	return domain.Invalid("%q is no kind of change", name)
}

// Change is a line of the change feed: what a release changed about one
// document for viewers of a clearance.
type Change struct {
	Kind     ChangeKind
	Document domain.ID
	// At is the time of the change. All changes of a release have the same time, and
	// no two releases do.
	At time.Time
	// Position is that of the change in the feed.
	Position Position
}

// Position is a cursor in the change feed: the place just after the change that it was
// taken from. It contains only data of that change, so it reveals nothing about changes
// that other viewers saw. The zero value is the beginning of the feed.
type Position struct {
	history  int64
	at       int64 // microseconds since 1970
	document domain.ID
}

const positionSize = 20

// At returns the time of the change that the position follows; the zero time at the
// beginning of the feed.
func (p Position) At() time.Time {
	if p.at == 0 {
		return time.Time{}
	}
	return time.UnixMicro(p.at).UTC()
}

// String is the position as a cursor: opaque to clients.
func (p Position) String() string {
	if p.history == 0 {
		return ""
	}
	b := make([]byte, 0, positionSize)
	b = binary.BigEndian.AppendUint32(b, uint32(p.history))
	b = binary.BigEndian.AppendUint64(b, uint64(p.at))
	b = binary.BigEndian.AppendUint64(b, uint64(p.document))
	return "c" + base64.RawURLEncoding.EncodeToString(b)
}

// Start is the cursor of the beginning of the feed. Streams and subscriptions need
// it: without a cursor they begin now.
const Start = "start"

// ParsePosition reads a cursor; "" and [Start] are the beginning of the feed.
func ParsePosition(cursor string) (Position, error) {
	if cursor == "" || cursor == Start {
		return Position{}, nil
	}
	text, ok := strings.CutPrefix(cursor, "c")
	b, err := base64.RawURLEncoding.Strict().DecodeString(text)
	if !ok || err != nil || len(b) != positionSize {
		return Position{}, errNoCursor
	}
	p := Position{
		history:  int64(binary.BigEndian.Uint32(b)),
		at:       int64(binary.BigEndian.Uint64(b[4:])),
		document: domain.ID(binary.BigEndian.Uint64(b[12:])),
	}
	if p.history == 0 || p.at < 0 || p.document < 0 {
		return Position{}, errNoCursor
	}
	return p, nil
}

var errNoCursor = domain.Invalid("want a cursor of the change feed, or %q for its beginning", Start)

// Before reports whether p comes before another position of the same feed.
func (p Position) Before(other Position) bool {
	if p.at != other.at {
		return p.at < other.at
	}
	return p.document < other.document
}

// ChangesParams selects changes.
type ChangesParams struct {
	// After is the position to start after.
	After Position
	// Types are the document types to include; nil means all.
	Types []domain.Type
	// First is the maximum number of changes.
	First int
}

// Changes returns the changes in live after a position that the viewer of ctx saw: all
// of them, in order, and no others. A client that applies the changes to its copy, and
// stores the position of the last one, ends with the documents that the viewer sees in
// live. For a change that is not a tombstone the client reads the document; if the
// document has changed again or been removed by then, a later change says so.
//
// A change of a document does not cover the documents that refer to it (a tag's
// reports): they have changes of their own.
//
// Errors: KindGone for a position in a history that no longer exists (see
// [Live.Project]); KindForbidden without the right READ_LIVE.
func (l *Live) Changes(ctx context.Context, params ChangesParams) ([]Change, error) {
	viewer, err := domain.Require(ctx, domain.ReadLive)
	if err != nil {
		return nil, err
	}
	ctx = domain.WithStage(ctx, domain.Live)
	history, err := l.history(ctx, params.After)
	if err != nil {
		return nil, err
	}
	if err := l.checkPosition(ctx, params.After); err != nil {
		return nil, err
	}
	query := l.stores.Client(ctx).Change.Query().
		Where(func(s *entsql.Selector) {
			s.Where(entsql.P(func(b *entsql.Builder) {
				b.WriteString("(").Ident(s.C("at")).Comma().Ident(s.C("document_id")).WriteString(") > (")
				b.Args(params.After.at, int64(params.After.document)).WriteString(")")
			}))
			if params.Types != nil {
				types := make([]any, len(params.Types))
				for i, t := range params.Types {
					types[i] = int(t)
				}
				s.Where(entsql.In(s.C("type"), types...))
			}
			s.OrderBy(s.C("at"), s.C("document_id"))
		})
	rows, err := query.Limit(params.First).All(ctx)
	if err != nil {
		return nil, fmt.Errorf("read changes: %w", err)
	}
	changes := make([]Change, len(rows))
	for i, row := range rows {
		changes[i] = changeOf(row, viewer.Clearance, history)
	}
	return changes, nil
}

// LastChange returns the position after the last change that the viewer of ctx saw.
func (l *Live) LastChange(ctx context.Context) (Position, error) {
	viewer, err := domain.Require(ctx, domain.ReadLive)
	if err != nil {
		return Position{}, err
	}
	ctx = domain.WithStage(ctx, domain.Live)
	history, err := l.history(ctx, Position{})
	if err != nil {
		return Position{}, err
	}
	rows, err := l.stores.Client(ctx).Change.Query().
		Order(db.Desc("at", "document_id")).Limit(1).All(ctx)
	if err != nil {
		return Position{}, fmt.Errorf("read the last change: %w", err)
	}
	if len(rows) == 0 {
		return Position{history: history}, nil
	}
	return changeOf(rows[0], viewer.Clearance, history).Position, nil
}

// history returns the number of the history of changes. It returns KindGone if the
// position belongs to another history.
func (l *Live) history(ctx context.Context, of Position) (int64, error) {
	live, err := l.liveAt(ctx)
	if err != nil {
		return 0, err
	}
	if of.history != 0 && of.history != live.History {
		return 0, errGone()
	}
	return live.History, nil
}

func errGone() error {
	return &domain.Error{Kind: domain.KindGone,
		Message: "this cursor is of a feed that has since begun anew: read from the beginning, without a cursor, and drop what does not come again"}
}

// checkPosition returns KindGone for a position after a change that the viewer of ctx
// does not see in the history: live was restored from a backup and then diverged, or the
// viewer had another clearance when the position was taken.
func (l *Live) checkPosition(ctx context.Context, p Position) error {
	if p.at == 0 {
		return nil
	}
	found, err := l.stores.Client(ctx).Change.Query().
		Where(change.At(p.at), change.DocumentID(p.document)).Exist(ctx)
	if err == nil && !found && l.stores.LiveMayLag() {
		// The position may come from a server that reads the primary, or a replica
		// that is ahead of this one.
		found, err = l.onPrimary(ctx, p)
	}
	if err != nil {
		return fmt.Errorf("find a position in the changes: %w", err)
	}
	if !found {
		return errGone()
	}
	return nil
}

// onPrimary reports whether the database to which live is written has the change of a
// position, visible to the viewer of ctx.
func (l *Live) onPrimary(ctx context.Context, p Position) (found bool, err error) {
	viewer, err := domain.Require(ctx, domain.ReadLive)
	if err != nil {
		return false, err
	}
	query := "SELECT 1 FROM changes WHERE at = ? AND document_id = ? AND " + aggregate.Quote(visibility.ChangeColumn(viewer.Clearance)) + " > 0"
	err = store.QueryRows(ctx, l.stores.LiveRows(), query, []any{p.at, int64(p.document)}, func(*sql.Rows) error {
		found = true
		return nil
	})
	return found, err
}

// liveAt returns how far the projection has come in the database from which live is
// read.
func (l *Live) liveAt(ctx context.Context) (*db.Projection, error) {
	live, err := l.stores.Client(ctx).Projection.Query().Only(ctx)
	if db.IsNotFound(err) {
		return &db.Projection{}, nil
	}
	if err != nil {
		return nil, fmt.Errorf("read how far live has come: %w", err)
	}
	return live, nil
}

func changeOf(row *db.Change, clearance domain.Marking, history int64) Change {
	return Change{
		Kind:     kindFor(row, clearance),
		Document: row.DocumentID,
		At:       time.UnixMicro(row.At).UTC(),
		Position: Position{history: history, at: row.At, document: row.DocumentID},
	}
}

// kindFor returns the kind of change in a row for viewers of a clearance.
func kindFor(row *db.Change, clearance domain.Marking) ChangeKind {
	kinds := []int{row.Clear, row.Green, row.Amber, row.AmberStrict, row.Red}
	return ChangeKind(kinds[min(clearance, domain.Red)])
}
