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

// queue lets somebody wait at a gate and returns when they do. What became of
// them is told later.
func queue(ctx context.Context, g graph.Gate, v *domain.Viewer, told func(admitted bool)) {
	before, _ := g.Waiting()
	go func() {
		refused := g.Enter(ctx, v)
		told(refused == nil)
		if refused == nil {
			g.Leave()
		}
	}()
	for n := before; n == before; n, _ = g.Waiting() {
		runtime.Gosched()
	}
}

// Who has a credential comes before all who have none. Among those payers take
// turns, whoever has asked for most.
func TestGateOrder(t *testing.T) {
	t.Parallel()
	g := graph.NewGate(1, 10, 10)
	if refused := g.Enter(from(t.Context(), 1), public); refused != nil {
		t.Fatal(refused)
	}
	order := make(chan int, 10)
	for _, w := range []struct {
		n int
		v *domain.Viewer
	}{{1, public}, {1, public}, {1, public}, {2, public}, {2, public}, {3, public}, {8, keyHolder(8)}, {8, keyHolder(8)}, {9, keyHolder(9)}} {
		queue(from(t.Context(), w.n), g, w.v, func(bool) { order <- w.n })
	}
	g.Leave()
	var got []int
	for range 9 {
		got = append(got, <-order)
	}
	if want := []int{8, 9, 8, 1, 2, 3, 1, 2, 1}; !slices.Equal(got, want) {
		t.Errorf("got %v, want %v", got, want)
	}
	for g.Free() != 1 {
		runtime.Gosched() // until the last has left
	}
}

// There are only so many places to wait in, for one payer, and for all of the
// anonymous together, who take none from those with a credential.
func TestGateIsFull(t *testing.T) {
	t.Parallel()
	g := graph.NewGate(1, 4, 2)
	ctx, cancel := context.WithCancel(t.Context())
	told := make(chan bool, 10)
	wait := func(n int, v *domain.Viewer) {
		queue(from(ctx, n), g, v, func(admitted bool) { told <- admitted })
	}
	full := func(what string, n int, v *domain.Viewer) {
		t.Helper()
		if refused := g.Enter(from(ctx, n), v); refused == nil || refused.Extensions["code"] != "UNAVAILABLE" || refused.Extensions["retryAfter"] == nil {
			t.Errorf("%s: got %v", what, refused)
		}
	}
	if refused := g.Enter(from(ctx, 1), public); refused != nil {
		t.Fatal(refused)
	}
	wait(1, public)
	wait(1, public)
	full("one address", 1, public)
	wait(2, public)
	wait(3, public)
	full("another address", 4, public)
	wait(1, keyHolder(1))
	wait(1, keyHolder(1))
	full("one key", 1, keyHolder(1))
	wait(1, keyHolder(2))

	// Whoever goes away gives up the place.
	cancel()
	for range 7 {
		if <-told {
			t.Error("somebody was admitted while nobody left")
		}
	}
	if n, payers := g.Waiting(); n != 0 || payers != 0 {
		t.Errorf("%d still wait, of %d payers", n, payers)
	}
	g.Leave()
	if g.Free() != 1 {
		t.Errorf("%d places are free, want 1", g.Free())
	}
}
