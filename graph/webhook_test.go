package graph_test

import (
	"fmt"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
)

// A webhook through the API: its secret is shown when it is made, and nowhere
// else.
func TestWebhooks(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		admin := holder(domain.Admin)
		made := g.query(admin, `mutation { createWebhook(input: {url: "https://site.example/hook?k=v", events: [PUBLISHED], types: [REPORT], ceiling: GREEN}) {
			secret webhook { id url events types tags ceiling state createdBy } } }`)
		secret, id := made.at("createWebhook.secret").(string), made.at("createWebhook.webhook.id").(string)
		if !strings.HasPrefix(secret, "whsec_") || !strings.HasPrefix(id, "whk_") || made.at("createWebhook.webhook.tags") != nil ||
			made.at("createWebhook.webhook.state") != "ENABLED" || made.at("createWebhook.webhook.ceiling") != "GREEN" {
			t.Errorf("got %s", made.body)
		}
		changed := g.query(admin, fmt.Sprintf(`mutation { updateWebhook(input: {id: %q, events: null, description: "D", enabled: false}) {
			webhook { events types description state reason } } }`, id))
		if changed.at("updateWebhook.webhook.events") != nil || len(changed.at("updateWebhook.webhook.types").([]any)) != 1 ||
			changed.at("updateWebhook.webhook.description") != "D" || changed.at("updateWebhook.webhook.reason") != "disabled by admin" {
			t.Errorf("got %s", changed.body)
		}
		rotated := g.query(admin, fmt.Sprintf(`mutation { rotateWebhookSecret(input: {id: %q}) { secret webhook { previousSecretUntil } } }`, id))
		if fresh := rotated.at("rotateWebhookSecret.secret"); fresh == secret || rotated.at("rotateWebhookSecret.webhook.previousSecretUntil") == nil {
			t.Errorf("got %s", rotated.body)
		}
		list := g.query(admin, fmt.Sprintf(`{ webhook(id: %q) { id url state } webhooks { totalCount nodes { id url createdAt updatedAt failingSince disabledAt } }
			webhookDeliveries(webhook: %[1]q, states: [DEAD, PENDING]) { totalCount nodes { id number body attempts { at durationMs status response error url } } } }`, id))
		if list.at("webhook.state") != "DISABLED" || list.at("webhooks.totalCount") != 1.0 || list.at("webhookDeliveries.totalCount") != 0.0 || strings.Contains(list.body, "whsec_") {
			t.Errorf("got %s", list.body)
		}
		none := g.query(admin, fmt.Sprintf(`{ webhook(id: %q) { id } }`, domain.NewID(domain.Webhook, g.clock.Now())))
		if none.at("webhook") != nil {
			t.Errorf("got %s", none.body)
		}
		for _, document := range []string{
			`mutation { createWebhook(input: {url: "https://site.example/", tags: []}) { secret } }`,
			`mutation { createWebhook(input: {url: "http://site.example/"}) { secret } }`,
			fmt.Sprintf(`mutation { updateWebhook(input: {id: %q, events: []}) { webhook { id } } }`, id),
			`mutation { retryWebhookDeliveries(input: {}) { deliveries } }`,
			`mutation { deleteWebhook(input: {id: "nothing"}) { deletedId } }`,
		} {
			g.as(admin, document, nil).refused("BAD_USER_INPUT", "")
		}
		scoped := holder(domain.Admin, domain.ManageAccess)
		g.as(scoped, `{ webhooks { totalCount } }`, nil).refused("FORBIDDEN", "MANAGE_WEBHOOKS")
		g.query(admin, fmt.Sprintf(`mutation { deleteWebhook(input: {id: %q}) { deletedId } }`, id))
		g.as(admin, fmt.Sprintf(`mutation { testWebhook(input: {id: %q}) { attempt { status } } }`, id), nil).refused("NOT_FOUND", id)
	})
}
