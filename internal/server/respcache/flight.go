package respcache

import "sync"

// flightKey is what requests that share a flight have in common. A request with a
// credential doesn't wait for one without, which may have to queue for longer.
type flightKey struct {
	key        key
	epoch      int64 // of the state that was known when the request arrived
	credential bool
}

// flight is a response that is being made, for all requests with the same key that
// arrive meanwhile.
type flight struct {
	cache *Cache
	key   flightKey
	once  sync.Once
	// done is closed when the flight is finished; the fields below are set before.
	done        chan struct{}
	entry       *entry // nil: there is no response to share
	uncacheable bool   // and none will be: each request must make its own
}

// join returns the flight of a key. lead is true where it is new: the caller then has
// to make the response and finish the flight.
func (c *Cache) join(k flightKey) (f *flight, lead bool) {
	c.flightMu.Lock()
	defer c.flightMu.Unlock()
	if f := c.flights[k]; f != nil {
		return f, false
	}
	f = &flight{cache: c, key: k, done: make(chan struct{})}
	c.flights[k] = f
	return f, true
}

// finish ends the flight; only the first call counts.
func (f *flight) finish(e *entry, uncacheable bool) {
	f.once.Do(func() {
		f.cache.flightMu.Lock()
		delete(f.cache.flights, f.key)
		f.cache.flightMu.Unlock()
		f.entry, f.uncacheable = e, uncacheable
		close(f.done)
	})
}
