package app_test

import (
	"crypto/ed25519"
	"crypto/rand"
	"crypto/x509"
	"encoding/pem"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/app"
	"github.com/redthread-api/redthread/internal/newsletter/mail"
)

// dkimKey writes a key, and returns its file.
func dkimKey(t *testing.T) (string, mail.Key) {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	der, err := x509.MarshalPKCS8PrivateKey(private)
	if err != nil {
		t.Fatal(err)
	}
	file := filepath.Join(t.TempDir(), "key.pem")
	raw := pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
	if err := os.WriteFile(file, raw, 0o600); err != nil {
		t.Fatal(err)
	}
	key, err := mail.ParseKey("s1", raw)
	if err != nil {
		t.Fatal(err)
	}
	return file, key
}

func TestMailDoctor(t *testing.T) {
	t.Parallel()
	file, key := dkimKey(t)
	code, out, errs := run(t, nil, "mail", "doctor", "news.example.org", "--dkim-key", "s1="+file, "--smtp", "192.0.2.1:587")
	if code != 0 || errs != "" {
		t.Fatalf("exit %d: %s", code, errs)
	}
	for _, want := range []string{
		`news.example.org. IN TXT "v=spf1 ip4:192.0.2.1 -all"`, `s1._domainkey.news.example.org. IN TXT "` + key.Record() + `"`,
		`_dmarc.news.example.org. IN TXT "v=DMARC1; p=none; rua=mailto:dmarc@news.example.org"`, "news.example.org. IN MX 10 news.example.org",
	} {
		if !strings.Contains(out, want) {
			t.Errorf("no %q in %s", want, out)
		}
	}
}

func TestMailDoctorMessage(t *testing.T) {
	t.Parallel()
	file, key := dkimKey(t)
	m := &mail.Message{
		From: mail.Address{Addr: "report@news.example.org"}, To: mail.Address{Addr: "reader@example.net"}, Subject: "Twelve",
		Date: time.Date(2026, 11, 29, 7, 0, 0, 0, time.UTC), ID: "1@news.example.org", Text: "https://example.org/",
		HTML: `<a href="https://example.org/">Read</a>`,
		List: &mail.List{ID: "report.example.org", UnsubscribeURL: "https://example.org/u", UnsubscribeMail: "mailto:u@example.org"},
	}
	raw, err := m.Bytes()
	if err != nil {
		t.Fatal(err)
	}
	signer, err := mail.NewSigner("news.example.org", []mail.Key{key})
	if err != nil {
		t.Fatal(err)
	}
	signed, err := signer.Sign(raw)
	if err != nil {
		t.Fatal(err)
	}
	for name, row := range map[string]struct {
		raw  []byte
		code int
		want []string
	}{
		"good":     {signed, 0, []string{"ok       the signature of news.example.org is valid", "ok       readers can unsubscribe with one click"}},
		"unsigned": {raw, 1, []string{"problem  there is no DKIM-Signature"}},
		"nothing":  {nil, 1, []string{"problem  it is no message"}},
	} {
		path := filepath.Join(t.TempDir(), "message.eml")
		if err := os.WriteFile(path, row.raw, 0o600); err != nil {
			t.Fatal(err)
		}
		code, out, errs := run(t, nil, "mail", "doctor", "news.example.org", "--dkim-key", "s1="+file, "--message", path)
		if code != row.code {
			t.Errorf("%s: exit %d, want %d: %s", name, code, row.code, errs)
		}
		for _, want := range row.want {
			if !strings.Contains(out, want) {
				t.Errorf("%s: no %q in %s", name, want, out)
			}
		}
	}
}

func TestMailDoctorRefuses(t *testing.T) {
	t.Parallel()
	file, _ := dkimKey(t)
	for name, row := range map[string]struct {
		args []string
		want string
	}{
		"no domain":      {nil, "DOMAIN is missing"},
		"a bad domain":   {[]string{"a b"}, "domain: want a domain"},
		"no such key":    {[]string{"example.org", "--dkim-key", "s1=/nowhere"}, "--dkim-key: open /nowhere"},
		"twice":          {[]string{"example.org", "--dkim-key", "s1=" + file, "--dkim-key", "S1=" + file}, "the selector S1 is given twice"},
		"no file":        {[]string{"example.org", "--message", "/nowhere"}, "--message: "},
		"no port":        {[]string{"example.org", "--smtp", "smtp.example.org"}, "--smtp: want host:port"},
		"all at once":    {[]string{"example.org", "--dkim-key", "s1", "--smtp", "smtp.example.org:0", "--smtp-tls", "maybe"}, "--dkim-key: want selector=file, such as 2026a=/etc/redthread/2026a.pem; --smtp: want a port"},
		"a bad selector": {[]string{"example.org", "--dkim-key", "a b=" + file}, "selector: want letters"},
	} {
		if code, _, errs := run(t, nil, append([]string{"mail", "doctor"}, row.args...)...); code != 2 || !strings.Contains(errs, row.want) {
			t.Errorf("%s: exit %d, %q; want 2, %q", name, code, errs, row.want)
		}
	}
}

func TestMailSettings(t *testing.T) {
	t.Parallel()
	good := map[string]string{
		"REDTHREAD_MAIL_FROM": "The Red Report <report@news.example.org>", "REDTHREAD_SMTP": "smtp.example.org:587",
		"REDTHREAD_SMTP_USER": "ada", "REDTHREAD_SMTP_PASSWORD": "secret", "REDTHREAD_SMTP_RATE": "12.5",
	}
	c, err := app.Resolve(nil, good)
	if err != nil || c.Mail.SMTPRate != 12.5 || c.Mail.SMTPTLS != "starttls" {
		t.Errorf("got %+v %v", c.Mail, err)
	}
	for name, row := range map[string]struct {
		args []string
		want string
	}{
		"a sender":                       {[]string{"--mail-from", "nobody"}, "--mail-from: want an address"},
		"a sender in IP":                 {[]string{"--mail-from", "a@[127.0.0.1]"}, "--mail-from: want a domain"},
		"a server without a sender":      {[]string{"--smtp", "h:25"}, "--mail-from: must be set with --smtp"},
		"a folder and a server":          {[]string{"--smtp", "h:25", "--mail-from", "a@example.org", "--mail-folder", "x"}, "--mail-folder: has no effect"},
		"a password in clear text":       {[]string{"--smtp", "h:25", "--mail-from", "a@example.org", "--smtp-tls", "none", "--smtp-user", "ada", "--smtp-password", "secret"}, "--smtp-user: want starttls or tls"},
		"a bounce domain":                {[]string{"--mail-bounce-domain", "a b"}, "--mail-bounce-domain: want a domain"},
		"a rate, connections and a name": {[]string{"--smtp", "h:25", "--mail-from", "a@example.org", "--smtp-rate", "-1", "--smtp-connections", "999", "--smtp-name", "a b"}, "--smtp-name: want the name of this machine, such as newsletter.example.org; --smtp-connections: want 1 to 100, or 0 for 4; --smtp-rate: want at most"},
	} {
		_, err := app.Resolve(row.args, nil)
		if err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want %q", name, err, row.want)
		}
	}
}
