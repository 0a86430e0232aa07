package respcache

import "sync"

// flightKey is what requests have in common that wait for one answer. Those
// with a credential don't wait for one without, who may have to wait longer to
// be let in.
type flightKey struct {
	key        key
	credential bool
}

// flight is an answer that is being made, for all who ask the same meanwhile.
type flight struct {
	generation *generation
	key        flightKey
	once       sync.Once
	// done is closed when there is nothing more to wait for, and then these
	// don't change any more.
	done        chan struct{}
	entry       *entry // nil: there is nothing to share
	uncacheable bool   // nor will there be: everybody has to ask for themselves
}

// join returns the flight of a key, and whether it is new, so that whoever
// called has to make the answer.
func (g *generation) join(k flightKey) (f *flight, lead bool) {
	g.mu.Lock()
	defer g.mu.Unlock()
	if f := g.flights[k]; f != nil {
		return f, false
	}
	f = &flight{generation: g, key: k, done: make(chan struct{})}
	g.flights[k] = f
	return f, true
}

// finish ends the flight; only the first call counts.
func (f *flight) finish(e *entry, never bool) {
	f.once.Do(func() {
		f.generation.mu.Lock()
		delete(f.generation.flights, f.key)
		f.generation.mu.Unlock()
		f.entry, f.uncacheable = e, never
		close(f.done)
	})
}
