package app

import (
	"context"
	"errors"
	"fmt"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/server"
)

// checks returns the readiness checks. r is the check of the replica; nil if there
// is none.
func checks(b *backend, now func() time.Time, r *replicaCheck) []server.Check {
	all := []server.Check{
		{Name: "stores", Run: b.stores.Ping},
		{Name: "migrations", Run: untilSuccess(func(ctx context.Context) error {
			pending, err := b.stores.Pending(ctx)
			if err == nil && pending {
				err = domain.Conflict("the schema has pending migrations")
			}
			return err
		})},
		{Name: "live", Run: (&lagCheck{lag: b.live.Lag, now: now}).check},
	}
	if r != nil {
		all = append(all, server.Check{Name: "replica", Run: r.check})
	}
	return all
}

// untilSuccess returns a check that is not run any more after its first success:
// applied migrations stay applied.
func untilSuccess(check func(context.Context) error) func(context.Context) error {
	var mu sync.Mutex
	done := false
	return func(ctx context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if done {
			return nil
		}
		err := check(ctx)
		done = err == nil
		return err
	}
}

// lagLimit is how long live may be behind the publication log. A short lag is
// normal: a release is in the log first, and a release of thousands of documents
// takes some seconds.
const lagLimit = 15 * time.Second

// lagCheck fails until live has caught up with the log for the first time, and
// after that whenever live has lagged for longer than lagLimit.
type lagCheck struct {
	lag func(context.Context) (int64, error)
	now func() time.Time

	mu       sync.Mutex
	caughtUp bool
	since    time.Time // begin of the present lag; zero: none
}

func (c *lagCheck) check(ctx context.Context) error {
	entries, err := c.lag(ctx)
	message := fmt.Sprintf("live is %d entries behind the publication log", entries)
	if errors.Is(err, context.DeadlineExceeded) {
		// A large release is being applied and holds the connection.
		entries, message, err = 1, "live has been busy for too long", nil
	}
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if entries <= 0 {
		c.caughtUp, c.since = true, time.Time{}
		return nil
	}
	if c.since.IsZero() {
		c.since = c.now()
	}
	if c.caughtUp && c.now().Sub(c.since) < lagLimit {
		return nil
	}
	return &domain.Error{Kind: domain.KindUnavailable, Message: message}
}
