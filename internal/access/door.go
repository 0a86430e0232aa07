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
	people *People
}

// NewDoor returns a door for keys and people.
func NewDoor(keys *Keys, people *People) *Door { return &Door{keys, people} }

// Authenticate returns the viewer who stands behind a credential: it asks the
// keys about what begins as a key does, and the people about all else. An error
// of KindUnauthenticated says that it opens nothing, and not why.
func (d *Door) Authenticate(ctx context.Context, shown Shown) (*domain.Viewer, error) {
	if strings.HasPrefix(shown.Token, secretPrefix) {
		return d.keys.Authenticate(ctx, shown)
	}
	return d.people.Authenticate(ctx, shown.Token)
}
