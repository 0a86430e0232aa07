package mail_test

import (
	"bytes"
	"errors"
	"flag"
	"io"
	"mime"
	"mime/multipart"
	netmail "net/mail"
	"os"
	"path/filepath"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter/mail"
)

var update = flag.Bool("update", false, "rewrite the golden files")

// newsletter returns a message as editions are sent.
func newsletter() *mail.Message {
	return &mail.Message{
		From:     mail.Address{Name: "The Red Report", Addr: "report@news.example.org"},
		To:       mail.Address{Addr: "reader@example.net"},
		ReplyTo:  mail.Address{Name: "Désk", Addr: "desk@example.org"},
		Subject:  "The Red Report 12: 国家安全観 and the mines along the corridor, with a title that is longer than a line",
		Date:     time.Date(2026, 11, 29, 7, 0, 0, 0, time.UTC),
		ID:       "r12.k3j9a8s7d6@news.example.org",
		Language: "en",
		List: &mail.List{
			Name: "The Red Report", ID: "red-report.news.example.org",
			UnsubscribeURL:  "https://news.example.org/u/k3j9a8s7d6f5g4h3",
			UnsubscribeMail: "mailto:unsubscribe@news.example.org?subject=k3j9a8s7d6f5g4h3",
		},
		Text: "The Red Report\n\nFrom here on, all is invented. 汉字\n.\n\nhttps://example.org/editions/12\n",
		HTML: "<!doctype html><html lang=\"en\"><title>12</title><p>From here on, all is invented. 汉字</p><img src=\"cid:mark@news.example.org\" alt=\"\">" +
			"<a href=\"https://example.org/editions/12\">Read</a></html>",
		Pictures: []mail.Picture{{ID: "mark@news.example.org", Type: "image/png", Data: bytes.Repeat([]byte{0x89, 'P', 'N', 'G'}, 40)}},
	}
}

func compose(t testing.TB, m *mail.Message) []byte {
	t.Helper()
	raw, err := m.Bytes()
	if err != nil {
		t.Fatalf("compose: %v", err)
	}
	return raw
}

func TestBytes(t *testing.T) {
	t.Parallel()
	confirmation := newsletter()
	confirmation.List, confirmation.HTML, confirmation.Pictures = nil, "", nil
	confirmation.AutoSubmitted = "auto-generated"
	confirmation.Subject = "Please confirm your subscription"
	for name, m := range map[string]*mail.Message{"newsletter": newsletter(), "confirmation": confirmation} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			got := compose(t, m)
			file := filepath.Join("testdata", name+".eml")
			if *update {
				if err := os.WriteFile(file, got, 0o644); err != nil {
					t.Fatal(err)
				}
			}
			want, err := os.ReadFile(file)
			if err != nil {
				t.Fatal(err)
			}
			if d := cmp.Diff(string(want), string(got)); d != "" {
				t.Errorf("%s (-want +got; -update rewrites it):\n%s", file, d)
			}
			for _, header := range []string{"User-Agent", "X-Mailer"} {
				if bytes.Contains(got, []byte(header)) {
					t.Errorf("got a header %s, want none", header)
				}
			}
		})
	}
}

// leaf is a part without parts.
type leaf struct{ media, id, content string }

func leaves(t testing.TB, media string, body io.Reader) []leaf {
	t.Helper()
	kind, parameters, err := mime.ParseMediaType(media)
	if err != nil {
		t.Fatalf("Content-Type %q: %v", media, err)
	}
	if !strings.HasPrefix(kind, "multipart/") {
		content, err := io.ReadAll(body)
		if err != nil {
			t.Fatal(err)
		}
		return []leaf{{media: kind, content: string(content)}}
	}
	var all []leaf
	for r := multipart.NewReader(body, parameters["boundary"]); ; {
		part, err := r.NextPart()
		if errors.Is(err, io.EOF) {
			return all
		}
		if err != nil {
			t.Fatal(err)
		}
		found := leaves(t, part.Header.Get("Content-Type"), part)
		for i := range found {
			if found[i].id == "" {
				found[i].id = part.Header.Get("Content-Id")
			}
		}
		all = append(all, found...)
	}
}

func TestBytesParts(t *testing.T) {
	t.Parallel()
	m := newsletter()
	parsed, err := netmail.ReadMessage(bytes.NewReader(compose(t, m)))
	if err != nil {
		t.Fatal(err)
	}
	got := leaves(t, parsed.Header.Get("Content-Type"), parsed.Body)
	if len(got) != 3 {
		t.Fatalf("got %d parts, want 3", len(got))
	}
	if want := strings.ReplaceAll(m.Text, "\n", "\r\n"); got[0].media != "text/plain" || got[0].content != want {
		t.Errorf("text: got %s %q, want %q", got[0].media, got[0].content, want)
	}
	if got[1].media != "text/html" || strings.TrimSpace(got[1].content) != m.HTML {
		t.Errorf("HTML: got %s %q, want %q", got[1].media, got[1].content, m.HTML)
	}
	if got[2].media != "image/png" || got[2].id != "<mark@news.example.org>" {
		t.Errorf("picture: got %s %s", got[2].media, got[2].id)
	}
}

// TestBytesOfAnyText composes messages of random texts, and reads them again.
func TestBytesOfAnyText(t *testing.T) {
	t.Parallel()
	text := rapid.StringOf(rapid.OneOf(rapid.Rune(), rapid.SampledFrom([]rune("ab =?<>\",;:\\From\n.é漢"))))
	rapid.Check(t, func(rt *rapid.T) {
		m := newsletter()
		m.Subject = text.Draw(rt, "subject")
		m.From.Name = text.Draw(rt, "name")
		m.Text = text.Draw(rt, "text")
		raw, err := m.Bytes()
		if err != nil {
			if !errors.Is(err, domain.ErrInvalid) {
				rt.Fatalf("got %v, want an error of invalid input", err)
			}
			return
		}
		for line := range bytes.SplitSeq(raw, []byte("\r\n")) {
			if len(line) > 998 || bytes.ContainsAny(line, "\r\n") || bytes.HasPrefix(line, []byte("From ")) {
				rt.Fatalf("got the line %q", line)
			}
			if slices.ContainsFunc(line, func(c byte) bool { return c >= 0x80 }) {
				rt.Fatalf("got a line outside of ASCII: %q", line)
			}
		}
		parsed, err := netmail.ReadMessage(bytes.NewReader(raw))
		if err != nil {
			rt.Fatal(err)
		}
		subject, err := new(mime.WordDecoder).DecodeHeader(parsed.Header.Get("Subject"))
		if err != nil || subject != m.Subject {
			rt.Errorf("subject: got %q %v, want %q", subject, err, m.Subject)
		}
		from, err := netmail.ParseAddress(parsed.Header.Get("From"))
		if err != nil || from.Name != m.From.Name || from.Address != m.From.Addr {
			rt.Errorf("From: got %v %v, want %q", from, err, m.From.Name)
		}
		want := strings.ReplaceAll(strings.ReplaceAll(m.Text, "\r\n", "\n"), "\r", "\n")
		if got := leaves(t, parsed.Header.Get("Content-Type"), parsed.Body)[0].content; strings.TrimSuffix(strings.ReplaceAll(got, "\r\n", "\n"), "\n") != strings.TrimSuffix(want, "\n") {
			rt.Errorf("text: got %q, want %q", got, want)
		}
	})
}

func TestBytesRefuses(t *testing.T) {
	t.Parallel()
	for name, row := range map[string]struct {
		change func(*mail.Message)
		want   []string // paths of problems
	}{
		"a display name with a line break": {func(m *mail.Message) { m.From.Name = "A\r\nBcc: x@example.org" }, []string{"from.name"}},
		"a subject with a line break":      {func(m *mail.Message) { m.Subject = "A\nB" }, []string{"subject"}},
		"a separator of lines":             {func(m *mail.Message) { m.Subject = "A\u2028B" }, []string{"subject"}},
		"an address with a line break":     {func(m *mail.Message) { m.To.Addr = "a\r\nb@example.org" }, []string{"to"}},
		"several addresses":                {func(m *mail.Message) { m.To.Addr = "a@example.org,b@example.org" }, []string{"to"}},
		"an address with a name":           {func(m *mail.Message) { m.To.Addr = "A <a@example.org>" }, []string{"to"}},
		"a sender outside of ASCII":        {func(m *mail.Message) { m.From.Addr = "é@example.org" }, []string{"from"}},
		"a long unsubscribe URL": {func(m *mail.Message) { m.List.UnsubscribeURL = "https://example.org/" + strings.Repeat("a", 1000) },
			[]string{"list.unsubscribeURL"}},
		"an unsubscribe URL without TLS": {func(m *mail.Message) { m.List.UnsubscribeURL = "http://example.org/" }, []string{"list.unsubscribeURL"}},
		"an unsubscribe URL with a comma": {func(m *mail.Message) { m.List.UnsubscribeURL = "https://example.org/a,b" },
			[]string{"list.unsubscribeURL"}},
		"a List-Id outside of ASCII": {func(m *mail.Message) { m.List.ID = "é.example.org" }, []string{"list.id"}},
		"an id without a domain":     {func(m *mail.Message) { m.ID = "a" }, []string{"id"}},
		"an id with a line break":    {func(m *mail.Message) { m.ID = "a\n@example.org" }, []string{"id"}},
		"a type that is no picture":  {func(m *mail.Message) { m.Pictures[0].Type = "text/html" }, []string{"pictures[0].type"}},
		"all at once": {func(m *mail.Message) { *m = mail.Message{From: mail.Address{Name: "\x00"}, Language: "?"} },
			[]string{"from", "from.name", "to", "subject", "date", "id", "language", "text"}},
		"text that is not valid": {func(m *mail.Message) { m.Text = "\xff" }, []string{"text"}},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			m := newsletter()
			row.change(m)
			_, err := m.Bytes()
			problem, ok := errors.AsType[*domain.Error](err)
			if !ok {
				t.Fatalf("got %v, want an error of invalid input", err)
			}
			var got []string
			for _, field := range problem.Fields {
				got = append(got, field.Path)
				if strings.Contains(field.Message, "b@example") || strings.Contains(field.Message, "<a@") {
					t.Errorf("%s: the message has an address: %s", field.Path, field.Message)
				}
			}
			if d := cmp.Diff(row.want, got); d != "" {
				t.Errorf("paths (-want +got):\n%s", d)
			}
		})
	}
}

func TestBytesLongHeader(t *testing.T) {
	t.Parallel()
	m := newsletter()
	m.List.UnsubscribeURL = "https://example.org/" + strings.Repeat("a", 900)
	compose(t, m)
	m.Subject = strings.Repeat("a", 301)
	if _, err := m.Bytes(); err == nil || !strings.Contains(domain.Detail(err), "subject") {
		t.Errorf("got %v, want an error that names the subject", err)
	}
}

func TestCanonical(t *testing.T) {
	t.Parallel()
	for _, row := range []struct{ in, want string }{
		{"reader@example.org", "reader@example.org"},
		{"Reader+tag@Example.ORG", "Reader+tag@example.org"},
		{"reader@bücher.example", "reader@xn--bcher-kva.example"},
		{"读者@例子.example", "读者@xn--fsqu00a.example"},
		{"a@localhost", "a@localhost"},
	} {
		got, err := mail.Canonical(row.in)
		if err != nil || got != row.want {
			t.Errorf("Canonical(%q): got %q %v, want %q", row.in, got, err, row.want)
		}
		if mail.NeedsUTF8(got) != strings.HasPrefix(row.in, "读") {
			t.Errorf("NeedsUTF8(%q): got %v", got, mail.NeedsUTF8(got))
		}
	}
	for _, in := range []string{
		"", "@", "a", "a@", "@example.org", "a b@example.org", `"a b"@example.org`, "a@[127.0.0.1]", "a@example", "a..b@example.org",
		".a@example.org", "a@example..org", "a@.example.org", "a@example.org.", "a@exa mple.org", "a\x00@example.org", "a<b@example.org",
		strings.Repeat("a", 65) + "@example.org", "a@" + strings.Repeat("a.", 126) + "org", "\xff@example.org", "a@-example.org", "a\u200d \u3000@example.org",
	} {
		if got, err := mail.Canonical(in); err == nil {
			t.Errorf("Canonical(%q): got %q, want an error", in, got)
		}
	}
}
