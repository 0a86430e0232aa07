package delivery

import (
	"context"
	"errors"
	"fmt"
	"net/url"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/webhookdelivery"
	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

const (
	maxURL         = 2000
	maxDescription = 500
	maxTags        = 100
)

// CreateParams describes a new webhook.
type CreateParams struct {
	URL         string
	Description string
	// Events, Types and Tags filter the changes; nil means all. Types are values of
	// the API's enum DocumentType; Tags are ids or slugs.
	Events     []Event
	Types      []string
	Tags       []string
	MaxMarking domain.Marking // the highest effective marking that the receiver may see; the API's "ceiling"
}

// Create registers a webhook and returns its id and its secret, which is not shown
// again. The webhook is notified of changes from now on. It needs the right
// MANAGE_WEBHOOKS, or OWN_WEBHOOKS for a webhook of one's own, and a clearance of at least
// MaxMarking.
//
// Errors: KindInvalid with all problems of the input, or if there are MaxWebhooks
// webhooks, or MaxOwnWebhooks of the owner; KindForbidden if MaxMarking is above the
// viewer's clearance; KindConflict if all owners together have too many.
func (w *Webhooks) Create(ctx context.Context, params CreateParams) (domain.ID, string, error) {
	viewer, err := domain.RequireWebhooks(ctx)
	if err != nil {
		return 0, "", err
	}
	var p domain.Problems
	w.checkURL(params.URL, &p)
	checkDescription(params.Description, &p)
	checkLists(params.Events, params.Types, params.Tags, &p)
	if !params.MaxMarking.Valid() {
		p.Add("ceiling", "want one of %v", domain.Markings)
	}
	checkPurge(eventNames(params.Events), params.MaxMarking, &p)
	const refused = "the webhook was not registered"
	if err := p.Err(refused); err != nil {
		return 0, "", err
	}
	if err := checkClearance(viewer, params.MaxMarking); err != nil {
		return 0, "", err
	}
	present, err := w.live.LastChange(asWebhook(ctx, params.MaxMarking))
	if err != nil {
		return 0, "", fmt.Errorf("register a webhook: %w", err)
	}
	visible, err := w.tagsForOwner(ctx, viewer, params.Tags)
	if err != nil {
		return 0, "", fmt.Errorf("register a webhook: %w", err)
	}
	secret := newSecret()
	at := w.txTime()
	id, err := retryID(func() (domain.ID, error) {
		id := domain.NewID(domain.Webhook, at)
		return id, w.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
			if err := checkRoom(ctx, tx, viewer); err != nil {
				return err
			}
			var p domain.Problems
			tags, err := findTags(ctx, tx, visible, params.Tags, &p)
			if err = errors.Join(err, p.Err(refused)); err != nil {
				return err
			}
			create := tx.Client().Webhook.Create().SetID(id).SetNillableOwner(ownerOf(viewer)).SetURL(params.URL).SetCeiling(params.MaxMarking).
				SetSecret(secret).SetState(domain.WebhookEnabled).SetCursor(present.String()).SetLastNumber(0).
				SetCreatedBy(viewer.Name).SetCreatedAt(at).SetUpdatedAt(at)
			if params.Description != "" {
				create.SetDescription(params.Description)
			}
			if params.Events != nil {
				create.SetEvents(eventNames(params.Events))
			}
			if params.Types != nil {
				create.SetTypes(params.Types)
			}
			if tags != nil {
				create.SetTags(tags)
			}
			if err := create.Exec(ctx); err != nil {
				return err
			}
			return audit.Append(ctx, tx, at, audit.Entry{Action: audit.CreateWebhook, Subject: id.String(),
				Detail: fmt.Sprintf("%s, TLP:%s", redactURL(params.URL), params.MaxMarking.Label())})
		})
	})
	if err != nil {
		return 0, "", fmt.Errorf("register a webhook: %w", err)
	}
	store.AfterCommit(ctx, func() {
		w.log.InfoContext(ctx, "webhook registered", "webhook", id, "ceiling", params.MaxMarking.String())
		w.wakeUp()
	})
	return id, secret, nil
}

// maxIDAttempts bounds how often a create is tried with a new id: two processes
// can choose the same id in the same millisecond.
const maxIDAttempts = 3

func retryID(try func() (domain.ID, error)) (id domain.ID, err error) {
	for range maxIDAttempts {
		if id, err = try(); !errors.Is(err, domain.ErrConflict) {
			break
		}
	}
	return id, err
}

// UpdateParams describes a change of a webhook. A nil field leaves the value as it
// is. A pointer to a list replaces the list; a pointer to nil means all.
type UpdateParams struct {
	ID          domain.ID
	URL         *string
	Description *string // empty: none
	Events      *[]Event
	Types       *[]string
	Tags        *[]string
	MaxMarking  *domain.Marking
	Enabled     *bool
}

// Update changes a webhook, from the next event on. A webhook that is enabled
// again continues where it stopped. It needs the right MANAGE_WEBHOOKS, or OWN_WEBHOOKS for
// a webhook of one's own, and a clearance of at least the webhook's maximum marking: after
// the change, and for a webhook of another before it too.
func (w *Webhooks) Update(ctx context.Context, params UpdateParams) error {
	viewer, err := domain.RequireWebhooks(ctx)
	if err != nil {
		return err
	}
	var p domain.Problems
	if params.URL != nil {
		w.checkURL(*params.URL, &p)
	}
	if params.Description != nil {
		checkDescription(*params.Description, &p)
	}
	checkLists(deref(params.Events), deref(params.Types), deref(params.Tags), &p)
	if params.MaxMarking != nil && !params.MaxMarking.Valid() {
		p.Add("ceiling", "want one of %v", domain.Markings)
	}
	if err := w.checkOwner(ctx, viewer, params, &p); err != nil {
		return err
	}
	visible, err := w.tagsForOwner(ctx, viewer, deref(params.Tags))
	if err != nil {
		return fmt.Errorf("change a webhook: %w", err)
	}
	const refused = "the webhook was not changed"
	if err := p.Err(refused); err != nil {
		return err
	}
	at := w.txTime()
	err = w.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		hook, err := find(ctx, tx, viewer, params.ID)
		if err != nil {
			return err
		}
		if err := checkClearanceFor(viewer, hook); err != nil {
			return err
		}
		events, ceiling := hook.Events, hook.Ceiling
		if params.Events != nil {
			events = eventNames(*params.Events)
		}
		if params.MaxMarking != nil {
			ceiling = *params.MaxMarking
		}
		var p domain.Problems
		checkPurge(events, ceiling, &p)
		if err := p.Err(refused); err != nil {
			return err
		}
		change := tx.Client().Webhook.UpdateOneID(hook.ID)
		var changed []string
		if params.URL != nil && *params.URL != hook.URL {
			change.SetURL(*params.URL)
			changed = append(changed, "url "+redactURL(*params.URL))
		}
		if params.Description != nil {
			setOrClear(params.Description, *params.Description == "", change.SetDescription, change.ClearDescription)
			changed = append(changed, "description")
		}
		if params.Events != nil {
			changed = append(changed, "events")
			names := eventNames(*params.Events)
			setOrClear(&names, *params.Events == nil, change.SetEvents, change.ClearEvents)
		}
		if params.Types != nil {
			changed = append(changed, "types")
			setOrClear(params.Types, *params.Types == nil, change.SetTypes, change.ClearTypes)
		}
		if params.Tags != nil {
			changed = append(changed, "tags")
			var p domain.Problems
			tags, err := findTags(ctx, tx, visible, *params.Tags, &p)
			if err = errors.Join(err, p.Err(refused)); err != nil {
				return err
			}
			setOrClear(&tags, tags == nil, change.SetTags, change.ClearTags)
		}
		if params.MaxMarking != nil {
			if err := checkClearance(viewer, *params.MaxMarking); err != nil {
				return err
			}
			change.SetCeiling(*params.MaxMarking)
			changed = append(changed, "ceiling TLP:"+params.MaxMarking.Label())
		}
		if params.Enabled != nil && *params.Enabled != (hook.State == domain.WebhookEnabled) {
			if *params.Enabled {
				if err := checkEnabling(viewer, hook, at); err != nil {
					return err
				}
				change.SetState(domain.WebhookEnabled).ClearReason().ClearDisabledAt().ClearFailingSince()
				err = w.restart(ctx, tx, at, hook.ID)
				changed = append(changed, "enabled")
			} else {
				change.SetState(domain.WebhookDisabled).SetReason("disabled by " + disabledBy(viewer, hook)).SetDisabledAt(at)
				changed = append(changed, "disabled")
			}
			if err != nil {
				return err
			}
		}
		if err := change.SetUpdatedAt(at).Exec(ctx); err != nil {
			return err
		}
		return audit.Append(ctx, tx, at, audit.Entry{Action: audit.UpdateWebhook, Subject: hook.ID.String(), Detail: strings.Join(changed, ", ")})
	})
	if err != nil {
		return fmt.Errorf("change a webhook: %w", err)
	}
	store.AfterCommit(ctx, w.wakeUp)
	return nil
}

// Delete deletes a webhook and its delivery log. It needs the right
// MANAGE_WEBHOOKS, or OWN_WEBHOOKS for a webhook of one's own.
func (w *Webhooks) Delete(ctx context.Context, id domain.ID) error {
	viewer, err := domain.RequireWebhooks(ctx)
	if err != nil {
		return err
	}
	err = w.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		hook, err := find(ctx, tx, viewer, id)
		if err != nil {
			return err
		}
		if _, err := tx.Client().WebhookDelivery.Delete().Where(webhookdelivery.WebhookID(id)).Exec(ctx); err != nil {
			return err
		}
		if err := tx.Client().Webhook.DeleteOneID(id).Exec(ctx); err != nil {
			return err
		}
		return audit.Append(ctx, tx, w.txTime(), audit.Entry{Action: audit.DeleteWebhook, Subject: id.String(), Detail: redactURL(hook.URL)})
	})
	if err != nil {
		return fmt.Errorf("delete a webhook: %w", err)
	}
	return nil
}

// The overlap is how long the previous secret signs besides a new one.
const (
	DefaultOverlap = 24 * time.Hour
	maxOverlap     = 30 * 24 * time.Hour
)

// Rotate gives a webhook a new secret and returns it; it is not shown again. The
// previous secret signs too during the overlap; nil means DefaultOverlap, and 0
// ends it at once. It needs the right MANAGE_WEBHOOKS, and a clearance of at least
// the webhook's maximum marking; or OWN_WEBHOOKS for a webhook of one's own.
func (w *Webhooks) Rotate(ctx context.Context, id domain.ID, overlap *time.Duration) (string, error) {
	viewer, err := domain.RequireWebhooks(ctx)
	if err != nil {
		return "", err
	}
	overlapTime := DefaultOverlap
	if overlap != nil {
		overlapTime = *overlap
	}
	var p domain.Problems
	if overlapTime < 0 || overlapTime > maxOverlap {
		p.Add("overlapMinutes", "want from 0 to %d, which is %d days", int(maxOverlap.Minutes()), int(maxOverlap.Hours()/24))
	}
	if err := p.Err("the secret was not rotated"); err != nil {
		return "", err
	}
	secret, at := newSecret(), w.txTime()
	err = w.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		hook, err := find(ctx, tx, viewer, id)
		if err != nil {
			return err
		}
		if err := checkClearanceFor(viewer, hook); err != nil {
			return err
		}
		change := tx.Client().Webhook.UpdateOneID(id).SetSecret(secret)
		detail := "the previous secret has expired"
		if overlapTime > 0 {
			until := at.Add(overlapTime)
			change.SetPreviousSecret(hook.Secret).SetPreviousUntil(until)
			detail = "the previous secret expires at " + until.Format(time.RFC3339)
		} else {
			change.ClearPreviousSecret().ClearPreviousUntil()
		}
		if err := change.Exec(ctx); err != nil {
			return err
		}
		return audit.Append(ctx, tx, at, audit.Entry{Action: audit.RotateWebhook, Subject: id.String(), Detail: detail})
	})
	if err != nil {
		return "", fmt.Errorf("rotate a secret: %w", err)
	}
	return secret, nil
}

// find returns a webhook that the viewer manages. One that the viewer does not manage is
// the same as none.
func find(ctx context.Context, tx *store.Tx, viewer *domain.Viewer, id domain.ID) (*db.Webhook, error) {
	hook, err := tx.Client().Webhook.Get(ctx, id)
	if db.IsNotFound(err) || err == nil && !manages(viewer, hook) {
		return nil, domain.NotFound("there is no webhook %s", id)
	}
	return hook, err
}

// checkClearanceFor refuses a viewer whose clearance is below the maximum marking of a
// webhook. An owner keeps its webhook when its own clearance is lowered, because what is sent
// is what its clearance permits.
func checkClearanceFor(viewer *domain.Viewer, hook *db.Webhook) error {
	if ownerOf(viewer) != nil {
		return nil
	}
	return checkClearance(viewer, hook.Ceiling)
}

// checkOwner adds a problem if a webhook is to be enabled whose owner has no right to it
// any more. The owner itself has the right.
func (w *Webhooks) checkOwner(ctx context.Context, viewer *domain.Viewer, params UpdateParams, p *domain.Problems) error {
	if params.Enabled == nil || !*params.Enabled || ownerOf(viewer) != nil {
		return nil
	}
	ctx = asSystemOnDesk(ctx, "check the owners of webhooks")
	hook, err := w.stores.Client(ctx).Webhook.Get(ctx, params.ID)
	if db.IsNotFound(err) {
		return nil // found out later
	}
	if err != nil {
		return fmt.Errorf("read a webhook: %w", err)
	}
	_, problem, err := w.clearanceOf(ctx, hook)
	if problem != "" {
		p.Add("enabled", "cannot be true, because %s", problem)
	}
	return err
}

// checkEnabling refuses an owner who enables a webhook right after it was disabled.
func checkEnabling(viewer *domain.Viewer, hook *db.Webhook, at time.Time) error {
	if ownerOf(viewer) == nil || hook.DisabledAt == nil {
		return nil
	}
	if until := hook.DisabledAt.Add(minDisabled); at.Before(until) {
		return &domain.RateLimitError{RetryAfter: until.Sub(at), Message: "the webhook was disabled less than a minute ago; enable it after " + until.UTC().Format(time.RFC3339)}
	}
	return nil
}

// checkClearance refuses a webhook that may see more than the viewer.
func checkClearance(viewer *domain.Viewer, ceiling domain.Marking) error {
	switch {
	case ceiling > viewer.Clearance:
		return &domain.Error{Kind: domain.KindForbidden, Message: fmt.Sprintf(
			"a webhook with the ceiling %s needs a clearance of at least %[1]s; this credential has %s", ceiling, viewer.Clearance)}
	case !viewer.May(domain.ReadLive):
		return &domain.Error{Kind: domain.KindForbidden, Message: "a webhook needs the right READ_LIVE, which the scopes of this credential exclude"}
	}
	return nil
}

func (w *Webhooks) checkURL(text string, p *domain.Problems) {
	u, err := url.Parse(text)
	switch {
	case len(text) > maxURL:
		p.Add("url", "is longer than %d characters", maxURL)
	case err != nil || u.Host == "" || u.Scheme != "https" && u.Scheme != "http" || strings.ContainsFunc(text, unicode.IsControl):
		p.Add("url", "want a URL such as https://site.example/hooks/redthread")
	case u.Scheme == "http" && !w.allowPrivate:
		p.Add("url", "want https")
	case u.User != nil:
		p.Add("url", "must not contain a user name or a password; requests are signed")
	case u.Fragment != "":
		p.Add("url", "must not have a fragment (#)")
	}
}

func checkDescription(text string, p *domain.Problems) {
	if utf8.RuneCountInString(text) > maxDescription {
		p.Add("description", "is longer than %d characters", maxDescription)
	}
	if strings.ContainsFunc(text, func(r rune) bool { return unicode.IsControl(r) && r != '\n' && r != '\r' && r != '\t' }) {
		p.Add("description", "has control characters: want line breaks and tabs at most")
	}
}

// checkLists refuses empty lists, which would match nothing although all was
// probably meant, and unknown names.
func checkLists(events []Event, types, tags []string, p *domain.Problems) {
	const message = "must not be empty; omit it or give null for all"
	for name, empty := range map[string]bool{
		"events": events != nil && len(events) == 0, "types": types != nil && len(types) == 0, "tags": tags != nil && len(tags) == 0,
	} {
		if empty {
			p.Add(name, message)
		}
	}
	for i, e := range events {
		if !slices.Contains(Events, e) {
			p.Add(fmt.Sprintf("events.%d", i), "want one of %v", Events)
		}
	}
	for i, name := range types {
		if _, ok := domain.ParseType(name); !ok {
			p.Add(fmt.Sprintf("types.%d", i), "%q is not a document type", name)
		}
	}
	if len(tags) > maxTags {
		p.Add("tags", "must not be more than %d", maxTags)
	}
}

// findTags returns the ids of tags that are given by id or slug, also by former
// ones; nil for nil. There are those of the desk, or, if visible is not nil, those in visible.
func findTags(ctx context.Context, tx *store.Tx, visible map[string]domain.ID, refs []string, p *domain.Problems) ([]string, error) {
	if refs == nil {
		return nil, nil
	}
	known := visible
	if known == nil {
		var err error
		if known, err = aggregate.Lookup(ctx, tx, domain.Tag, refs); err != nil {
			return nil, err
		}
	}
	found := []string{}
	for i, ref := range refs {
		if id, ok := known[ref]; ok {
			found = append(found, id.String())
		} else {
			p.Add(fmt.Sprintf("tags.%d", i), "there is no tag %q", ref)
		}
	}
	return found, nil
}

func eventNames(events []Event) []string {
	names := make([]string, len(events))
	for i, e := range events {
		names[i] = string(e)
	}
	return names
}

// redactURL returns a URL without its query, which may contain a secret.
func redactURL(text string) string {
	before, _, _ := strings.Cut(text, "?")
	return before
}

// setOrClear sets or clears a field of an update. PostgreSQL refuses a statement
// that does both.
func setOrClear[T, R any](value *T, clear bool, set func(T) R, unset func() R) {
	if clear {
		unset()
	} else {
		set(*value)
	}
}

func deref[T any](list *[]T) []T {
	if list == nil {
		return nil
	}
	return *list
}
