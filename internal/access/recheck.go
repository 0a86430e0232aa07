package access

import (
	"context"
	"slices"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

type recheckKey struct{}

type authenticateFunc func(ctx context.Context) (*domain.Viewer, error)

// WithRecheck returns a context in which [Recheck] can authenticate the
// credential of the viewer of ctx again, by calling authenticate.
func WithRecheck(ctx context.Context, authenticate func(ctx context.Context) (*domain.Viewer, error)) context.Context {
	return context.WithValue(ctx, recheckKey{}, authenticateFunc(authenticate))
}

// Recheck authenticates the credential of the viewer of ctx again. It returns
// an error of KindUnauthenticated where the credential is no longer valid, or
// has another role, clearance, scopes or grants than the viewer. A viewer without a
// credential needs no check.
func Recheck(ctx context.Context) error {
	authenticate, _ := ctx.Value(recheckKey{}).(authenticateFunc)
	if authenticate == nil {
		return nil
	}
	before, err := domain.ViewerFrom(ctx)
	if err != nil {
		return err
	}
	now, err := authenticate(ctx)
	if err != nil {
		return err
	}
	if now.CredentialID() != before.CredentialID() || now.Role != before.Role || now.Clearance != before.Clearance ||
		(now.Scopes == nil) != (before.Scopes == nil) || !slices.Equal(now.Scopes, before.Scopes) || !slices.Equal(now.Grants, before.Grants) {
		return &domain.Error{Kind: domain.KindUnauthenticated, Message: "the rights of this credential have changed: connect again"}
	}
	return nil
}

// recheckInterval is for how long the result of a check is used.
const recheckInterval = time.Second

// Rechecker checks again and again that the credential of a viewer who
// receives events is still valid. The zero value has not checked it yet. It is
// for one goroutine.
type Rechecker struct{ at time.Time }

// Check calls [Recheck], unless the last check was less than a second ago.
func (c *Rechecker) Check(ctx context.Context) error {
	now := time.Now()
	if now.Sub(c.at) < recheckInterval {
		return nil
	}
	if err := Recheck(ctx); err != nil {
		return err
	}
	c.at = now
	return nil
}
