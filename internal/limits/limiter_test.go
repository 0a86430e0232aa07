package limits_test

import (
	"context"
	"errors"
	"net/netip"
	"runtime"
	"slices"
	"strconv"
	"sync"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/limits"
)

var public = domain.Anonymous()

// from is a context of a request from the n-th address.
func from(ctx context.Context, n int) context.Context {
	return domain.WithClient(ctx, netip.AddrFrom4([4]byte{192, 0, byte(n >> 8), byte(n)}))
}

func keyHolder(n int) *domain.Viewer {
	return &domain.Viewer{Name: "key " + strconv.Itoa(n), Role: domain.Partner, KeyID: domain.ID(n)}
}

func soon() time.Time { return time.Now().Add(time.Hour) }

// queue lets an operation wait at a limiter and returns when it does. done is
// called with what became of it.
func queue(ctx context.Context, l *limits.Limiter, v *domain.Viewer, size int64, done func(admitted bool)) {
	before, _, _ := l.Waiting()
	go func() {
		refused := l.Acquire(ctx, v, size, soon())
		done(refused == nil)
		if refused == nil {
			l.Release()
		}
	}()
	for n := before; n == before; n, _, _ = l.Waiting() {
		runtime.Gosched()
	}
}

// Subjects with a credential come before those without. Subjects take turns,
// however many operations each has sent.
func TestLimiterOrder(t *testing.T) {
	t.Parallel()
	l := limits.NewLimiter(1, 1<<30)
	if refused := l.Acquire(from(t.Context(), 1), public, 0, soon()); refused != nil {
		t.Fatal(refused)
	}
	order := make(chan int, 10)
	for _, w := range []struct {
		n int
		v *domain.Viewer
	}{{1, public}, {1, public}, {1, public}, {2, public}, {2, public}, {3, public}, {8, keyHolder(8)}, {8, keyHolder(8)}, {9, keyHolder(9)}} {
		queue(from(t.Context(), w.n), l, w.v, 0, func(bool) { order <- w.n })
	}
	l.Release()
	var got []int
	for range 9 {
		got = append(got, <-order)
	}
	if want := []int{8, 9, 8, 1, 2, 3, 1, 2, 1}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for l.Free() != 1 {
		runtime.Gosched() // until the last has been released
	}
}

// One query of a second client does not stand behind the 70 of the first.
func TestLimiterIsFair(t *testing.T) {
	t.Parallel()
	l := limits.NewLimiter(1, 32<<20)
	if refused := l.Acquire(from(t.Context(), 1), public, 0, soon()); refused != nil {
		t.Fatal(refused)
	}
	order := make(chan int, 100)
	for range 69 {
		queue(from(t.Context(), 1), l, public, 300, func(admitted bool) { order <- 1 })
	}
	queue(from(t.Context(), 2), l, public, 300, func(admitted bool) { order <- 2 })
	l.Release()
	var got []int
	for range 70 {
		got = append(got, <-order)
	}
	if at := slices.Index(got, 2); at > 1 {
		t.Errorf("the second client's query was number %d, want at most 2", at+1)
	}
}

// The memory of what waits is bounded. Where it is full, the client with most
// of it makes room for others; a client with one operation is never pushed out
// by another like it.
func TestLimiterIsBounded(t *testing.T) {
	t.Parallel()
	const most = 8 * (limits.WaiterSize + 100)
	l := limits.NewLimiter(1, most)
	ctx, cancel := context.WithCancel(t.Context())
	defer cancel()
	if refused := l.Acquire(from(ctx, 1), public, 0, soon()); refused != nil {
		t.Fatal(refused)
	}
	ended := make(chan bool, 100)
	for range 8 {
		queue(from(ctx, 1), l, public, 100, func(admitted bool) { ended <- admitted })
	}
	refused, _ := errors.AsType[*limits.Error](l.Acquire(from(ctx, 1), public, 100, soon()))
	if refused == nil || refused.Code != "UNAVAILABLE" || refused.RetryAfter == 0 {
		t.Fatalf("the subject that fills the queue: got %v", refused)
	}
	// Seven others push out seven of the first, whose last is left.
	for n := range 7 {
		go func() {
			refused := l.Acquire(from(ctx, 2+n), public, 100, soon())
			ended <- refused == nil
		}()
		if <-ended {
			t.Error("an operation was admitted while none ended")
		}
	}
	for clients := 0; clients != 8; {
		_, clients, _ = l.Waiting()
		runtime.Gosched()
	}
	if all, _, size := l.Waiting(); all != 8 || size > most {
		t.Errorf("%d wait, of %d bytes, want 8 of at most %d", all, size, most)
	}
	// Of many addresses with one each, those that were first stay.
	for n := range 500 {
		if refused := l.Acquire(from(ctx, 100+n), public, 100, soon()); refused == nil {
			t.Fatal("an operation was admitted while none ended")
		}
	}
	// Those with a credential have a queue of their own.
	queue(from(ctx, 1), l, keyHolder(1), 100, func(admitted bool) { ended <- admitted })
	// One that is larger than all of it has no place.
	if refused := l.Acquire(from(ctx, 1), keyHolder(2), most, soon()); refused == nil {
		t.Error("an operation waits that is larger than the queue")
	}

	// Those whose client goes away leave nothing behind.
	cancel()
	for range 9 {
		if <-ended {
			t.Error("an operation was admitted while none ended")
		}
	}
	if all, clients, size := l.Waiting(); all != 0 || clients != 0 || size != 0 {
		t.Errorf("%d wait, of %d clients and %d bytes, want none", all, clients, size)
	}
	l.Release()
	if l.Free() != 1 {
		t.Errorf("%d places are free, want 1", l.Free())
	}
}

// An operation waits until the time that it is given, and no longer.
func TestLimiterIsLate(t *testing.T) {
	t.Parallel()
	l := limits.NewLimiter(1, 1<<20)
	if refused := l.Acquire(from(t.Context(), 1), public, 0, soon()); refused != nil {
		t.Fatal(refused)
	}
	if refused := l.Acquire(from(t.Context(), 1), public, 0, time.Now()); refused == nil {
		t.Error("an operation was admitted while none ended")
	}
	if all, clients, size := l.Waiting(); all != 0 || clients != 0 || size != 0 {
		t.Errorf("%d wait, of %d clients and %d bytes, want none", all, clients, size)
	}
}

// Whatever happens to many operations at once, nothing is lost and nothing is
// left behind.
func TestLimiterUnderLoad(t *testing.T) {
	t.Parallel()
	const places = 3
	l := limits.NewLimiter(places, 40*limits.WaiterSize)
	var running, admitted, refusals int
	var mu sync.Mutex
	var all sync.WaitGroup
	for n := range 300 {
		all.Go(func() {
			ctx, cancel := context.WithCancel(from(t.Context(), n%7))
			defer cancel()
			if n%5 == 0 {
				go cancel()
			}
			v := public
			if n%3 == 0 {
				v = keyHolder(1 + n%4)
			}
			refused := l.Acquire(ctx, v, int64(n), soon())
			mu.Lock()
			if refused != nil {
				refusals++
				mu.Unlock()
				return
			}
			admitted++
			if running++; running > places {
				t.Errorf("%d run at once, want at most %d", running, places)
			}
			mu.Unlock()
			runtime.Gosched()
			mu.Lock()
			running--
			mu.Unlock()
			l.Release()
		})
	}
	all.Wait()
	if waiting, clients, size := l.Waiting(); waiting != 0 || clients != 0 || size != 0 || l.Free() != places || admitted+refusals != 300 {
		t.Errorf("%d wait, of %d clients and %d bytes; %d places are free; %d were admitted and %d refused",
			waiting, clients, size, l.Free(), admitted, refusals)
	}
}
