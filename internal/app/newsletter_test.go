package app_test

import (
	"bytes"
	"html"
	"net/http"
	"net/url"
	"regexp"
	"strings"
	"testing"
	"time"

	"github.com/emersion/go-msgauth/dkim"

	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter/mail"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

const readerAddress = "reader@example.net"

// A reader signs up, confirms, gets an edition and leaves with one click; a bounce suppresses another one. No
// address is in the log.
func TestNewsletter(t *testing.T) {
	t.Parallel()
	storetest.EachConfig(t, func(t *testing.T, stores store.Config) {
		file, key := dkimKey(t)
		dir := t.TempDir()
		folder, err := mail.OpenFolder(dir, time.Now)
		if err != nil {
			t.Fatal(err)
		}
		defer func() { _ = folder.Close() }()
		b := newTestServer(t, stores, func(c *app.Config) {
			c.Site.PublicURL = "https://news.example.org"
			c.Mail = app.MailConfig{From: "The Red Report <report@news.example.org>", Folder: dir, DKIM: []string{"s1=" + file}, SMTPConnections: 2}
		})
		b.create("admin", access.CreateParams{Role: domain.Admin})
		b.ok(`mutation {
			createSeries(input: {slug: "red", title: "Red", cadence: FORTNIGHTLY, language: "en"}) { created }
			createEdition(input: {slug: "red-1", series: "red", number: 1, title: "One", language: "en", items: [{headline: "A list", summary: "It is out."}]}) { created }
			publish(input: {documents: ["edition:red-1"]}) { state }
		}`)
		b.wants(`{ sendingObstacles(edition: "red-1") { code } }`, `[{"code":"NO_RECIPIENTS"}]`)

		for _, reader := range []string{readerAddress, "gone@example.net"} {
			form := b.send(attackRequest{method: http.MethodGet, path: "/subscribe"}).body
			b.clock.Advance(time.Minute)
			if r := b.post("/subscribe", fieldsOf(form, "email", reader)); r.status != http.StatusOK {
				t.Fatalf("sign-up: got %d: %s", r.status, r.body)
			}
			link := linkIn(t, b.mailTo(folder, reader, "Confirm"), "/subscribe/confirm")
			if r := b.send(attackRequest{method: http.MethodGet, path: link}); r.status != http.StatusOK {
				t.Fatalf("the page of a link: got %d: %s", r.status, r.body)
			}
			if r := b.post(link, url.Values{}); r.status != http.StatusOK {
				t.Fatalf("confirmation: got %d: %s", r.status, r.body)
			}
		}

		b.ok(`mutation { sendEdition(input: {edition: "red-1"}) { sending { id } } }`)
		letter := b.mailTo(folder, readerAddress, "Red 1: One")
		_, signed, _ := bytes.Cut(letter.Raw, []byte("Delivered-To: "+readerAddress+"\r\n"))
		checks, err := dkim.VerifyWithOptions(bytes.NewReader(signed), &dkim.VerifyOptions{LookupTXT: func(string) ([]string, error) { return []string{key.Record()}, nil }})
		if err != nil || len(checks) != 1 || checks[0].Err != nil {
			t.Errorf("signatures: got %+v, %v", checks, err)
		}
		for _, name := range []string{"list-unsubscribe", "list-unsubscribe-post"} {
			if len(checks) == 1 && !strings.Contains(strings.ToLower(strings.Join(checks[0].HeaderKeys, " ")), name) {
				t.Errorf("the signature does not cover %s: %v", name, checks[0].HeaderKeys)
			}
		}
		lost := b.mailTo(folder, "gone@example.net", "Red 1: One")
		eventually(t, func() bool { return strings.Contains(b.ok(`{ sending(edition: "red-1") { state } }`), `"DONE"`) })
		b.wants(`{ sending(edition: "red-1") { state total submitted } }`, `{"state":"DONE","total":2,"submitted":2}`)

		returnPath := regexp.MustCompile(`(?m)^Return-Path: <(.+)>`).FindSubmatch(lost.Raw)
		report := "To: " + string(returnPath[1]) + "\r\nContent-Type: multipart/report; report-type=delivery-status; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n" +
			"Reporting-MTA: dns; mx.example.net\r\n\r\nFinal-Recipient: rfc822; gone@example.net\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--b--\r\n"
		if r := b.send(attackRequest{path: "/newsletter/bounces", header: []string{"Content-Type", "message/rfc822"}, body: report}); r.status != http.StatusNoContent {
			t.Errorf("a bounce: got %d: %s", r.status, r.body)
		}
		unsubscribe := linkIn(t, letter, "/unsubscribe")
		if r := b.send(attackRequest{path: unsubscribe, header: []string{"Content-Type", "text/plain"}, body: "List-Unsubscribe=One-Click"}); r.status != http.StatusOK {
			t.Errorf("one-click: got %d: %s", r.status, r.body)
		}
		b.wants(`{ sendingObstacles(edition: "red-1") { code } }`, `[{"code":"NO_RECIPIENTS"}]`)
		if log := b.log.String(); strings.Contains(log, "@example.net") || strings.Contains(log, "token=") {
			t.Errorf("an address or a token is in the log: %s", log)
		}
	})
}

// ok returns the body of the response to a document, which has no errors.
func (b *testServer) ok(document string) string {
	b.t.Helper()
	r := b.send(attackRequest{key: "admin", body: gql(document)})
	if r.status != http.StatusOK || strings.Contains(r.body, `"errors"`) {
		b.t.Fatalf("%s: got %d: %s", document, r.status, r.body)
	}
	return r.body
}

// wants checks that the response to a document has a text.
func (b *testServer) wants(document, text string) {
	b.t.Helper()
	if got := b.ok(document); !strings.Contains(got, text) {
		b.t.Errorf("%s: got %s, want %s in it", document, got, text)
	}
}

func (b *testServer) post(path string, form url.Values) response {
	b.t.Helper()
	return b.send(attackRequest{path: path, header: []string{"Content-Type", "application/x-www-form-urlencoded"}, body: form.Encode()})
}

// mailTo returns the mail with a subject to an address, once it is in the folder.
func (b *testServer) mailTo(folder *mail.Folder, to, subject string) *mail.OpenedMessage {
	b.t.Helper()
	var found *mail.OpenedMessage
	eventually(b.t, func() bool {
		all, err := folder.List("", 100)
		if err != nil {
			b.t.Fatal(err)
		}
		for _, m := range all {
			if strings.Contains(m.To, to) && strings.HasPrefix(m.Subject, subject) {
				if found, err = folder.Open(m.Name); err != nil {
					b.t.Fatal(err)
				}
			}
		}
		return found != nil
	})
	return found
}

var hiddenField = regexp.MustCompile(`<input[^>]*\bname="([^"]+)"[^>]*\bvalue="([^"]*)"`)

// fieldsOf returns the fields of a form, with one of them set.
func fieldsOf(page, name, value string) url.Values {
	form := url.Values{}
	for _, m := range hiddenField.FindAllStringSubmatch(page, -1) {
		form.Set(m[1], html.UnescapeString(m[2]))
	}
	form.Set(name, value)
	return form
}

// linkIn returns the path and query of the first link in a mail to a path.
func linkIn(t *testing.T, m *mail.OpenedMessage, path string) string {
	t.Helper()
	link := regexp.MustCompile(`https://news\.example\.org(` + regexp.QuoteMeta(path) + `\?\S+)`).FindStringSubmatch(m.Text)
	if link == nil {
		t.Fatalf("no link to %s in %s", path, m.Text)
	}
	return link[1]
}
