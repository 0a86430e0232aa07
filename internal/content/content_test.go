package content_test

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

	"github.com/redthread-api/redthread/internal/content"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// desk is a desk under test, with a clock that the test moves.
type desk struct {
	*content.Desk
	t      testing.TB
	stores *store.Stores
	ctx    context.Context // of an editor
	clock  *storetest.Clock
}

var historyNumber atomic.Int64

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func newDesk(t testing.TB, s *store.Stores) *desk {
	t.Helper()
	clock := storetest.NewSteppingClock(noon, time.Microsecond)
	return &desk{
		Desk: content.New(s, slog.New(slog.DiscardHandler), clock.Now), t: t, stores: s,
		ctx: as(t.Context(), domain.Editor), clock: clock,
	}
}

func as(ctx context.Context, role domain.Role) context.Context {
	return domain.WithViewer(ctx, &domain.Viewer{Name: "Ann", Role: role, Clearance: domain.Red, KeyID: 1})
}

func (d *desk) advance(by time.Duration) { d.clock.Advance(by) }

// each runs fn with a desk on each engine.
func each(t *testing.T, fn func(t *testing.T, d *desk)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) { fn(t, newDesk(t, s)) })
}

type fields = map[string]any

// save saves and fails the test if that is refused.
func (d *desk) save(doc domain.Type, mode content.Mode, f fields) content.Saved {
	d.t.Helper()
	saved, err := d.Save(d.ctx, content.SaveParams{Type: doc, Mode: mode, Fields: f})
	if err != nil {
		d.t.Fatalf("save %s %v: %v", doc, f, err)
	}
	return saved
}

func (d *desk) tag(slug string, more ...fields) domain.ID {
	d.t.Helper()
	return d.save(domain.Tag, content.Create, merge(fields{"slug": slug, "label": slug, "vocabulary": "TOPIC"}, more)).ID
}

func (d *desk) source(slug string, more ...fields) domain.ID {
	d.t.Helper()
	return d.save(domain.Source, content.Create, merge(fields{"slug": slug, "title": slug, "url": "https://example.org/" + slug}, more)).ID
}

func (d *desk) entity(slug string, more ...fields) domain.ID {
	d.t.Helper()
	return d.save(domain.Entity, content.Create, merge(fields{"slug": slug, "name": slug, "kind": "COMPANY"}, more)).ID
}

func (d *desk) report(slug string, more ...fields) domain.ID {
	d.t.Helper()
	return d.save(domain.Report, content.Create, merge(fields{
		"slug": slug, "title": slug, "kind": "BRIEF", "language": "en", "summary": "S.", "body": "B."}, more)).ID
}

func (d *desk) relationship(from, to string, more ...fields) domain.ID {
	d.t.Helper()
	return d.save(domain.Relationship, content.Create, merge(fields{
		"from": from, "to": to, "kind": "CONTROLS", "confidence": "CONFIRMED"}, more)).ID
}

func merge(f fields, more []fields) fields {
	for _, m := range more {
		for k, v := range m {
			f[k] = v
		}
	}
	return f
}

func list(items ...any) []any { return items }

func (d *desk) publish(docs ...string) content.Released {
	d.t.Helper()
	out, err := d.Publish(d.ctx, content.PublishParams{Documents: docs})
	if err != nil {
		d.t.Fatalf("publish %v: %v", docs, err)
	}
	if !out.Applied {
		d.t.Fatalf("publish %v: not applied", docs)
	}
	return out
}

// live lists what a viewer of a clearance sees in live: "type:slug", in order.
func (d *desk) live(clearance domain.Marking) []string {
	d.t.Helper()
	ctx := domain.WithViewer(d.t.Context(), &domain.Viewer{Clearance: clearance, KeyID: 1})
	c := d.stores.Client(ctx)
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
	slices.Sort(out)
	return out
}

func (d *desk) wantLive(clearance domain.Marking, want ...string) {
	d.t.Helper()
	slices.Sort(want)
	if got := d.live(clearance); !slices.Equal(got, want) {
		d.t.Errorf("live for TLP:%v: got %v, want %v", clearance, got, want)
	}
}

// wantFields checks that err is of KindInvalid and has just these paths.
func wantFields(t testing.TB, err error, paths ...string) {
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

// dump is all that live holds, as text, to compare two states of it.
func dump(t testing.TB, db store.Rows) string {
	t.Helper()
	var b strings.Builder
	for _, table := range content.TableNames() {
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
			lines = append(lines, line(t, rows, columns))
		}
		if err := errors.Join(rows.Err(), rows.Close()); err != nil {
			t.Fatal(err)
		}
		slices.Sort(lines)
		fmt.Fprintf(&b, "%s\n%s\n", table, strings.Join(lines, "\n"))
	}
	return b.String()
}

func line(t testing.TB, rows *sql.Rows, columns []string) string {
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

// wantRebuilt checks that live is the projection of the log: made anew, it is
// the same.
func (d *desk) wantRebuilt() {
	d.t.Helper()
	if diff := d.rebuild(); diff != "" {
		d.t.Errorf("live is not the projection of the log (-was +rebuilt):\n%s", diff)
	}
}

// rebuild makes live anew and returns how it then differs.
func (d *desk) rebuild() string {
	d.t.Helper()
	before := dump(d.t, d.stores.LiveRows())
	if _, err := d.RebuildLive(domain.AsSystem(d.t.Context(), "test")); err != nil {
		d.t.Fatal(err)
	}
	return cmp.Diff(strings.Split(before, "\n"), strings.Split(dump(d.t, d.stores.LiveRows()), "\n"))
}

func ptr[T any](v T) *T { return &v }
