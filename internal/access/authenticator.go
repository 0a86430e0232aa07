package access

import (
	"context"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
)

// Credential is a credential as it comes with a request. The address that the
// request comes from is in its context (see [domain.WithClient]).
type Credential struct {
	Token  string
	Origin string // the header Origin; empty where there is none
}

// Authenticator authenticates credentials of both kinds: API keys, and tokens
// of people who have signed in with OpenID Connect.
type Authenticator struct {
	keys   *Keys
	people *People
}

// NewAuthenticator returns an authenticator for keys and people.
func NewAuthenticator(keys *Keys, people *People) *Authenticator {
	return &Authenticator{keys, people}
}

// Authenticate returns the viewer of a credential. A token that begins as a key
// does is taken for a key, any other for a token of a person. An error of
// KindUnauthenticated says that the credential is not valid, and not why.
func (a *Authenticator) Authenticate(ctx context.Context, credential Credential) (*domain.Viewer, error) {
	if strings.HasPrefix(credential.Token, secretPrefix) {
		return a.keys.Authenticate(ctx, credential)
	}
	return a.people.Authenticate(ctx, credential.Token)
}
