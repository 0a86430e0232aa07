package limits

import (
	"context"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// Limit is the set of limits of a role: of one operation, and of the cost of
// all operations of a subject in a minute.
type Limit struct {
	Tokens     int // of the document
	Depth      int // levels of nested fields
	Roots      int // fields at the top, as a client would batch
	Aliases    int
	Directives int
	Fragments  int // definitions, spreads and inline fragments
	Values     int // in the variables; 0 stands for no limit
	Cost       int // of one operation; see Costs
	PerMinute  int // cost of all operations in a minute

	// ResponseBytes is the size of the largest response, in bytes, and Time the
	// longest time that an operation may run. Zero stands for no limit but
	// that of the transport.
	ResponseBytes int
	Time          time.Duration
}

// standard has the limits of each role; docs/access.md has the same table.
// Viewers without a credential have the limits of PUBLIC, for each network
// address together.
var standard = map[domain.Role]Limit{
	domain.Public:  {Tokens: 5_000, Depth: 15, Roots: 30, Aliases: 100, Directives: 50, Fragments: 100, Values: 5_000, Cost: 200_000, PerMinute: 2_000_000, ResponseBytes: 8 << 20, Time: 10 * time.Second},
	domain.Partner: {Tokens: 10_000, Depth: 15, Roots: 50, Aliases: 200, Directives: 100, Fragments: 200, Values: 10_000, Cost: 300_000, PerMinute: 10_000_000, ResponseBytes: 16 << 20, Time: 20 * time.Second},
	domain.Author:  staff,
	domain.Editor:  staff,
	domain.Admin:   staff,
}

var staff = Limit{Tokens: MaxTokens, Depth: 20, Roots: 200, Aliases: 500, Directives: 200, Fragments: 500, Values: 50_000, Cost: 500_000, PerMinute: 20_000_000, ResponseBytes: 32 << 20, Time: 30 * time.Second}

// MaxTokens is the highest limit of tokens of any role. A longer document is
// not parsed at all.
const MaxTokens = 15_000

// Standard returns the standard limits of a role.
func Standard(role domain.Role) Limit { return standard[role] }

// of returns the viewer of ctx and its limits. An API key can have a limit a
// minute of its own.
func of(ctx context.Context, limits func(domain.Role) Limit) (*domain.Viewer, Limit, error) {
	viewer, err := domain.ViewerFrom(ctx)
	if err != nil {
		return nil, Limit{}, err
	}
	limit := limits(viewer.Role)
	if viewer.RateLimit > 0 {
		limit.PerMinute = viewer.RateLimit
	}
	return viewer, limit, nil
}

// MaxCost returns the highest cost that an operation may have that is no subscription.
func (l Limit) MaxCost() int { return l.maxCost(false) }

// maxCost returns the highest cost that an operation may have. What the
// request itself is charged ([RequestCost]) is left for it in the quota:
// otherwise the quota could never hold the cost. A subscription must be cheap:
// it runs for each event, together with those of all other clients.
func (l Limit) maxCost(subscription bool) int {
	most := min(l.Cost, max(l.PerMinute-RequestCost, 0))
	if subscription {
		most = min(most, CheapCost)
	}
	return most
}

// waitUntil returns the time until which an operation that began at a time may
// wait: as long as it may run.
func (l Limit) waitUntil(began time.Time) time.Time {
	if l.Time <= 0 {
		return began.Add(maxWait)
	}
	return began.Add(l.Time)
}
