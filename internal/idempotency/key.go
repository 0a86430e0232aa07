package idempotency

import (
	"bytes"
	"context"
	"crypto/sha256"
	"fmt"
	"log/slog"
	"sync/atomic"
	"time"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/idempotencykey"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

const (
	// Lifetime is how long a key is remembered.
	Lifetime = 24 * time.Hour
	// MaxKeys is how many keys of one credential are remembered at once.
	MaxKeys = 10_000
	// MaxKey is the length of the longest key, in bytes.
	MaxKey = 255
	// MaxBody is the size of the largest response that is stored, and maxBodies that of
	// all of one credential, in bytes.
	MaxBody   = 1 << 20
	maxBodies = 64 << 20

	// longest is how long after its beginning a mutation has certainly ended: twice the
	// time that one may take.
	longest = time.Minute
	// finishTimeout bounds the transaction in which a response is stored. It goes on where
	// the client has disconnected.
	finishTimeout = 10 * time.Second
)

// Keys are the idempotency keys of all credentials. They are safe for concurrent use, also
// by several processes.
type Keys struct {
	stores *store.Stores
	log    *slog.Logger
	now    func() time.Time
	// The bounds of one credential, which tests make smaller.
	maxKeys   int
	maxBodies int64
}

// New returns the keys that the desk has.
func New(stores *store.Stores, log *slog.Logger, now func() time.Time) *Keys {
	return &Keys{stores: stores, log: log, now: now, maxKeys: MaxKeys, maxBodies: maxBodies}
}

// Response is the response to a mutation.
type Response struct {
	Status    int
	MediaType string
	Marking   string // the value of the header with the marking; empty: there is none
	Body      []byte
}

// Error is an error of a key that cannot be used for a request.
type Error struct {
	Message string
	// RetryAfter, where it is not 0, is the time after which to send the request again.
	RetryAfter time.Duration
	// TooMany reports that the credential has [MaxKeys] already. In all other cases the
	// key is in use.
	TooMany bool
}

func (e *Error) Error() string { return e.Message }

// Check returns an error that says what is wrong with a key; nil if it is valid.
func Check(key string) error {
	if key == "" || len(key) > MaxKey {
		return fmt.Errorf("want from 1 to %d characters, not %d", MaxKey, len(key))
	}
	for i := range len(key) {
		if key[i] < ' ' || key[i] > '~' {
			return fmt.Errorf("want printable characters of ASCII only")
		}
	}
	return nil
}

// Claim is a key that was claimed for a mutation.
type Claim struct {
	keys    *Keys
	row     domain.ID
	ctx     context.Context // without the mutation's deadline
	commits *store.Commits
	secret  *atomic.Bool
}

// Begin claims a valid key of the viewer of ctx for a request, of which it gets the
// SHA-256. The caller runs the mutation in the returned context, and then calls
// [Claim.Finish]. Where the response to the same request is stored, Begin returns that
// and no claim. For a viewer without a credential it returns neither: there is nothing
// that such a viewer can write.
//
// Errors: [Error], and those of the store.
func (k *Keys) Begin(ctx context.Context, key string, request [sha256.Size]byte) (context.Context, *Claim, *Response, error) {
	viewer, err := domain.ViewerFrom(ctx)
	if err != nil {
		return ctx, nil, nil, err
	}
	if viewer.CredentialID() == 0 {
		return ctx, nil, nil, nil
	}
	var claimed domain.ID
	var stored *Response
	at := k.now().UTC().Truncate(time.Microsecond)
	err = k.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		claimed, stored = 0, nil
		all := tx.Client().IdempotencyKey
		if _, err := all.Delete().Where(idempotencykey.CreatedAtLTE(at.Add(-Lifetime))).Exec(ctx); err != nil {
			return err
		}
		row, err := all.Query().Where(idempotencykey.CredentialID(viewer.CredentialID()), idempotencykey.Key(key)).Only(ctx)
		if err == nil {
			stored, err = responseOf(row, viewer, request, at)
			return err
		}
		if !db.IsNotFound(err) {
			return err
		}
		if n, err := all.Query().Where(idempotencykey.CredentialID(viewer.CredentialID())).Count(ctx); err != nil {
			return err
		} else if n >= k.maxKeys {
			return &Error{TooMany: true, RetryAfter: time.Hour, Message: fmt.Sprintf(
				"at most %d idempotency keys of one credential are remembered, each for %.0f hours; send the request without one, or wait", k.maxKeys, Lifetime.Hours())}
		}
		claimed = domain.NewID(domain.Row, at)
		return all.Create().SetID(claimed).SetCredentialID(viewer.CredentialID()).SetKey(key).SetRequest(request[:]).
			SetRole(viewer.Role).SetClearance(viewer.Clearance).SetCreatedAt(at).SetStatus(0).SetSize(0).Exec(ctx)
	})
	if err != nil || stored != nil {
		return ctx, nil, stored, err
	}
	c := &Claim{keys: k, row: claimed, ctx: context.WithoutCancel(ctx), secret: &atomic.Bool{}}
	ctx, c.commits = store.WatchCommits(context.WithValue(ctx, secretKey{}, c.secret))
	return ctx, c, nil, nil
}

// responseOf returns the stored response of a key, or why there is none for a request.
func responseOf(row *db.IdempotencyKey, v *domain.Viewer, request [sha256.Size]byte, at time.Time) (*Response, error) {
	switch {
	case !bytes.Equal(row.Request, request[:]):
		return nil, &Error{Message: "this idempotency key was sent with another request; use a new key for each mutation"}
	case row.Role != v.Role || row.Clearance != v.Clearance:
		return nil, &Error{Message: "this idempotency key was used while the credential had another role or clearance; read what there is, and use a new key"}
	case row.FinishedAt == nil && at.Before(row.CreatedAt.Add(longest)):
		return nil, &Error{RetryAfter: time.Second, Message: "the first request with this idempotency key has not ended yet; send it again later"}
	case row.FinishedAt == nil:
		return nil, &Error{Message: "the outcome of the first request with this idempotency key is unknown, because the server was stopped while it ran; " +
			"read what there is, and use a new key if it was not done"}
	case row.Status == 0:
		return nil, &Error{Message: "the first request with this idempotency key was done, but its response was not stored: it was too large, or showed a secret; read what there is"}
	}
	out := &Response{Status: row.Status, Body: row.Body}
	if row.MediaType != nil {
		out.MediaType = *row.MediaType
	}
	if row.Marking != nil {
		out.Marking = *row.Marking
	}
	return out, nil
}

// Finish stores the response, or frees the key if the mutation has committed nothing. It
// must be called when the mutation has ended, before its response is sent. Where that
// fails, it logs the error, and the outcome counts as unknown.
func (c *Claim) Finish(r Response) {
	ctx, cancel := context.WithTimeout(c.ctx, finishTimeout)
	defer cancel()
	err := c.keys.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		all := tx.Client().IdempotencyKey
		if !c.commits.Attempted() {
			_, err := all.Delete().Where(idempotencykey.ID(c.row)).Exec(ctx)
			return err
		}
		update := all.Update().Where(idempotencykey.ID(c.row)).SetFinishedAt(c.keys.now().UTC().Truncate(time.Microsecond))
		storable := !c.secret.Load() && len(r.Body) <= MaxBody
		if storable {
			row, err := all.Get(ctx, c.row)
			if db.IsNotFound(err) {
				return nil // deleted meanwhile
			} else if err != nil {
				return err
			}
			var sizes []struct{ Sum *int64 }
			err = all.Query().Where(idempotencykey.CredentialID(row.CredentialID)).Aggregate(db.Sum(idempotencykey.FieldSize)).Scan(ctx, &sizes)
			if err != nil {
				return err
			}
			storable = len(sizes) == 0 || sizes[0].Sum == nil || *sizes[0].Sum+int64(len(r.Body)) <= c.keys.maxBodies
		}
		if storable {
			update.SetStatus(r.Status).SetMediaType(r.MediaType).SetSize(len(r.Body)).SetBody(r.Body)
			if r.Marking != "" {
				update.SetMarking(r.Marking)
			}
		}
		return update.Exec(ctx)
	})
	if err != nil {
		c.keys.log.Log(ctx, store.Level(err), "the response for an idempotency key was not stored", "error", domain.Detail(err))
	}
}

type secretKey struct{}

// Withhold says that the response to the mutation of ctx shows a secret, and must not be
// stored.
func Withhold(ctx context.Context) {
	if secret, ok := ctx.Value(secretKey{}).(*atomic.Bool); ok {
		secret.Store(true)
	}
}
