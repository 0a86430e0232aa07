package limits_test

import (
	"fmt"
	"net/netip"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func newClock() *storetest.Clock {
	return storetest.NewClock(time.Date(2026, 3, 1, 9, 0, 0, 0, time.UTC))
}

func TestMeter(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		name  string
		turns []any // a time.Duration to wait, or a charge
	}{
		{"FullAtFirst", []any{
			charge{cost: 600, limit: 600, ok: true, left: 0, full: time.Minute},
		}},
		{"RefillsEvenly", []any{
			charge{cost: 600, limit: 600, ok: true, left: 0, full: time.Minute},
			6 * time.Second, charge{cost: 60, limit: 600, ok: true, left: 0, full: time.Minute},
			50 * time.Millisecond, charge{cost: 1, limit: 600, ok: false, left: 0, full: 59950 * time.Millisecond, wait: 50 * time.Millisecond},
			50 * time.Millisecond, charge{cost: 1, limit: 600, ok: true, left: 0, full: time.Minute},
		}},
		{"NoMoreThanFull", []any{
			charge{cost: 1, limit: 600, ok: true, left: 599, full: 100 * time.Millisecond},
			time.Hour, charge{cost: 601, limit: 600, ok: false, left: 600, wait: 100 * time.Millisecond},
		}},
		{"WaitingTimeIsEnough", []any{
			charge{cost: 600, limit: 600, ok: true, left: 0, full: time.Minute},
			charge{cost: 300, limit: 600, ok: false, left: 0, full: time.Minute, wait: 30 * time.Second},
			30 * time.Second, charge{cost: 300, limit: 600, ok: true, left: 0, full: time.Minute},
		}},
		{"RefusedIsNotTaken", []any{
			charge{cost: 500, limit: 600, ok: true, left: 100, full: 50 * time.Second},
			charge{cost: 200, limit: 600, ok: false, left: 100, full: 50 * time.Second, wait: 10 * time.Second},
			charge{cost: 100, limit: 600, ok: true, left: 0, full: time.Minute},
		}},
		{"LoweredLimitHoldsAtOnce", []any{
			charge{cost: 0, limit: 600, ok: true, left: 600},
			charge{cost: 61, limit: 60, ok: false, left: 60, wait: time.Second},
			charge{cost: 60, limit: 60, ok: true, left: 0, full: time.Minute},
		}},
		{"RaisedLimitFillsUp", []any{
			charge{cost: 60, limit: 60, ok: true, left: 0, full: time.Minute},
			time.Second, charge{cost: 10, limit: 600, ok: true, left: 0, full: time.Minute},
		}},
		{"ClockPutBack", []any{
			charge{cost: 600, limit: 600, ok: true, left: 0, full: time.Minute},
			-time.Hour, charge{cost: 1, limit: 600, ok: false, left: 0, full: time.Minute, wait: 100 * time.Millisecond},
			time.Second, charge{cost: 10, limit: 600, ok: true, left: 0, full: time.Minute},
		}},
	} {
		t.Run(row.name, func(t *testing.T) {
			t.Parallel()
			c := newClock()
			m := limits.NewMeter(c.Now)
			for i, turn := range row.turns {
				switch turn := turn.(type) {
				case time.Duration:
					c.Advance(turn)
				case charge:
					got := m.Charge("subject", turn.cost, turn.limit)
					near := func(a, b time.Duration) bool { return (a - b).Abs() < time.Microsecond }
					if got.OK != turn.ok || got.Remaining != turn.left || !near(got.Full, turn.full) || !near(got.Wait, turn.wait) {
						t.Errorf("turn %d: got %+v, want %+v", i, got, turn)
					}
				}
			}
		})
	}
}

// charge is a charge and the status after it.
type charge struct {
	cost, limit int
	ok          bool
	left        int
	full, wait  time.Duration
}

// A meter forgets the subject whose last charge is the oldest. Subjects that it
// remembers have no more than they would have in a smaller crowd.
func TestMeterIsBounded(t *testing.T) {
	t.Parallel()
	c := newClock()
	m := limits.NewMeter(c.Now)
	m.Charge("first", 600, 600)
	for i := range 50_000 {
		m.Charge(fmt.Sprint(i), 600, 600)
	}
	if got := m.Charge("first", 600, 600); !got.OK {
		t.Errorf("the first subject is remembered: %+v", got)
	}
	if got := m.Charge("49999", 1, 600); got.OK {
		t.Errorf("the last subject is forgotten: %+v", got)
	}
}

func TestMeterUnderLoad(t *testing.T) {
	t.Parallel()
	c := newClock()
	m := limits.NewMeter(c.Now)
	var taken atomic.Int64
	var wg sync.WaitGroup
	for range 8 {
		wg.Go(func() {
			for range 500 {
				if m.Charge("subject", 1, 600).OK {
					taken.Add(1)
				}
				m.Charge(fmt.Sprint(taken.Load()), 1, 600)
			}
		})
	}
	wg.Wait()
	if got := taken.Load(); got != 600 {
		t.Errorf("%d were taken of 600", got)
	}
}

func TestSubject(t *testing.T) {
	t.Parallel()
	key, person := domain.NewID(domain.Key, time.Now()), domain.NewID(domain.Person, time.Now())
	for _, row := range []struct {
		name, address string
		viewer        *domain.Viewer
		want          string
	}{
		{"Key", "203.0.113.7", &domain.Viewer{KeyID: key}, key.String()},
		{"Person", "203.0.113.7", &domain.Viewer{PersonID: person}, person.String()},
		{"Address", "203.0.113.7", domain.Anonymous(), "203.0.113.7"},
		{"AddressMapped", "::ffff:203.0.113.7", domain.Anonymous(), "203.0.113.7"},
		{"NetworkV6", "2001:db8:1:2:3:4:5:6", domain.Anonymous(), "2001:db8:1:2::/64"},
		{"SameNetworkV6", "2001:db8:1:2:ffff::1", domain.Anonymous(), "2001:db8:1:2::/64"},
		{"OtherNetworkV6", "2001:db8:1:3::1", domain.Anonymous(), "2001:db8:1:3::/64"},
		{"ZoneV6", "fe80::1%eth0", domain.Anonymous(), "fe80::/64"},
	} {
		ctx := domain.WithClient(t.Context(), netip.MustParseAddr(row.address))
		if got := limits.Subject(ctx, row.viewer); got != row.want {
			t.Errorf("%s: got %s, want %s", row.name, got, row.want)
		}
	}
	if got := limits.Subject(t.Context(), domain.Anonymous()); got != limits.Subject(t.Context(), domain.Anonymous()) {
		t.Errorf("got %s", got)
	}
}
