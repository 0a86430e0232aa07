package graph_test

import (
	"context"
	"fmt"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/delivery"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// partnerAPI is an API with keys that are authenticated, and webhooks that are sent to a
// receiver of its own.
type partnerAPI struct {
	*accessAPI
	webhooks *delivery.Webhooks
	receiver *httptest.Server
	stop     func() // ends what runs beside the test; then the log can be read

	mu   sync.Mutex
	got  []string
	more chan struct{} // signals a request to the receiver
}

func newPartnerAPI(t *testing.T, s *store.Stores) *partnerAPI {
	t.Helper()
	p := &partnerAPI{more: make(chan struct{}, 100)}
	p.receiver = httptest.NewServer(http.HandlerFunc(func(_ http.ResponseWriter, r *http.Request) {
		body, _ := io.ReadAll(r.Body)
		p.mu.Lock()
		p.got = append(p.got, string(body))
		p.mu.Unlock()
		p.more <- struct{}{}
	}))
	t.Cleanup(p.receiver.Close)
	p.accessAPI = newAccessAPI(t, s, func(c *graph.Config) {
		jobs := s.Jobs(slog.New(slog.DiscardHandler))
		p.webhooks = delivery.New(delivery.Config{Stores: s, Live: c.Desk.Live(), Jobs: jobs, Log: c.Log, Now: c.Now, AllowPrivate: true, Owners: c.Keys})
		c.Webhooks = p.webhooks
		ctx, cancel := context.WithCancel(t.Context())
		var running sync.WaitGroup
		running.Go(func() { _ = p.webhooks.Run(ctx) })
		running.Go(func() { _ = jobs.Start(ctx) })
		p.stop = func() { cancel(); running.Wait() }
		t.Cleanup(p.stop)
	})
	return p
}

// received waits for some requests to the receiver, and returns the bodies of all so far.
func (p *partnerAPI) received(requests int) string {
	p.t.Helper()
	for range requests {
		select {
		case <-p.more:
		case <-time.After(time.Minute):
			p.t.Fatal("the receiver got nothing")
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	return strings.Join(p.got, "\n")
}

// key creates a key, and returns its secret and its id.
func (p *partnerAPI) key(input string) (secret, id string) {
	p.t.Helper()
	made := p.query(holder(domain.Admin), `mutation { createApiKey(input: {`+input+`}) { secret apiKey { id grants line } } }`)
	return made.at("createApiKey.secret").(string), made.at("createApiKey.apiKey.id").(string)
}

// holder authenticates a key.
func (p *partnerAPI) holder(secret string) *domain.Viewer {
	p.t.Helper()
	v, err := p.keys.Authenticate(p.t.Context(), access.Credential{Token: secret})
	if err != nil {
		p.t.Fatal(err)
	}
	return v
}

// A viewer reads its own key and limits, and nothing of other keys.
func TestViewerKeyAndLimits(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		const ask = `{ viewer { id rights key { id name hint role clearance scopes grants origins networks rateLimit createdAt lastUsedAt expiresAt }
			limits { maxCost maxDepth maxRootFields maxAliases maxDirectives maxFragments maxTokens maxVariableValues maxResponseBytes timeoutSeconds
				rateLimit { policy quota window remaining reset } } } }`
		made := g.query(holder(domain.Admin), `mutation { createApiKey(input: {name: "site", role: PARTNER, clearance: AMBER, scopes: [READ_LIVE], grants: [OWN_WEBHOOKS],
			networks: ["203.0.113.0/24"], origins: ["https://site.example"], rateLimit: 5000, expiresAt: "2024-07-01T00:00:00Z"}) { secret apiKey { id hint grants line } } }`)
		secret, id := made.at("createApiKey.secret").(string), made.at("createApiKey.apiKey.id").(string)
		if fmt.Sprint(made.at("createApiKey.apiKey.grants")) != "[OWN_WEBHOOKS]" || made.at("createApiKey.apiKey.line") != id {
			t.Errorf("got %s", made.body)
		}
		parsed, err := domain.ParseID(id)
		if err != nil {
			t.Fatal(err)
		}
		v := &domain.Viewer{Name: "site", Role: domain.Partner, Clearance: domain.Amber, KeyID: parsed, RateLimit: 5000,
			Scopes: []domain.Right{domain.ReadLive}, Grants: []domain.Right{domain.OwnWebhooks}}
		r := g.send(v, http.MethodPost, vars{"query": ask})
		r.ok()
		if got := fmt.Sprint(r.at("viewer.rights")); got != "[READ_LIVE OWN_WEBHOOKS]" {
			t.Errorf("got the rights %s", got)
		}
		want := fmt.Sprint(map[string]any{"id": id, "name": "site", "hint": secret[:len(made.at("createApiKey.apiKey.hint").(string))], "role": "PARTNER", "clearance": "AMBER",
			"scopes": []any{"READ_LIVE"}, "grants": []any{"OWN_WEBHOOKS"}, "origins": []any{"https://site.example"}, "networks": []any{"203.0.113.0/24"}, "rateLimit": 5000.0,
			"createdAt": "2024-06-01T00:00:00Z", "lastUsedAt": nil, "expiresAt": "2024-07-01T00:00:00Z"})
		if got := fmt.Sprint(r.at("viewer.key")); got != want {
			t.Errorf("got  %s\nwant %s", got, want)
		}
		// The limits are those of the header fields and of the table in docs/access.md.
		rate := func(field string) any { return r.at("viewer.limits.rateLimit." + field) }
		if policy := fmt.Sprintf(`%q;q=%v;w=%v`, rate("policy"), rate("quota"), rate("window")); policy != r.header.Get("RateLimit-Policy") || policy != `"cost";q=5000;w=60` {
			t.Errorf("got %s, and the header %s", policy, r.header.Get("RateLimit-Policy"))
		}
		if state := fmt.Sprintf(`%q;r=%v;t=%v`, rate("policy"), rate("remaining"), rate("reset")); state != r.header.Get("RateLimit") || rate("remaining") == 5000.0 {
			t.Errorf("got %s, and the header %s", state, r.header.Get("RateLimit"))
		}
		standard := unhurried(domain.Partner)
		if got, want := fmt.Sprint(r.at("viewer.limits.maxCost"), r.at("viewer.limits.maxDepth"), r.at("viewer.limits.maxTokens"), r.at("viewer.limits.timeoutSeconds"), r.at("viewer.limits.maxVariableValues")),
			fmt.Sprint(4980, standard.Depth, standard.Tokens, standard.Time.Seconds(), standard.Values); got != want {
			t.Errorf("got the limits %s, want %s", got, want)
		}
		// The keys of a line share a quota.
		rotated := *v
		rotated.KeyID, rotated.KeyLine = domain.NewID(domain.Key, clockStart), v.KeyID
		again := g.send(&rotated, http.MethodPost, vars{"query": ask})
		if left := again.at("viewer.limits.rateLimit.remaining").(float64); left >= rate("remaining").(float64) {
			t.Errorf("a rotated key has %v left, and the one before had %v", left, rate("remaining"))
		}

		for _, v := range []*domain.Viewer{public, {Name: "pat", Role: domain.Editor, Clearance: domain.Red, PersonID: g.person("pat", domain.Editor)}, holder(domain.Admin)} {
			if r := g.query(v, ask); r.at("viewer.key") != nil || r.at("viewer.limits.maxCost") != float64(limits.Standard(v.Role).Cost) {
				t.Errorf("%s: got %s", v.Name, r.body)
			}
		}
	})
}

// A partner helps itself: it rotates its key, and has webhooks of its own that stay its own.
func TestPartnerHelpsItself(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		p := newPartnerAPI(t, s)
		admin := holder(domain.Admin)
		secret, line := p.key(`name: "one", role: PARTNER, grants: [OWN_WEBHOOKS]`)
		otherSecret, _ := p.key(`name: "two", role: PARTNER, grants: [OWN_WEBHOOKS]`)
		plainSecret, _ := p.key(`name: "three", role: PARTNER`)
		one, two, plain := p.holder(secret), p.holder(otherSecret), p.holder(plainSecret)

		create := fmt.Sprintf(`mutation { createWebhook(input: {url: %q, ceiling: GREEN}) { secret webhook { id owner createdBy state } } }`, p.receiver.URL)
		p.as(plain, create, nil).refused("FORBIDDEN", "OWN_WEBHOOKS")
		p.as(public, create, nil).refused("UNAUTHENTICATED", "")
		p.as(one, strings.Replace(create, "GREEN", "AMBER", 1), nil).refused("FORBIDDEN", "a clearance of at least AMBER")
		p.as(one, strings.Replace(create, "ceiling: GREEN", `tags: ["nothing"]`, 1), nil).refused("BAD_USER_INPUT", "there is no tag")
		made := p.query(one, create)
		id := made.at("createWebhook.webhook.id").(string)
		if made.at("createWebhook.webhook.owner") != line || made.at("createWebhook.webhook.createdBy") != "one" {
			t.Errorf("got %s", made.body)
		}
		published := p.query(admin, create).at("createWebhook.webhook.id").(string)
		p.query(two, create)

		// A test is sent at once, and rotating the key changes nothing about the webhook.
		tested := p.query(one, fmt.Sprintf(`mutation { testWebhook(input: {id: %q}) { attempt { status } } }`, id))
		if tested.at("testWebhook.attempt.status") != 200.0 || !strings.Contains(p.received(1), "webhook.test") {
			t.Errorf("got %s", tested.body)
		}
		rotated := p.query(one, `mutation { rotateOwnApiKey(input: {overlapMinutes: 60}) { secret key { id grants expiresAt } replaced { id expiresAt } } }`)
		if rotated.at("rotateOwnApiKey.replaced.id") != line || rotated.at("rotateOwnApiKey.replaced.expiresAt") != "2024-06-01T01:00:00Z" ||
			rotated.at("rotateOwnApiKey.key.expiresAt") != nil || fmt.Sprint(rotated.at("rotateOwnApiKey.key.grants")) != "[OWN_WEBHOOKS]" {
			t.Errorf("got %s", rotated.body)
		}
		p.as(one, `mutation { rotateOwnApiKey(input: {}) { secret } }`, nil).refused("CONFLICT", "rotate this one again after")
		p.as(one, `mutation { rotateOwnApiKey(input: {overlapMinutes: 2147483647}) { secret } }`, nil).refused("BAD_USER_INPUT", "overlapMinutes")
		fresh := p.holder(rotated.at("rotateOwnApiKey.secret").(string))
		// Nor does it give more tests: the 20 in an hour are those of all keys of the line.
		test := fmt.Sprintf(`mutation { testWebhook(input: {id: %q}) { attempt { status } } }`, id)
		for i := range 19 {
			p.query([]*domain.Viewer{one, fresh}[i%2], test)
		}
		p.received(19)
		for _, v := range []*domain.Viewer{one, fresh} {
			p.as(v, test, nil).refused("RATE_LIMITED", "")
		}
		p.clock.Advance(time.Hour)

		// Its events come under its own clearance, and it sees those of its own webhook alone.
		p.query(editor, `mutation { g: createReport(input: {slug: "green", title: "Green", kind: BRIEF, language: "en", summary: "S.", body: "B.", marking: GREEN}) { created }
			a: createReport(input: {slug: "amber", title: "Amber", kind: BRIEF, language: "en", summary: "S.", body: "B.", marking: AMBER}) { created } }`)
		p.query(editor, `mutation { publish(input: {documents: ["report:amber", "report:green"]}) { state } }`)
		if got := p.received(3); strings.Count(got, "Green") != 3 || strings.Contains(got, "Amber") {
			t.Errorf("the receiver got %s", got)
		}
		// The next event of a document is sent when the result of the one before is stored.
		p.query(editor, `mutation { updateReport(input: {id: "green", subtitle: "Next"}) { changed } publish(input: {documents: ["report:green"]}) { state } }`)
		p.received(3)
		const list = `{ webhooks { totalCount nodes { id owner } } webhookDeliveries { totalCount nodes { webhookId event body attempts { status } } } }`
		mine := p.send(fresh, http.MethodPost, vars{"query": list})
		if mine.list("webhooks.nodes", "id") != id || mine.at("webhooks.totalCount") != 1.0 ||
			strings.ReplaceAll(mine.list("webhookDeliveries.nodes", "webhookId"), id, "") > " " || mine.at("webhookDeliveries.totalCount") != float64(len(mine.at("webhookDeliveries.nodes").([]any))) ||
			!strings.Contains(mine.body, "report.published") || !strings.Contains(mine.body, "Green") || mine.marking() != "GREEN" {
			t.Errorf("got %s", mine.body)
		}
		all := p.query(admin, list)
		if all.at("webhooks.totalCount") != 3.0 || all.at("webhookDeliveries.totalCount") != 6.0 || !strings.Contains(all.list("webhooks.nodes", "owner"), line) {
			t.Errorf("an ADMIN got %s", all.body)
		}
		if r := p.query(admin, fmt.Sprintf(`{ webhooks(owner: %q) { totalCount nodes { id } } }`, line)); r.at("webhooks.totalCount") != 1.0 || r.list("webhooks.nodes", "id") != id {
			t.Errorf("by owner: got %s", r.body)
		}
		p.as(plain, list, nil).refused("FORBIDDEN", "ADMIN")

		// Those of others are to it as if they did not exist: the same answers after the same statements.
		nothing := domain.NewID(domain.Webhook, p.clock.Now()).String()
		for _, document := range []string{
			`{ webhook(id: "ID") { id url } }`, `{ webhookDeliveries(webhook: "ID") { totalCount nodes { id } } }`,
			`mutation { updateWebhook(input: {id: "ID", description: "x"}) { webhook { id } } }`, `mutation { deleteWebhook(input: {id: "ID"}) { deletedId } }`,
			`mutation { rotateWebhookSecret(input: {id: "ID"}) { secret } }`, `mutation { testWebhook(input: {id: "ID"}) { attempt { status } } }`,
			`mutation { retryWebhookDeliveries(input: {webhook: "ID"}) { deliveries } }`,
		} {
			ask := func(v *domain.Viewer, id string) string {
				r := p.as(v, strings.ReplaceAll(document, "ID", id), nil)
				body, _, _ := strings.Cut(strings.ReplaceAll(r.body, id, "ID"), `"extensions":{"cost"`)
				return fmt.Sprint(body, r.statements)
			}
			want := ask(fresh, nothing)
			for _, other := range []string{published, id} {
				v := fresh
				if other == id {
					v = two
				}
				if got := ask(v, other); got != want {
					t.Errorf("%s of another: got %s, want %s", document, got, want)
				}
			}
		}

		// It is the holder's to change, until the right is taken away.
		p.query(fresh, fmt.Sprintf(`mutation { updateWebhook(input: {id: %q, types: [REPORT]}) { webhook { types } } }`, id))
		p.query(fresh, fmt.Sprintf(`mutation { rotateWebhookSecret(input: {id: %q}) { secret } }`, id))
		p.query(admin, fmt.Sprintf(`mutation { updateApiKey(input: {apiKey: %q, grants: null}) { apiKey { grants } } }`, fresh.KeyID))
		p.as(p.holder(rotated.at("rotateOwnApiKey.secret").(string)), list, nil).refused("FORBIDDEN", "OWN_WEBHOOKS")
		p.query(editor, `mutation { updateReport(input: {id: "green", title: "Greener"}) { changed } publish(input: {documents: ["report:green"]}) { state } }`)
		got := p.received(2)
		// When a later event is sent, all webhooks have been looked at.
		p.query(editor, `mutation { updateReport(input: {id: "green", title: "Last"}) { changed } publish(input: {documents: ["report:green"]}) { state } }`)
		p.received(2)
		state := p.query(admin, fmt.Sprintf(`{ webhook(id: %q) { state reason } }`, id))
		if strings.Count(got, "Greener") != 2 || state.at("webhook.state") != "DISABLED" || !strings.Contains(state.body, "lacks the right OWN_WEBHOOKS") {
			t.Errorf("got %s and %s", state.body, got)
		}
		p.as(admin, fmt.Sprintf(`mutation { updateWebhook(input: {id: %q, enabled: true}) { webhook { state } } }`, id), nil).refused("BAD_USER_INPUT", "OWN_WEBHOOKS")
		p.query(admin, fmt.Sprintf(`mutation { updateApiKey(input: {apiKey: %q, grants: [OWN_WEBHOOKS], clearance: null}) { apiKey { grants clearance } } }`, fresh.KeyID))
		p.query(fresh, fmt.Sprintf(`mutation { deleteWebhook(input: {id: %q}) { deletedId } }`, id))
		p.stop()
		if strings.Contains(p.log.String(), "level=ERROR") {
			t.Errorf("the log has errors: %s", p.log)
		}
	})
}

// Of a delivery that no receiver has responded to, an owner sees no body: the document may be
// hidden from it by now. One without an attempt it does not see at all.
func TestBodiesOfDeliveries(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		one := holder(domain.Partner)
		one.Grants = []domain.Right{domain.OwnWebhooks}
		id := g.query(one, `mutation { createWebhook(input: {url: "https://site.example/"}) { webhook { id } } }`).at("createWebhook.webhook.id").(string)
		hook, err := domain.ParseID(id)
		if err != nil {
			t.Fatal(err)
		}
		const attempt = `[{"at":"2024-06-01T00:00:00Z","ms":1,"url":"https://site.example/","status":%d}]`
		if err := g.stores.Desk(domain.AsSystem(t.Context(), "test"), func(ctx context.Context, tx *store.Tx) error {
			for number, attempts := range []string{"NULL", "'" + fmt.Sprintf(attempt, 0) + "'", "'" + fmt.Sprintf(attempt, 500) + "'"} {
				at := g.clock.Now()
				row := tx.Client().WebhookDelivery.Create().SetID(domain.NewID(domain.Delivery, at)).SetWebhookID(hook).SetNumber(int64(number)).
					SetEvent("report.published").SetDocumentID(domain.NewID(domain.Report, at)).SetBody(fmt.Sprint("body ", number)).
					SetState(domain.DeliveryPending).SetGeneration(0).SetAttemptCount(0).SetNextAttemptAt(at).SetCreatedAt(at)
				if err := tx.Client().WebhookDelivery.CreateBulk(row).Exec(ctx); err != nil {
					return err
				}
				if _, err := tx.Exec(ctx, fmt.Sprintf("UPDATE webhook_deliveries SET attempts = %s WHERE number = %d", attempts, number)); err != nil {
					return err
				}
				g.clock.Advance(time.Second)
			}
			return nil
		}); err != nil {
			t.Fatal(err)
		}
		const ask = `{ webhookDeliveries { totalCount nodes { body } } }`
		for v, want := range map[*domain.Viewer]string{one: `2 [map[body:body 2] map[body:<nil>]]`, holder(domain.Admin): `3 [map[body:body 2] map[body:body 1] map[body:body 0]]`} {
			r := g.query(v, ask)
			if got := fmt.Sprint(r.at("webhookDeliveries.totalCount"), " ", r.at("webhookDeliveries.nodes")); got != want {
				t.Errorf("%s got %s, want %s", v.Name, got, want)
			}
		}
	})
}
