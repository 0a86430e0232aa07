package editorialtest

import (
	"context"
	"database/sql"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/ent/db/revision"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// Desk is a desk under test, with a clock that the test moves.
type Desk struct {
	*editorial.Desk
	*projection.Live
	T      testing.TB
	Stores *store.Stores
	Ctx    context.Context // of an editor
	Clock  *storetest.Clock
}

var Serial atomic.Int64

var Noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func New(t testing.TB, s *store.Stores) *Desk {
	t.Helper()
	clock := storetest.NewSteppingClock(Noon, time.Microsecond)
	log := slog.New(slog.DiscardHandler)
	live := projection.New(s, log, clock.Now).WithPatience(storetest.Patience)
	d := &Desk{
		Desk: editorial.New(s, live, log, clock.Now), Live: live, T: t, Stores: s,
		Ctx: As(t.Context(), domain.Editor), Clock: clock,
	}
	if err := d.Prepare(t.Context()); err != nil {
		t.Fatal(err)
	}
	return d
}

func As(ctx context.Context, role domain.Role) context.Context {
	return domain.WithViewer(ctx, &domain.Viewer{Name: "Ann", Role: role, Clearance: domain.Red, KeyID: 1})
}

func (d *Desk) Advance(by time.Duration) { d.Clock.Advance(by) }

// Each runs fn with a desk on each engine.
func Each(t *testing.T, fn func(t *testing.T, d *Desk)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) { fn(t, New(t, s)) })
}

type Fields = map[string]any

// MustSave saves a document, and fails the test if the save is refused.
func (d *Desk) MustSave(doc domain.Type, mode editorial.Mode, f Fields) editorial.SaveResult {
	d.T.Helper()
	saved, err := d.Save(d.Ctx, editorial.SaveParams{Type: doc, Mode: mode, Fields: f})
	if err != nil {
		d.T.Fatalf("save %s %v: %v", doc, f, err)
	}
	return saved
}

func (d *Desk) Tag(slug string, more ...Fields) domain.ID {
	d.T.Helper()
	return d.MustSave(domain.Tag, editorial.Create, Merge(Fields{"slug": slug, "label": slug, "vocabulary": "TOPIC"}, more)).ID
}

func (d *Desk) Source(slug string, more ...Fields) domain.ID {
	d.T.Helper()
	return d.MustSave(domain.Source, editorial.Create, Merge(Fields{"slug": slug, "title": slug, "url": "https://example.org/" + slug}, more)).ID
}

func (d *Desk) Entity(slug string, more ...Fields) domain.ID {
	d.T.Helper()
	return d.MustSave(domain.Entity, editorial.Create, Merge(Fields{"slug": slug, "name": slug, "kind": "COMPANY"}, more)).ID
}

func (d *Desk) Report(slug string, more ...Fields) domain.ID {
	d.T.Helper()
	return d.MustSave(domain.Report, editorial.Create, Merge(Fields{
		"slug": slug, "title": slug, "kind": "BRIEF", "language": "en", "summary": "S.", "body": "B."}, more)).ID
}

func (d *Desk) Relationship(from, to string, more ...Fields) domain.ID {
	d.T.Helper()
	return d.MustSave(domain.Relationship, editorial.Create, Merge(Fields{
		"from": from, "to": to, "kind": "CONTROLS", "confidence": "CONFIRMED"}, more)).ID
}

func (d *Desk) Series(slug string, more ...Fields) domain.ID {
	d.T.Helper()
	return d.MustSave(domain.Series, editorial.Create, Merge(Fields{"slug": slug, "title": slug, "cadence": "WEEKLY", "language": "en"}, more)).ID
}

// Edition saves an edition with one item, of a series that is there.
func (d *Desk) Edition(slug, series string, number int, more ...Fields) domain.ID {
	d.T.Helper()
	return d.MustSave(domain.Edition, editorial.Create, Merge(Fields{"slug": slug, "series": series, "number": number, "title": slug, "language": "en",
		"items": List(Fields{"headline": "H", "summary": "S."})}, more)).ID
}

func Merge(f Fields, more []Fields) Fields {
	for _, m := range more {
		for k, v := range m {
			f[k] = v
		}
	}
	return f
}

func List(items ...any) []any { return items }

func (d *Desk) MustPublish(docs ...string) editorial.ReleaseResult {
	d.T.Helper()
	out, err := d.Publish(d.Ctx, editorial.PublishParams{Documents: docs})
	if err != nil {
		d.T.Fatalf("publish %v: %v", docs, err)
	}
	if !out.Applied { // within two seconds, on a machine that does other things
		if err := d.Live.Project(d.Ctx); err != nil {
			d.T.Fatalf("publish %v: %v", docs, err)
		}
		out.Applied = true
	}
	return out
}

// LiveNames lists what a viewer of a clearance sees in live: "type:slug", in order.
func (d *Desk) LiveNames(clearance domain.Marking) []string {
	d.T.Helper()
	ctx := domain.WithViewer(d.T.Context(), &domain.Viewer{Clearance: clearance, KeyID: 1})
	c := d.Stores.Client(ctx)
	var out []string
	for _, r := range c.Report.Query().AllX(ctx) {
		out = append(out, "report:"+r.Slug)
	}
	for _, r := range c.Narrative.Query().AllX(ctx) {
		out = append(out, "narrative:"+r.Slug)
	}
	for _, r := range c.Entity.Query().AllX(ctx) {
		out = append(out, "entity:"+r.Slug)
	}
	for _, r := range c.Relationship.Query().AllX(ctx) {
		out = append(out, "relationship:"+r.Slug)
	}
	for _, r := range c.Edition.Query().AllX(ctx) {
		out = append(out, "edition:"+r.Slug)
	}
	for _, r := range c.Tag.Query().AllX(ctx) {
		out = append(out, "tag:"+r.Slug)
	}
	for _, r := range c.Source.Query().AllX(ctx) {
		out = append(out, "source:"+r.Slug)
	}
	for _, r := range c.Asset.Query().AllX(ctx) {
		out = append(out, "asset:"+r.Slug)
	}
	for _, r := range c.Series.Query().AllX(ctx) {
		out = append(out, "series:"+r.Slug)
	}
	slices.Sort(out)
	return out
}

func (d *Desk) WantLive(clearance domain.Marking, want ...string) {
	d.T.Helper()
	slices.Sort(want)
	if got := d.LiveNames(clearance); !slices.Equal(got, want) {
		d.T.Errorf("live for TLP:%v: got %v, want %v", clearance, got, want)
	}
}

// WantFields checks that err is of KindInvalid and has just these paths.
func WantFields(t testing.TB, err error, paths ...string) {
	t.Helper()
	e, ok := errors.AsType[*domain.Error](err)
	if !ok || e.Kind != domain.KindInvalid {
		t.Errorf("got error %v, want one of KindInvalid", err)
		return
	}
	var got []string
	for _, f := range e.Fields {
		got = append(got, f.Path)
	}
	slices.Sort(got)
	slices.Sort(paths)
	if !slices.Equal(got, paths) {
		t.Errorf("got problems with %v, want %v\n%v", got, paths, err)
	}
}

// Dump returns the whole content of live as text, to compare two states of it.
func Dump(t testing.TB, db store.Rows) string {
	t.Helper()
	var b strings.Builder
	for _, table := range TableNames() {
		rows, err := db.Query(t.Context(), "SELECT * FROM "+table)
		if err != nil {
			t.Fatal(err)
		}
		var lines []string
		columns, err := rows.Columns()
		if err != nil {
			t.Fatal(err)
		}
		for rows.Next() {
			lines = append(lines, Line(t, rows, columns))
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
		slices.Sort(lines)
		fmt.Fprintf(&b, "%s\n%s\n", table, strings.Join(lines, "\n"))
	}
	return b.String()
}

func Line(t testing.TB, rows *sql.Rows, columns []string) string {
	values := make([]any, len(columns))
	dest := make([]any, len(columns))
	for i := range values {
		dest[i] = &values[i]
	}
	if err := rows.Scan(dest...); err != nil {
		t.Fatal(err)
	}
	for i, v := range values {
		switch v := v.(type) {
		case []byte:
			values[i] = string(v)
		case time.Time:
			values[i] = v.UTC()
		}
	}
	return fmt.Sprint(values...)
}

// WantRebuilt checks that live is the projection of the log: a rebuild does not
// change it.
func (d *Desk) WantRebuilt() {
	d.T.Helper()
	if diff := d.RebuildDiff(); diff != "" {
		d.T.Errorf("live is not the projection of the log (-was +rebuilt):\n%s", diff)
	}
}

// RebuildDiff rebuilds live and returns how it differs from before.
func (d *Desk) RebuildDiff() string {
	d.T.Helper()
	if wrong, _, err := LinksUnlikeDocuments(d.T.Context(), d.Stores.LiveRows()); err != nil || len(wrong) > 0 {
		d.T.Errorf("links in live have no right copies of columns of their documents: %v %v", err, wrong)
	}
	before := Dump(d.T, d.Stores.LiveRows())
	progress := map[projection.RebuildStep][2]int{}
	if _, err := d.RebuildLive(domain.AsSystem(d.T.Context(), "test"), func(step projection.RebuildStep, done, of int) {
		progress[step] = [2]int{done, of}
	}); err != nil {
		d.T.Fatal(err)
	}
	for step, at := range progress {
		if at[0] != at[1] {
			d.T.Errorf("%s: the progress ends at %d of %d", step, at[0], at[1])
		}
	}
	return cmp.Diff(strings.Split(before, "\n"), strings.Split(Dump(d.T, d.Stores.LiveRows()), "\n"))
}

func Ptr[T any](v T) *T { return &v }

// ChangeDesk runs SQL statements directly on the desk, past all its rules.
func (d *Desk) ChangeDesk(statements ...string) {
	d.T.Helper()
	err := d.Stores.Desk(d.T.Context(), func(ctx context.Context, tx *store.Tx) error {
		for _, statement := range statements {
			if _, err := tx.Exec(ctx, statement); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		d.T.Fatal(err)
	}
}

// The tables hold just what the last revision says, for every aggregate.
func (d *Desk) WantTablesAsRevised() {
	d.T.Helper()
	d.CheckTables(d.T.Error)
}

func (d *Desk) CheckTables(report func(...any)) {
	staff := domain.WithStage(d.Ctx, domain.Desk)
	for _, r := range d.Stores.Client(staff).Revision.Query().Order(revision.ByNumber()).AllX(staff) {
		if err := CheckRevision(d.T.Context(), d.Stores, r.DocumentID, r.Number); err != nil {
			report(err)
		}
	}
}
