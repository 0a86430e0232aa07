package store_test

import (
	"bytes"
	"context"
	"log/slog"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// Readers are served by the nearest replica that is healthy and does not lag, then by the
// primary, then by what is left; staff by the primary alone.
func TestWhichServerIsRead(t *testing.T) {
	t.Parallel()
	near := store.ReplicaState{Name: "near", Healthy: true, Sequence: 9, Latency: time.Millisecond}
	far := store.ReplicaState{Name: "far", Healthy: true, Sequence: 9, Latency: 50 * time.Millisecond}
	primary := store.ReplicaState{Name: "primary", Healthy: true, Sequence: 9, Latency: 100 * time.Millisecond}
	with := func(r store.ReplicaState, change func(*store.ReplicaState)) store.ReplicaState {
		change(&r)
		return r
	}
	lost := func(r *store.ReplicaState) { r.Healthy = false }
	lags := func(r *store.ReplicaState) { r.Sequence, r.Behind = 7, 2*time.Second }
	arrives := func(r *store.ReplicaState) { r.Sequence, r.Behind = 8, 100*time.Millisecond }
	ahead := func(r *store.ReplicaState) { r.Sequence = 9 }
	for _, tt := range []struct {
		name    string
		floor   int64
		servers []store.ReplicaState // the primary is the last
		staff   bool
		tried   int // how many were picked before
		want    string
	}{
		{"Nearest", 0, []store.ReplicaState{far, near, primary}, false, 0, "near"},
		{"NearestIsLost", 0, []store.ReplicaState{far, with(near, lost), primary}, false, 0, "far"},
		{"NearestLags", 0, []store.ReplicaState{far, with(near, lags), primary}, false, 0, "far"},
		{"NearestIsJustBehind", 0, []store.ReplicaState{far, with(near, arrives), primary}, false, 0, "near"},
		{"NotBackInTime", 9, []store.ReplicaState{with(far, ahead), with(near, arrives), primary}, false, 0, "far"},
		{"PrimaryBeforeBackInTime", 9, []store.ReplicaState{with(far, lost), with(near, arrives), primary}, false, 0, "primary"},
		{"BackInTimeBeforeNothing", 9, []store.ReplicaState{with(far, lags), with(near, arrives), with(primary, lost)}, false, 0, "near"},
		{"AllAreLost", 0, []store.ReplicaState{with(near, lost), with(primary, lost)}, false, 0, "near"},
		{"SecondTry", 0, []store.ReplicaState{far, near, primary}, false, 1, "far"},
		{"LastTry", 0, []store.ReplicaState{far, near, primary}, false, 2, "primary"},
		{"NoMoreTries", 0, []store.ReplicaState{far, near, primary}, false, 3, ""},
		{"Staff", 0, []store.ReplicaState{far, near, primary}, true, 0, "primary"},
		{"StaffWithoutPrimary", 0, []store.ReplicaState{near, with(primary, lost)}, true, 0, "primary"},
		{"StaffTryOnce", 0, []store.ReplicaState{near, primary}, true, 1, ""},
	} {
		ctx := domain.WithViewer(context.Background(), domain.Anonymous())
		if tt.staff {
			ctx = domain.AsSystem(ctx, "test")
		}
		if got := store.PickReplica(ctx, tt.floor, tt.servers, tt.tried); got != tt.want {
			t.Errorf("%s: got %q, want %q", tt.name, got, tt.want)
		}
	}
}

// The log tells servers on one host apart.
func TestLostReplicasAreNamedWithTheirPorts(t *testing.T) {
	t.Parallel()
	var log bytes.Buffer
	c := storetest.PostgresConfig(t)
	c.LiveDSN = "postgres://127.0.0.1:1/redthread ; postgres://[::1]:2/redthread"
	c.Log = slog.New(slog.NewTextHandler(&log, nil))
	s, err := store.Open(t.Context(), c)
	if err != nil {
		t.Fatal(err)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
	for _, want := range []string{"server=127.0.0.1:1 ", "server=[::1]:2 "} {
		if got := strings.Count(log.String(), want); got != 1 {
			t.Errorf("got %d lines with %s, want 1:\n%s", got, want, &log)
		}
	}
}
