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

// checks are what has to hold for the server to be sent requests. r is the check
// of a replica; nil where there is none.
func checks(b *backend, now func() time.Time, r *replica) []server.Check {
	all := []server.Check{
		{Name: "stores", Ask: b.stores.Ping},
		{Name: "migrations", Ask: once(func(ctx context.Context) error {
			pending, err := b.stores.Pending(ctx)
			if err == nil && pending {
				err = domain.Conflict("the schema has steps that are not applied yet")
			}
			return err
		})},
		{Name: "live", Ask: (&lagCheck{lag: b.desk.Live().Lag, now: now}).ask},
	}
	if r != nil {
		all = append(all, server.Check{Name: "replica", Ask: r.ask})
	}
	return all
}

// once asks until the answer was good: steps that are applied stay so.
func once(ask func(context.Context) error) func(context.Context) error {
	var mu sync.Mutex
	good := false
	return func(ctx context.Context) error {
		mu.Lock()
		defer mu.Unlock()
		if good {
			return nil
		}
		err := ask(ctx)
		good = err == nil
		return err
	}
}

// lagLimit is how long live may be behind the publication log. A moment is
// normal: a release is in the log first. A release of thousands takes some
// seconds.
const lagLimit = 15 * time.Second

// lagCheck fails while live has never been seen abreast of the log, and from
// then on when it has lagged for longer than lagLimit.
type lagCheck struct {
	lag func(context.Context) (int64, error)
	now func() time.Time

	mu      sync.Mutex
	abreast bool
	since   time.Time // of the lag that there is; zero: none
}

func (c *lagCheck) ask(ctx context.Context) error {
	entries, err := c.lag(ctx)
	message := fmt.Sprintf("live is %d entries behind the publication log", entries)
	if errors.Is(err, context.DeadlineExceeded) {
		// A large release is being applied, and has the connection.
		entries, message, err = 1, "live has been busy for long", nil
	}
	if err != nil {
		return err
	}
	c.mu.Lock()
	defer c.mu.Unlock()
	if entries <= 0 {
		c.abreast, c.since = true, time.Time{}
		return nil
	}
	if c.since.IsZero() {
		c.since = c.now()
	}
	if c.abreast && c.now().Sub(c.since) < lagLimit {
		return nil
	}
	return &domain.Error{Kind: domain.KindUnavailable, Message: message}
}
