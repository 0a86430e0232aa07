package newsletter

import (
	"context"
	"crypto/hmac"
	"crypto/rand"
	"crypto/sha256"
	"database/sql"
	"encoding/hex"
	"fmt"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// The purposes of keys. An address key is never replaced: the hashes of the suppression
// list would be lost.
const (
	addressKey = "ADDRESS"
	linkKey    = "LINK"
)

const (
	keyBytes = 32
	// keysReload is after how long a process sees that the link key was rotated by another
	// one, and the least time between two reads.
	keysReload    = time.Minute
	keysMinReload = 10 * time.Second
)

// keyring has the keys of the desk. It is safe for concurrent use.
type keyring struct {
	stores *store.Stores
	now    func() time.Time

	mu     sync.Mutex
	loaded *keys
}

// keys is what was read at a time.
type keys struct {
	at      time.Time
	address []byte
	signing domain.ID // the link key that signs
	links   map[domain.ID][]byte
}

// get returns the keys. Those that are not on the desk yet are made.
func (k *keyring) get(ctx context.Context) (*keys, error) { return k.load(ctx, keysReload) }

func (k *keyring) load(ctx context.Context, maxAge time.Duration) (*keys, error) {
	k.mu.Lock()
	defer k.mu.Unlock()
	at := k.now().UTC().Truncate(time.Microsecond)
	if k.loaded != nil && at.Sub(k.loaded.at) < maxAge {
		return k.loaded, nil
	}
	found, err := readKeys(ctx, k.stores.DeskRows())
	if err != nil {
		return nil, err
	}
	if found.address == nil || found.signing == 0 {
		if err := k.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
			if found, err = readKeys(ctx, tx); err != nil {
				return err
			}
			if found.address == nil {
				if err := insertKey(ctx, tx, addressKey, at); err != nil {
					return err
				}
			}
			if found.signing == 0 {
				if err := insertKey(ctx, tx, linkKey, at); err != nil {
					return err
				}
			}
			found, err = readKeys(ctx, tx)
			return err
		}); err != nil {
			return nil, fmt.Errorf("make the keys of newsletters: %w", err)
		}
	}
	if store.Joined(ctx) {
		return found, nil // the transaction may be rolled back
	}
	found.at = at
	k.loaded = found
	return found, nil
}

// drop makes the next get read the keys.
func (k *keyring) drop() {
	k.mu.Lock()
	defer k.mu.Unlock()
	k.loaded = nil
}

func readKeys(ctx context.Context, db store.Rows) (*keys, error) {
	found := &keys{links: map[domain.ID][]byte{}}
	err := store.QueryRows(ctx, db, "SELECT id, purpose, secret, retired_at FROM newsletter_keys ORDER BY created_at, id", nil, func(rows *sql.Rows) error {
		var id domain.ID
		var purpose string
		var secret []byte
		var retired sql.NullTime
		if err := rows.Scan(&id, &purpose, &secret, &retired); err != nil {
			return err
		}
		switch purpose {
		case addressKey:
			if found.address == nil {
				found.address = secret
			}
		case linkKey:
			found.links[id] = secret
			if !retired.Valid {
				found.signing = id
			}
		}
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("read the keys of newsletters: %w", err)
	}
	return found, nil
}

func insertKey(ctx context.Context, tx *store.Tx, purpose string, at time.Time) error {
	secret := make([]byte, keyBytes)
	rand.Read(secret) // never fails: it crashes the program instead
	return store.Exec(ctx, tx, "INSERT INTO newsletter_keys (id, purpose, secret, created_at) VALUES (?, ?, ?, ?)",
		domain.NewID(domain.Row, at), purpose, secret, at)
}

// hash returns the keyed hash of an address.
func (k *keys) hash(a address) string {
	mac := hmac.New(sha256.New, k.address)
	mac.Write([]byte(a.compared))
	return hex.EncodeToString(mac.Sum(nil))
}

// RotateLinkKey makes a new key for the links in mails. Links that were signed before stay
// valid. Needs the right MANAGE_SUBSCRIBERS.
func (s *Subscribers) RotateLinkKey(ctx context.Context) error {
	if _, err := domain.Require(ctx, domain.ManageSubscribers); err != nil {
		return err
	}
	at := s.txTime()
	err := s.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		if err := store.Exec(ctx, tx, "UPDATE newsletter_keys SET retired_at = ? WHERE purpose = ? AND retired_at IS NULL", at, linkKey); err != nil {
			return err
		}
		return insertKey(ctx, tx, linkKey, at)
	})
	if err != nil {
		return fmt.Errorf("rotate the key of links: %w", err)
	}
	store.AfterCommit(ctx, s.keys.drop)
	return nil
}
