package mail

import (
	"context"
	"sync"
	"time"
)

// pacer spaces the starts of submissions evenly.
type pacer struct {
	gap  time.Duration // 0 for no limit
	now  func() time.Time
	mu   sync.Mutex
	next time.Time
}

func newPacer(rate float64, now func() time.Time) *pacer {
	p := &pacer{now: now}
	if rate > 0 {
		p.gap = time.Duration(float64(time.Second) / rate)
	}
	return p
}

// reserve takes the next place, and returns how long it is away.
func (p *pacer) reserve() time.Duration {
	p.mu.Lock()
	defer p.mu.Unlock()
	now := p.now()
	if p.next.Before(now) {
		p.next = now
	}
	wait := p.next.Sub(now)
	p.next = p.next.Add(p.gap)
	return wait
}

// wait waits for the next place.
func (p *pacer) wait(ctx context.Context) error {
	if p.gap == 0 {
		return ctx.Err()
	}
	d := p.reserve()
	if d <= 0 {
		return ctx.Err()
	}
	timer := time.NewTimer(d)
	defer timer.Stop()
	select {
	case <-timer.C:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}
