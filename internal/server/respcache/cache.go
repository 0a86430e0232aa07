package respcache

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/redthread-api/redthread/internal/projection"
)

const (
	// DefaultSize is the default of [Config.Size], in bytes.
	DefaultSize = 64 << 20
	// MaxResponse is the size, in bytes before compression, from which on answers
	// are not kept: those are counted while they wait for their readers, and a
	// copy would not be.
	MaxResponse = 256 << 10

	// hitCost is the cost of a cache hit in the viewer's budget.
	hitCost = 1
	// maxVersionAge is how long a version may go without having been confirmed.
	maxVersionAge = 10 * time.Second
)

// Live says how far live has come. It is what [projection.Live] does.
type Live interface {
	// Version returns what is known in this process, at once.
	Version() projection.Version
	// Advanced returns a channel that is closed when live is no longer at a version.
	Advanced(from projection.Version) <-chan struct{}
}

// Budgets charges viewers for cache hits.
type Budgets interface {
	// Charge takes a cost from the budget of the viewer of ctx and puts into
	// the header how that stands; it returns false where too little is left.
	Charge(ctx context.Context, cost int, header http.Header) bool
}

// Config is what a cache is made of.
type Config struct {
	// Size bounds what is kept, in bytes; see [Cache]. With 0 nothing is, but
	// answers have their validators all the same.
	Size int64
	// MaxAge is for how long others may use an answer that everybody may see
	// without asking again whether it still holds.
	MaxAge  time.Duration
	Live    Live
	Budgets Budgets
	Log     *slog.Logger
	Now     func() time.Time
}

// Cache is a cache of HTTP responses. It is safe for concurrent use.
//
// Its size bounds the bytes that answers hold while they can be found: their
// bodies, plain and as compressed, their headers, their keys, and an allowance
// for the table's own records. Not in it are the copies on their way to slow
// readers, of which each connection has one at most, and for a moment after a
// publish, until the garbage collector has been by, what was kept before.
type Cache struct {
	size    uint64
	public  []string // the Cache-Control of what everybody may see
	live    Live
	budgets Budgets
	log     *slog.Logger
	now     func() time.Time

	current  atomic.Pointer[generation]
	rotateMu sync.Mutex

	hits, misses, shared, unchanged, dropped atomic.Int64
}

// New returns an empty cache.
func New(c Config) *Cache {
	cache := &Cache{size: uint64(max(c.Size, 0)), public: publicFor(c.MaxAge), live: c.Live, budgets: c.Budgets, log: c.Log, now: c.Now}
	cache.current.Store(cache.newGeneration(c.Live.Version()))
	return cache
}

// generation holds the entries of one version. It is left as a whole when live
// comes further, and then goes to the garbage collector with all that late
// comers may still put there.
type generation struct {
	version projection.Version
	entries *otter.Cache[key, *entry] // nil: nothing is cached

	mu      sync.Mutex
	flights map[flightKey]*flight
}

func (c *Cache) newGeneration(v projection.Version) *generation {
	g := &generation{version: v, flights: map[flightKey]*flight{}}
	if c.size > 0 {
		g.entries = otter.Must(&otter.Options[key, *entry]{
			MaximumWeight: c.size,
			Weigher:       func(_ key, e *entry) uint32 { return e.weight },
		})
	}
	return g
}

// generation returns that of the version that is known now, and how old that
// knowledge is; nil where it is too old to go by.
func (c *Cache) generation(now time.Time) (*generation, time.Duration) {
	v := c.live.Version()
	age := now.Sub(v.ConfirmedAt)
	if age > maxVersionAge {
		return nil, 0
	}
	g := c.current.Load()
	if !g.version.Same(v) {
		g = c.rotate()
	}
	return g, max(age, 0)
}

// rotate drops the entries of an earlier version. Of callers that have seen
// different versions the latest wins, because it is looked up again here.
func (c *Cache) rotate() *generation {
	c.rotateMu.Lock()
	defer c.rotateMu.Unlock()
	v, g := c.live.Version(), c.current.Load()
	if g.version.Same(v) {
		return g
	}
	if g.entries != nil {
		c.dropped.Add(int64(g.entries.EstimatedSize()))
	}
	g = c.newGeneration(v)
	c.current.Store(g)
	return g
}

// Run drops what is kept when live comes further, also while nobody asks, until
// ctx is done.
func (c *Cache) Run(ctx context.Context) error {
	for {
		select {
		case <-ctx.Done():
			s := c.Stats()
			c.log.InfoContext(ctx, "response cache statistics", "hits", s.Hits, "misses", s.Misses, "shared", s.Shared,
				"unchanged", s.Unchanged, "dropped", s.Dropped)
			return nil
		case <-c.live.Advanced(c.rotate().version):
		}
	}
}

// Stats are what a cache has done since it was made, and holds now.
type Stats struct {
	Hits      int64 // responses from the cache
	Misses    int64 // answers that had to be made and might have been kept
	Shared    int64 // answers that were made for another request at the same time
	Unchanged int64 // of all these, those that the client had already
	Dropped   int64 // entries dropped because of a publish

	Entries int
	Bytes   int64 // at most the size
}

// Stats returns how the cache stands. The counts may lag by some requests.
func (c *Cache) Stats() Stats {
	s := Stats{Hits: c.hits.Load(), Misses: c.misses.Load(), Shared: c.shared.Load(), Unchanged: c.unchanged.Load(), Dropped: c.dropped.Load()}
	if g := c.current.Load(); g.entries != nil {
		g.entries.CleanUp()
		s.Entries, s.Bytes = g.entries.EstimatedSize(), int64(g.entries.WeightedSize())
	}
	return s
}
