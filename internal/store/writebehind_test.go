package store_test

import (
	"context"
	"errors"
	"fmt"
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
// without being woken. A wake-up in between makes no pause shorter.
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
			var w store.WriteLoop
			after := func(d time.Duration) <-chan time.Time {
				pauses = append(pauses, d)
				if len(pauses) == 16 {
					cancel()
				}
				now := make(chan time.Time, 1)
				now <- time.Time{}
				return now
			}
			w = store.NewWriteLoop(10*time.Second, slog.New(slog.DiscardHandler), after, func(context.Context) error {
				if ctx.Err() != nil {
					return nil // the last one
				}
				if writes++; writes > row.failures {
					cancel()
					return nil
				}
				w.Wake()
				return errors.New("no")
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

// An item that cannot be written keeps no other from being written. Where the
// database cannot be reached, nothing is tried one by one.
func TestWriteEach(t *testing.T) {
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
			left, err := store.WriteEach(ctx, s, strings.Fields("a b c d"), func(_ context.Context, _ *store.Tx, item string) error {
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

// A write that the end cuts off is not logged as a failure: the last write
// writes what it left.
func TestWriteBehindEndsQuietly(t *testing.T) {
	t.Parallel()
	var log strings.Builder
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	writes := 0
	at := make(chan time.Time)
	close(at)
	after := func(time.Duration) <-chan time.Time { return at }
	w := store.NewWriteLoop(0, slog.New(slog.NewTextHandler(&log, nil)), after, func(ctx context.Context) error {
		if writes++; writes == 1 {
			cancel()
		}
		return ctx.Err()
	})
	w.Wake()
	if err := w.Run(ctx); err != nil || writes != 2 || log.Len() > 0 {
		t.Errorf("got %v after %d writes, and logged %s", err, writes, log.String())
	}
}

// A buffer merges the values of a key, bounds its keys, and writes each key
// once, in order, with what found no room last.
func TestWriteBehindMergesAndIsBounded(t *testing.T) {
	t.Parallel()
	s := storetest.SQLite(t)
	var got []string
	overflow := "further"
	b := store.NewWriteBehind(s, slog.New(slog.DiscardHandler), store.WriteBehindConfig[string, int]{
		What: "a test", MaxKeys: 2, MaxFailures: 1, Overflow: &overflow, Delay: time.Second,
		Merge:   func(waiting, other int) int { return waiting + other },
		Compare: func(a, b int) int { return a - b },
		Write: func(_ context.Context, _ *store.Tx, key string, value int) error {
			got = append(got, fmt.Sprint(key, value))
			return nil
		},
	})
	for _, row := range []struct {
		key   string
		isNew bool
	}{{"a", true}, {"a", false}, {"a", false}, {"b", true}, {"c", false}, {"d", false}} {
		if isNew := b.Add(row.key, 1); isNew != row.isNew {
			t.Errorf("%s: got new %v, want %v", row.key, isNew, row.isNew)
		}
	}
	if n := b.Len(); n != 2 {
		t.Errorf("%d keys wait, want 2", n)
	}
	if err := b.Flush(domain.AsSystem(t.Context(), "test")); err != nil {
		t.Fatal(err)
	}
	if want := []string{"b1", "a3", "further2"}; !slices.Equal(got, want) || b.Len() != 0 {
		t.Errorf("got %v, and %d wait; want %v and none", got, b.Len(), want)
	}
}
