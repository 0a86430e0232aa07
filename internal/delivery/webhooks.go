package delivery

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/outbound"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
)

const (
	// AttemptTimeout bounds a request to a receiver, with its response.
	AttemptTimeout = 15 * time.Second
	// MaxWebhooks is the limit of webhooks. With maxConcurrent, the requests per
	// webhook, it bounds the concurrent requests of a process.
	MaxWebhooks   = 50
	maxConcurrent = 4
	// MaxOwnWebhooks is the limit of webhooks of one owner, and maxOwned that of all owners
	// together: the rest of MaxWebhooks is left to the publisher.
	MaxOwnWebhooks = 5
	maxOwned       = 40
)

// Config is the configuration of New.
type Config struct {
	Stores *store.Stores
	Live   *projection.Live
	// Jobs is the job queue of the process, in which the webhooks register their
	// jobs. If nil, another process runs the jobs.
	Jobs *store.Jobs
	Log  *slog.Logger
	// Now is the clock; nil means time.Now.
	Now func() time.Time
	// AllowPrivate allows receivers in private networks, and there without https.
	AllowPrivate bool
	// UserAgent is the User-Agent header of requests; empty means "Redthread".
	UserAgent string
	// Owners says what the owners of webhooks may do. If nil, webhooks that have an owner
	// are sent nothing.
	Owners Owners
}

// Owners says what the owners of webhooks may do: the holders of keys, each by the id of the
// first key of its line.
type Owners interface {
	// WebhookOwner returns the clearance under which an owner gets webhooks. If it gets none,
	// problem says why; otherwise it is empty.
	WebhookOwner(ctx context.Context, line domain.ID) (clearance domain.Marking, problem string, err error)
}

// Webhooks manages the webhooks and sends their deliveries. It is safe for
// concurrent use.
type Webhooks struct {
	stores *store.Stores
	live   *projection.Live
	log    *slog.Logger
	now    func() time.Time
	queue  queue
	client *http.Client
	agent  string
	owners Owners
	tests  sync.Map // the owners of whose webhooks one is being tested

	allowPrivate bool
	// jitter returns a random duration from 0 up to, but not including, its argument.
	jitter func(time.Duration) time.Duration
	wake   chan struct{} // signals Run that webhooks were changed
}

// queue is the job queue of attempts.
type queue interface {
	enqueue(ctx context.Context, tx *store.Tx, jobs ...Job) error
	// work sets the webhooks whose attempts this process runs.
	work(ctx context.Context, hooks []domain.ID) error
	// unfinished returns the jobs of a webhook that have not succeeded.
	unfinished(ctx context.Context, db store.Rows, hook domain.ID) (map[attemptKey]jobState, error)
}

// Job is an attempt that is due at a time.
type Job struct {
	Webhook    domain.ID
	Delivery   domain.ID
	Generation int // a job of an earlier generation than its delivery's is void
	At         time.Time
}

// attemptKey identifies the job of an attempt.
type attemptKey struct {
	delivery   domain.ID
	generation int
}

// jobState is the state of a job that has not succeeded.
type jobState struct {
	discarded bool // after maxJobAttempts; it is not run any more
}

// New returns the webhooks of the desk. Deliveries are written while
// [Webhooks.Run] runs, and sent while [store.Jobs.Start] runs, in this process or
// another.
func New(c Config) *Webhooks {
	w := newWebhooks(c, nil)
	if c.Jobs == nil {
		c.Jobs = c.Stores.Jobs(w.log)
	}
	w.queue = w.register(c.Jobs)
	return w
}

func newWebhooks(c Config, q queue) *Webhooks {
	if c.Now == nil {
		c.Now = time.Now
	}
	if c.Log == nil {
		c.Log = slog.New(slog.DiscardHandler)
	}
	client := outbound.NewClient(outbound.Options{AllowPrivate: c.AllowPrivate, Timeout: AttemptTimeout, MaxBody: maxResponse})
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Webhooks{
		stores: c.Stores, live: c.Live, log: c.Log, now: c.Now, queue: q, client: client,
		agent: cmp.Or(c.UserAgent, "Redthread"), allowPrivate: c.AllowPrivate, owners: c.Owners,
		jitter: func(d time.Duration) time.Duration { return rand.N(max(d, 1)) },
		wake:   make(chan struct{}, 1),
	}
}

// txTime returns the time for a transaction: in UTC, truncated to the microseconds
// that both engines store.
func (w *Webhooks) txTime() time.Time { return w.now().UTC().Truncate(time.Microsecond) }

// wakeUp makes Run poll at once.
func (w *Webhooks) wakeUp() {
	select {
	case w.wake <- struct{}{}:
	default: // a signal is already pending
	}
}

// asSystemOnDesk returns a context for reads of the desk by the program itself.
func asSystemOnDesk(ctx context.Context, task string) context.Context {
	return domain.WithStage(domain.AsSystem(ctx, task), domain.Desk)
}

// asWebhook returns a context for reads of live on behalf of a webhook with a clearance:
// see [Webhooks.clearanceOf].
func asWebhook(ctx context.Context, clearance domain.Marking) context.Context {
	viewer := &domain.Viewer{Name: domain.SystemName("dispatch to webhooks"), Role: domain.Public, Clearance: clearance, System: true}
	return domain.WithStage(domain.WithViewer(ctx, viewer), domain.Live)
}
