package app_test

import (
	"errors"
	"io"
	"net/http"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// Pages of editions are served with --edition-pages only, and are made with the templates of the
// folder; the cache serves them with an ETag.
func TestEditionPages(t *testing.T) {
	t.Parallel()
	c, p := config(t, storetest.Config(t)), parts(io.Discard)
	a := start(t, c, p)
	if status, _ := get(t, a.URL()+"/editions"); status != http.StatusNotFound {
		t.Errorf("without the switch: got %d, want 404", status)
	}
	stop(t, a)

	c.Editions = app.EditionsConfig{Pages: true, Templates: t.TempDir()}
	list := filepath.Join(c.Editions.Templates, "list.html")
	if err := os.WriteFile(list, []byte("<p>Ours: {{.Site.Name}}</p>"), 0o600); err != nil {
		t.Fatal(err)
	}
	c.Site.Name = "Harbour Press"
	a = start(t, c, p)
	resp, err := http.Get(a.URL() + "/editions")
	if err != nil {
		t.Fatal(err)
	}
	body, err := io.ReadAll(resp.Body)
	if err != nil {
		t.Fatal(err)
	}
	_ = resp.Body.Close()
	if got := string(body); got != "<p>Ours: Harbour Press</p>" || resp.Header.Get("ETag") == "" || resp.Header.Get("Cache-Control") != "public, no-cache" {
		t.Errorf("got %s with %v", got, resp.Header)
	}
	for _, method := range []string{http.MethodHead, http.MethodPost} {
		r, err := http.NewRequestWithContext(t.Context(), method, a.URL()+"/editions", nil)
		if err != nil {
			t.Fatal(err)
		}
		r.Header.Set("If-None-Match", resp.Header.Get("ETag"))
		got, err := http.DefaultClient.Do(r)
		if err != nil {
			t.Fatal(err)
		}
		_ = got.Body.Close()
		if want := map[string]int{http.MethodHead: http.StatusNotModified, http.MethodPost: http.StatusMethodNotAllowed}[method]; got.StatusCode != want {
			t.Errorf("%s: got %d, want %d", method, got.StatusCode, want)
		}
	}
	stop(t, a)

	if err := os.WriteFile(list, []byte("\n{{.Nothing}}"), 0o600); err != nil {
		t.Fatal(err)
	}
	if _, err := app.Start(t.Context(), c, p); err == nil || !strings.Contains(err.Error(), "list.html:2:") {
		t.Errorf("got the error %v, want one that names the file and the line", err)
	}
}

// The folder of templates has those of editions, and below it those of the pages of subscribers.
func TestTemplatesOfSubscriberPages(t *testing.T) {
	t.Parallel()
	c, p := config(t, storetest.Config(t)), parts(io.Discard)
	c.Mail = app.MailConfig{From: "report@news.example.org", Folder: t.TempDir()}
	c.Editions.Templates = t.TempDir()
	pages := filepath.Join(c.Editions.Templates, "subscribers")
	write := func(name, text string) {
		t.Helper()
		if err := errors.Join(os.MkdirAll(pages, 0o700), os.WriteFile(filepath.Join(pages, name), []byte(text), 0o600)); err != nil {
			t.Fatal(err)
		}
	}
	write("style.css", "body { color: teal }")
	if err := os.WriteFile(filepath.Join(c.Editions.Templates, "print.css"), []byte("@page { margin: 1cm }"), 0o600); err != nil {
		t.Fatal(err)
	}
	a := start(t, c, p)
	if status, body := get(t, a.URL()+"/subscribe"); status != http.StatusNotFound || !strings.Contains(body, "body { color: teal }") {
		t.Errorf("got %d, want 404, since there is no series, with our style: %s", status, body)
	}
	stop(t, a)
	write("message.html", "{{.Nothing}}")
	if _, err := app.Start(t.Context(), c, p); err == nil || !strings.Contains(err.Error(), "message.html:1") {
		t.Errorf("got the error %v, want one that names the file and the line", err)
	}
	write("message.html", "{{.Title}}")
	write("styles.css", "")
	if _, err := app.Start(t.Context(), c, p); err == nil || !strings.Contains(err.Error(), "styles.css") {
		t.Errorf("got the error %v, want one that names the file", err)
	}
}
