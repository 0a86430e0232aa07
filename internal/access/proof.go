package access

import (
	"context"
	"slices"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

type proofKey struct{}

type proof func(ctx context.Context) (*domain.Viewer, error)

// WithProof returns a context in which [StillHolds] can ask again whose the
// credential is that the viewer of ctx has shown.
func WithProof(ctx context.Context, ask func(ctx context.Context) (*domain.Viewer, error)) context.Context {
	return context.WithValue(ctx, proofKey{}, proof(ask))
}

// StillHolds returns an error of domain.KindUnauthenticated when the credential
// of the viewer of ctx, who was let in some time ago, opens nothing any more, or
// something else. Who has shown none keeps what everybody has.
func StillHolds(ctx context.Context) error {
	ask, _ := ctx.Value(proofKey{}).(proof)
	if ask == nil {
		return nil
	}
	was, err := domain.ViewerFrom(ctx)
	if err != nil {
		return err
	}
	is, err := ask(ctx)
	if err != nil {
		return err
	}
	if is.CredentialID() != was.CredentialID() || is.Role != was.Role || is.Clearance != was.Clearance ||
		(is.Scopes == nil) != (was.Scopes == nil) || !slices.Equal(is.Scopes, was.Scopes) {
		return &domain.Error{Kind: domain.KindUnauthenticated, Message: "what this credential may do has changed: connect again"}
	}
	return nil
}

// proofInterval is for how long a credential is believed to be good.
const proofInterval = time.Second

// Proof is that the credential of a viewer who is told things as they happen
// still holds. The zero value is none yet. It is for one goroutine.
type Proof struct{ at time.Time }

// Renew is [StillHolds], unless that was asked within the last second.
func (p *Proof) Renew(ctx context.Context) error {
	now := time.Now()
	if now.Sub(p.at) < proofInterval {
		return nil
	}
	if err := StillHolds(ctx); err != nil {
		return err
	}
	p.at = now
	return nil
}
