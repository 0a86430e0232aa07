package storetest

import (
	"sync"
	"time"
)

// Clock is the clock of tests: it shows the time that the test sets. It is safe
// for concurrent use.
type Clock struct {
	step    time.Duration
	started time.Time // of a running clock: the real time of its start

	mu  sync.Mutex
	now time.Time
}

// NewClock returns a clock that stands still at start.
func NewClock(start time.Time) *Clock { return &Clock{now: start} }

// NewSteppingClock returns a clock that each call of Now advances by step, so
// that no two calls return the same time. The first call returns start plus
// step.
func NewSteppingClock(start time.Time, step time.Duration) *Clock {
	return &Clock{now: start, step: step}
}

// NewRunningClock returns a clock that runs like a real one. It shows the real
// time until it is advanced.
func NewRunningClock() *Clock {
	now := time.Now()
	return &Clock{now: now, started: now}
}

// Now returns the time. It is for the now parameters of constructors.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(c.step)
	return c.shown()
}

// Last returns what a stepping clock showed last, without a step. For other
// clocks it is the same as Now.
func (c *Clock) Last() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.shown()
}

// Advance moves the clock forward by d.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// AdvanceTo moves the clock forward to t. It does nothing if t is not later than
// the time that the clock shows.
func (c *Clock) AdvanceTo(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(max(t.Sub(c.shown()), 0))
}

// shown returns the time on the clock; c.mu is held.
func (c *Clock) shown() time.Time {
	if c.started.IsZero() {
		return c.now
	}
	return c.now.Add(time.Since(c.started))
}
