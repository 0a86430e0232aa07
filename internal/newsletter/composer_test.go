package newsletter_test

import (
	"context"
	"encoding/json"
	"log/slog"
	"net/mail"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange/site"
	"github.com/redthread-api/redthread/internal/newsletter"
	newslettermail "github.com/redthread-api/redthread/internal/newsletter/mail"
	"github.com/redthread-api/redthread/internal/newsletter/render"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// The desk shows staff all that an edition refers to. A mail of a draft has what readers would get of it.
func TestDraftHasNothingAboveItsMarking(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		d := newDesk(t, s, newsletter.Limits{})
		const draft = `{"edition": {"marking": "GREEN", "slug": "w1", "number": 1, "title": "Week one", "language": "en", "series": {"marking": "CLEAR", "slug": "w", "title": "Weekly"},
			"items": [{"headline": "News", "summary": "<p>Text</p>",
				"entities": [{"marking": "GREEN", "slug": "seen", "name": "Entity seen"}, {"marking": "AMBER", "slug": "unseen", "name": "Entity unseen"}],
				"tags": [{"marking": "CLEAR", "slug": "t1", "label": "Tag seen"}, {"marking": "RED", "slug": "t2", "label": "Tag unseen"}],
				"citations": [{"quote": "Quote seen", "source": {"marking": "CLEAR", "slug": "s1", "title": "Source seen"}}, {"quote": "Quote unseen", "source": {"marking": "AMBER", "slug": "s2", "title": "Source unseen"}}]}]}}`
		composer := newsletter.NewComposer(newsletter.ComposerConfig{
			Query: func(_ context.Context, document string, _ map[string]any, out any) error {
				if n := strings.Count(document, "marking"); n != 5 {
					t.Errorf("the query selects %d markings, want 5", n)
				}
				return json.Unmarshal([]byte(draft), out)
			},
			Templates: render.Builtin(), Site: site.Site{}, Subscribers: d.Subscribers, From: newslettermail.Address{Addr: "report@example.org"}, BounceDomain: "example.org", Now: time.Now,
		})
		prepared, err := composer.PrepareDraft(t.Context(), newsletter.Edition{ID: edition})
		if err != nil {
			t.Fatal(err)
		}
		_, raw, err := prepared.Mail(t.Context(), newsletter.Recipient{ID: domain.NewID(domain.Row, start), Email: "reader@example.org"}, start)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := mail.ReadMessage(strings.NewReader(string(raw))); err != nil {
			t.Fatal(err)
		}
		text := string(raw)
		if !strings.Contains(text, "Source seen") || strings.Contains(text, "unseen") {
			t.Errorf("got %s, want nothing that is unseen", text)
		}
	})
}

// A mail server gets no edition without a one-click address, and obstacles have the codes of the schema.
func TestObstaclesOfLetters(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		large, err := json.Marshal(map[string]any{"edition": map[string]any{"slug": "w1", "title": "Week one", "language": "en",
			"items": []any{map[string]any{"headline": "News", "summary": `<p><a href="/nowhere">Text</a></p>` + strings.Repeat("<p>Text</p>", 10_000)}}}})
		if err != nil {
			t.Fatal(err)
		}
		for _, url := range []string{"http://127.0.0.1:8080", "https://api.example.org"} {
			subscribers := newsletter.NewSubscribers(newsletter.SubscribersConfig{Stores: s, Jobs: s.Jobs(slog.New(slog.DiscardHandler)), Log: slog.New(slog.DiscardHandler), Now: time.Now, PublicURL: url})
			composer := newsletter.NewComposer(newsletter.ComposerConfig{
				Query:     func(_ context.Context, _ string, _ map[string]any, out any) error { return json.Unmarshal(large, out) },
				Templates: render.Builtin(), Subscribers: subscribers, BounceDomain: "example.org", OneClick: true, Now: time.Now,
			})
			_, found, err := composer.Prepare(t.Context(), newsletter.Edition{ID: edition})
			if err != nil {
				t.Fatal(err)
			}
			var codes []string
			for _, o := range found {
				codes = append(codes, o.Code)
			}
			got, want := strings.Join(slices.Compact(codes), " "), "TOO_LARGE BROKEN_LINK"
			if strings.HasPrefix(url, "http:") {
				want = "NO_HTTPS " + want
			}
			if got != want {
				t.Errorf("%s: got %s, want %s", url, got, want)
			}
		}
	})
}
