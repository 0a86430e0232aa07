package audit_test

import (
	"bytes"
	"context"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// paced is a running buffer whose pauses end when the test says so.
type paced struct {
	buffer *audit.Buffer
	log    *record
	pauses chan time.Duration
	next   chan time.Time
	stop   func()
}

// record is a log that can be read while it is written.
type record struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (r *record) Write(b []byte) (int, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.Write(b)
}

func (r *record) String() string {
	r.mu.Lock()
	defer r.mu.Unlock()
	return r.b.String()
}

func newPaced(t *testing.T, s *store.Stores) *paced {
	t.Helper()
	p := &paced{log: &record{}, pauses: make(chan time.Duration), next: make(chan time.Time)}
	p.buffer = audit.NewBuffer(s, slog.New(slog.NewTextHandler(p.log, nil)), clock.Now)
	audit.SetAfter(p.buffer, func(d time.Duration) <-chan time.Time {
		p.pauses <- d
		return p.next
	})
	ctx, cancel := context.WithCancel(context.WithoutCancel(t.Context()))
	ended := make(chan error, 1)
	go func() { ended <- p.buffer.Run(ctx) }()
	p.stop = sync.OnceFunc(func() {
		cancel()
		for {
			select {
			case err := <-ended:
				if err != nil {
					t.Error(err)
				}
				return
			case <-p.pauses:
			}
		}
	})
	t.Cleanup(p.stop)
	return p
}

// write waits for the next pause and ends it. It returns how long that was to
// be.
func (p *paced) write() time.Duration {
	pause := <-p.pauses
	p.next <- time.Time{}
	return pause
}

// Entries that could not be written are written when the database can again,
// without a further entry, and each is counted once.
func TestBufferTriesAgain(t *testing.T) {
	t.Parallel()
	for name, failures := range map[string]int{"FailsOnce": 1, "FailsTenTimes": 10} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			storetest.EachConfig(t, func(t *testing.T, c store.Config) {
				s, faults := storetest.OpenFaulty(t, c)
				p := newPaced(t, s)
				faults.Fail("desk", "COMMIT", failures, storetest.ConnectionRefused())
				for range 5 {
					p.buffer.Add(as(t, editor), audit.Entry{Action: audit.RefuseRight, Detail: "a"})
				}
				want := 10 * time.Second
				for range failures {
					if got := p.write(); got != want {
						t.Fatalf("got a pause of %v, want %v", got, want)
					}
					want = min(2*want, 5*time.Minute)
				}
				p.buffer.Add(as(t, editor), audit.Entry{Action: audit.RefuseRight, Detail: "b"})
				p.buffer.Add(as(t, editor), audit.Entry{Action: audit.RefuseRight, Detail: "a"})
				if got := p.write(); got != want {
					t.Fatalf("got a pause of %v, want %v", got, want)
				}
				p.stop()
				got := map[string]int{}
				for _, e := range entries(t, s) {
					got[*e.Detail] += e.Times
				}
				if len(got) != 2 || got["a"] != 6 || got["b"] != 1 {
					t.Errorf("got %v, want a 6 times and b once", got)
				}
			})
		})
	}
}

// Of entries that cannot be written for long so many are buffered, and the
// number of the others.
func TestBufferIsBounded(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		s, faults := storetest.OpenFaulty(t, c)
		p := newPaced(t, s)
		faults.Fail("desk", "BEGIN", 0, storetest.ConnectionRefused())
		for round := range 12 {
			for i := range 200 {
				p.buffer.Add(as(t, editor), audit.Entry{Action: audit.RefuseRight, Detail: fmt.Sprint(round, i)})
			}
			pause := p.write()
			if want := min(10*time.Second<<round, 5*time.Minute); pause != want {
				t.Fatalf("got a pause of %v, want %v", pause, want)
			}
			if got := audit.Waiting(p.buffer); got > 1000 {
				t.Fatalf("%d entries are buffered, want at most 1000", got)
			}
		}
		faults.Set(nil)
		p.write()
		p.stop()
		total := 0
		for _, e := range entries(t, s) {
			total += e.Times
		}
		if total != 12*200 {
			t.Errorf("%d refusals are on the log, want %d", total, 12*200)
		}
	})
}

// An entry that the database refuses keeps no other from being written, and is
// dropped in the end.
func TestBufferDropsARefusedEntry(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		refusal := []string{"CREATE TRIGGER poison BEFORE INSERT ON audit_entries WHEN NEW.detail = 'poison' BEGIN SELECT RAISE(ABORT, 'refused'); END"}
		if s.Dialect() == dialect.Postgres {
			refusal = []string{
				"CREATE FUNCTION poison() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN IF NEW.detail = 'poison' THEN RAISE EXCEPTION 'refused'; END IF; RETURN NEW; END $$",
				"CREATE TRIGGER poison BEFORE INSERT ON audit_entries FOR EACH ROW EXECUTE FUNCTION poison()",
			}
		}
		if err := s.Desk(domain.AsSystem(t.Context(), "test"), func(ctx context.Context, tx *store.Tx) error {
			for _, statement := range refusal {
				if _, err := tx.Exec(ctx, statement); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		p := newPaced(t, s)
		for round := range 10 {
			if round == 0 {
				p.buffer.Add(as(t, editor), audit.Entry{Action: audit.RefuseRight, Detail: "poison"})
			}
			p.buffer.Add(as(t, editor), audit.Entry{Action: audit.RefuseRight, Detail: fmt.Sprint("good ", round)})
			p.write()
		}
		p.stop()
		if got := len(entries(t, s)); got != 10 {
			t.Errorf("%d entries are on the log, want 10", got)
		}
		if got := strings.Count(p.log.String(), "is given up"); got != 1 {
			t.Errorf("an entry was dropped %d times, want once:\n%s", got, p.log)
		}
		if got := audit.Waiting(p.buffer); got != 0 {
			t.Errorf("%d entries are still buffered", got)
		}
	})
}

// Bytes that are no text are left out of an entry, which is written without
// them.
func TestBufferOfBytes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		buffer := audit.NewBuffer(s, slog.New(slog.DiscardHandler), clock.Now)
		buffer.Add(as(t, editor), audit.Entry{Action: audit.RefuseRight, Subject: "a\x00b", Detail: "c\xffd"})
		if err := buffer.Flush(t.Context()); err != nil {
			t.Fatal(err)
		}
		got := entries(t, s)
		if len(got) != 1 || *got[0].Subject != "ab" || *got[0].Detail != "c�d" {
			t.Errorf("got %v", got)
		}
	})
}
