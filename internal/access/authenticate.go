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

// errRefused is the one answer to every credential that opens nothing, so that
// it tells nobody whether it was ever good.
var errRefused = &domain.Error{Kind: domain.KindUnauthenticated,
	Message: "this credential is not valid here: it may be mistyped, expired, revoked, or bound to other networks or origins"}

// Shown is a credential as a request shows it. The address that the request
// comes from is in its context (see [domain.WithClient]).
type Shown struct {
	Token  string
	Origin string // the header Origin; empty where there is none
}

// Authenticate returns the holder of a key. A key that is unknown, revoked,
// expired, or used from where it may not be, is one and the same error, of
// KindUnauthenticated, after the same work: one hash and one statement. What
// hasn't even the form of a key costs no statement.
//
// The use is noted, and written later: see [Keys.Run].
func (k *Keys) Authenticate(ctx context.Context, shown Shown) (*domain.Viewer, error) {
	if !wellFormed(shown.Token) {
		return nil, errRefused
	}
	system := domain.WithStage(domain.AsSystem(ctx, "authenticate"), domain.Desk)
	row, err := k.stores.Client(system).ApiKey.Query().Where(apikey.Hash(hashOf(shown.Token))).Only(system)
	if db.IsNotFound(err) {
		return nil, errRefused
	}
	if err != nil {
		return nil, fmt.Errorf("authenticate: %w", err)
	}
	key, at := keyOf(row), k.clock()
	viewer := &domain.Viewer{Name: key.Name, Role: key.Role, Scopes: key.Scopes, Clearance: key.Clearance, KeyID: key.ID, RateLimit: key.RateLimit}
	problem := key.admits(domain.ClientFrom(ctx), shown.Origin)
	if state := key.State(at); state != StateActive {
		problem = "a key that is " + strings.ToLower(state)
	}
	if problem != "" {
		k.notes.Note(domain.WithViewer(ctx, viewer), audit.Entry{Action: audit.RefuseCredential, Subject: key.ID.String(), Detail: problem})
		return nil, errRefused
	}
	k.note(ctx, key, at)
	return viewer, nil
}
