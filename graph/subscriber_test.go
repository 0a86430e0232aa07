package graph_test

import (
	"context"
	"fmt"
	"net/netip"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter"
)

// noMail is a newsletter.Mailer of jobs that do not run.
type noMail struct{}

func (noMail) Send(context.Context, newsletter.Outgoing) error { return nil }

// Anybody may subscribe to a series that the public sees; any other is as one that is not
// there. Only an ADMIN sees addresses.
func TestSubscribers(t *testing.T) {
	t.Parallel()
	withMail := func(c *graph.Config) {
		c.Subscribers = newsletter.NewSubscribers(newsletter.SubscribersConfig{
			Stores: c.Stores, Jobs: c.Stores.Jobs(c.Log), Series: newsletter.Desk{Stores: c.Stores}, Mailer: noMail{}, Log: c.Log, Now: c.Now})
	}
	eachAccessAPI(t, nil, func(t *testing.T, g *accessAPI) {
		g.as(domain.Anonymous(), `mutation { subscribe(input: {series: "x", email: "reader@example.org"}) { accepted } }`, nil).refused("UNAVAILABLE", "sends no mail")
	})
	eachAccessAPI(t, withMail, func(t *testing.T, g *accessAPI) {
		admin := holder(domain.Admin)
		for _, marking := range []string{"CLEAR", "AMBER"} {
			slug := strings.ToLower(marking)
			g.query(admin, fmt.Sprintf(`mutation {
				createSeries(input: {slug: "%s", title: "%s", cadence: MONTHLY, language: "ja", marking: %s}) { created }
				createEdition(input: {slug: "%s-1", series: "%s", number: 1, title: "One", language: "ja", marking: %s, items: [{headline: "H", summary: "S"}]}) { created }
				publish(input: {documents: ["edition:%s-1"]}) { state }
			}`, slug, marking, marking, slug, slug, marking, slug))
		}
		subscribe := func(series, email string) string {
			return fmt.Sprintf(`mutation { subscribe(input: {series: %q, email: %q}) { accepted } }`, series, email)
		}
		public := domain.Anonymous()
		g.as(public, subscribe("clear", "reader@example.org"), nil).ok()
		hidden, absent := g.as(public, subscribe("amber", "reader@example.org"), nil), g.as(public, subscribe("never", "reader@example.org"), nil)
		hidden.refused("BAD_USER_INPUT", "series")
		absent.refused("BAD_USER_INPUT", "series")
		if hidden.body != absent.body || strings.Contains(hidden.body, "reader@") {
			t.Errorf("got %s and %s", hidden.body, absent.body)
		}
		g.as(public, subscribe("clear", "reader"), nil).refused("BAD_USER_INPUT", "email")
		// A network is limited, and a key is not.
		for i := range 30 {
			g.as(holder(domain.Partner), subscribe("clear", fmt.Sprintf("reader%d@example.org", i)), nil).ok()
		}
		from := domain.WithClient(domain.WithViewer(t.Context(), public), netip.MustParseAddr("203.0.113.5"))
		for i := range 20 {
			g.sendIn(from, "POST", vars{"query": subscribe("clear", fmt.Sprintf("r%d@example.org", i))}).ok()
		}
		limited := g.sendIn(from, "POST", vars{"query": subscribe("clear", "late@example.org")})
		limited.refused("RATE_LIMITED", "network")
		if !strings.Contains(limited.body, `"retryAfter":3600`) {
			t.Errorf("got %s", limited.body)
		}
		for i := range 149 { // with those before, 200
			g.as(holder(domain.Partner), subscribe("clear", fmt.Sprintf("many%d@example.org", i)), nil).ok()
		}
		challenged := g.as(holder(domain.Partner), subscribe("clear", "challenged@example.org"), nil)
		challenged.refused("CHALLENGE_REQUIRED", "proof of work")
		if !strings.Contains(challenged.body, `"bits":20`) || !strings.Contains(challenged.body, `"challenge":"`) {
			t.Errorf("got %s", challenged.body)
		}
		g.clock.Advance(time.Hour)

		g.query(admin, `mutation { suppressAddress(input: {email: "gone@example.org"}) { suppressed } }`)
		got := g.query(admin, `{ suppressions { totalCount nodes { reason code } } one: suppressions(email: "GONE@example.org") { totalCount } none: suppressions(email: "x@example.org") { totalCount }
			subscribers { totalCount nodes { id email language } } subscriber(id: "`+domain.NewID(domain.Subscriber, g.clock.Now()).String()+`") { email } }`)
		if got.at("suppressions.totalCount") != 1.0 || got.at("one.totalCount") != 1.0 || got.at("none.totalCount") != 0.0 || got.at("subscribers.totalCount") != 0.0 || got.at("subscriber") != nil {
			t.Errorf("got %s", got.body)
		}
		for _, role := range []domain.Role{domain.Public, domain.Partner, domain.Author, domain.Editor} {
			for _, document := range []string{`{ subscribers { nodes { email } } }`, `{ suppressions { totalCount } }`, `{ subscriber(id: "x") { email } }`,
				`mutation { eraseSubscriber(input: {id: "x"}) { erased } }`, `mutation { suppressAddress(input: {email: "x"}) { suppressed } }`, `mutation { unsuppressAddress(input: {email: "x"}) { suppressed } }`} {
				g.as(holder(role), document, nil).refused("FORBIDDEN", "ADMIN")
			}
		}
		g.as(admin, `mutation { unsuppressAddress(input: {email: "x@example.org"}) { suppressed } }`, nil).refused("NOT_FOUND", "suppression list")
		g.as(admin, `mutation { eraseSubscriber(input: {}) { erased } }`, nil).refused("BAD_USER_INPUT", "id")
		if strings.Contains(g.log.String(), "@example.org") {
			t.Errorf("the log has an address")
		}
	})
}
