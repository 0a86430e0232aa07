package respcache

import (
	"slices"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/redthread-api/redthread/internal/dependency"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
)

// rememberedSteps is how many steps of live a cache knows. An entry that was not used for
// longer is dropped.
const rememberedSteps = 256

// state is what a cache knows of live: its version, and what changed on the way to it. It
// is replaced, and never changed.
type state struct {
	version projection.Version
	// epoch counts the steps. The last of steps led to it.
	epoch int64
	steps []projection.Step
}

// next returns the state after steps to a version; those of before are forgotten if known
// is false.
func (s *state) next(to projection.Version, steps []projection.Step, known bool) *state {
	if !known {
		// No entry of before is usable: the epoch goes on by a step that is not there.
		return &state{version: to, epoch: s.epoch + 1}
	}
	all := slices.Concat(s.steps, steps)
	return &state{version: to, epoch: s.epoch + int64(len(steps)), steps: all[max(len(all)-rememberedSteps, 0):]}
}

// shows reports whether a viewer of a clearance would get the same response as the one in
// an entry, because no step since the entry was confirmed last has changed what it depends
// on.
func (s *state) shows(e *entry, clearance domain.Marking) bool {
	missed := s.epoch - e.confirmed.Load()
	if missed <= 0 {
		return true
	}
	if missed > int64(len(s.steps)) {
		return false
	}
	for i := range s.steps[int64(len(s.steps))-missed:] {
		if changes(&s.steps[int64(len(s.steps))-missed+int64(i)], e.dependsOn, clearance) {
			return false
		}
	}
	e.confirmed.Store(s.epoch) // a concurrent one may store less, which is checked again
	return true
}

// changes reports whether a step changes one of keys, which are in order, for viewers of a
// clearance.
func changes(s *projection.Step, keys []dependency.Key, clearance domain.Marking) bool {
	switch {
	case s.Everything:
		return true
	case len(keys) == 0:
		return false
	case keys[0] == dependency.Everything:
		return true
	}
	if len(keys) < len(s.Keys) {
		for _, key := range keys {
			i, found := slices.BinarySearchFunc(s.Keys, key, compareKey)
			if found && s.Keys[i].ChangedFor(clearance) {
				return true
			}
		}
		return false
	}
	for _, changed := range s.Keys {
		if !changed.ChangedFor(clearance) {
			continue
		}
		if _, found := slices.BinarySearch(keys, changed.Key); found {
			return true
		}
	}
	return false
}

func compareKey(changed projection.ChangedKey, key dependency.Key) int {
	switch {
	case changed.Key < key:
		return -1
	case changed.Key > key:
		return 1
	}
	return 0
}

// state returns that of the known version of live, and how long ago that was confirmed;
// nil where that is too long ago.
func (c *Cache) state(now time.Time) (*state, time.Duration) {
	v := c.live.Version()
	age := now.Sub(v.ConfirmedAt)
	if age > maxVersionAge {
		return nil, 0
	}
	s := c.current.Load()
	if !s.version.Same(v) {
		s = c.advance()
	}
	return s, max(age, 0)
}

// advance brings the state to the known version of live. It looks the version up again, so
// that of concurrent calls the latest version wins.
func (c *Cache) advance() *state {
	c.advanceMu.Lock()
	defer c.advanceMu.Unlock()
	s := c.current.Load()
	steps, to, known := c.live.Steps(s.version)
	if s.version.Same(to) {
		return s
	}
	s = s.next(to, steps, known)
	c.current.Store(s)
	return s
}

// drop removes an entry that is no longer right, unless another has replaced it.
func (c *Cache) drop(k key, e *entry) {
	c.entries.ComputeIfPresent(k, func(present *entry) (*entry, otter.ComputeOp) {
		if present.confirmed != e.confirmed {
			return present, otter.CancelOp
		}
		c.dropped.Add(1)
		return nil, otter.InvalidateOp
	})
}

// sweep drops the entries that are no longer right.
func (c *Cache) sweep() {
	if c.entries == nil {
		return
	}
	s := c.current.Load()
	for k, e := range c.entries.All() {
		if !s.shows(e, e.clearance) {
			c.drop(k, e)
		}
	}
}
