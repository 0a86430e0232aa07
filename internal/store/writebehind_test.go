package store_test

import (
	"context"
	"errors"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// What could not be written is tried again after longer and longer pauses,
// without anything else happening; more that comes meanwhile makes no pause
// shorter.
func TestWriteBehindTriesAgain(t *testing.T) {
	t.Parallel()
	seconds := func(all ...int) []time.Duration {
		var out []time.Duration
		for _, s := range all {
			out = append(out, time.Duration(s)*time.Second)
		}
		return out
	}
	for name, row := range map[string]struct {
		failures int // of the first writes
		pauses   []time.Duration
	}{
		"WritesAtOnce":  {0, seconds(10)},
		"FailsOnce":     {1, seconds(10, 20)},
		"FailsTenTimes": {10, seconds(10, 20, 40, 80, 160, 300, 300, 300, 300, 300, 300)},
		"FailsForEver":  {1 << 30, seconds(10, 20, 40, 80, 160, 300, 300, 300, 300, 300, 300, 300, 300, 300, 300, 300)},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			ctx, cancel := context.WithCancel(t.Context())
			defer cancel()
			var pauses []time.Duration
			writes := 0
			var w *store.WriteBehind
			w = store.NewWriteBehind(store.WriteBehind{
				What: "a test", Gather: 10 * time.Second, Log: slog.New(slog.DiscardHandler),
				Write: func(context.Context) error {
					if ctx.Err() != nil {
						return nil // the last one
					}
					if writes++; writes > row.failures {
						cancel()
						return nil
					}
					w.Wake()
					return errors.New("no")
				},
				After: func(d time.Duration) <-chan time.Time {
					pauses = append(pauses, d)
					if len(pauses) == 16 {
						cancel()
					}
					now := make(chan time.Time, 1)
					now <- time.Time{}
					return now
				},
			})
			w.Wake()
			if err := w.Run(ctx); err != nil {
				t.Fatal(err)
			}
			if !slices.Equal(pauses, row.pauses) {
				t.Errorf("got the pauses %v, want %v", pauses, row.pauses)
			}
		})
	}
}

// An item that cannot be written is in the way of no other; where the database
// cannot answer, nothing is tried one by one.
func TestWriteAll(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, c store.Config) {
		var faults storetest.Faults
		c.Fault = faults.Fault
		s, err := store.Open(t.Context(), c)
		if err != nil {
			t.Fatal(err)
		}
		t.Cleanup(func() { _ = s.Close() })
		ctx := domain.AsSystem(t.Context(), "test")
		refused := errors.New("refused")
		write := func(bad string) ([]string, []string, error) {
			var tried []string
			left, err := store.WriteAll(ctx, s, strings.Fields("a b c d"), func(_ context.Context, _ *store.Tx, item string) error {
				tried = append(tried, item)
				if strings.Contains(bad, item) {
					return refused
				}
				return nil
			})
			return left, tried, err
		}
		if left, tried, err := write(""); len(left) != 0 || err != nil || len(tried) != 4 {
			t.Errorf("all are good: got %v, %v, after %v", left, err, tried)
		}
		if left, tried, err := write("b"); !slices.Equal(left, []string{"b"}) || !errors.Is(err, refused) || strings.Join(tried, "") != "ababcd" {
			t.Errorf("one is bad: got %v, %v, after %v", left, err, tried)
		}
		faults.Fail("desk", "COMMIT", 0, storetest.ConnectionRefused())
		if left, tried, err := write(""); len(left) != 4 || domain.KindOf(err) != domain.KindUnavailable || len(tried) != 4 {
			t.Errorf("the database is away: got %v, %v, after %v", left, err, tried)
		}
	})
}

// A write that is cut off by the end is no failure to be told: the last write has
// what it left.
func TestWriteBehindEndsQuietly(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	writes := 0
	at := make(chan time.Time)
	close(at)
	w := store.NewWriteBehind(store.WriteBehind{
		What: "a test", Log: slog.New(slog.NewTextHandler(&log, nil)), After: func(time.Duration) <-chan time.Time { return at },
		Write: func(ctx context.Context) error {
			if writes++; writes == 1 {
				cancel()
			}
			return ctx.Err()
		},
	})
	w.Wake()
	if err := w.Run(ctx); err != nil || writes != 2 || log.Len() > 0 {
		t.Errorf("got %v after %d writes, and logged %s", err, writes, log.String())
	}
}
