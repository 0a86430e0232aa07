package access

import (
	"context"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
)

// Door lets in whoever shows a credential that it knows: a key, or what
// somebody who has signed in brings along.
type Door struct {
	keys   *Keys
	people Tokens
}

// Tokens knows whose a token is that is no key.
type Tokens interface {
	Authenticate(ctx context.Context, token string) (*domain.Viewer, error)
}

// NewDoor returns a door for keys and, where people is not nil, for people.
func NewDoor(keys *Keys, people Tokens) *Door { return &Door{keys, people} }

// Authenticate returns the viewer who stands behind a credential. An error of
// KindUnauthenticated says that it opens nothing, and not why.
func (d *Door) Authenticate(ctx context.Context, shown Shown) (*domain.Viewer, error) {
	if strings.HasPrefix(shown.Token, secretPrefix) || d.people == nil {
		return d.keys.Authenticate(ctx, shown)
	}
	return d.people.Authenticate(ctx, shown.Token)
}
