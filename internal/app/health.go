package app

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"slices"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/search"
	"github.com/redthread-api/redthread/internal/server"
)

// checks returns the readiness checks. r is the check of the replica; nil if there
// is none. data is the data folder; empty if the stores are not in it.
func checks(b *backend, now func() time.Time, r *replicaCheck, data string) []server.Check {
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
	for _, c := range selfChecks(b, now, data) {
		all = append(all, server.Check{Name: c.name, Run: c.check, Note: c.shown})
	}
	return all
}

// selfCheckEvery is how often a self-check looks. Anybody may ask for /readyz, however often.
const selfCheckEvery = 10 * time.Second

// selfCheck is a readiness check that never fails. It notes in short what "redthread doctor" finds, where
// that is cheap to find and not secret.
type selfCheck struct {
	name string
	look func(context.Context) string // the note; empty if all is well
	now  func() time.Time
	log  *slog.Logger

	mu   sync.Mutex
	at   time.Time
	note string
}

func (c *selfCheck) check(ctx context.Context) error {
	c.mu.Lock()
	defer c.mu.Unlock()
	at := c.now()
	if since := at.Sub(c.at); since >= 0 && since < selfCheckEvery {
		return nil
	}
	before := c.note
	c.at, c.note = at, c.look(ctx)
	switch {
	case c.note == before:
	case c.note != "":
		c.log.WarnContext(ctx, "attention is needed: run \"redthread doctor\"", "check", c.name, "found", c.note)
	default:
		c.log.InfoContext(ctx, "attention is not needed any more", "check", c.name, "found", before)
	}
	return nil
}

func (c *selfCheck) shown() string {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.note
}

// selfChecks returns the self-checks of a server. An error of the database is none of theirs: the check of the stores
// fails then.
func selfChecks(b *backend, now func() time.Time, data string) []*selfCheck {
	all := []*selfCheck{
		{name: "clock", look: func(ctx context.Context) string {
			newest, err := projection.LastEntryAt(ctx, b.stores.DeskRows())
			if err == nil && newest.Sub(now()) > maxClockBehind {
				return "the clock is behind the publication log"
			}
			return ""
		}},
		{name: "search", look: func(ctx context.Context) string {
			states, err := b.searchMaintenance.States(ctx, false)
			if err == nil && slices.ContainsFunc(states, func(s search.State) bool { return s.Building || s.Renewing }) {
				return "a search index is being built"
			}
			return ""
		}},
	}
	if data != "" {
		all = append(all, &selfCheck{name: "disk", look: func(context.Context) string {
			if free, known := freeSpace(data); known && free < lowSpace {
				return "little disk space is left"
			}
			return ""
		}})
	}
	for _, c := range all {
		c.now, c.log = now, b.log
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
