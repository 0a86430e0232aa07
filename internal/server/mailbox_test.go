package server_test

import (
	"net/http"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/newsletter/mail"
	"github.com/redthread-api/redthread/internal/server"
)

func TestMailbox(t *testing.T) {
	t.Parallel()
	folder, err := mail.OpenFolder(t.TempDir(), time.Now)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() { _ = folder.Close() })
	with := start(t, hello, func(c *server.Config) { c.Mailbox = folder })
	got := do(t, request(t, http.MethodGet, with.url+"/mailbox", "", "Origin", "https://site.example"))
	if got.status != http.StatusOK || !strings.Contains(got.body, "There are none yet.") {
		t.Errorf("got %d %q, want the list", got.status, got.body)
	}
	if got.header.Get("Access-Control-Allow-Origin") != "" || got.header.Get("Cache-Control") != "no-store" {
		t.Errorf("other sites may read the list, or caches store it: %v", got.header)
	}
	const link = `<a href="mailbox">Messages</a>`
	if got := with.get(t, "/"); !strings.Contains(got.body, link) {
		t.Errorf("the explorer has no %s", link)
	}
	wantError(t, with.get(t, "/mailbox/x"), http.StatusNotFound, "NOT_FOUND")
	wantError(t, do(t, request(t, http.MethodPost, with.url+"/mailbox", "x")), http.StatusMethodNotAllowed, "METHOD_NOT_ALLOWED")
	t.Run("where messages are sent there are no pages", func(t *testing.T) {
		t.Parallel()
		without := start(t, hello, nil)
		wantError(t, without.get(t, "/mailbox"), http.StatusNotFound, "NOT_FOUND")
		if got := without.get(t, "/"); strings.Contains(got.body, link) {
			t.Errorf("the explorer has %s", link)
		}
	})
}
