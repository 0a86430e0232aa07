package graph

import (
	"context"
	"math"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/vektah/gqlparser/v2/gqlerror"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/domain"
)

// Budgets are what viewers may spend in a minute, and have spent. All doors
// take from the same.
type Budgets struct {
	limits func(domain.Role) Limit
	meter  *access.Meter
	// last is the policy that was told last: nearly all viewers have the same.
	last *atomic.Pointer[policy]
}

// NewBudgets returns the budgets of a configuration that has a Meter.
func NewBudgets(c Config) Budgets {
	c = c.complete()
	return Budgets{c.Limits, c.Meter, new(atomic.Pointer[policy])}
}

// Charge takes a cost from the budget of the viewer of ctx, and puts into the
// header how that stands. It returns false, and has taken nothing, where there
// is no viewer or not so much left; then header is as it was.
func (b Budgets) Charge(ctx context.Context, cost int, header http.Header) bool {
	viewer, limit, err := limitOf(ctx, b.limits)
	if err != nil {
		return false
	}
	if viewer.System {
		return true
	}
	standing := b.meter.Charge(access.Payer(ctx, viewer), cost, limit.PerMinute)
	if standing.OK {
		b.tell(header, limit, standing)
	}
	return standing.OK
}

// charge takes a cost from the budget of whoever asks an operation, and tells
// in the header of its answer how that stands.
func (b Budgets) charge(ctx context.Context, viewer *domain.Viewer, limit Limit, cost int) *gqlerror.Error {
	if viewer.System {
		return nil
	}
	standing := b.meter.Charge(access.Payer(ctx, viewer), cost, limit.PerMinute)
	header := transport.Header(ctx)
	b.tell(header, limit, standing)
	if standing.OK {
		return nil
	}
	wait := max(seconds(standing.Wait), 1)
	header.Set("Retry-After", strconv.Itoa(wait))
	refused := gqlerror.Errorf("too much was asked for in the last minute: this costs %d, and %d of %d are left; try again in %d s",
		cost, standing.Remaining, limit.PerMinute, wait)
	refused.Extensions = map[string]any{"code": codeRateLimited, "retryAfter": wait}
	return refused
}

// tell tells how a budget stands, as draft-ietf-httpapi-ratelimit-headers has
// it. Every answer does, so it makes as little garbage as it can.
func (b Budgets) tell(header http.Header, limit Limit, standing access.Standing) {
	last := b.last.Load()
	if last == nil || last.perMinute != limit.PerMinute {
		last = &policy{limit.PerMinute, []string{`"cost";q=` + strconv.Itoa(limit.PerMinute) + ";w=60"}}
		b.last.Store(last)
	}
	header["Ratelimit-Policy"] = last.values
	var room [64]byte
	left := strconv.AppendInt(append(room[:0], `"cost";r=`...), int64(standing.Remaining), 10)
	left = strconv.AppendInt(append(left, ";t="...), int64(seconds(standing.Full)), 10)
	header["Ratelimit"] = []string{string(left)}
}

// policy is what RateLimit-Policy says of a budget.
type policy struct {
	perMinute int
	values    []string
}

const codeRateLimited = "RATE_LIMITED"

func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
