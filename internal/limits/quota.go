package limits

import (
	"context"
	"fmt"
	"math"
	"net/http"
	"strconv"
	"sync/atomic"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// Quotas charges viewers for what they request, and reports the state of their
// quotas. All endpoints of a process charge the same [Meter], so that they share
// the quotas. It is safe for concurrent use.
type Quotas struct {
	limits func(domain.Role) Limit
	meter  *Meter
	// lastPolicy is the policy that was reported last: nearly all viewers have
	// the same.
	lastPolicy atomic.Pointer[policy]
}

// NewQuotas returns the quotas of the limits of each role, of which meter
// keeps how much is used. Nil limits stand for [Standard].
func NewQuotas(limits func(domain.Role) Limit, meter *Meter) *Quotas {
	if limits == nil {
		limits = Standard
	}
	return &Quotas{limits: limits, meter: meter}
}

// Limit returns the viewer of ctx and its limits. A context without a viewer
// is an error.
func (q *Quotas) Limit(ctx context.Context) (*domain.Viewer, Limit, error) { return of(ctx, q.limits) }

// Window is the time in which a quota refills.
const Window = time.Minute

// PolicyName is the name of the policy in the rate limit fields.
const PolicyName = "cost"

// Status returns the limits of the viewer of ctx and the state of its quota. It charges
// nothing.
func (q *Quotas) Status(ctx context.Context) (Limit, RateStatus, error) {
	viewer, limit, err := q.Limit(ctx)
	if err != nil {
		return Limit{}, RateStatus{}, err
	}
	return limit, q.meter.Charge(Subject(ctx, viewer), 0, limit.PerMinute), nil
}

// Charge charges the viewer of ctx a cost, and sets the rate limit fields of
// header. It returns false where there is no viewer or the quota has less
// left; then nothing is charged and header is unchanged.
func (q *Quotas) Charge(ctx context.Context, cost int, header http.Header) bool {
	viewer, limit, err := q.Limit(ctx)
	if err != nil {
		return false
	}
	if viewer.System {
		return true
	}
	status := q.meter.Charge(Subject(ctx, viewer), cost, limit.PerMinute)
	if status.OK {
		q.report(header, limit, status)
	}
	return status.OK
}

// ChargeOperation charges the viewer of ctx a cost, as Charge does, and sets
// the rate limit fields of header in any case. It returns an [*Error] with
// the code [CodeRateLimited] where the quota has less left; then nothing is
// charged.
func (q *Quotas) ChargeOperation(ctx context.Context, cost int, header http.Header) error {
	viewer, limit, err := q.Limit(ctx)
	if err != nil {
		return err
	}
	return q.charge(ctx, viewer, limit, cost, header)
}

func (q *Quotas) charge(ctx context.Context, viewer *domain.Viewer, limit Limit, cost int, header http.Header) error {
	if viewer.System {
		return nil
	}
	status := q.meter.Charge(Subject(ctx, viewer), cost, limit.PerMinute)
	q.report(header, limit, status)
	if status.OK {
		return nil
	}
	wait := max(seconds(status.Wait), 1)
	return &Error{Code: CodeRateLimited, RetryAfter: wait, Message: fmt.Sprintf(
		"too much was asked for in the last minute: this costs %d, and %d of %d are left; try again in %d s",
		cost, status.Remaining, limit.PerMinute, wait)}
}

// report sets the fields of draft-ietf-httpapi-ratelimit-headers. It runs for
// each response, so it allocates as little as it can.
func (q *Quotas) report(header http.Header, limit Limit, status RateStatus) {
	last := q.lastPolicy.Load()
	if last == nil || last.perMinute != limit.PerMinute {
		last = &policy{limit.PerMinute, []string{`"` + PolicyName + `";q=` + strconv.Itoa(limit.PerMinute) + ";w=" + strconv.Itoa(seconds(Window))}}
		q.lastPolicy.Store(last)
	}
	header["Ratelimit-Policy"] = last.values
	var space [64]byte
	value := strconv.AppendInt(append(space[:0], `"`+PolicyName+`";r=`...), int64(status.Remaining), 10)
	value = strconv.AppendInt(append(value, ";t="...), int64(status.Reset()), 10)
	header["Ratelimit"] = []string{string(value)}
}

// policy is the value of the field RateLimit-Policy of a quota.
type policy struct {
	perMinute int
	values    []string
}

func seconds(d time.Duration) int { return int(math.Ceil(d.Seconds())) }
