package mail_test

import (
	"bytes"
	"crypto/ed25519"
	"crypto/rand"
	"crypto/rsa"
	"crypto/x509"
	"encoding/pem"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/emersion/go-msgauth/dkim"
	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/newsletter/mail"
)

func pemOf(t testing.TB, key any) []byte {
	t.Helper()
	der, err := x509.MarshalPKCS8PrivateKey(key)
	if err != nil {
		t.Fatal(err)
	}
	return pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: der})
}

func rsaKey(t testing.TB, selector string) mail.Key {
	t.Helper()
	private, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	return parseKey(t, selector, pemOf(t, private))
}

func edKey(t testing.TB, selector string) mail.Key {
	t.Helper()
	_, private, err := ed25519.GenerateKey(rand.Reader)
	if err != nil {
		t.Fatal(err)
	}
	return parseKey(t, selector, pemOf(t, private))
}

func parseKey(t testing.TB, selector string, file []byte) mail.Key {
	t.Helper()
	key, err := mail.ParseKey(selector, file)
	if err != nil {
		t.Fatal(err)
	}
	return key
}

func newSigner(t testing.TB, domain string, keys ...mail.Key) *mail.Signer {
	t.Helper()
	signer, err := mail.NewSigner(domain, keys)
	if err != nil {
		t.Fatal(err)
	}
	return signer
}

// verify verifies all signatures of a message with the records of keys, as a receiver does.
func verify(t testing.TB, raw []byte, domain string, keys ...mail.Key) []*dkim.Verification {
	t.Helper()
	all, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{LookupTXT: func(name string) ([]string, error) {
		for _, key := range keys {
			if name == key.Selector+"._domainkey."+domain {
				return []string{key.Record()}, nil
			}
		}
		return nil, fmt.Errorf("no record for %s", name)
	}})
	if err != nil {
		t.Fatalf("verify: %v", err)
	}
	return all
}

func TestSign(t *testing.T) {
	t.Parallel()
	const host = "news.example.org"
	old, current, ed := rsaKey(t, "2026a"), rsaKey(t, "2026b"), edKey(t, "ed1")
	signer := newSigner(t, host, current, ed, old)
	if d := cmp.Diff([]string{"2026b", "ed1"}, signer.Active()); d != "" {
		t.Errorf("active selectors (-want +got):\n%s", d)
	}
	signed, err := signer.Sign(compose(t, newsletter()))
	if err != nil {
		t.Fatal(err)
	}
	all := verify(t, signed, host, current, ed)
	if len(all) != 2 {
		t.Fatalf("got %d signatures, want 2", len(all))
	}
	for _, v := range all {
		if v.Err != nil || v.Domain != host {
			t.Errorf("got %v for %s, want a valid signature", v.Err, v.Domain)
		}
		for _, name := range []string{"List-Unsubscribe", "List-Unsubscribe-Post", "List-Id", "Message-ID", "Content-Type"} {
			if !slices.Contains(v.HeaderKeys, name) {
				t.Errorf("%s is not signed", name)
			}
		}
	}
	for line := range bytes.SplitSeq(signed, []byte("\r\n")) {
		if len(line) > 998 {
			t.Errorf("got a line of %d bytes", len(line))
		}
	}
	t.Run("what is added or changed breaks it", func(t *testing.T) {
		t.Parallel()
		end := bytes.Index(signed, []byte("\r\n\r\n"))
		for name, changed := range map[string][]byte{
			"a second From":         append([]byte("From: x@example.org\r\n"), signed...),
			"a Reply-To":            append([]byte("Reply-To: x@example.org\r\n"), signed...),
			"another address":       bytes.Replace(signed, []byte("/u/k3j9"), []byte("/u/x3j9"), 1),
			"a second unsubscribe":  append([]byte("List-Unsubscribe: <https://example.net/>\r\n"), signed...),
			"a changed body":        append(bytes.Clone(signed), "more\r\n"...),
			"a Content-Type at end": slices.Concat(signed[:end], []byte("\r\nContent-Type: text/html"), signed[end:]),
		} {
			for _, v := range verify(t, changed, host, current, ed) {
				if v.Err == nil {
					t.Errorf("%s: the signature is still valid", name)
				}
			}
		}
	})
}

func TestSignWithoutKey(t *testing.T) {
	t.Parallel()
	raw := compose(t, newsletter())
	got, err := newSigner(t, "example.org").Sign(raw)
	if err != nil || !bytes.Equal(got, raw) {
		t.Errorf("got another message or %v", err)
	}
}

func TestParseKey(t *testing.T) {
	t.Parallel()
	weak, err := rsa.GenerateKey(rand.Reader, 1024)
	if err != nil {
		t.Fatal(err)
	}
	good, err := rsa.GenerateKey(rand.Reader, 2048)
	if err != nil {
		t.Fatal(err)
	}
	pkcs1 := pem.EncodeToMemory(&pem.Block{Type: "RSA PRIVATE KEY", Bytes: x509.MarshalPKCS1PrivateKey(good)})
	if _, err := mail.ParseKey("s1", pkcs1); err != nil {
		t.Errorf("PKCS #1: %v", err)
	}
	for name, row := range map[string]struct {
		selector string
		file     []byte
		want     string
	}{
		"a short key":    {"s1", pemOf(t, weak), "at least 2048 bits, not 1024"},
		"no PEM":         {"s1", []byte("secret"), "in PEM"},
		"other bytes":    {"s1", pem.EncodeToMemory(&pem.Block{Type: "PRIVATE KEY", Bytes: []byte("secret")}), "PKCS #8"},
		"a bad selector": {"a b", pemOf(t, good), "selector"},
		"a dot":          {"a.", pemOf(t, good), "selector"},
	} {
		if _, err := mail.ParseKey(row.selector, row.file); err == nil || !strings.Contains(err.Error(), row.want) || strings.Contains(err.Error(), "secret") {
			t.Errorf("%s: got %v, want an error with %q", name, err, row.want)
		}
	}
	if _, err := mail.NewSigner("example.org", []mail.Key{edKey(t, "S1"), rsaKey(t, "s1")}); err == nil {
		t.Errorf("the same selector twice: got no error")
	}
}

func BenchmarkComposeAndSign(b *testing.B) {
	signer := newSigner(b, "news.example.org", rsaKey(b, "2026a"))
	m := newsletter()
	m.Pictures = nil
	m.Text = strings.Repeat(m.Text, 100)
	m.HTML = strings.Repeat(m.HTML, 150)
	for b.Loop() {
		raw, err := m.Bytes()
		if err == nil {
			_, err = signer.Sign(raw)
		}
		if err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.N)/b.Elapsed().Seconds(), "messages/s")
}
