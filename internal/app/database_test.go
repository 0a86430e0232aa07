package app_test

import (
	"errors"
	"fmt"
	"io"
	"net/http"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/coder/websocket"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// startWithFaults starts a server into whose databases the test can inject faults.
func startWithFaults(t *testing.T, s store.Config) (*app.App, *storetest.Faults, *record) {
	t.Helper()
	c := config(t, s)
	c.Demo = true
	log, faults := &record{}, &storetest.Faults{}
	p := parts(log)
	p.Fault = faults.Fault
	a := start(t, c, p)
	publishReport(t, a, "open", "CLEAR")
	return a, faults, log
}

// request is a request with the database that it needs.
type request struct {
	name, method, path, body string
	header                   []string // names and values
	store                    string   // desk, or live
}

func (r request) send(t *testing.T, a *app.App) response {
	t.Helper()
	out, err := http.NewRequestWithContext(t.Context(), r.method, a.URL()+r.path, strings.NewReader(r.body))
	if err != nil {
		t.Fatal(err)
	}
	for i := 0; i < len(r.header); i += 2 {
		out.Header.Set(r.header[i], r.header[i+1])
	}
	res, err := http.DefaultClient.Do(out)
	if err != nil {
		t.Fatal(err)
	}
	defer res.Body.Close()
	if r.path == "/changes" && res.StatusCode == http.StatusOK {
		return response{res.StatusCode, res.Header, ""} // it has no end
	}
	body, err := io.ReadAll(res.Body)
	if err != nil {
		t.Fatal(err)
	}
	return response{res.StatusCode, res.Header, string(body)}
}

// requestIDs matches the ids of requests in answers.
var requestIDs = regexp.MustCompile(`"?request_?[iI]d"?[:=] ?"?\w+`)

// While the database is unavailable, every request that needs it gets 503 with
// Retry-After and without the text of the database's error; the log has the cause.
func TestDatabaseUnavailable(t *testing.T) {
	t.Parallel()
	const query = `{"query":"{ reports { totalCount nodes { slug tags { slug } } } }"}`
	const ready = `{"query":"{ report(slug: \"open\") { title } }"}`
	asJSON := []string{"Content-Type", "application/json"}
	asNew := append(asJSON[:2:2], "Accept", "application/graphql-response+json")
	storetest.EachConfig(t, func(t *testing.T, s store.Config) {
		a, faults, log := startWithFaults(t, s)
		key := []string{"Authorization", "Bearer " + a.DemoKey()}
		requests := []request{
			{"GraphQL", http.MethodPost, "/graphql", query, asNew, "live"},
			{"GraphQLAsJSON", http.MethodPost, "/graphql", query, asJSON, "live"},
			{"GraphQLNullable", http.MethodPost, "/graphql", ready, asNew, "live"},
			{"GraphQLByGet", http.MethodGet, "/graphql?query=%7Breports%7BtotalCount%7D%7D", "", nil, "live"},
			{"GraphQLOfTheDesk", http.MethodPost, "/graphql", `{"query":"query @inContext(stage: DESK) { reports { totalCount } }"}`, append(asNew, key...), "desk"},
			{"Credential", http.MethodPost, "/graphql", query, append(asNew, key...), "desk"},
			{"RegisteredDocument", http.MethodPost, "/graphql", `{"documentId":"sha256:ecf4edb46db40b5132295c0291d62fb65d6759a9eedfa4d5d612dd5ec54a6b38"}`, asNew, "desk"},
			{"RESTList", http.MethodGet, "/v1/reports", "", nil, "live"},
			{"RESTDocument", http.MethodGet, "/v1/reports/open", "", nil, "live"},
			{"RESTChanges", http.MethodGet, "/v1/changes", "", nil, "live"},
			{"RESTCredential", http.MethodGet, "/v1/reports", "", key, "desk"},
			{"Feed", http.MethodGet, "/feeds/reports.atom", "", nil, "live"},
			{"FeedOfATag", http.MethodGet, "/feeds/tags/x.json", "", nil, "live"},
			{"FeedCredential", http.MethodGet, "/feeds/reports.rss", "", key, "desk"},
			{"Sitemap", http.MethodGet, "/sitemap.xml", "", nil, "live"},
			{"SitemapPart", http.MethodGet, "/sitemaps/reports.xml", "", nil, "live"},
			{"Changes", http.MethodGet, "/changes", "", nil, "live"},
			{"ChangesCredential", http.MethodGet, "/changes", "", key, "desk"},
		}
		for name, fault := range map[string]struct {
			err    error
			status int
			code   string
		}{
			"Refused":  {storetest.ConnectionRefused(), http.StatusServiceUnavailable, "UNAVAILABLE"},
			"Conflict": {storetest.RecoveryConflict(), http.StatusServiceUnavailable, "UNAVAILABLE"},
			"Full":     {storetest.TooManyConnections(), http.StatusServiceUnavailable, "UNAVAILABLE"},
			// These are internal errors.
			"Wrong":   {storetest.SyntaxError(), http.StatusInternalServerError, "INTERNAL"},
			"Strange": {storetest.UnexpectedError(), http.StatusInternalServerError, "INTERNAL"},
		} {
			for _, r := range requests {
				faults.Fail(r.store, "SELECT", 0, fault.err)
				log.Reset()
				got := r.send(t, a)
				faults.Set(nil)
				which := fmt.Sprintf("%s, %s", r.name, name)
				partly := fault.code == "INTERNAL" && strings.HasPrefix(r.path, "/graphql") && (got.status == http.StatusOK || got.status == transport.StatusPartialSuccess) // data, if only null
				if got.status != fault.status && !partly || !strings.Contains(got.body, fault.code) {
					t.Errorf("%s: got %d, %s, want %d with %s", which, got.status, got.body, fault.status, fault.code)
				}
				if after := got.header.Get("Retry-After"); (after != "") != (got.status == http.StatusServiceUnavailable) {
					t.Errorf("%s: got Retry-After %q", which, after)
				}
				// The id of a request is random, and may have any digits.
				shown := requestIDs.ReplaceAllString(got.body, "")
				for _, secret := range []string{storetest.SecretHost, "SELECT", "dial", "SQLSTATE", "5432", "refused"} {
					if strings.Contains(shown, secret) {
						t.Errorf("%s: the answer has %q: %s", which, secret, got.body)
					}
				}
				if !strings.Contains(log.String(), storetest.SecretHost) {
					t.Errorf("%s: the log does not say why:\n%s", which, log)
				}
			}
		}
		for _, r := range requests {
			got := r.send(t, a)
			if got.status >= http.StatusInternalServerError || strings.Contains(got.body, "UNAVAILABLE") {
				t.Errorf("%s: after it got %d, %s", r.name, got.status, got.body)
			}
		}
	})
}

// Streams end in a way that makes their clients reconnect.
func TestStreamsWhileDatabaseUnavailable(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, s store.Config) {
		a, faults, _ := startWithFaults(t, s)
		changes := listen(t, a.URL()+"/changes").waitReady()
		subscribed := listen(t, a.URL()+"/graphql?query=subscription{contentChanged{kind%20document{slug}}}").waitReady()
		conn, _, err := websocket.Dial(t.Context(), a.URL()+"/graphql", &websocket.DialOptions{Subprotocols: []string{"graphql-transport-ws"}})
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = conn.CloseNow() }()
		for _, message := range []string{`{"type":"connection_init"}`,
			`{"id":"1","type":"subscribe","payload":{"query":"subscription { contentChanged { kind document { slug } } }"}}`} {
			if err := conn.Write(t.Context(), websocket.MessageText, []byte(message)); err != nil {
				t.Fatal(err)
			}
		}
		if _, body, err := conn.Read(patient(t)); err != nil || !strings.Contains(string(body), "connection_ack") {
			t.Fatalf("got %s, %v", body, err)
		}
		// All of them get the first event. The subscriptions may begin later.
		heard := make(chan bool, 2)
		go func() {
			e := subscribed.next()
			heard <- strings.Contains(e.data, "PUBLISH")
		}()
		go func() {
			_, body, err := conn.Read(patient(t))
			heard <- err == nil && strings.Contains(string(body), "PUBLISH")
		}()
		late := time.Now().Add(patience)
		for n, left := 0, 2; left > 0; n++ {
			if time.Now().After(late) {
				t.Fatalf("%d subscriptions did not begin", left)
			}
			publishReport(t, a, fmt.Sprintf("before-%d", n), "CLEAR")
			select {
			case ok := <-heard:
				if left--; !ok {
					t.Fatal("a subscription did not begin")
				}
			default:
			}
		}
		// Reads of the feed fail; writes succeed.
		faults.Set(func(in, query string) error {
			if in == "live" && strings.HasPrefix(query, "SELECT") && strings.Contains(query, "changes") && !strings.HasPrefix(query, "SELECT id, at FROM") {
				return storetest.ConnectionRefused()
			}
			return nil
		})
		publishReport(t, a, "after", "CLEAR")

		var last event
		for e := changes.next(); e.name != ""; e = changes.next() {
			last = e
		}
		if last.name != "end" || !strings.Contains(last.data, "UNAVAILABLE") || strings.Contains(last.data, "dial") {
			t.Errorf("/changes ended with %+v", last)
		}
		last = event{}
		for e := subscribed.next(); e.name != ""; e = subscribed.next() {
			last = e
		}
		if last.name != "next" || !strings.Contains(last.data, "UNAVAILABLE") || strings.Contains(last.data, "dial") {
			t.Errorf("the event stream ended with %+v, want an error and no completion", last)
		}
		for {
			_, body, err := conn.Read(patient(t))
			if err == nil && strings.Contains(string(body), "PUBLISH") {
				continue
			}
			if closed, _ := errors.AsType[websocket.CloseError](err); closed.Code != websocket.StatusTryAgainLater {
				t.Errorf("the WebSocket got %s, %v, want 1013", body, err)
			}
			break
		}
		// The clients reconnect.
		faults.Set(nil)
		again := listen(t, a.URL()+"/changes", "Last-Event-ID", changes.id).waitReady()
		again.wantChanges("PUBLISH REPORT")
	})
}
