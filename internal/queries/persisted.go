package queries

import (
	"context"
	"fmt"
	"time"

	lru "github.com/hashicorp/golang-lru/v2"

	"github.com/redthread-api/redthread/internal/domain"
)

// Resolver finds the document of a request: the registered document of an id,
// or one that the credential has sent before (an automatic persisted query, as
// Apollo's clients send it). It is safe for concurrent use.
type Resolver struct {
	registry       *Registry
	registeredOnly bool
	persisted      *lru.Cache[persistedKey, string] // texts
}

// persistedKey names a document that a client has sent. Each credential has
// its own: a hash must not reveal what others request.
// Viewers without a credential share theirs.
type persistedKey struct {
	credential domain.ID
	hash       string
}

const (
	maxPersisted = 1000
	// maxPersistedText is the length in bytes of the longest text that is
	// cached.
	maxPersistedText = 16 << 10
)

// NewResolver returns a resolver over the registered documents. With
// registeredOnly it refuses all others.
func NewResolver(registry *Registry, registeredOnly bool) *Resolver {
	persisted, err := lru.New[persistedKey, string](maxPersisted)
	if err != nil {
		panic(err) // the size is a constant
	}
	return &Resolver{registry, registeredOnly, persisted}
}

// Request is the part of a GraphQL request that its document is found by.
type Request struct {
	// Text is the document; empty where the client has sent none.
	Text string
	// Extensions are those of the request. Their members documentId and
	// persistedQuery name a document.
	Extensions map[string]any
	// Credential is the viewer's; see [domain.Viewer.CredentialID].
	Credential domain.ID
}

// Resolved is the document of a request, and for how long a response that is
// made from it may be cached.
type Resolved struct {
	Text string
	// NotCacheable is whether no response to this request may be cached:
	// the resolver has to see the next such request.
	NotCacheable bool
	// Private is whether a response is for the credential of the request alone.
	Private bool
	// Until is when the document has to be resolved anew, and Current reports
	// whether it need not be before that. Both are zero where the text came with
	// the request or from the credential.
	Until   time.Time
	Current func() bool
}

// Error is a request whose document is not run.
type Error struct {
	Code    string // one of the Code constants
	Message string // for clients
}

// The codes of an [Error].
const (
	CodeNotFound       = "PERSISTED_QUERY_NOT_FOUND"
	CodeRegisteredOnly = "REGISTERED_DOCUMENTS_ONLY"
)

// Error returns the message.
func (e *Error) Error() string { return e.Message }

// Resolve returns the document of a request.
//
// Errors: an [*Error] for a document that is not known, or not registered
// where it has to be; KindInvalid for a request that names its document
// wrongly.
func (r *Resolver) Resolve(ctx context.Context, q Request) (Resolved, error) {
	if id, ok := q.Extensions["documentId"]; ok {
		return r.byID(ctx, q, id)
	}
	if extension, ok := q.Extensions["persistedQuery"]; ok {
		return r.byHash(ctx, q, extension)
	}
	if !r.registeredOnly {
		return Resolved{Text: q.Text}, nil
	}
	// A client may send the text of a registered document.
	found, ok, err := r.registered(ctx, hashOf(q.Text))
	if err == nil && !ok {
		err = &Error{CodeRegisteredOnly, "only registered documents are run here; send the documentId of one"}
	}
	return found, err
}

func (r *Resolver) byID(ctx context.Context, q Request, id any) (Resolved, error) {
	name, ok := id.(string)
	if !ok || name == "" {
		return Resolved{}, domain.Invalid("documentId: want a text")
	}
	if q.Text != "" {
		return Resolved{}, domain.Invalid("give query or documentId, not both")
	}
	found, ok, err := r.registered(ctx, name)
	if err == nil && !ok {
		err = &Error{CodeNotFound, "there is no registered document with this id"}
	}
	return found, err
}

func (r *Resolver) byHash(ctx context.Context, q Request, extension any) (Resolved, error) {
	fields, _ := extension.(map[string]any)
	hash, _ := fields["sha256Hash"].(string)
	if version := fmt.Sprint(fields["version"]); version != "1" || !sha256Hex.MatchString(hash) {
		return Resolved{}, domain.Invalid(`extensions.persistedQuery: want {"version": 1, "sha256Hash": "…"} with a SHA-256 in hex`)
	}
	hash = storedID(hash)
	if q.Text != "" && hashOf(q.Text) != hash {
		return Resolved{}, domain.Invalid("extensions.persistedQuery.sha256Hash: is not the SHA-256 of the query")
	}
	found, ok, err := r.registered(ctx, hash)
	if err != nil || ok {
		return found, err
	}
	if q.Text != "" && r.registeredOnly {
		return Resolved{}, &Error{CodeRegisteredOnly, "only registered documents are run here; this one is not"}
	}
	key := persistedKey{q.Credential, hash}
	if q.Text != "" {
		if len(q.Text) <= maxPersistedText {
			r.persisted.Add(key, q.Text)
		}
		// Another credential that sends the same has to get here, so that the
		// text is cached for it too.
		return Resolved{Text: q.Text, NotCacheable: true}, nil
	}
	if text, ok := r.persisted.Get(key); ok && !r.registeredOnly {
		return Resolved{Text: text, Private: true}, nil
	}
	// The message is what Apollo's clients look for.
	return Resolved{}, &Error{CodeNotFound, "PersistedQueryNotFound"}
}

// registered returns the registered document of an id; ok is false where there
// is none.
func (r *Resolver) registered(ctx context.Context, id string) (found Resolved, ok bool, err error) {
	result, err := r.registry.lookUp(ctx, id)
	if err != nil || !result.found {
		return Resolved{}, false, err
	}
	current := func() bool { return r.registry.cache.generation.Load() == result.generation }
	return Resolved{Text: result.text, Until: result.until, Current: current}, true, nil
}
