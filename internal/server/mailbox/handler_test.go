package mailbox_test

import (
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"regexp"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/newsletter/mail"
	"github.com/redthread-api/redthread/internal/server/mailbox"
)

// folder returns a folder with messages of these subjects, the last the newest.
func folder(t *testing.T, subjects ...string) *mail.Folder {
	t.Helper()
	now := time.Date(2026, 11, 29, 7, 0, 0, 0, time.UTC)
	f, err := mail.OpenFolder(t.TempDir(), func() time.Time { now = now.Add(time.Second); return now })
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = f.Close() })
	for i, subject := range subjects {
		m := &mail.Message{
			From: mail.Address{Name: "The Red Report", Addr: "report@news.example.org"}, To: mail.Address{Addr: "reader@example.net"},
			Subject: subject, Date: now, ID: "m" + strconv.Itoa(i) + "@news.example.org",
			List: &mail.List{ID: "report.example.org", UnsubscribeURL: "https://news.example.org/u/1", UnsubscribeMail: "mailto:u@example.org"},
			Text: "Text <b>of</b> the message.",
			HTML: `<!doctype html><html><head lang="en"><title>T</title></head><body><script>alert(1)</script><img src="cid:mark" alt="Mark"><a href="https://example.org/">link</a></body></html>`,
			Pictures: []mail.Picture{
				{ID: "mark", Type: "image/png", Data: []byte("picture")},
			},
		}
		raw, err := m.Bytes()
		if err != nil {
			t.Fatal(err)
		}
		if got := f.Submit(t.Context(), mail.Envelope{From: "bounces@news.example.org", To: "reader@example.net"}, raw); got.Status != mail.Submitted {
			t.Fatalf("got %+v, want submitted", got)
		}
	}
	return f
}

func get(t *testing.T, f mailbox.Folder, path string) (status int, header http.Header, body string) {
	t.Helper()
	w := httptest.NewRecorder()
	mailbox.Handler(f, slog.New(slog.DiscardHandler), http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w.Code, w.Result().Header, w.Body.String()
}

func TestList(t *testing.T) {
	t.Parallel()
	status, header, body := get(t, folder(t, "First", `<script>alert("subject")</script>`), "/mailbox")
	if status != http.StatusOK || !strings.Contains(header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Fatalf("got %d, policy %q", status, header.Get("Content-Security-Policy"))
	}
	for _, want := range []string{"&lt;script&gt;", "First", "reader@example.net", "29 November 2026, 07:00 UTC"} {
		if !strings.Contains(body, want) {
			t.Errorf("the list has no %q", want)
		}
	}
	if strings.Contains(body, "<script") {
		t.Error("the list has a script")
	}
	if strings.Index(body, "&lt;script&gt;") > strings.Index(body, "First") {
		t.Error("the newest message is not the first")
	}
	if _, _, body := get(t, folder(t), "/mailbox"); !strings.Contains(body, "There are none yet.") {
		t.Errorf("an empty folder: got %s", body)
	}
}

func TestListPages(t *testing.T) {
	t.Parallel()
	var subjects []string
	for i := range mailbox.PageSize + 1 {
		subjects = append(subjects, "Number "+strconv.Itoa(i))
	}
	f := folder(t, subjects...)
	_, _, first := get(t, f, "/mailbox")
	next := regexp.MustCompile(`href="mailbox(\?before=[^"]+)" rel="next"`).FindStringSubmatch(first)
	if next == nil || strings.Contains(first, ">Number 0<") {
		t.Fatalf("the first page: no link to the second, or all messages")
	}
	_, _, second := get(t, f, "/mailbox"+next[1])
	if !strings.Contains(second, ">Number 0<") || strings.Contains(second, ">Number 1<") || !strings.Contains(second, "Newest messages") {
		t.Errorf("the second page: got %s", second)
	}
}

func TestMessage(t *testing.T) {
	t.Parallel()
	f := folder(t, "The subject")
	all, err := f.List("", 1)
	if err != nil {
		t.Fatal(err)
	}
	path := "/mailbox/" + all[0].Name
	t.Run("the page", func(t *testing.T) {
		t.Parallel()
		status, header, body := get(t, f, path)
		if status != http.StatusOK || !strings.Contains(header.Get("Content-Security-Policy"), "frame-src 'self'") {
			t.Errorf("got %d, policy %q", status, header.Get("Content-Security-Policy"))
		}
		for _, want := range []string{
			"Text &lt;b&gt;of&lt;/b&gt; the message.", `sandbox="allow-popups allow-popups-to-escape-sandbox"`, `title="The message as HTML"`,
			"<dt>List-Unsubscribe-Post</dt><dd>List-Unsubscribe=One-Click</dd>", `href="https://news.example.org/u/1"`, `href="mailto:u@example.org"`,
			"&lt;https://news.example.org/u/1&gt;,", "bounces@news.example.org",
		} {
			if !strings.Contains(body, want) {
				t.Errorf("the page has no %q", want)
			}
		}
		if strings.Contains(body, "alert(1)") {
			t.Error("the page has the HTML of the message")
		}
	})
	t.Run("the HTML runs no script", func(t *testing.T) {
		t.Parallel()
		_, header, body := get(t, f, path+"/html")
		policy := header.Get("Content-Security-Policy")
		if !strings.HasPrefix(policy, "sandbox ") || strings.Contains(policy, "allow-scripts") || strings.Contains(policy, "allow-same-origin") {
			t.Errorf("got the policy %q", policy)
		}
		for _, want := range []string{`<head lang="en"><base target="_blank">`, `src="data:image/png;base64,cGljdHVyZQ=="`} {
			if !strings.Contains(body, want) {
				t.Errorf("the HTML has no %q: %s", want, body)
			}
		}
	})
	t.Run("the source", func(t *testing.T) {
		t.Parallel()
		_, header, body := get(t, f, path+"/source")
		if header.Get("Content-Type") != "text/plain; charset=utf-8" || !strings.HasPrefix(body, "Return-Path: <bounces@news.example.org>\r\n") {
			t.Errorf("got %s %q", header.Get("Content-Type"), body)
		}
	})
	t.Run("none", func(t *testing.T) {
		t.Parallel()
		for _, path := range []string{"/mailbox/x", "/mailbox/x/html", "/mailbox/%2e%2e%2fx/source", path + "/other", "/mailbox/"} {
			if status, _, _ := get(t, f, path); status != http.StatusNotFound {
				t.Errorf("%s: got %d, want 404", path, status)
			}
		}
	})
}

type brokenFolder struct{}

func (brokenFolder) List(string, int) ([]mail.StoredMessage, error) {
	return nil, errors.New("disk on fire")
}
func (brokenFolder) Open(string) (*mail.OpenedMessage, error) { return nil, errors.New("disk on fire") }

func TestBrokenFolder(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/mailbox", "/mailbox/x"} {
		if status, _, body := get(t, brokenFolder{}, path); status != http.StatusInternalServerError || strings.Contains(body, "fire") {
			t.Errorf("%s: got %d %q, want 500", path, status, body)
		}
	}
}
