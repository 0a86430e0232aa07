package knowledge_test

import (
	"context"
	"errors"
	"log/slog"
	"math/rand/v2"
	"testing"

	gocmp "github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// messages is a log whose messages a test waits for.
type messages chan string

func (messages) Enabled(context.Context, slog.Level) bool { return true }
func (m messages) Handle(_ context.Context, r slog.Record) error {
	m <- r.Message
	return nil
}
func (m messages) WithAttrs([]slog.Attr) slog.Handler { return m }
func (m messages) WithGroup(string) slog.Handler      { return m }

// hold starts to hold relationships in so many bytes, and returns what is logged, and what Hold returns.
func hold(t *testing.T, g *knowledge.Graph, size int64) (messages, <-chan error) {
	t.Helper()
	ctx, stop := context.WithCancel(t.Context())
	log, ended := make(messages, 1), make(chan error, 1)
	never := make(chan struct{})
	go func() {
		ended <- g.Hold(ctx, knowledge.HoldParams{Size: size, Log: slog.New(log), Moved: func() <-chan struct{} { return never }})
		close(ended)
	}()
	t.Cleanup(func() {
		stop()
		for range ended { // until Hold has returned
		}
	})
	return log, ended
}

func wantDegree(t *testing.T, g *knowledge.Graph, id domain.ID) {
	t.Helper()
	degrees, err := g.Degrees(viewer(t, domain.Red), []domain.ID{id}, knowledge.Both, knowledge.Filter{})
	if err != nil || degrees[id] == 0 {
		t.Fatalf("got degrees %v, error %v", degrees, err)
	}
}

func TestHold(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		c := randomContent(rand.New(rand.NewPCG(16, 4)), 20, 80)
		c.write(t, s)
		end := c.edges[0].From
		t.Run("FromTheFirstReadOn", func(t *testing.T) {
			g := knowledge.New(s)
			log, _ := hold(t, g, 1<<20)
			wantDegree(t, g, end)
			if memory, database := knowledge.Answered(g); memory != 0 || database != 1 {
				t.Errorf("the first read: %d were answered from memory and %d from the database, want the latter", memory, database)
			}
			if got := <-log; got != "relationships held in memory" {
				t.Fatalf("logged %q", got)
			}
			wantDegree(t, g, end)
			if memory, _ := knowledge.Answered(g); memory != 1 {
				t.Error("the second read was not answered from memory")
			}
		})
		t.Run("EndsWhereThereAreTooMany", func(t *testing.T) {
			g := knowledge.New(s)
			log, ended := hold(t, g, 80*20-1)
			wantDegree(t, g, end)
			if got := <-log; got != "relationships are not held in memory: there are too many" {
				t.Fatalf("logged %q", got)
			}
			if err := <-ended; err != nil {
				t.Error(err)
			}
			wantDegree(t, g, end)
			if memory, database := knowledge.Answered(g); memory != 0 || database != 2 {
				t.Errorf("%d were answered from memory and %d from the database", memory, database)
			}
		})
		t.Run("AtMost24BytesEach", func(t *testing.T) {
			big := randomContent(rand.New(rand.NewPCG(16, 5)), 1_000, 10_000)
			other := storetest.SQLite(t)
			big.write(t, other)
			is, err := knowledge.New(other).Refresh(t.Context(), 1<<20)
			if err != nil || is.Bytes > int64(is.Relationships)*24 || is.Relationships != 10_000 {
				t.Errorf("got %+v, error %v", is, err)
			}
		})
		t.Run("ReadsOfTheDeskAndOfADayAreTheDatabases", func(t *testing.T) {
			g := knowledge.New(s)
			if _, err := g.Refresh(t.Context(), 1<<20); err != nil {
				t.Fatal(err)
			}
			staff := domain.WithStage(domain.WithViewer(t.Context(), &domain.Viewer{Name: "ed", Role: domain.Editor, Clearance: domain.Red, KeyID: 1}), domain.Desk)
			if degrees, err := g.Degrees(staff, []domain.ID{end}, knowledge.Both, knowledge.Filter{}); err != nil || degrees[end] != 0 {
				t.Errorf("the desk has no relationships: got %v, error %v", degrees, err)
			}
			if _, err := g.Degrees(viewer(t, domain.Red), []domain.ID{end}, knowledge.Both, knowledge.Filter{At: "2020-01-01"}); err != nil {
				t.Error(err)
			}
			if memory, _ := knowledge.Answered(g); memory != 0 {
				t.Errorf("%d were answered from memory", memory)
			}
			var nobody *domain.Error
			if _, err := g.Degrees(t.Context(), []domain.ID{end}, knowledge.Both, knowledge.Filter{}); !errors.As(err, &nobody) {
				t.Errorf("without a viewer: got %v, want an error", err)
			}
		})
	})
}

// What is held is not of another moment than live, which is another one after any release.
func TestHeldIsOfOneMoment(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		c := randomContent(rand.New(rand.NewPCG(16, 6)), 20, 80)
		c.write(t, s)
		g := knowledge.New(s)
		if _, err := g.Refresh(t.Context(), 1<<20); err != nil {
			t.Fatal(err)
		}
		end := c.edges[0].From
		before, err := g.Degrees(viewer(t, domain.Red), []domain.ID{end}, knowledge.Both, knowledge.Filter{})
		if err != nil {
			t.Fatal(err)
		}
		err = s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
			if err := store.Exec(ctx, tx, "DELETE FROM relationships WHERE id = ?", int64(c.edges[0].ID)); err != nil {
				return err
			}
			return store.Exec(ctx, tx, "INSERT INTO projection (id, applied_sequence, applied_at, history) VALUES (1, 1, ?, 1)", c.edges[0].ID.Time())
		})
		if err != nil {
			t.Fatal(err)
		}
		after, err := g.Degrees(viewer(t, domain.Red), []domain.ID{end}, knowledge.Both, knowledge.Filter{})
		if err != nil || after[end] != before[end]-1 {
			t.Errorf("got %v, error %v; want one less than %v", after, err, before)
		}
		// There is no step from the one to the other.
		if is, err := g.Refresh(t.Context(), 1<<20); err != nil || !is.Read || is.Relationships != 79 {
			t.Errorf("got %+v, error %v; want 79 relationships, all read", is, err)
		}
	})
}

// Around a hub, the most certain relationships are the same ones, which are found in another way in memory.
func TestHubsFromMemory(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		r := rand.New(rand.NewPCG(16, 7))
		c := randomContent(r, 400, 2_000)
		hub := c.entities[0]
		for i := range c.edges {
			if e := &c.edges[i]; i%2 == 0 {
				e.From, e.To = hub, c.entities[r.IntN(400)]
			} else {
				e.From, e.To = c.entities[r.IntN(400)], hub
			}
		}
		c.write(t, s)
		stored, held := knowledge.New(s), knowledge.New(s)
		if _, err := held.Refresh(t.Context(), 1<<20); err != nil {
			t.Fatal(err)
		}
		for clearance := range domain.Marking(3) {
			for _, limit := range []int{1, 5, 60, knowledge.MaxNodes} {
				for _, f := range []knowledge.Filter{{}, {MinConfidence: "PROBABLE"}, {Kinds: []string{"OWNS"}}} {
					p := knowledge.NetworkParams{Around: []domain.ID{hub}, Depth: 2, Limit: limit, Filter: f}
					want, err := stored.Network(viewer(t, clearance), p)
					if err != nil {
						t.Fatal(err)
					}
					got, err := held.Network(viewer(t, clearance), p)
					if err != nil {
						t.Fatal(err)
					}
					if diff := gocmp.Diff(want, got); diff != "" {
						t.Fatalf("clearance %v, limit %d, %+v (-database +memory)\n%s", clearance, limit, f, diff)
					}
				}
			}
		}
		if memory, _ := knowledge.Answered(held); memory == 0 {
			t.Error("nothing was answered from memory")
		}
	})
}
