package access

import (
	"context"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/redthread-api/redthread/internal/domain"
)

// Meter keeps what each payer has left to spend: a budget that is full at
// first, and fills up evenly, so that it is full again after a minute. It is of
// one process, in memory, and safe for concurrent use.
type Meter struct {
	now func() time.Time

	mu      sync.Mutex
	budgets *lru.LRU[string, *budget]
}

type budget struct {
	left float64
	at   time.Time
}

// maxBudgets bounds the payers that are remembered. Whoever is forgotten has
// not been here for long, and is full again.
const maxBudgets = 50_000

// NewMeter returns a meter of which nothing is spent. now is the clock.
func NewMeter(now func() time.Time) *Meter {
	budgets, err := lru.NewLRU[string, *budget](maxBudgets, nil)
	if err != nil {
		panic(err) // the size is a constant
	}
	return &Meter{now: now, budgets: budgets}
}

// Payer is who pays for what a viewer asks: the key or the person, and the
// network address for the anonymous: of IPv6 the first 64 bits, which is what
// one machine has to choose from.
func Payer(ctx context.Context, v *domain.Viewer) string {
	if id := v.CredentialID(); id != 0 {
		return id.String()
	}
	address := domain.ClientFrom(ctx)
	if address.Is6() {
		if network, err := address.Prefix(64); err == nil {
			return network.String()
		}
	}
	return address.String()
}

// Standing is what a budget is after a charge.
type Standing struct {
	OK        bool          // the cost was taken; otherwise nothing was
	Remaining int           // what is left
	Full      time.Duration // until the budget is full
	Wait      time.Duration // until the cost could be taken, where it was not
}

// Charge takes a cost from a payer's budget of perMinute, if that much is left.
func (m *Meter) Charge(payer string, cost, perMinute int) Standing {
	most := float64(perMinute)
	perSecond := most / 60
	m.mu.Lock()
	defer m.mu.Unlock()
	at := m.now() // not before the lock: charges come in the order of their times
	b, ok := m.budgets.Get(payer)
	if !ok {
		b = &budget{left: most, at: at}
		m.budgets.Add(payer, b)
	}
	if passed := at.Sub(b.at); passed > 0 {
		b.left += passed.Seconds() * perSecond
	}
	b.at = at                  // where the clock was put back, it goes on from there
	b.left = min(b.left, most) // it may have been lowered
	s := Standing{OK: b.left >= float64(cost)}
	if s.OK {
		b.left -= float64(cost)
	} else {
		s.Wait = time.Duration((float64(cost) - b.left) / perSecond * float64(time.Second))
	}
	s.Remaining = int(b.left)
	s.Full = time.Duration((most - b.left) / perSecond * float64(time.Second))
	return s
}
