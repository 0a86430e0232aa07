package access

import (
	"context"
	"fmt"
	"strings"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/apikey"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
)

// errInvalidCredential is the same for every credential that is refused, so
// that it does not tell whether the credential was ever valid.
var errInvalidCredential = &domain.Error{Kind: domain.KindUnauthenticated,
	Message: "authentication failed: the credential may be mistyped, expired, revoked, or restricted to other networks or origins"}

// Authenticate returns the viewer of a key. A key that is unknown, revoked,
// expired, or restricted to other networks or origins, is one and the same
// error, of KindUnauthenticated, after the same work: one hash and one
// statement. A text without the form of a key takes no statement.
//
// The use of the key is buffered and written later: see [Keys.Run].
func (k *Keys) Authenticate(ctx context.Context, credential Credential) (*domain.Viewer, error) {
	if !wellFormed(credential.Token) {
		return nil, errInvalidCredential
	}
	system := domain.WithStage(domain.AsSystem(ctx, "authenticate"), domain.Desk)
	row, err := k.stores.Client(system).ApiKey.Query().Where(apikey.Hash(hashOf(credential.Token))).Only(system)
	if db.IsNotFound(err) {
		return nil, errInvalidCredential
	}
	if err != nil {
		return nil, fmt.Errorf("authenticate: %w", err)
	}
	key, at := keyOf(row), k.clock()
	viewer := key.viewer()
	problem := key.allow(domain.ClientFrom(ctx), credential.Origin)
	if state := key.State(at); state != StateActive {
		problem = "a key that is " + strings.ToLower(state)
	}
	if problem != "" {
		k.refusals.Add(domain.WithViewer(ctx, viewer), audit.Entry{Action: audit.RefuseCredential, Subject: key.ID.String(), Detail: problem})
		return nil, errInvalidCredential
	}
	k.recordUse(ctx, key, at)
	return viewer, nil
}
