package respcache

import (
	"context"
	"log/slog"
	"net/http"
	"sync"
	"sync/atomic"
	"time"

	"github.com/maypok86/otter/v2"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/projection"
)

const (
	// DefaultSize is the default of [Config.Size], in bytes.
	DefaultSize = 32 << 20
	// MaxResponse is the size, in bytes before compression, from which on responses
	// are not cached: the transport counts large responses until their clients have
	// read them, and a copy in the cache would not be counted.
	MaxResponse = 384 << 10

	// hitCost is what a cache hit costs of the viewer's quota.
	hitCost = 1
	// maxVersionAge is how long a version may go without having been confirmed.
	maxVersionAge = 10 * time.Second
)

// Live reports the version of live. [projection.Live] implements it.
type Live interface {
	// Version returns the version that is known in this process, without waiting.
	Version() projection.Version
	// Advanced returns a channel that is closed when live is no longer at a version.
	Advanced(from projection.Version) <-chan struct{}
	// Steps returns what changed since a version, in order, and the known version. ok is
	// false where anything may have changed.
	Steps(since projection.Version) (steps []projection.Step, now projection.Version, ok bool)
}

// Quotas charges viewers for cache hits.
type Quotas interface {
	// Charge takes a cost from the quota of the viewer of ctx and sets the fields
	// about it in the header. It returns false where too little is left.
	Charge(ctx context.Context, cost int, header http.Header) bool
}

// Config configures a [Cache].
type Config struct {
	// Size bounds the entries, in bytes; see [Cache]. With 0 nothing is cached, but
	// responses have validators nevertheless.
	Size int64
	// MaxAge is the max-age of public responses: for how long browsers and proxies
	// may use them without revalidation.
	MaxAge time.Duration
	// Tags adds to public responses the headers with what they depend on.
	Tags   bool
	Live   Live
	Quotas Quotas
	Log    *slog.Logger
	Now    func() time.Time
	// OnOperation is called with the operation of a request that is served from the
	// cache, as [transport.Config.OnOperation] is with that of another. It may be nil.
	OnOperation func(context.Context, transport.Operation)
}

// Cache is a cache of HTTP responses. It is safe for concurrent use.
//
// Its size bounds the bytes of the entries: their bodies, plain and compressed, their
// headers, their keys, what they depend on, and an allowance for the table's own records.
// It does not include responses that are being sent to slow clients, of which each
// connection has one at most.
type Cache struct {
	size   uint64
	public []string // the Cache-Control of public responses
	tags   bool
	live   Live
	quotas Quotas
	log    *slog.Logger
	now    func() time.Time

	onOperation func(context.Context, transport.Operation)

	entries *otter.Cache[key, *entry] // nil: nothing is cached

	current   atomic.Pointer[state]
	advanceMu sync.Mutex

	flightMu sync.Mutex
	flights  map[flightKey]*flight

	hits, misses, shared, unchanged, dropped atomic.Int64
}

// New returns an empty cache.
func New(c Config) *Cache {
	cache := &Cache{size: uint64(max(c.Size, 0)), public: publicCacheControl(c.MaxAge), tags: c.Tags, live: c.Live, quotas: c.Quotas, log: c.Log, now: c.Now, onOperation: c.OnOperation,
		flights: map[flightKey]*flight{}}
	cache.current.Store(&state{version: c.Live.Version()})
	if cache.size > 0 {
		cache.entries = otter.Must(&otter.Options[key, *entry]{
			MaximumWeight: cache.size,
			Weigher:       func(_ key, e *entry) uint32 { return e.weight },
		})
	}
	return cache
}

// Run drops the entries that are no longer right when the version advances, also while
// there are no requests for them, until ctx is done. Then it logs the statistics.
func (c *Cache) Run(ctx context.Context) error {
	for {
		s := c.advance()
		c.sweep()
		select {
		case <-ctx.Done():
			s := c.Stats()
			c.log.InfoContext(ctx, "response cache statistics", "hits", s.Hits, "misses", s.Misses, "shared", s.Shared,
				"unchanged", s.Unchanged, "dropped", s.Dropped)
			return nil
		case <-c.live.Advanced(s.version):
		}
	}
}

// Stats are statistics of a cache since it was made.
type Stats struct {
	Hits      int64 // responses from the cache
	Misses    int64 // responses that were made and could be cached
	Shared    int64 // responses of another request at the same time (single flight)
	Unchanged int64 // of all these, those with 304 Not Modified
	Dropped   int64 // entries dropped because something that they depend on changed

	Entries int
	Bytes   int64 // at most the size
}

// Stats returns the statistics. The counts may lag by some requests.
func (c *Cache) Stats() Stats {
	s := Stats{Hits: c.hits.Load(), Misses: c.misses.Load(), Shared: c.shared.Load(), Unchanged: c.unchanged.Load(), Dropped: c.dropped.Load()}
	if c.entries != nil {
		c.entries.CleanUp()
		s.Entries, s.Bytes = c.entries.EstimatedSize(), int64(c.entries.WeightedSize())
	}
	return s
}
