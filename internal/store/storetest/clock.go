package storetest

import (
	"sync"
	"time"
)

// Clock is a clock for tests. It moves only when the test advances it, or by a
// fixed step with each call of Now. It is safe for concurrent use.
type Clock struct {
	step time.Duration

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

// Now returns the time. It is for the now parameters of constructors.
func (c *Clock) Now() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(c.step)
	return c.now
}

// Last returns the time of the last call of Now or of the last advance, without
// a step.
func (c *Clock) Last() time.Time {
	c.mu.Lock()
	defer c.mu.Unlock()
	return c.now
}

// Advance moves the clock forward by d.
func (c *Clock) Advance(d time.Duration) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.now = c.now.Add(d)
}

// AdvanceTo moves the clock forward to t. It does nothing if t is not later than
// the clock.
func (c *Clock) AdvanceTo(t time.Time) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if t.After(c.now) {
		c.now = t
	}
}
