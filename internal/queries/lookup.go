package queries

import (
	"context"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/registereddocument"
	"github.com/redthread-api/redthread/internal/domain"
)

const (
	maxCachedTexts   = 2000
	maxCachedMissing = 20_000
	// textTTL is how long another process may run a document whose registration
	// has ended, and missingTTL how long it may not know a new one.
	textTTL    = 10 * time.Second
	missingTTL = 5 * time.Second
)

// lookupCache has the results of look-ups of registered documents. It is safe
// for concurrent use.
type lookupCache struct {
	// generation is the number of changes that this process has made.
	generation atomic.Int64

	mu    sync.Mutex
	texts *lru.LRU[string, cachedText] // by id
	// missing has ids that are not registered, with the time until which that
	// is taken to be so. Clients of automatic persisted queries ask for such
	// ids, and so do attackers.
	missing *lru.LRU[string, time.Time]
}

type cachedText struct {
	text  string
	until time.Time
}

func newLookupCache() *lookupCache {
	texts, err := lru.NewLRU[string, cachedText](maxCachedTexts, nil)
	if err != nil {
		panic(err) // the size is a constant
	}
	missing, err := lru.NewLRU[string, time.Time](maxCachedMissing, nil)
	if err != nil {
		panic(err) // the size is a constant
	}
	return &lookupCache{texts: texts, missing: missing}
}

// lookup is the result of a look-up.
type lookup struct {
	text  string
	found bool
	// until is when the result expires, and generation the cache's when the
	// look-up began.
	until      time.Time
	generation int64
}

// get returns the result for an id that is not expired at a time. Where there
// is none, ok is false and the result has the generation alone.
func (c *lookupCache) get(id string, at time.Time) (result lookup, ok bool) {
	c.mu.Lock()
	defer c.mu.Unlock()
	result.generation = c.generation.Load()
	if t, ok := c.texts.Get(id); ok && at.Before(t.until) {
		result.text, result.found, result.until = t.text, true, t.until
		return result, true
	}
	until, ok := c.missing.Get(id)
	return result, ok && at.Before(until)
}

// put caches a result, unless something has changed since its look-up began.
func (c *lookupCache) put(id string, result lookup) {
	c.mu.Lock()
	defer c.mu.Unlock()
	switch {
	case result.generation != c.generation.Load():
	case result.found:
		c.texts.Add(id, cachedText{result.text, result.until})
	default:
		c.missing.Add(id, result.until)
	}
}

// invalidate removes ids, and makes put drop the results of look-ups that are
// under way.
func (c *lookupCache) invalidate(ids ...string) {
	c.mu.Lock()
	defer c.mu.Unlock()
	c.generation.Add(1)
	for _, id := range ids {
		c.texts.Remove(id)
		c.missing.Remove(id)
	}
}

// Text returns the text of a registered document; ok is false where there is
// none with the id. The result is read from the desk and then cached for some
// seconds, also where there is none.
func (r *Registry) Text(ctx context.Context, id string) (text string, ok bool, err error) {
	result, err := r.lookUp(ctx, id)
	return result.text, result.found, err
}

func (r *Registry) lookUp(ctx context.Context, id string) (lookup, error) {
	id = storedID(id)
	if !validID.MatchString(id) {
		return lookup{}, nil
	}
	at := r.now() // before the read: the result can be out of date from then on
	result, ok := r.cache.get(id, at)
	if ok {
		return result, nil
	}
	system := domain.WithStage(domain.AsSystem(ctx, "look up a registered document"), domain.Desk)
	row, err := r.stores.Client(system).RegisteredDocument.Query().Where(registereddocument.DocumentID(id)).Only(system)
	switch {
	case db.IsNotFound(err):
		result.until = at.Add(missingTTL)
	case err != nil:
		return lookup{}, fmt.Errorf("look up a registered document: %w", err)
	default:
		result.text, result.found, result.until = row.Text, true, at.Add(textTTL)
	}
	r.cache.put(id, result)
	return result, nil
}
