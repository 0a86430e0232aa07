package projection_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/editorial/editorialtest"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// Random histories, followed: whoever applies the changes to what they hold
// ends with exactly what they may see, whatever their clearance, however often
// they look and in pages of whatever size. And the feed says nothing else: a
// viewer hears of a document when, and only when, it changed for them.
func TestFollowersOfRandomHistories(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		done := 0
		rapid.Check(t, func(rt *rapid.T) {
			config := c
			if done++; done > 50 || c.DeskDSN != "" && done > 10 {
				return // on PostgreSQL it is the same code, at many times the cost
			}
			if c.DeskDSN == "" {
				config = storetest.SQLiteConfig(t)
			}
			s, err := store.Open(t.Context(), config)
			if err != nil {
				rt.Fatal(err)
			}
			defer s.Close()
			h := &history{desk: newDesk(t, s), rt: rt, prefix: fmt.Sprintf("f%d-", editorialtest.Serial.Add(1))}
			if err := h.desk.Project(t.Context()); err != nil {
				rt.Fatal(err)
			}
			var partners, witnesses []*partner
			live := &liveNow{rt: rt, desk: h.desk}
			for c := domain.Clear; c <= domain.Red; c++ {
				partners = append(partners, newPartner(live, c))
				witnesses = append(witnesses, newPartner(live, c))
			}
			witness := func() {
				for _, w := range witnesses {
					w.witness()
				}
			}
			witness() // what other histories have left there
			h.begin()
			witness()
			for range rapid.IntRange(10, 30).Draw(rt, "steps") {
				h.step()
				witness()
				rapid.SampledFrom(partners).Draw(rt, "who looks").follow(rapid.IntRange(1, 5).Draw(rt, "page"))
			}
			if rapid.Bool().Draw(rt, "rebuild") {
				if _, err := h.desk.RebuildLive(as(t.Context(), domain.Admin), nil); err != nil {
					rt.Fatal(err)
				}
				witness()
			}
			if c.DeskDSN == "" && rapid.Bool().Draw(rt, "lose live") {
				h.desk.loseLive()
				if _, err := h.desk.RebuildLive(as(t.Context(), domain.Admin), nil); err != nil {
					rt.Fatal(err)
				}
				if err := h.desk.Project(t.Context()); err != nil { // which reads the version of live
					rt.Fatal(err)
				}
				for i, p := range partners {
					partners[i] = newPartner(live, p.clearance) // the history is another one
				}
			}
			for _, p := range partners {
				p.follow(7)
				if diff := cmp.Diff(p.sees(), p.holds); diff != "" {
					rt.Errorf("clearance %v: a partner does not hold what it may see (-may see +holds):\n%s", p.clearance, diff)
				}
			}
		})
	})
}

// partner holds what a viewer of a clearance was received of.
type partner struct {
	*liveNow
	ctx       context.Context
	clearance domain.Marking
	after     projection.Position
	at        time.Time
	known     map[domain.ID]bool   // by the kinds of the changes alone
	holds     map[domain.ID]string // by reading what has changed
}

func newPartner(live *liveNow, clearance domain.Marking) *partner {
	ctx := domain.WithViewer(live.desk.T.Context(), &domain.Viewer{Role: domain.Partner, Clearance: clearance, KeyID: 2})
	return &partner{liveNow: live, ctx: ctx, clearance: clearance, known: map[domain.ID]bool{}, holds: map[domain.ID]string{}}
}

// liveNow is what live holds.
type liveNow struct {
	rt      *rapid.T
	desk    *desk
	version projection.Version
	all     map[domain.ID]editorialtest.LiveDocument
}

func (l *liveNow) live() map[domain.ID]editorialtest.LiveDocument {
	if v := l.desk.Version(); l.all == nil || !v.Same(l.version) {
		all, err := editorialtest.LiveDocuments(l.desk.Ctx, l.desk.Stores)
		if err != nil {
			l.rt.Fatal(err)
		}
		l.version, l.all = v, all
	}
	return l.all
}

// sees is what the partner may see in live: what each document says, and which
// of those that it refers to are there for the partner.
func (p *partner) sees() map[domain.ID]string {
	all := p.live()
	seen := map[domain.ID]string{}
	for id, d := range all {
		if d.Effective > p.clearance {
			continue
		}
		var refers []domain.ID
		for _, target := range d.RefersTo {
			if t, ok := all[target]; ok && t.Effective <= p.clearance {
				refers = append(refers, target)
			}
		}
		seen[id] = fmt.Sprint(d.Content, refers)
	}
	return seen
}

// follow reads the changes to the end and applies them. It returns those of
// each document, which must fit what was received before.
func (p *partner) follow(page int) map[domain.ID][]projection.Change {
	sees := p.sees()
	received := map[domain.ID][]projection.Change{}
	for {
		changes, err := p.desk.Changes(p.ctx, projection.ChangesParams{After: p.after, First: page})
		if err != nil {
			p.rt.Fatal(err)
		}
		for _, c := range changes {
			if !p.after.Before(c.Position) || c.At.Before(p.at) {
				p.rt.Fatalf("the change of %v at %v is out of order", c.Document, c.At)
			}
			if p.known[c.Document] != (c.Kind != projection.Published) {
				p.rt.Errorf("clearance %v: %v of %v, which they know: %v", p.clearance, c.Kind, c.Document, p.known[c.Document])
			}
			p.known[c.Document] = !c.Kind.Tombstone()
			if now, ok := sees[c.Document]; ok && !c.Kind.Tombstone() {
				p.holds[c.Document] = now
			} else {
				delete(p.holds, c.Document)
			}
			received[c.Document] = append(received[c.Document], c)
			p.after, p.at = c.Position, c.At
		}
		if len(changes) < page {
			return received
		}
	}
}

// witness follows the feed after a single act, and compares what it says with
// what has changed.
func (p *partner) witness() {
	before := p.holds
	p.holds = make(map[domain.ID]string, len(before))
	for id, text := range before {
		p.holds[id] = text
	}
	received := p.follow(100)
	now, all := p.sees(), p.live()
	for id, changes := range received {
		last := changes[len(changes)-1]
		was, wasThere := before[id]
		is, isThere := now[id]
		_, live := all[id]
		var want projection.ChangeKind
		switch {
		case isThere && !wasThere:
			want = projection.Published
		case isThere && was != is:
			want = projection.Updated
		case wasThere && !isThere && live:
			want = projection.NoLongerVisible
		case wasThere && !isThere:
			want = projection.Unpublished
		}
		if len(changes) == 1 && last.Kind != want {
			p.rt.Errorf("clearance %v was received %v of %v, want %v:\n%s\n%s", p.clearance, last.Kind, id, want, was, is)
		}
	}
	if diff := cmp.Diff(now, p.holds); diff != "" {
		p.rt.Errorf("clearance %v was not received of (-may see +holds):\n%s", p.clearance, diff)
	}
}

func TestChanges(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		if err := d.Project(t.Context()); err != nil {
			t.Fatal(err)
		}
		public := domain.WithViewer(t.Context(), domain.Anonymous())
		begin, err := d.LastChange(public)
		if err != nil {
			t.Fatal(err)
		}
		tag := d.Tag("harbours")
		report := d.Report("cranes", fields{"tags": []any{"harbours"}})
		d.MustPublish("report:cranes")
		d.MustSave(domain.Report, editorial.Update, fields{"id": "cranes", "title": "Cranes, again"})
		d.MustPublish("report:cranes")
		d.MustSave(domain.Report, editorial.Update, fields{"id": "cranes", "marking": "AMBER"})
		d.MustPublish("report:cranes")
		d.MustSave(domain.Report, editorial.Update, fields{"id": "cranes", "title": "Cranes, for few"})
		d.MustPublish("report:cranes")

		received := func(ctx context.Context, params projection.ChangesParams) []string {
			t.Helper()
			changes, err := d.Changes(ctx, params)
			if err != nil {
				t.Fatal(err)
			}
			var out []string
			for _, c := range changes {
				out = append(out, c.Kind.String()+" "+c.Document.String())
			}
			return out
		}
		amber := domain.WithViewer(t.Context(), &domain.Viewer{Role: domain.Partner, Clearance: domain.Amber, KeyID: 2})
		all := projection.ChangesParams{After: begin, First: 100}
		for _, tt := range []struct {
			name   string
			ctx    context.Context
			params projection.ChangesParams
			want   []string
		}{
			{"TheReMarkingIsTheLastThatThePublicHearsOf", public, all, []string{
				"PUBLISH " + report.String(), "PUBLISH " + tag.String(), "UPDATE " + report.String(),
				"NO_LONGER_VISIBLE " + report.String(), "NO_LONGER_VISIBLE " + tag.String()}},
			{"WhoMaySeeItHearsOfUpdates", amber, all, []string{
				"PUBLISH " + report.String(), "PUBLISH " + tag.String(), "UPDATE " + report.String(),
				"UPDATE " + report.String(), "UPDATE " + report.String()}},
			{"TypesAlone", amber, projection.ChangesParams{After: begin, First: 100, Types: []domain.Type{domain.Tag}}, []string{"PUBLISH " + tag.String()}},
			{"NoTypesAreNone", amber, projection.ChangesParams{After: begin, First: 100, Types: []domain.Type{}}, nil},
			{"AFew", amber, projection.ChangesParams{After: begin, First: 2}, []string{"PUBLISH " + report.String(), "PUBLISH " + tag.String()}},
		} {
			t.Run(tt.name, func(t *testing.T) {
				got := received(tt.ctx, tt.params)
				// Which of a release comes first is by their ids, made in one millisecond.
				if diff := cmp.Diff(sorted(tt.want), sorted(got)); diff != "" {
					t.Errorf("changes (-want +got):\n%s", diff)
				}
			})
		}

		t.Run("TheLastChangeIsTheEnd", func(t *testing.T) {
			last, err := d.LastChange(amber)
			if err != nil {
				t.Fatal(err)
			}
			if got := received(amber, projection.ChangesParams{After: last, First: 100}); got != nil {
				t.Errorf("got %v after the last change", got)
			}
			again, err := projection.ParsePosition(last.String())
			if err != nil || again != last {
				t.Errorf("got %v, %v, want %v", again, err, last)
			}
		})
		t.Run("ErrGoneForAnotherHistory", func(t *testing.T) {
			other, err := projection.ParsePosition("cAAAAAQAAAAAAAAAAAAAAAAAAAAA")
			if err != nil {
				t.Fatal(err)
			}
			if _, err := d.Changes(public, projection.ChangesParams{After: other, First: 1}); domain.KindOf(err) != domain.KindGone {
				t.Errorf("got %v, want an error of KindGone", err)
			}
		})
		t.Run("ErrWithoutViewer", func(t *testing.T) {
			if _, err := d.Changes(t.Context(), all); err == nil {
				t.Error("changes were read without a viewer")
			}
		})
	})
}

// Live of a program that knew no changes has documents and no history.
func TestHistoryBeginsWithWhatIsThere(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		report := d.Report("old")
		d.MustPublish("report:old")
		d.forgetHistory()
		if err := d.Project(t.Context()); err != nil {
			t.Fatal(err)
		}
		changes, err := d.Changes(domain.WithViewer(t.Context(), domain.Anonymous()), projection.ChangesParams{First: 1000})
		if err != nil {
			t.Fatal(err)
		}
		for _, c := range changes {
			if c.Document == report && c.Kind == projection.Published {
				return
			}
		}
		t.Errorf("got %v, want that %v was published", changes, report)
	})
}

// Live that was lost is made again from the log, with the same changes at the
// same times, in another history.
func TestResumeInALiveThatWasMadeAgain(t *testing.T) {
	for name, again := range map[string]func(d *desk, ctx context.Context) error{
		"Project": func(d *desk, ctx context.Context) error { return d.Project(ctx) },
		"Rebuild": func(d *desk, ctx context.Context) error {
			_, err := d.Rebuild(ctx, nil)
			return err
		},
	} {
		t.Run(name, func(t *testing.T) {
			each(t, func(t *testing.T, d *desk) {
				if err := d.Project(t.Context()); err != nil {
					t.Fatal(err)
				}
				public := domain.WithViewer(t.Context(), domain.Anonymous())
				d.Report("first")
				d.MustPublish("report:first")
				here, err := d.LastChange(public)
				if err != nil {
					t.Fatal(err)
				}
				second := d.Report("second")
				d.MustPublish("report:second")
				want, err := d.Changes(public, projection.ChangesParams{After: here, First: 10})
				if err != nil || len(want) != 1 || want[0].Document != second {
					t.Fatalf("got %v, %v", want, err)
				}
				d.loseLive()
				if err := again(d, t.Context()); err != nil {
					t.Fatal(err)
				}
				if _, err := d.Changes(public, projection.ChangesParams{After: here, First: 10}); domain.KindOf(err) != domain.KindGone {
					t.Errorf("got %v, want an error of KindGone", err)
				}
				again, err := d.Resume(public, here)
				if err != nil {
					t.Fatal(err)
				}
				got, err := d.Changes(public, projection.ChangesParams{After: again, First: 10})
				if err != nil || len(got) != 1 || got[0].Document != second || !got[0].At.Equal(want[0].At) {
					t.Errorf("got %v, %v, want %v", got, err, want)
				}
			})
		})
	}
}

// loseLive empties live.
func (d *desk) loseLive() {
	d.T.Helper()
	err := d.Stores.Live(d.T.Context(), func(ctx context.Context, tx *store.Tx) error {
		for _, table := range append(editorialtest.TableNames(), "changes", "projection", "live_steps",
			"search_blocks", "search_pending", "search_segments", "search_state", "search_unit_blocks", "search_units") {
			if _, err := tx.Exec(ctx, "DELETE FROM "+table); err != nil {
				return err
			}
		}
		return nil
	})
	if err != nil {
		d.T.Fatal(err)
	}
}

func TestVersionMovesOn(t *testing.T) {
	each(t, func(t *testing.T, d *desk) {
		if err := d.Project(t.Context()); err != nil {
			t.Fatal(err)
		}
		before := d.Version()
		moved := d.Advanced(before)
		d.Report("news")
		select {
		case <-moved:
			t.Fatal("a draft has moved live on")
		default:
		}
		d.MustPublish("report:news")
		select {
		case <-moved:
		default:
			t.Error("a publication has not moved live on")
		}
		after := d.Version()
		if after.Sequence <= before.Sequence {
			t.Errorf("got sequence %d after %d", after.Sequence, before.Sequence)
		}
		if _, err := d.RebuildLive(as(t.Context(), domain.Admin), nil); err != nil {
			t.Fatal(err)
		}
		if rebuilt := d.Version(); rebuilt.Same(after) {
			t.Error("live that was rebuilt has the version that it had before")
		}
	})
}

func FuzzParsePosition(f *testing.F) {
	f.Add("cAAAAAQAAAAAAAAAAAAAAAAAAAAA")
	f.Add("")
	f.Fuzz(func(t *testing.T, cursor string) {
		p, err := projection.ParsePosition(cursor)
		if err != nil {
			if !errors.Is(err, domain.ErrInvalid) {
				t.Errorf("got %v, want an error of KindInvalid", err)
			}
			return
		}
		if got := p.String(); got != cursor {
			t.Errorf("%q is read as %q", cursor, got)
		}
	})
}

// forgetHistory makes live as a version of the program without a history left it: no history of changes.
func (d *desk) forgetHistory() {
	d.T.Helper()
	err := d.Stores.Live(d.T.Context(), func(ctx context.Context, tx *store.Tx) error {
		for _, statement := range []string{"DELETE FROM changes", "UPDATE projection SET history = 0"} {
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

func sorted(s []string) []string {
	s = slices.Clone(s)
	slices.Sort(s)
	return s
}

// What another process publishes, this one notices by itself.
func TestAnotherProcessPublishes(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		open := func() *desk {
			s, err := store.Open(t.Context(), c)
			if err != nil {
				t.Fatal(err)
			}
			t.Cleanup(func() { _ = s.Close() })
			return newDesk(t, s)
		}
		here, there := open(), open()
		if err := here.Project(t.Context()); err != nil {
			t.Fatal(err)
		}
		ctx, stop := context.WithCancel(t.Context())
		ended := make(chan error)
		go func() { ended <- here.Run(ctx) }()
		slug := fmt.Sprintf("from-there-%d", editorialtest.Serial.Add(1))
		report := there.Report(slug)
		moved := here.Advanced(here.Version())
		there.MustPublish("report:" + slug)
		<-moved
		changes, err := here.Changes(domain.WithViewer(t.Context(), domain.Anonymous()), projection.ChangesParams{First: 1000})
		if err != nil {
			t.Fatal(err)
		}
		if !slices.ContainsFunc(changes, func(c projection.Change) bool { return c.Document == report }) {
			t.Errorf("got %v, want a change of %v", changes, report)
		}
		stop()
		if err := <-ended; err != nil {
			t.Error(err)
		}
	})
}
