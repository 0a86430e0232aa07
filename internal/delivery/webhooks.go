package delivery

import (
	"cmp"
	"context"
	"log/slog"
	"math/rand/v2"
	"net/http"
	"time"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/outbound"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
)

const (
	// AttemptTimeout is how long a receiver has for an answer.
	AttemptTimeout = 15 * time.Second
	// MaxWebhooks is how many webhooks there may be. With how many requests
	// each may have under way, it bounds those of a process.
	MaxWebhooks = 50
	atOnce      = 4
)

// Config is what webhooks are built from.
type Config struct {
	Stores *store.Stores
	Live   *projection.Live
	// Jobs are those of the process: the webhooks add theirs to them. Nil stands
	// for jobs that another process runs.
	Jobs *store.Jobs
	Log  *slog.Logger
	// Now is the clock; nil stands for time.Now.
	Now func() time.Time
	// AllowPrivate lets receivers be in private networks, and without https
	// there.
	AllowPrivate bool
	// UserAgent is what requests say they are from; "Redthread" where empty.
	UserAgent string
}

// Webhooks are the webhooks of the desk. It is safe for concurrent use.
type Webhooks struct {
	stores *store.Stores
	live   *projection.Live
	log    *slog.Logger
	now    func() time.Time
	queue  queue
	client *http.Client
	agent  string

	allowPrivate bool
	// upTo picks a time from 0 up to, but not including, the one it is given.
	upTo func(time.Duration) time.Duration
	wake chan struct{} // tells Run that webhooks were changed
}

// queue has the jobs of attempts.
type queue interface {
	enqueue(ctx context.Context, tx *store.Tx, jobs ...Job) error
	// work makes this process run the attempts of these webhooks.
	work(ctx context.Context, hooks []domain.ID) error
	// kept reads the jobs of a webhook that have not ended well.
	kept(ctx context.Context, db store.Rows, hook domain.ID) (map[turn]keptJob, error)
}

// Job is an attempt that is due at a time.
type Job struct {
	Webhook  domain.ID
	Delivery domain.ID
	Turn     int // a job of an earlier turn than the delivery's is void
	At       time.Time
}

// turn is what the job of an attempt is about.
type turn struct {
	delivery domain.ID
	number   int
}

// keptJob is how a job that has not ended well is kept.
type keptJob struct {
	givenUp bool // it was begun as often as it may be, and is not run any more
}

// New returns the webhooks of the desk. Deliveries are made while [Webhooks.Run]
// runs, and sent while the jobs are run, in this process or another.
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
	client := outbound.NewClient(outbound.Options{AllowPrivate: c.AllowPrivate, Timeout: AttemptTimeout, MaxBody: maxAnswer})
	client.CheckRedirect = func(*http.Request, []*http.Request) error { return http.ErrUseLastResponse }
	return &Webhooks{
		stores: c.Stores, live: c.Live, log: c.Log, now: c.Now, queue: q, client: client,
		agent: cmp.Or(c.UserAgent, "Redthread"), allowPrivate: c.AllowPrivate,
		upTo: func(d time.Duration) time.Duration { return rand.N(max(d, 1)) },
		wake: make(chan struct{}, 1),
	}
}

// clock is the time of a transaction: UTC, to the microsecond, which is what
// both engines keep.
func (w *Webhooks) clock() time.Time { return w.now().UTC().Truncate(time.Microsecond) }

// wakeUp makes Run look again now.
func (w *Webhooks) wakeUp() {
	select {
	case w.wake <- struct{}{}:
	default: // it has been told
	}
}

// onDesk is the context of the room's own reads of the desk.
func onDesk(ctx context.Context, task string) context.Context {
	return domain.WithStage(domain.AsSystem(ctx, task), domain.Desk)
}

// asReceiver is the context in which live is read for a webhook: by a viewer
// who sees as much as it is to be told.
func asReceiver(ctx context.Context, hook *db.Webhook) context.Context {
	viewer := &domain.Viewer{Name: domain.SystemName("tell webhooks"), Role: domain.Public, Clearance: hook.Ceiling, System: true}
	return domain.WithStage(domain.WithViewer(ctx, viewer), domain.Live)
}
