package newsletter_test

import (
	"bytes"
	"context"
	"io"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"net/netip"
	"net/url"
	"regexp"
	"strings"
	"sync"
	"testing"
	"testing/fstest"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter"
	pages "github.com/redthread-api/redthread/internal/server/newsletter"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// site is the pages of a publisher with two series.
type site struct {
	*newsletter.Subscribers
	t       testing.TB
	stores  *store.Stores
	handler http.Handler
	clock   *storetest.Clock
	log     bytes.Buffer

	mails chan newsletter.Outgoing
}

func (s *site) LiveSeries(context.Context) ([]newsletter.Series, error) {
	id := func(n int64) domain.ID { return domain.ID(int64(domain.Series)<<14 | n) }
	return []newsletter.Series{
		{ID: id(1), Slug: "the-red-report", Title: "The Red Report", Language: "en"},
		{ID: id(2), Slug: "minato", Title: "港湾だより <2>", Language: "ja"},
		{ID: id(3), Slug: "secret", Title: "Secret", Language: "en", Marking: domain.Amber},
	}, nil
}

func (s *site) Send(_ context.Context, mail newsletter.Outgoing) error {
	s.mails <- mail
	return nil
}

func newSite(t testing.TB, stores *store.Stores, limits newsletter.Limits) *site {
	t.Helper()
	s := &site{t: t, stores: stores, clock: storetest.NewSteppingClock(time.Date(2026, 11, 29, 9, 0, 0, 0, time.UTC), time.Millisecond), mails: make(chan newsletter.Outgoing, 10)}
	log := slog.New(slog.NewTextHandler(&s.log, nil))
	jobs := stores.Jobs(log)
	s.Subscribers = newsletter.NewSubscribers(newsletter.SubscribersConfig{
		Stores: stores, Jobs: jobs, Series: s, Mailer: s, Log: log, Now: s.clock.Now, PublicURL: "https://api.example.org", Publisher: "Lantern Research", Limits: limits})
	handler, err := pages.New(pages.Config{Subscribers: s.Subscribers, Log: log})
	if err != nil {
		t.Fatal(err)
	}
	s.handler = handler
	ctx, stop := context.WithCancel(t.Context())
	var running sync.WaitGroup
	running.Go(func() { _ = jobs.Start(ctx) }) // it returns nil
	t.Cleanup(func() { stop(); running.Wait() })
	return s
}

func each(t *testing.T, limits newsletter.Limits, fn func(t *testing.T, s *site)) {
	t.Helper()
	t.Parallel()
	storetest.Each(t, func(t *testing.T, stores *store.Stores) { fn(t, newSite(t, stores, limits)) })
}

// send sends a request, and checks what must hold for each response.
func (s *site) send(method, path, media, body string, header ...string) (*http.Response, string) {
	s.t.Helper()
	ctx := domain.WithClient(domain.WithViewer(s.t.Context(), domain.Anonymous()), netip.MustParseAddr("203.0.113.9"))
	r := httptest.NewRequestWithContext(ctx, method, path, strings.NewReader(body))
	if media != "" {
		r.Header.Set("Content-Type", media)
	}
	for i := 0; i < len(header); i += 2 {
		r.Header.Set(header[i], header[i+1])
	}
	w := httptest.NewRecorder()
	s.handler.ServeHTTP(w, r)
	got := w.Result()
	raw, err := io.ReadAll(got.Body)
	if err != nil {
		s.t.Fatal(err)
	}
	page := string(raw)
	if got.Header.Get("Set-Cookie") != "" || got.StatusCode != http.StatusMethodNotAllowed && got.Header.Get("Cache-Control") != "no-store" {
		s.t.Errorf("%s %s: got headers %v", method, path, got.Header)
	}
	if strings.HasPrefix(got.Header.Get("Content-Type"), "text/html") {
		policy := got.Header.Get("Content-Security-Policy")
		if strings.Contains(policy, "unsafe") || !strings.Contains(policy, "form-action 'self'") || got.Header.Get("Referrer-Policy") != "no-referrer" {
			s.t.Errorf("%s %s: got headers %v", method, path, got.Header)
		}
		for _, bad := range []string{"<script", "ZgotmplZ", " style=", "<2>", "{series}", "{email}", "{seconds}", "Secret"} {
			if strings.Contains(page, bad) {
				s.t.Errorf("%s %s: the page has %s", method, path, bad)
			}
		}
	}
	return got, page
}

const formType = "application/x-www-form-urlencoded"

// stamp returns the stamp of a form.
func stamp(t testing.TB, page string) string {
	t.Helper()
	found := regexp.MustCompile(`name="stamp" value="([^"]+)"`).FindStringSubmatch(page)
	if found == nil {
		t.Fatalf("there is no stamp in %s", page)
	}
	return found[1]
}

// fill fills a form in and sends it.
func (s *site) fill(values url.Values) (*http.Response, string) {
	s.t.Helper()
	_, page := s.send("GET", "/subscribe", "", "")
	values.Set("stamp", stamp(s.t, page))
	s.clock.Advance(3 * time.Second)
	return s.send("POST", "/subscribe", formType, values.Encode())
}

// path returns the path with the query of a link.
func path(t testing.TB, text, page string) string {
	t.Helper()
	found := regexp.MustCompile(`https://api\.example\.org(/` + page + `\?[^"\s]+)`).FindStringSubmatch(text)
	if found == nil {
		t.Fatalf("there is no link to %s in %s", page, text)
	}
	return strings.ReplaceAll(found[1], "&amp;", "&")
}

func wantPage(t testing.TB, got *http.Response, page string, status int, texts ...string) {
	t.Helper()
	if got.StatusCode != status {
		t.Errorf("got %d, want %d: %s", got.StatusCode, status, page)
	}
	for _, text := range texts {
		if !strings.Contains(page, text) {
			t.Errorf("got %s\nwant %s", page, text)
		}
	}
}

// A reader signs up, confirms, changes what comes, and leaves.
func TestReader(t *testing.T) {
	each(t, newsletter.Limits{}, func(t *testing.T, s *site) {
		got, page := s.fill(url.Values{"email": {"reader@example.org"}, "series": {"the-red-report"}, "language": {"en"}})
		if got.StatusCode != http.StatusSeeOther || strings.Contains(got.Header.Get("Location"), "reader") {
			t.Fatalf("got %d to %s: %s", got.StatusCode, got.Header.Get("Location"), page)
		}
		got, page = s.send("GET", "/subscribe"+got.Header.Get("Location"), "", "")
		wantPage(t, got, page, 200, "Look into your mailbox")

		mail := <-s.mails
		confirm := path(t, mail.Text, "subscribe/confirm")
		for range 2 {
			got, page = s.send("GET", confirm, "", "")
			wantPage(t, got, page, 200, "Subscribe r…@example.org to The Red Report?", "<form method=\"post\"><button>")
		}
		got, page = s.send("POST", confirm, formType, "")
		wantPage(t, got, page, 200, "You are subscribed")
		preferences := path(t, page, "subscriptions")
		got, page = s.send("GET", confirm, "", "")
		wantPage(t, got, page, 200, "You are subscribed")

		got, page = s.send("GET", preferences, "", "")
		wantPage(t, got, page, 200, "r…@example.org", "港湾だより &lt;2&gt;")
		ids := regexp.MustCompile(`value="(\w+_\w+)"`).FindAllStringSubmatch(page, -1)
		if len(ids) != 2 {
			t.Fatalf("got %d series in %s", len(ids), page)
		}
		got, page = s.send("POST", preferences, formType, url.Values{"save": {"1"}, "language": {"zh-Hant"}, "series": {ids[1][1]}}.Encode())
		wantPage(t, got, page, 200, "已儲存。", `lang="zh-Hant"`)
		got, page = s.send("POST", preferences, formType, url.Values{"leave": {"all"}}.Encode())
		wantPage(t, got, page, 200, "您已取消全部訂閱。")
		got, page = s.send("POST", preferences, formType, "nothing=1")
		wantPage(t, got, page, 400)
	})
}

// RFC 8058: the POST itself unsubscribes, whatever its type and body are; a GET does not.
func TestOneClick(t *testing.T) {
	each(t, newsletter.Limits{}, func(t *testing.T, s *site) {
		admin := domain.WithViewer(t.Context(), &domain.Viewer{Name: "Ann", Role: domain.Admin, Clearance: domain.Red, KeyID: 1})
		for i, post := range []struct{ media, body string }{
			{formType, "List-Unsubscribe=One-Click"}, {"text/plain", "List-Unsubscribe=One-Click"}, {"", ""}, {"multipart/form-data; boundary=b", "--b--"}, {"x", strings.Repeat("x", 100_000)},
		} {
			email := string(rune('a'+i)) + "@example.org"
			list := "email,language,series,consent_at,consent_source,consent_text\n" + email + ",ja,the-red-report,2024-01-01,form,words\n"
			if _, err := s.Import(admin, strings.NewReader(list), false); err != nil {
				t.Fatal(err)
			}
			hash, err := s.Hash(admin, email)
			if err != nil {
				t.Fatal(err)
			}
			ids, err := store.QueryIDs(t.Context(), s.stores.DeskRows(), "SELECT id FROM subscribers WHERE email_hash = ?", hash)
			if err != nil || len(ids) != 1 {
				t.Fatal(ids, err)
			}
			person, err := s.Person(admin, ids[0])
			if err != nil {
				t.Fatal(err)
			}
			links, err := s.Links(t.Context(), ids[0], person.Subscriptions[0].Series, s.clock.Now())
			if err != nil {
				t.Fatal(err)
			}
			link := path(t, links.Unsubscribe, "unsubscribe")
			got, page := s.send("GET", link, "", "")
			wantPage(t, got, page, 200, "「The Red Report」の配信を停止しますか。", "<form method=\"post\"><button>")
			for range 2 {
				got, page = s.send("POST", link, post.media, post.body)
				wantPage(t, got, page, 200, "配信を停止しました")
			}
			if person, err = s.Person(admin, ids[0]); err != nil || person.Subscriptions[0].State != newsletter.SubscriptionUnsubscribed {
				t.Errorf("%q: got %+v %v", post.media, person, err)
			}
		}
		for _, link := range []string{"/unsubscribe", "/unsubscribe?token=x", "/subscriptions?token=x", "/subscribe/confirm?token=x"} {
			for _, method := range []string{"GET", "POST", "HEAD"} {
				if got, page := s.send(method, link, formType, "save=1"); got.StatusCode != 404 || method == "HEAD" && page != "" {
					t.Errorf("%s %s: got %d", method, link, got.StatusCode)
				}
			}
		}
	})
}

func TestFormProblems(t *testing.T) {
	each(t, newsletter.Limits{}, func(t *testing.T, s *site) {
		got, page := s.fill(url.Values{"email": {`"><b>x`}, "language": {"en"}})
		wantPage(t, got, page, 422, "Enter an e-mail address such as", "Choose what you want to receive.", `aria-invalid="true" aria-describedby="email-problem"`, `value="&#34;&gt;&lt;b&gt;x"`)
		got, page = s.send("POST", "/subscribe", formType, "email=a@example.org&series=the-red-report")
		wantPage(t, got, page, 422, "Please check what you entered", `value="a@example.org"`)
		got, page = s.send("POST", "/subscribe", formType, "email="+strings.Repeat("x", 50_000))
		wantPage(t, got, page, 400)
		got, page = s.fill(url.Values{"email": {"bot@example.org"}, "series": {"the-red-report"}, "website": {"https://bot.example"}})
		wantPage(t, got, page, 303)
		got, page = s.fill(url.Values{"email": {"a@example.org"}, "series": {"secret"}})
		wantPage(t, got, page, 422, "Choose what you want to receive.")
		got, page = s.send("PUT", "/subscribe", "", "")
		wantPage(t, got, page, 405)
		if got.Header.Get("Allow") == "" {
			t.Error("there is no Allow")
		}
		if strings.Contains(s.log.String(), "example.org") {
			t.Errorf("the log has an address: %s", s.log.String())
		}
	})
}

func TestWaitUnderAttack(t *testing.T) {
	each(t, newsletter.Limits{Attack: 1, PerNetwork: 3}, func(t *testing.T, s *site) {
		values := url.Values{"email": {"a@example.org"}, "series": {"the-red-report"}}
		got, page := s.fill(values)
		wantPage(t, got, page, 303)
		values.Set("email", "b@example.org")
		got, page = s.fill(values)
		wantPage(t, got, page, 429, "One more moment", "15 seconds")
		if got.Header.Get("Retry-After") != "15" {
			t.Errorf("got Retry-After %s", got.Header.Get("Retry-After"))
		}
		again := url.Values{}
		for _, field := range regexp.MustCompile(`<input type="hidden" name="(\w+)" value="([^"]*)">`).FindAllStringSubmatch(page, -1) {
			again.Set(field[1], field[2])
		}
		s.clock.Advance(16 * time.Second)
		got, page = s.send("POST", "/subscribe", formType, again.Encode())
		wantPage(t, got, page, 303)
		s.clock.Advance(11 * time.Minute)
		got, page = s.fill(url.Values{"email": {"c@example.org"}, "series": {"the-red-report"}})
		wantPage(t, got, page, 303)
		got, page = s.fill(url.Values{"email": {"d@example.org"}, "series": {"the-red-report"}})
		wantPage(t, got, page, 429, "Too many sign-ups")
	})
}

func TestLanguages(t *testing.T) {
	each(t, newsletter.Limits{}, func(t *testing.T, s *site) {
		for header, want := range map[string]string{
			"zh-HK,zh;q=0.9": "以電子郵件訂閱", "zh-MO,zh;q=0.9": "以電子郵件訂閱", "zh-TW,zh;q=0.9": "以電子郵件訂閱",
			"zh-SG,zh;q=0.9": "通过电子邮件订阅", "zh-CN": "通过电子邮件订阅", "ja": "メールで購読する", "de,en;q=0.5": "Subscribe by e-mail", "": "Subscribe by e-mail",
		} {
			got, page := s.send("GET", "/subscribe", "", "", "Accept-Language", header)
			wantPage(t, got, page, 200, "<h1>"+want+"</h1>")
		}
		got, page := s.send("GET", "/subscribe?lang=ja&series=minato", "", "", "Accept-Language", "zh-HK")
		wantPage(t, got, page, 200, "<h1>メールで購読する</h1>", `value="minato" checked`, `href="?lang=en&amp;series=minato"`)
	})
}

func TestTemplatesAreReplaced(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"{{.Text": "message.html:1", "{{.Nothing}}": "can't evaluate field Nothing", "<p>{{.Text}}</p>": ""} {
		_, err := pages.New(pages.Config{Templates: fstest.MapFS{"message.html": {Data: []byte(name)}}})
		if want == "" && err != nil || want != "" && (err == nil || !strings.Contains(err.Error(), want)) {
			t.Errorf("%s: got %v, want %s", name, err, want)
		}
	}
}
