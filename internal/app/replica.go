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
	// defaultMaxLag is how far a replica may be behind unless --live-max-lag
	// says something else.
	defaultMaxLag = 30 * time.Second
	// minMaxLag is the shortest that can be asked for: every publish takes a
	// moment to arrive.
	minMaxLag = time.Second
	// lagPause is how often a replica is looked at while nobody asks.
	lagPause = 5 * time.Second
)

// replica is the check of how far live lags where it is read. It logs when that
// gets too far, and when that is over.
type replica struct {
	lag  func(context.Context) (time.Duration, error)
	most time.Duration
	log  *slog.Logger

	mu     sync.Mutex
	behind bool
}

func (r *replica) ask(ctx context.Context) error {
	lag, err := r.lag(ctx)
	if err != nil {
		return fmt.Errorf("look how far the replica lags: %w", err)
	}
	behind := lag > r.most
	r.mu.Lock()
	changed := behind != r.behind
	r.behind = behind
	r.mu.Unlock()
	switch {
	case changed && behind:
		r.log.WarnContext(ctx, "live is read from a replica that lags", "lag", lag.Round(time.Second), "max_lag", r.most)
	case changed:
		r.log.InfoContext(ctx, "live is read from a replica that lags no longer", "lag", lag.Round(time.Second), "max_lag", r.most)
	}
	if behind {
		return &domain.Error{Kind: domain.KindUnavailable,
			Message: fmt.Sprintf("live is read from a replica that is %s behind; at most %s is allowed", lag.Round(time.Second), r.most)}
	}
	return nil
}

// run asks from time to time until ctx is done, so that the log has it also
// where nobody asks for /readyz.
func (r *replica) run(ctx context.Context) error {
	tick := time.NewTicker(lagPause)
	defer tick.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-tick.C:
			// What failed shows in /readyz; what lags was logged.
			_ = r.askWithin(ctx, lagPause)
		}
	}
}

func (r *replica) askWithin(ctx context.Context, d time.Duration) error {
	ctx, cancel := context.WithTimeout(ctx, d)
	defer cancel()
	return r.ask(ctx)
}
