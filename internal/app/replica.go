package app

import (
	"context"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

const (
	// defaultMaxLag is the default of --live-max-lag, the largest lag of a replica.
	defaultMaxLag = 30 * time.Second
	// minMaxLag is the smallest value of --live-max-lag: every publication takes a
	// moment to arrive.
	minMaxLag = time.Second
	// lagInterval is how often the lag of a replica is checked without a request.
	lagInterval = 5 * time.Second
)

// replicaCheck is the readiness check of the lag of the replica that live is read
// from. It logs when the lag becomes too large, and when it is small again.
type replicaCheck struct {
	lag    func(context.Context) (time.Duration, error)
	maxLag time.Duration
	log    *slog.Logger

	mu     sync.Mutex
	behind bool
}

func (r *replicaCheck) check(ctx context.Context) error {
	lag, err := r.lag(ctx)
	if err != nil {
		return fmt.Errorf("check the lag of the replica: %w", err)
	}
	behind := lag > r.maxLag
	r.mu.Lock()
	changed := behind != r.behind
	r.behind = behind
	r.mu.Unlock()
	switch {
	case changed && behind:
		r.log.WarnContext(ctx, "the replica of live lags", "lag", lag.Round(time.Second), "max_lag", r.maxLag)
	case changed:
		r.log.InfoContext(ctx, "the replica of live has caught up", "lag", lag.Round(time.Second), "max_lag", r.maxLag)
	}
	if behind {
		return &domain.Error{Kind: domain.KindUnavailable,
			Message: fmt.Sprintf("the replica of live is %s behind; the limit is %s", lag.Round(time.Second), r.maxLag)}
	}
	return nil
}

// run checks at intervals until ctx is done, so that the lag is logged also without
// requests of /readyz.
func (r *replicaCheck) run(ctx context.Context) error {
	tick := time.NewTicker(lagInterval)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			// An error shows in /readyz; a lag was logged.
			_ = r.checkWithin(ctx, lagInterval)
		}
	}
}

func (r *replicaCheck) checkWithin(ctx context.Context, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return r.check(ctx)
}
