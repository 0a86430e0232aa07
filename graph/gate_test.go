package graph_test

import (
	"context"
	"net/netip"
	"runtime"
	"slices"
	"strconv"
	"testing"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/domain"
)

// from is a context of a request from the n-th address.
func from(ctx context.Context, n int) context.Context {
	return domain.WithClient(ctx, netip.AddrFrom4([4]byte{192, 0, 2, byte(n)}))
}

func keyHolder(n int) *domain.Viewer {
	return &domain.Viewer{Name: "key " + strconv.Itoa(n), Role: domain.Partner, KeyID: domain.ID(n)}
}

// queue lets somebody wait at a gate and returns when they do.
func queue(t *testing.T, g graph.Gate, ctx context.Context, v *domain.Viewer, admitted func(leave func())) {
	t.Helper()
	count := func() int { a, b := g.Waiting(); return a + b }
	before := count()
	go func() {
		if leave, refused := g.Enter(ctx, v); refused == nil {
			admitted(leave)
		} else {
			admitted(nil)
		}
	}()
	for count() == before {
		runtime.Gosched()
	}
}

// Who has a credential comes before all who have none; otherwise the order is
// that of coming.
func TestGateOrder(t *testing.T) {
	t.Parallel()
	g := graph.NewGate(1)
	first, refused := g.Enter(from(t.Context(), 1), public)
	if refused != nil {
		t.Fatal(refused)
	}
	order := make(chan int, 4)
	wait := func(n int, v *domain.Viewer) {
		queue(t, g, from(t.Context(), n), v, func(leave func()) { order <- n; leave() })
	}
	wait(1, public)
	wait(2, public)
	wait(3, keyHolder(3))
	wait(4, keyHolder(4))
	first()
	var got []int
	for range 4 {
		got = append(got, <-order)
	}
	if want := []int{3, 4, 1, 2}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for {
		if free, payers := g.Free(); free == 1 && payers == 0 {
			break // the last has left
		}
		runtime.Gosched()
	}
}

// No payer takes more than some of the places to wait in, and all of the
// anonymous together no place of those with a credential.
func TestGateIsShared(t *testing.T) {
	t.Parallel()
	g := graph.NewGate(1)
	ctx, cancel := context.WithCancel(t.Context())
	done := make(chan struct{}, 1000)
	wait := func(n int, v *domain.Viewer) {
		queue(t, g, from(ctx, n), v, func(leave func()) {
			if leave != nil {
				leave()
			}
			done <- struct{}{}
		})
	}
	leave, refused := g.Enter(from(ctx, 1), public)
	if refused != nil {
		t.Fatal(refused)
	}
	for range graph.MaxPerPayer[1] - 1 {
		wait(1, public)
	}
	full := func(what string, n int, v *domain.Viewer) {
		t.Helper()
		if _, refused := g.Enter(from(ctx, n), v); refused == nil || refused.Extensions["code"] != "UNAVAILABLE" || refused.Extensions["retryAfter"] == nil {
			t.Errorf("%s: got %v", what, refused)
		}
	}
	full("one address", 1, public)
	for n := range graph.MaxWaiting[1] - graph.MaxPerPayer[1] + 1 {
		wait(100+n, public)
	}
	full("another address", 200, public)
	for n := range graph.MaxWaiting[0] {
		wait(0, keyHolder(n+1))
	}
	full("a key", 0, keyHolder(100))

	// Whoever goes away gives up the place.
	cancel()
	for range graph.MaxWaiting[0] + graph.MaxWaiting[1] {
		<-done
	}
	leave()
	if free, payers := g.Free(); free != 1 || payers != 0 {
		t.Errorf("%d places are free, want 1; %d payers are remembered", free, payers)
	}
}
