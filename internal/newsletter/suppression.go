package newsletter

import (
	"context"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// The states of a subscription.
const (
	SubscriptionPending      = "PENDING" // not confirmed
	SubscriptionActive       = "ACTIVE"
	SubscriptionUnsubscribed = "UNSUBSCRIBED"
)

// Why an address gets no mail.
const (
	SuppressHardBounce = "HARD_BOUNCE"
	SuppressComplaint  = "COMPLAINT"
	SuppressErased     = "ERASED"
	SuppressManual     = "MANUAL"
)

// suppress puts an address on the suppression list. The first reason remains.
func suppress(ctx context.Context, tx *store.Tx, emailHash, reason, code string, at time.Time) error {
	var with any
	if code != "" {
		with = code
	}
	return store.ExecLater(ctx, tx, "suppress an address", "INSERT INTO suppressions (id, email_hash, reason, code, at) VALUES (?, ?, ?, ?, ?) ON CONFLICT (email_hash) DO NOTHING",
		domain.NewID(domain.Row, at), emailHash, reason, with, at)
}
