package limits

import (
	"context"
	"sync"
	"time"

	lru "github.com/hashicorp/golang-lru/v2/simplelru"

	"github.com/redthread-api/redthread/internal/domain"
)

// Meter is a set of token buckets, one for each subject. A bucket is full at
// first and refills evenly, so that an empty one is full after a minute. A
// meter is of one process, in memory, and safe for concurrent use.
type Meter struct {
	now func() time.Time

	mu      sync.Mutex
	buckets *lru.LRU[string, *bucket]
	totals  MeterTotals
}

// MeterTotals are sums of a meter since it was made.
type MeterTotals struct {
	Charged int64 // the cost of what was charged
	Refused int64 // how often a bucket did not have enough
}

// Totals returns the sums.
func (m *Meter) Totals() MeterTotals {
	m.mu.Lock()
	defer m.mu.Unlock()
	return m.totals
}

type bucket struct {
	left float64
	at   time.Time
}

// maxBuckets bounds the subjects that are remembered. The one that is dropped
// has not made a request for long; its next bucket is full.
const maxBuckets = 50_000

// NewMeter returns a meter whose buckets are full. now is the clock.
func NewMeter(now func() time.Time) *Meter {
	buckets, err := lru.NewLRU[string, *bucket](maxBuckets, nil)
	if err != nil {
		panic(err) // the size is a constant
	}
	return &Meter{now: now, buckets: buckets}
}

// Subject returns the name of what is charged for the requests of a viewer:
// the API key or the person, and for a viewer without a credential the network
// address. The keys of a line are charged together, so that rotating a key fills no quota. Of an IPv6 address it is the first 64 bits, because one machine can
// choose among all addresses that share them.
func Subject(ctx context.Context, v *domain.Viewer) string {
	if line := v.Line(); line != 0 {
		return line.String()
	}
	if v.PersonID != 0 {
		return v.PersonID.String()
	}
	address := domain.ClientFrom(ctx)
	if address.Is6() {
		if network, err := address.Prefix(64); err == nil {
			return network.String()
		}
	}
	return address.String()
}

// RateStatus is the state of a bucket after a charge.
type RateStatus struct {
	OK        bool          // the cost was charged; otherwise nothing was
	Remaining int           // what is left, as a cost
	Full      time.Duration // until the bucket is full
	Wait      time.Duration // until the cost can be charged, where OK is false
}

// Reset returns in how many seconds the bucket is full, rounded up.
func (s RateStatus) Reset() int { return seconds(s.Full) }

// Charge takes a cost from the bucket of a subject, which holds perMinute, if
// that much is left.
func (m *Meter) Charge(subject string, cost, perMinute int) RateStatus {
	most := float64(perMinute)
	perSecond := most / 60
	m.mu.Lock()
	defer m.mu.Unlock()
	at := m.now() // under the lock: charges come in the order of their times
	b, ok := m.buckets.Get(subject)
	if !ok {
		b = &bucket{left: most, at: at}
		m.buckets.Add(subject, b)
	}
	if passed := at.Sub(b.at); passed > 0 {
		b.left += passed.Seconds() * perSecond
	}
	b.at = at                  // a clock that was put back goes on from here
	b.left = min(b.left, most) // the limit may have been lowered
	s := RateStatus{OK: b.left >= float64(cost)}
	if s.OK {
		b.left -= float64(cost)
		m.totals.Charged += int64(cost)
	} else {
		m.totals.Refused++
		s.Wait = time.Duration((float64(cost) - b.left) / perSecond * float64(time.Second))
	}
	s.Remaining = int(b.left)
	s.Full = time.Duration((most - b.left) / perSecond * float64(time.Second))
	return s
}
