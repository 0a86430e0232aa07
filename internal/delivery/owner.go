package delivery

import (
	"context"
	"fmt"
	"time"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/apikey"
	"github.com/redthread-api/redthread/ent/db/auditentry"
	"github.com/redthread-api/redthread/ent/db/webhook"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

const (
	// maxOwnTests is how many tests a key can make of its own webhooks within
	// ownTestsWindow: a test sends a request to an address that its holder chooses.
	maxOwnTests    = 20
	ownTestsWindow = time.Hour
	// minDisabled is how long an owner has to wait until it enables a webhook again. All
	// that is pending is then sent at once.
	minDisabled = time.Minute
)

// ownerOf returns the owner of the webhooks that a viewer manages: its line of keys; nil for
// a viewer who manages all webhooks.
func ownerOf(viewer *domain.Viewer) *domain.ID {
	if viewer.May(domain.ManageWebhooks) {
		return nil
	}
	line := viewer.Line()
	return &line
}

// manages reports whether a viewer with one of the two rights manages a webhook.
func manages(viewer *domain.Viewer, hook *db.Webhook) bool {
	owner := ownerOf(viewer)
	return owner == nil || hook.Owner != nil && *hook.Owner == *owner
}

// clearanceOf returns the clearance that a webhook sees live with: its maximum marking, and
// at most the clearance of its owner. If the owner has no right to webhooks any more, problem
// says why.
func (w *Webhooks) clearanceOf(ctx context.Context, hook *db.Webhook) (clearance domain.Marking, problem string, err error) {
	if hook.Owner == nil {
		return hook.Ceiling, "", nil
	}
	if w.owners == nil {
		return 0, "its owner is not known", nil
	}
	clearance, problem, err = w.owners.WebhookOwner(ctx, *hook.Owner)
	if err != nil {
		return 0, "", fmt.Errorf("check the owner of %s: %w", hook.ID, err)
	}
	return min(clearance, hook.Ceiling), problem, nil
}

// disableOwned disables a webhook whose owner has no right to it any more.
func (w *Webhooks) disableOwned(ctx context.Context, id domain.ID, problem string) error {
	at, disabled := w.txTime(), false
	err := w.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		disabled = false
		hook, err := tx.Client().Webhook.Get(ctx, id)
		if db.IsNotFound(err) {
			return nil
		}
		if err != nil || hook.State != domain.WebhookEnabled {
			return err
		}
		disabled = true
		return disable(ctx, tx, at, id, problem)
	})
	if err != nil {
		return fmt.Errorf("disable %s: %w", id, err)
	}
	if disabled {
		w.log.WarnContext(ctx, "a webhook was disabled", "webhook", id, "reason", problem)
	}
	return nil
}

// checkRoom returns an error if a viewer may not register a further webhook.
func checkRoom(ctx context.Context, tx *store.Tx, viewer *domain.Viewer) error {
	all := tx.Client().Webhook.Query()
	owner := ownerOf(viewer)
	if owner == nil {
		n, err := all.Count(ctx)
		if err == nil && n >= MaxWebhooks {
			return domain.Invalid("the limit of %d webhooks is reached", MaxWebhooks)
		}
		return err
	}
	n, err := all.Clone().Where(webhook.Owner(*owner)).Count(ctx)
	if err != nil {
		return err
	}
	if n >= MaxOwnWebhooks {
		return domain.Invalid("the limit of %d webhooks of one key is reached: delete one", MaxOwnWebhooks)
	}
	owned, err := all.Clone().Where(webhook.OwnerGT(0)).Count(ctx)
	if err != nil {
		return err
	}
	total, err := all.Count(ctx)
	if err == nil && (owned >= maxOwned || total >= MaxWebhooks) {
		return domain.Conflict("this server has no room for another webhook now: ask its operator")
	}
	return err
}

// beginTest begins a test of a webhook. An owner can make one test at a time, and
// maxOwnTests in ownTestsWindow; tests by a viewer who manages all webhooks have no such
// limit. The caller must call end.
func (w *Webhooks) beginTest(ctx context.Context, viewer *domain.Viewer) (end func(), err error) {
	owner := ownerOf(viewer)
	if owner == nil {
		return func() {}, nil
	}
	if _, running := w.tests.LoadOrStore(*owner, struct{}{}); running {
		return nil, domain.Conflict("another webhook of yours is being tested: wait for the end of that")
	}
	end = func() { w.tests.Delete(*owner) }
	if err := w.checkTests(ctx, viewer); err != nil {
		end()
		return nil, err
	}
	return end, nil
}

// checkTests counts the tests of the keys of a line by the audit log, which survives the deletion of the
// webhook.
func (w *Webhooks) checkTests(ctx context.Context, viewer *domain.Viewer) error {
	at := w.txTime()
	ctx = asSystemOnDesk(ctx, "count the tests of webhooks")
	line, err := w.stores.Client(ctx).ApiKey.Query().Where(apikey.Or(apikey.ID(viewer.Line()), apikey.Line(viewer.Line()))).Select(apikey.FieldID).All(ctx)
	if err != nil {
		return fmt.Errorf("count the tests of webhooks: %w", err)
	}
	keys := []domain.ID{viewer.KeyID}
	for _, key := range line {
		keys = append(keys, key.ID)
	}
	rows, err := w.stores.Client(ctx).AuditEntry.Query().
		Where(auditentry.ActorIDIn(keys...), auditentry.Action(string(audit.TestWebhook)), auditentry.AtGT(at.Add(-ownTestsWindow))).
		Order(auditentry.ByID()).Select(auditentry.FieldID, auditentry.FieldAt).All(ctx)
	if err != nil {
		return fmt.Errorf("count the tests of webhooks: %w", err)
	}
	if len(rows) < maxOwnTests {
		return nil
	}
	next := rows[len(rows)-maxOwnTests].At.Add(ownTestsWindow)
	return &domain.RateLimitError{RetryAfter: next.Sub(at), Message: fmt.Sprintf(
		"a key can test its webhooks %d times in an hour; test again after %s", maxOwnTests, next.UTC().Format(time.RFC3339))}
}

// tagsForOwner finds the tags that an owner may give its webhook, by their names: those that it
// sees in live. It returns nil for a viewer who manages all webhooks.
func (w *Webhooks) tagsForOwner(ctx context.Context, viewer *domain.Viewer, refs []string) (map[string]domain.ID, error) {
	if ownerOf(viewer) == nil {
		return nil, nil
	}
	return w.visibleTags(asWebhook(ctx, viewer.Clearance), refs)
}

// disabledBy returns who has disabled a webhook, for its reason. An owner is not shown the
// names of the publisher's people.
func disabledBy(viewer *domain.Viewer, hook *db.Webhook) string {
	if hook.Owner != nil && ownerOf(viewer) == nil {
		return "the publisher"
	}
	return viewer.Name
}

// ownIDs returns the ids of the webhooks of an owner.
func ownIDs(ctx context.Context, tx *store.Tx, owner domain.ID) ([]domain.ID, error) {
	return tx.Client().Webhook.Query().Where(webhook.Owner(owner)).IDs(ctx)
}
