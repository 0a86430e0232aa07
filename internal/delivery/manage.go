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

// CreateParams says what a new webhook is.
type CreateParams struct {
	URL         string
	Description string
	// Events, Types and Tags say what it is told of; nil is of all. Types are
	// those of the API's enum DocumentType, tags ids or slugs.
	Events  []Event
	Types   []string
	Tags    []string
	Ceiling domain.Marking // the highest marking of what it is told of
}

// Create registers a webhook and returns its id and its secret, which cannot
// be had again. It is told of what changes from now on. The right
// MANAGE_WEBHOOKS may; nobody may let others see more than they do.
//
// Errors: KindInvalid with all that is wrong with the input; KindForbidden for a
// ceiling above the viewer's clearance; KindConflict where there are as many
// webhooks as there may be.
func (w *Webhooks) Create(ctx context.Context, params CreateParams) (domain.ID, string, error) {
	viewer, err := domain.Require(ctx, domain.ManageWebhooks)
	if err != nil {
		return 0, "", err
	}
	var p domain.Problems
	w.checkURL(params.URL, &p)
	checkDescription(params.Description, &p)
	checkLists(params.Events, params.Types, params.Tags, &p)
	if !params.Ceiling.Valid() {
		p.Add("ceiling", "want one of %v", domain.Markings)
	}
	const refused = "the webhook was not registered"
	if err := p.Err(refused); err != nil {
		return 0, "", err
	}
	if err := mayShow(viewer, params.Ceiling); err != nil {
		return 0, "", err
	}
	present, err := w.live.LastChange(asReceiver(ctx, &db.Webhook{Ceiling: params.Ceiling}))
	if err != nil {
		return 0, "", fmt.Errorf("register a webhook: %w", err)
	}
	secret := newSecret()
	at := w.clock()
	id, err := retryID(func() (domain.ID, error) {
		id := domain.NewID(domain.Webhook, at)
		return id, w.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
			n, err := tx.Client().Webhook.Query().Count(ctx)
			if err != nil {
				return err
			}
			if n >= MaxWebhooks {
				return domain.Invalid("there are %d webhooks, and no more may be", n)
			}
			var p domain.Problems
			tags, err := findTags(ctx, tx, params.Tags, &p)
			if err = errors.Join(err, p.Err(refused)); err != nil {
				return err
			}
			create := tx.Client().Webhook.Create().SetID(id).SetURL(params.URL).SetCeiling(params.Ceiling).
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
				Detail: fmt.Sprintf("%s, TLP:%s", withoutQuery(params.URL), params.Ceiling.Label())})
		})
	})
	if err != nil {
		return 0, "", fmt.Errorf("register a webhook: %w", err)
	}
	w.log.InfoContext(ctx, "webhook registered", "webhook", id, "ceiling", params.Ceiling.String())
	w.wakeUp()
	return id, secret, nil
}

// maxIDs bounds how often something whose new id was taken is tried again: two
// processes can hit on the same one in the same millisecond.
const maxIDs = 3

func retryID(try func() (domain.ID, error)) (id domain.ID, err error) {
	for range maxIDs {
		if id, err = try(); !errors.Is(err, domain.ErrConflict) {
			break
		}
	}
	return id, err
}

// UpdateParams is a change of a webhook. What is nil stays as it is; a list in
// a pointer replaces the one there, and nil in the pointer is for all.
type UpdateParams struct {
	ID          domain.ID
	URL         *string
	Description *string // empty: none
	Events      *[]Event
	Types       *[]string
	Tags        *[]string
	Ceiling     *domain.Marking
	Enabled     *bool
}

// Update changes a webhook, from the next event on. One that is enabled goes on
// from where it stopped. The right MANAGE_WEBHOOKS may; nobody may change a
// webhook that is told of more than they may see.
func (w *Webhooks) Update(ctx context.Context, params UpdateParams) error {
	viewer, err := domain.Require(ctx, domain.ManageWebhooks)
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
	if params.Ceiling != nil && !params.Ceiling.Valid() {
		p.Add("ceiling", "want one of %v", domain.Markings)
	}
	const refused = "the webhook was not changed"
	if err := p.Err(refused); err != nil {
		return err
	}
	at := w.clock()
	err = w.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		hook, err := find(ctx, tx, params.ID)
		if err != nil {
			return err
		}
		if err := mayShow(viewer, hook.Ceiling); err != nil {
			return err
		}
		change := tx.Client().Webhook.UpdateOneID(hook.ID)
		var changed []string
		if params.URL != nil && *params.URL != hook.URL {
			change.SetURL(*params.URL)
			changed = append(changed, "url "+withoutQuery(*params.URL))
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
			tags, err := findTags(ctx, tx, *params.Tags, &p)
			if err = errors.Join(err, p.Err(refused)); err != nil {
				return err
			}
			setOrClear(&tags, tags == nil, change.SetTags, change.ClearTags)
		}
		if params.Ceiling != nil {
			if err := mayShow(viewer, *params.Ceiling); err != nil {
				return err
			}
			change.SetCeiling(*params.Ceiling)
			changed = append(changed, "ceiling TLP:"+params.Ceiling.Label())
		}
		if params.Enabled != nil && *params.Enabled != (hook.State == domain.WebhookEnabled) {
			if *params.Enabled {
				change.SetState(domain.WebhookEnabled).ClearReason().ClearDisabledAt().ClearFailingSince()
				err = w.resume(ctx, tx, at, hook.ID)
				changed = append(changed, "enabled")
			} else {
				change.SetState(domain.WebhookDisabled).SetReason("disabled by " + viewer.Name).SetDisabledAt(at)
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
	w.wakeUp()
	return nil
}

// Delete ends a webhook and forgets what it was sent. The right
// MANAGE_WEBHOOKS may.
func (w *Webhooks) Delete(ctx context.Context, id domain.ID) error {
	if _, err := domain.Require(ctx, domain.ManageWebhooks); err != nil {
		return err
	}
	err := w.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		hook, err := find(ctx, tx, id)
		if err != nil {
			return err
		}
		if _, err := tx.Client().WebhookDelivery.Delete().Where(webhookdelivery.WebhookID(id)).Exec(ctx); err != nil {
			return err
		}
		if err := tx.Client().Webhook.DeleteOneID(id).Exec(ctx); err != nil {
			return err
		}
		return audit.Append(ctx, tx, w.clock(), audit.Entry{Action: audit.DeleteWebhook, Subject: id.String(), Detail: withoutQuery(hook.URL)})
	})
	if err != nil {
		return fmt.Errorf("delete a webhook: %w", err)
	}
	return nil
}

// How long the secret before goes on signing beside a new one.
const (
	DefaultOverlap = 24 * time.Hour
	maxOverlap     = 30 * 24 * time.Hour
)

// Rotate gives a webhook a new secret, and returns it: it cannot be had again.
// The one before goes on signing, beside it, for the overlap; nil is
// DefaultOverlap, and 0 ends it at once. The right MANAGE_WEBHOOKS may, for a
// webhook that is told of no more than the viewer may see.
func (w *Webhooks) Rotate(ctx context.Context, id domain.ID, overlap *time.Duration) (string, error) {
	viewer, err := domain.Require(ctx, domain.ManageWebhooks)
	if err != nil {
		return "", err
	}
	during := DefaultOverlap
	if overlap != nil {
		during = *overlap
	}
	var p domain.Problems
	if during < 0 || during > maxOverlap {
		p.Add("overlapMinutes", "want from 0 to %d, which is %d days", int(maxOverlap.Minutes()), int(maxOverlap.Hours()/24))
	}
	if err := p.Err("the secret was not rotated"); err != nil {
		return "", err
	}
	secret, at := newSecret(), w.clock()
	err = w.stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		hook, err := find(ctx, tx, id)
		if err != nil {
			return err
		}
		if err := mayShow(viewer, hook.Ceiling); err != nil {
			return err
		}
		change := tx.Client().Webhook.UpdateOneID(id).SetSecret(secret)
		detail := "the one before has ended"
		if during > 0 {
			until := at.Add(during)
			change.SetPreviousSecret(hook.Secret).SetPreviousUntil(until)
			detail = "the one before ends " + until.Format(time.RFC3339)
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

func find(ctx context.Context, tx *store.Tx, id domain.ID) (*db.Webhook, error) {
	hook, err := tx.Client().Webhook.Get(ctx, id)
	if db.IsNotFound(err) {
		return nil, domain.NotFound("there is no webhook %s", id)
	}
	return hook, err
}

// mayShow refuses to let others see what the viewer may not.
func mayShow(viewer *domain.Viewer, ceiling domain.Marking) error {
	switch {
	case ceiling > viewer.Clearance:
		return &domain.Error{Kind: domain.KindForbidden, Message: fmt.Sprintf(
			"a webhook with the ceiling %s can only be managed by one of at least that clearance; this credential has %s", ceiling, viewer.Clearance)}
	case !viewer.May(domain.ReadLive):
		return &domain.Error{Kind: domain.KindForbidden, Message: "a webhook is told what READ_LIVE shows, which this credential's scopes leave out"}
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
		p.Add("url", "may not have a name or a password in it; requests are signed")
	case u.Fragment != "":
		p.Add("url", "may not have a fragment (#)")
	}
}

func checkDescription(text string, p *domain.Problems) {
	if utf8.RuneCountInString(text) > maxDescription {
		p.Add("description", "is longer than %d characters", maxDescription)
	}
}

// checkLists refuses lists that would deny everything: what they were meant to
// be is all.
func checkLists(events []Event, types, tags []string, p *domain.Problems) {
	const nothing = "an empty list is of nothing; leave it out, or give null, for all"
	for name, empty := range map[string]bool{
		"events": events != nil && len(events) == 0, "types": types != nil && len(types) == 0, "tags": tags != nil && len(tags) == 0,
	} {
		if empty {
			p.Add(name, nothing)
		}
	}
	for i, e := range events {
		if !slices.Contains(Events, e) {
			p.Add(fmt.Sprintf("events.%d", i), "want one of %v", Events)
		}
	}
	for i, name := range types {
		if _, ok := domain.ParseType(name); !ok {
			p.Add(fmt.Sprintf("types.%d", i), "%q is no type of document", name)
		}
	}
	if len(tags) > maxTags {
		p.Add("tags", "are more than %d", maxTags)
	}
}

// findTags finds tags by their ids or slugs, of which former ones will do; nil
// for nil.
func findTags(ctx context.Context, tx *store.Tx, refs []string, p *domain.Problems) ([]string, error) {
	if refs == nil {
		return nil, nil
	}
	known, err := aggregate.Lookup(ctx, tx, domain.Tag, refs)
	if err != nil {
		return nil, err
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

// withoutQuery is a URL as it may be told to others: its query may be a secret.
func withoutQuery(text string) string {
	before, _, _ := strings.Cut(text, "?")
	return before
}

// setOrClear writes a field of a change. Where a field is both set and cleared,
// PostgreSQL refuses the statement.
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
