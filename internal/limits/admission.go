package limits

import (
	"context"
	"net/http"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"
	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/internal/domain"
)

// RequestCost is what each GraphQL request is charged, whatever its result. A
// document that is not in the cache has to be parsed and validated, and is
// charged one more for each bytesPerCost. Each value in the variables is
// charged one.
const (
	RequestCost  = 20
	bytesPerCost = 10
)

// What the cache of documents holds.
const (
	// CachedDocuments is how many documents are cached.
	CachedDocuments = 1_000
	// CachedDocumentSize is the length in bytes of the longest document that is
	// cached: a parsed document takes many times as much memory.
	CachedDocumentSize = 16 << 10
)

// Admission applies the limits to GraphQL requests before anything is done for
// them, in this order: [Admission.WaitToParse], [Admission.ChargeRequest],
// [Admission.CheckDocument], [Admission.CheckCost] and
// [Quotas.ChargeOperation], [Admission.WaitToRun]. It is safe for concurrent
// use.
type Admission struct {
	*Quotas
	sizes    *lru.Cache[string, DocumentSize] // of documents that were sent lately
	limiters limiters
}

// NewAdmission returns the admission control of one process over the quotas.
// engine is the dialect of the stores.
func NewAdmission(quotas *Quotas, engine string) *Admission {
	sizes, err := lru.New[string, DocumentSize](CachedDocuments)
	if err != nil {
		panic(err) // the size is a constant
	}
	return &Admission{Quotas: quotas, sizes: sizes, limiters: newLimiters(engine)}
}

// ChargeRequest charges [RequestCost]. It is called before the document is looked
// up, so that a request for an unknown document is charged as well.
func (a *Admission) ChargeRequest(ctx context.Context, header http.Header) error {
	return a.ChargeOperation(ctx, RequestCost, header)
}

// CheckDocument charges for the variables and the text of a request, and
// checks both against the limits of the viewer of ctx, before the document is
// validated. It returns the size of a document that may be validated, and the
// document, or nil where the size was known without parsing it. The errors are
// those of [Parse], and of the quotas.
func (a *Admission) CheckDocument(ctx context.Context, text string, variables map[string]any, header http.Header) (*ast.QueryDocument, DocumentSize, error) {
	viewer, limit, err := a.Limit(ctx)
	if err != nil {
		return nil, DocumentSize{}, err
	}
	size, cached := a.sizes.Get(text)
	given := max(limit.Values, cheapValues) + 2
	given -= valuesLeft(variables, given) + 1 // the object that holds them is none
	cost := given
	if !cached {
		cost += len(text) / bytesPerCost
	}
	if cost > 0 {
		if err := a.charge(ctx, viewer, limit, cost, header); err != nil {
			return nil, DocumentSize{}, err
		}
	}
	if limit.Values > 0 && given > limit.Values {
		return nil, DocumentSize{}, overLimit("the variables have more than %d values", limit.Values)
	}
	var doc *ast.QueryDocument
	if !cached {
		if doc, size, err = Parse(text); err != nil {
			return nil, DocumentSize{}, err
		}
		if len(text) <= CachedDocumentSize {
			a.sizes.Add(text, size)
		}
	}
	return doc, size, size.check(limit)
}

// CheckCost returns the highest cost that an operation of the viewer of ctx may
// have, or an [*Error] where cost is higher.
func (a *Admission) CheckCost(ctx context.Context, cost int, subscription bool) (maximum int, err error) {
	_, limit, err := a.Limit(ctx)
	if err != nil {
		return 0, err
	}
	maximum = limit.maxCost(subscription)
	if cost > maximum {
		return maximum, overLimit("the operation costs %d; at most %d: ask for fewer fields or smaller pages", cost, maximum)
	}
	return maximum, nil
}

// WaitToParse waits until a request may be parsed and validated: in the expensive
// limiter, if its document is long or not cached or its variables have many values,
// and in the cheap one otherwise. A registered document that is named by its hash
// counts as short, since it has not been looked up yet. The caller has to call
// Release on what it returns, which is nil for a viewer that never waits.
func (a *Admission) WaitToParse(ctx context.Context, text string, variables map[string]any) (*Limiter, error) {
	viewer, limit, err := a.Limit(ctx)
	if err != nil || viewer.System {
		return nil, nil // what needs a viewer returns the error
	}
	l := a.limiters.expensive
	if a.parsesQuickly(text, variables) {
		l = a.limiters.cheap
	}
	return a.wait(ctx, l, viewer, text, variables, limit.waitUntil(time.Now()))
}

// WaitToRun waits until a query of a cost that began at a time may run. The
// caller has to call Release on what it returns.
func (a *Admission) WaitToRun(ctx context.Context, cost int, text string, variables map[string]any, began time.Time) (*Limiter, error) {
	viewer, limit, err := a.Limit(ctx)
	if err != nil {
		return nil, err
	}
	l := a.limiters.cheap
	if cost > CheapCost {
		l = a.limiters.expensive
	}
	return a.wait(ctx, l, viewer, text, variables, limit.waitUntil(began))
}

func (a *Admission) wait(ctx context.Context, l *Limiter, viewer *domain.Viewer, text string, variables map[string]any, until time.Time) (*Limiter, error) {
	if err := l.Acquire(ctx, viewer, int64(len(text))+memoryOf(variables), until); err != nil {
		return nil, err
	}
	return l, nil
}

// parsesQuickly reports whether a request can be read in no time: its document
// is short or cached, and its variables have few values.
func (a *Admission) parsesQuickly(text string, variables map[string]any) bool {
	if len(text) > cheapText && !a.sizes.Contains(text) {
		return false
	}
	return valuesLeft(variables, cheapValues) > 0
}

// valuesLeft returns n minus the number of JSON values in v, v itself
// included. It stops counting at 0 or less.
func valuesLeft(v any, n int) int {
	if n--; n <= 0 {
		return n
	}
	switch v := v.(type) {
	case map[string]any:
		for _, v := range v {
			if n = valuesLeft(v, n); n <= 0 {
				return n
			}
		}
	case []any:
		for _, v := range v {
			if n = valuesLeft(v, n); n <= 0 {
				return n
			}
		}
	}
	return n
}

// memoryOf returns about how much memory a JSON value takes, in bytes.
func memoryOf(v any) int64 {
	const each = 48 // an interface, and its place in a map
	size := int64(each)
	switch v := v.(type) {
	case string:
		size += int64(len(v))
	case map[string]any:
		for name, v := range v {
			size += int64(len(name)) + memoryOf(v)
		}
	case []any:
		for _, v := range v {
			size += memoryOf(v)
		}
	}
	return size
}
