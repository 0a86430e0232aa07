package graph_test

import (
	"bytes"
	"encoding/json"
	"net/http"
	"net/http/httptest"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph/generated"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// once sends an operation with an idempotency key.
func (g *accessAPI) once(v *domain.Viewer, key, document string, header ...string) *httptest.ResponseRecorder {
	g.t.Helper()
	body, err := json.Marshal(map[string]any{"query": document})
	if err != nil {
		g.t.Fatal(err)
	}
	r := httptest.NewRequestWithContext(domain.WithViewer(g.t.Context(), v), http.MethodPost, "/graphql", bytes.NewReader(body))
	r.Header.Set("Content-Type", "application/json")
	r.Header.Set("Accept", "application/graphql-response+json")
	r.Header.Set("Idempotency-Key", key)
	for i := 0; i < len(header); i += 2 {
		if header[i] == "Accept" {
			r.Header.Del("Accept")
		}
		r.Header.Add(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	g.handler.ServeHTTP(w, r)
	return w
}

// tags is how many tags the desk has.
func (g *accessAPI) tags() any {
	g.t.Helper()
	return g.query(holder(domain.Editor), `query @inContext(stage: DESK) { tags { totalCount } }`).at("tags.totalCount")
}

func createTag(label string) string {
	return `mutation { createTag(input: {label: "` + label + `", vocabulary: TOPIC}) { created } }`
}

func TestIdempotencyKeys(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		ada, grace := holder(domain.Editor), holder(domain.Editor)
		first := g.once(ada, "a", createTag("Ports"))
		if first.Code != http.StatusOK || !strings.Contains(first.Body.String(), `"created":true`) || first.Header().Get("Idempotency-Replayed") != "" {
			t.Fatalf("got %d %s", first.Code, first.Body)
		}
		again := g.once(ada, "a", createTag("Ports"))
		if again.Code != first.Code || again.Body.String() != first.Body.String() || again.Header().Get("Idempotency-Replayed") != "true" ||
			again.Header().Get("Content-Type") != first.Header().Get("Content-Type") || again.Header().Get("Tlp") != first.Header().Get("Tlp") || again.Header().Get("Ratelimit") == "" {
			t.Errorf("got %d %v %s,\nwant %v %s", again.Code, again.Header(), again.Body, first.Header(), first.Body)
		}
		if got := g.once(ada, "a", createTag("Docks")); got.Code != http.StatusConflict || !strings.Contains(got.Body.String(), `"CONFLICT"`) || !strings.Contains(got.Body.String(), "another request") {
			t.Errorf("another request: got %d %s", got.Code, got.Body)
		}
		// Another credential learns nothing of the key.
		if got := g.once(grace, "a", createTag("Docks")); got.Code != http.StatusOK || got.Header().Get("Idempotency-Replayed") != "" {
			t.Errorf("another credential: got %d %s", got.Code, got.Body)
		}
		if n := g.tags(); n != 2.0 {
			t.Errorf("there are %v tags, want 2", n)
		}

		// What had no effect leaves the key free.
		for name, document := range map[string]string{
			"NotParsed": `mutation {`, "NotValid": `mutation { createTag { created } }`,
			"BadInput": `mutation { createTag(input: {label: "", vocabulary: TOPIC}) { created } }`,
			"Taken":    `mutation { createTag(input: {slug: "ports", label: "Ports", vocabulary: TOPIC}) { created } }`, "Typename": `mutation { __typename }`,
			"DryRun": `mutation @dryRun { createTag(input: {label: "Basins", vocabulary: TOPIC}) { created } }`,
		} {
			for range 2 {
				if got := g.once(ada, "free", document); got.Header().Get("Idempotency-Replayed") != "" || got.Code == http.StatusConflict {
					t.Errorf("%s: got %d %v %s", name, got.Code, got.Header(), got.Body)
				}
			}
		}
		author := holder(domain.Author, domain.ReadDesk)
		if got := g.once(author, "free", createTag("Quays")); !strings.Contains(got.Body.String(), "FORBIDDEN") {
			t.Errorf("got %d %s", got.Code, got.Body)
		}
		if got := g.once(ada, "free", createTag("Quays")); !strings.Contains(got.Body.String(), `"created":true`) {
			t.Errorf("got %d %s", got.Code, got.Body)
		}
		// Where a part had an effect, all of it is stored.
		const partly = `mutation { a: createTag(input: {label: "Locks", vocabulary: TOPIC}) { created } b: createTag(input: {label: "", vocabulary: TOPIC}) { created } }`
		for _, replayed := range []string{"", "true"} {
			if got := g.once(ada, "partly", partly); got.Code != 294 || got.Header().Get("Idempotency-Replayed") != replayed || !strings.Contains(got.Body.String(), `"a":{"created":true}`) && !strings.Contains(got.Body.String(), `"data":null`) {
				t.Errorf("got %d %v %s", got.Code, got.Header(), got.Body)
			}
		}
		if got := g.once(ada, "a", createTag("Piers"), "Idempotency-Key", "b"); got.Code != http.StatusBadRequest || !strings.Contains(got.Body.String(), "the header Idempotency-Key: want one, not several") {
			t.Errorf("two keys: got %d %s", got.Code, got.Body)
		}
		for _, accept := range []string{"text/event-stream", "text/event-stream, */*;q=0.5"} {
			if got := g.once(ada, "s", createTag("Piers"), "Accept", accept); got.Code != http.StatusNotAcceptable || !strings.Contains(got.Body.String(), "is no stream") {
				t.Errorf("as a stream: got %d %s", got.Code, got.Body)
			}
		}
		for _, key := range []string{"", "ä", strings.Repeat("a", 256)} {
			if got := g.once(ada, key, createTag("Piers")); got.Code != http.StatusBadRequest || !strings.Contains(got.Body.String(), "the header Idempotency-Key: want") {
				t.Errorf("%q: got %d %s", key, got.Code, got.Body)
			}
		}
		// It means nothing to queries.
		for range 2 {
			if got := g.once(ada, "a", `{ tags { totalCount } }`); got.Code != http.StatusOK || got.Header().Get("Idempotency-Replayed") != "" {
				t.Errorf("a query: got %d %v %s", got.Code, got.Header(), got.Body)
			}
		}
		if n := g.tags(); n != 4.0 {
			t.Errorf("there are %v tags, want 4", n)
		}
	})
}

// Of the same mutation sent many times at once, one is done.
func TestConcurrentIdempotencyKeys(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		ada := holder(domain.Editor)
		var all sync.WaitGroup
		for range 12 {
			all.Go(func() {
				got := g.once(ada, "a", createTag("Ports"))
				replayed := got.Code == http.StatusOK && strings.Contains(got.Body.String(), `"created":true`)
				running := got.Code == http.StatusConflict && got.Header().Get("Retry-After") != "" && strings.Contains(got.Body.String(), "has not ended yet")
				if !replayed && !running {
					t.Errorf("got %d %s", got.Code, got.Body)
				}
			})
		}
		all.Wait()
		if n := g.tags(); n != 1.0 {
			t.Errorf("there are %v tags, want 1", n)
		}
	})
}

// The response is lost because it cannot be stored: the mutation is not done again.
func TestIdempotencyKeyWithUnknownOutcome(t *testing.T) {
	t.Parallel()
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		ada := holder(domain.Editor)
		repair := storetest.BreakWrites(t, g.stores, "UPDATE", "idempotency_keys", "NEW.id > 0")
		if got := g.once(ada, "a", createTag("Ports")); got.Code != http.StatusOK {
			t.Fatalf("got %d %s", got.Code, got.Body)
		}
		repair()
		g.clock.Advance(time.Minute)
		if got := g.once(ada, "a", createTag("Ports")); got.Code != http.StatusConflict || !strings.Contains(got.Body.String(), "is unknown") || got.Header().Get("Retry-After") != "" {
			t.Errorf("got %d %v %s", got.Code, got.Header(), got.Body)
		}
		if n := g.tags(); n != 1.0 {
			t.Errorf("there are %v tags, want 1", n)
		}
	})
}

// TestSecretsAreWithheld: each mutation that shows a secret calls idempotency.Withhold, so
// that the secret is not stored with the response. A new one has to be added here.
func TestSecretsAreWithheld(t *testing.T) {
	t.Parallel()
	schema := generated.NewExecutableSchema(generated.Config{}).Schema()
	var showing []string
	for _, mutation := range schema.Mutation.Fields {
		if schema.Types[mutation.Type.Name()].Fields.ForName("secret") != nil {
			showing = append(showing, mutation.Name)
		}
	}
	slices.Sort(showing)
	if want := []string{"createApiKey", "createWebhook", "rotateApiKey", "rotateOwnApiKey", "rotateWebhookSecret"}; !slices.Equal(showing, want) {
		t.Fatalf("the mutations that show a secret are %v, and not %v", showing, want)
	}
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		admin := g.stored(holder(domain.Admin))
		send := func(name, document string) string {
			first := g.once(admin, name, document)
			if first.Code != http.StatusOK || !strings.Contains(first.Body.String(), `"secret":"`) {
				t.Fatalf("%s: got %d %s", name, first.Code, first.Body)
			}
			if got := g.once(admin, name, document); got.Code != http.StatusConflict || !strings.Contains(got.Body.String(), "showed a secret") {
				t.Errorf("%s: got %d %s", name, got.Code, got.Body)
			}
			_, id, _ := strings.Cut(first.Body.String(), `"id":"`)
			id, _, _ = strings.Cut(id, `"`)
			return id
		}
		key := send("createApiKey", `mutation { createApiKey(input: {name: "x", role: PARTNER}) { secret apiKey { id } } }`)
		send("rotateApiKey", `mutation { rotateApiKey(input: {apiKey: "`+key+`"}) { secret } }`)
		send("rotateOwnApiKey", `mutation { rotateOwnApiKey(input: {}) { secret key { id } } }`)
		hook := send("createWebhook", `mutation { createWebhook(input: {url: "https://hooks.example/a", events: [UPDATED]}) { secret webhook { id } } }`)
		send("rotateWebhookSecret", `mutation { rotateWebhookSecret(input: {id: "`+hook+`"}) { secret } }`)
	})
}
