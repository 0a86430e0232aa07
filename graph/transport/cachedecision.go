package transport

import (
	"context"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/dependency"
	"github.com/redthread-api/redthread/internal/domain"
)

// CacheDecision says whether the HTTP response of a request may be cached, and on
// which terms. One operation or several may be behind a response: each
// [Handler.Execute] is one. The response may be cached only if it is made of at least
// one operation and every one of them has succeeded and called
// [CacheDecision.Allow].
//
// The response cache puts it into the request's context. It is safe for concurrent
// use. All methods do nothing on a nil CacheDecision.
type CacheDecision struct {
	onDeny func() // called at most once, by the first Deny; may be nil

	mu                          sync.Mutex
	started, allowed, succeeded int // operations
	denied                      bool
	terms                       CacheTerms
}

// CacheTerms are the conditions under which a response may be cached.
type CacheTerms struct {
	// Marking is the highest marking in it.
	Marking domain.Marking
	// ExpiresAt is the time from which on the entry may not be used; zero where
	// there is none.
	ExpiresAt time.Time
	// StillValid are called before each use of the entry: where one returns
	// false, it may not be used.
	StillValid []func() bool
	// Credential, where it is not nil, is the only credential that may be given
	// the entry; see [domain.Viewer.CredentialID].
	Credential *domain.ID
	// Sequence is the publication log's sequence that live had applied where it
	// was read, and -1 where it was not looked up, because it is no lower than
	// the one known in the process.
	Sequence int64
	// DependsOn are the keys of what it depends on, in no order.
	DependsOn []dependency.Key
	// Operation names the operation; the zero value where the program made it itself.
	Operation Operation
}

type cacheDecisionKey struct{}

// WithCacheDecision returns a context whose operations decide about caching, and
// the decision. onDeny is called, at most once, as soon as one of the operations is
// of a kind that may never be cached. It may be nil, and must not block.
func WithCacheDecision(ctx context.Context, onDeny func()) (context.Context, *CacheDecision) {
	d := &CacheDecision{onDeny: onDeny, terms: CacheTerms{Sequence: -1}}
	return context.WithValue(ctx, cacheDecisionKey{}, d), d
}

// CacheDecisionFrom returns the decision of ctx; nil where the response is not to be cached.
func CacheDecisionFrom(ctx context.Context) *CacheDecision {
	d, _ := ctx.Value(cacheDecisionKey{}).(*CacheDecision)
	return d
}

// Allow says that the result of one operation may be cached: it consists of
// published content only, has the marking, and is the same until a release changes one
// of the keys. Each operation calls it at most once.
func (d *CacheDecision) Allow(marking domain.Marking, dependsOn []dependency.Key) {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.allowed++
	d.terms.Marking = max(d.terms.Marking, marking)
	d.terms.DependsOn = append(d.terms.DependsOn, dependsOn...)
}

// Deny says that no response to this request may be cached, now or later.
func (d *CacheDecision) Deny() {
	if d == nil {
		return
	}
	d.mu.Lock()
	first := !d.denied
	d.denied = true
	d.mu.Unlock()
	if first && d.onDeny != nil {
		d.onDeny()
	}
}

// ValidWhile says that the cached response may be used only until a time, and only
// while holds returns true; holds must be quick.
func (d *CacheDecision) ValidWhile(until time.Time, holds func() bool) {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.terms.ExpiresAt.IsZero() || until.Before(d.terms.ExpiresAt) {
		d.terms.ExpiresAt = until
	}
	d.terms.StillValid = append(d.terms.StillValid, holds)
}

// RestrictTo says that the cached response may be given to one credential only.
func (d *CacheDecision) RestrictTo(credential domain.ID) {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.terms.Credential != nil && *d.terms.Credential != credential {
		d.denied = true // no credential may have it
	}
	d.terms.Credential = &credential
}

// ReadAt records the sequence that live had applied where an operation read it.
func (d *CacheDecision) ReadAt(sequence int64) {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	if d.terms.Sequence < 0 || sequence < d.terms.Sequence {
		d.terms.Sequence = sequence
	}
}

// setOperation records the operation of a request.
func (d *CacheDecision) setOperation(o Operation) {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.terms.Operation = o
}

// operationStarted counts an operation that is about to be parsed.
func (d *CacheDecision) operationStarted() {
	if d == nil {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.started++
}

// operationDone counts an operation if it has succeeded.
func (d *CacheDecision) operationDone(succeeded bool) {
	if d == nil || !succeeded {
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.succeeded++
}

// Terms returns the conditions under which the response may be cached, as known
// so far; ok is false where it may not be cached.
func (d *CacheDecision) Terms() (terms CacheTerms, ok bool) {
	if d == nil {
		return CacheTerms{}, false
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	return d.terms, !d.denied && d.started > 0 && d.allowed == d.started && d.succeeded == d.started
}
