package mail_test

import (
	"bytes"
	"context"
	"errors"
	"net"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/newsletter/mail"
)

// signedNewsletter returns a message that has nothing to find, and its key.
func signedNewsletter(t testing.TB) ([]byte, mail.Key) {
	t.Helper()
	key := rsaKey(t, "2026a")
	signed, err := newSigner(t, "news.example.org", key).Sign(compose(t, newsletter()))
	if err != nil {
		t.Fatal(err)
	}
	return signed, key
}

// texts returns the findings that are not OK, with their levels.
func texts(all []mail.Finding) []string {
	var found []string
	for _, f := range all {
		if f.Level != mail.OK {
			found = append(found, string(f.Level)+": "+f.Text)
		}
	}
	return found
}

func TestCheck(t *testing.T) {
	t.Parallel()
	signed, key := signedNewsletter(t)
	keys := []mail.Key{key}
	if got := texts(mail.Check(signed, keys, nil)); got != nil {
		t.Errorf("a good message: got %q", got)
	}
	if got := texts(mail.Check(bytes.ReplaceAll(signed, []byte("\r\n"), []byte("\n")), keys, nil)); got != nil {
		t.Errorf("a good message with LF: got %q", got)
	}
	replace := func(old, new string) func([]byte) []byte {
		return func(b []byte) []byte { return bytes.Replace(b, []byte(old), []byte(new), 1) }
	}
	before := func(text string) func([]byte) []byte {
		return func(b []byte) []byte { return append([]byte(text), b...) }
	}
	for name, row := range map[string]struct {
		change func([]byte) []byte
		keys   []mail.Key
		want   string
	}{
		"a second From":             {before("From: x@example.org\r\n"), keys, "problem: From is there 2 times; want once"},
		"no Date":                   {replace("\r\nDate: ", "\r\nX-Date: "), keys, "problem: Date is missing"},
		"a changed body":            {replace("The Red Report\r\n\r\n", "The Red Raport\r\n\r\n"), keys, "problem: the signature of news.example.org: body hash did not verify"},
		"a changed subject":         {replace("Subject: ", "Subject: Re: "), keys, "problem: the signature of news.example.org: signature did not verify: crypto/rsa: verification error"},
		"an unknown key":            {replace("", ""), nil, "problem: the signature of news.example.org: no key for signature: 2026a._domainkey.news.example.org is not configured, and was not looked up"},
		"no signature":              {replace("DKIM-Signature:", "X-Signature:"), keys, "problem: there is no DKIM-Signature"},
		"another From":              {replace("<report@news.example.org>", "<report@example.com>"), keys, "problem: the signature of news.example.org: signature did not verify: crypto/rsa: verification error"},
		"a long header":             {before("X-Long: " + strings.Repeat("a", 1000) + "\r\n"), keys, "problem: a line of X-Long has 1008 bytes; want at most 998"},
		"a header outside of ASCII": {before("X-Name: é\r\n"), keys, "warning: X-Name has bytes outside of ASCII: servers without SMTPUTF8 refuse it"},
		"a program":                 {before("X-Mailer: x\r\n"), keys, "warning: X-Mailer names the program that sent it; leave it out"},
		"mailto first":              {replace("<https://news.example.org/u/", "<mailto:u/"), keys, "problem: the first address of List-Unsubscribe is not <https://…>: some programs look at the first only"},
		"another POST":              {replace("=One-Click", "=One-click"), keys, "problem: List-Unsubscribe-Post is not List-Unsubscribe=One-Click"},
		"a From line":               {replace("=46rom", "From"), keys, "warning: line 7 of the body begins with \"From \": some servers put > before it, which breaks the signature"},
		"a link in the HTML alone":  {replace("https://example.org/editions/12\r\n", "\r\n"), keys, "warning: the text does not have the link https://example.org/editions/12"},
		"a counted picture":         {replace("cid:mark@news.example.org", "https://example.net/p?reader=1"), keys, "warning: the HTML loads a picture, which tells when it is read: https://example.net/p"},
		"no message":                {func([]byte) []byte { return []byte("hello") }, keys, "problem: it is no message: the header cannot be read"},
		"nothing":                   {func([]byte) []byte { return nil }, keys, "problem: it is no message: the header cannot be read"},
	} {
		t.Run(name, func(t *testing.T) {
			t.Parallel()
			if got := texts(mail.Check(row.change(bytes.Clone(signed)), row.keys, nil)); !slices.Contains(got, row.want) {
				t.Errorf("got %q, want %q", got, row.want)
			}
		})
	}
	t.Run("a large HTML part", func(t *testing.T) {
		t.Parallel()
		m := newsletter()
		m.HTML += strings.Repeat("<p>long</p>", 10_000)
		want := "problem: the HTML has 110221 bytes: Gmail shows the first 102400 only"
		if got := texts(mail.Check(compose(t, m), nil, nil)); !slices.ContainsFunc(got, func(s string) bool { return strings.Contains(s, "Gmail shows the first 102400 only") }) {
			t.Errorf("got %q, want one such as %q", got, want)
		}
	})
	t.Run("a key that is looked up", func(t *testing.T) {
		t.Parallel()
		lookup := func(name string) ([]string, error) {
			if name != "2026a._domainkey.news.example.org" {
				return nil, errors.New("no such name")
			}
			return []string{key.Record()}, nil
		}
		if got := texts(mail.Check(signed, nil, lookup)); got != nil {
			t.Errorf("got %q", got)
		}
	})
}

func FuzzCheck(f *testing.F) {
	signed, key := signedNewsletter(f)
	f.Add(signed)
	f.Add([]byte("DKIM-Signature: v=1; a=rsa-sha256; d=a; s=2026a; h=from; bh=; b=\r\nFrom: a\r\n\r\n"))
	f.Add([]byte("Content-Type: multipart/mixed; boundary=a\n\n--a\n\n--a--"))
	f.Fuzz(func(t *testing.T, raw []byte) {
		if len(mail.Check(raw, []mail.Key{key}, nil)) == 0 {
			t.Error("got no finding")
		}
	})
}

func TestRecords(t *testing.T) {
	t.Parallel()
	current, old, ed := rsaKey(t, "2026b"), rsaKey(t, "2026a"), edKey(t, "ed1")
	got, err := mail.Records(mail.Setup{From: "News.Example.org", Bounces: "bounces.example.org", Host: "192.0.2.1", Keys: []mail.Key{current, ed, old}})
	if err != nil {
		t.Fatal(err)
	}
	want := []string{
		"bounces.example.org TXT v=spf1 ip4:192.0.2.1 -all", "bounces.example.org MX 10 bounces.example.org",
		"2026b._domainkey.news.example.org TXT " + current.Record(), "ed1._domainkey.news.example.org TXT " + ed.Record(),
		"2026a._domainkey.news.example.org TXT " + old.Record(), "_dmarc.news.example.org TXT v=DMARC1; p=none; rua=mailto:dmarc@news.example.org",
	}
	var lines []string
	for _, r := range got {
		lines = append(lines, r.Name+" "+r.Type+" "+r.Value)
		for part := range strings.SplitSeq(strings.Trim(r.Strings(), `"`), `" "`) {
			if len(part) > 255 {
				t.Errorf("%s: a string of %d bytes", r.Name, len(part))
			}
		}
	}
	if d := cmp.Diff(want, lines); d != "" {
		t.Errorf("records (-want +got):\n%s", d)
	}
	if !strings.Contains(got[2].Note, "signs") || !strings.Contains(got[4].Note, "rotation") {
		t.Errorf("got the notes %q and %q", got[2].Note, got[4].Note)
	}
	for host, want := range map[string]string{"": "v=spf1 mx -all", "smtp.example.org": "v=spf1 a:smtp.example.org -all", "2001:db8::1": "v=spf1 ip6:2001:db8::1 -all"} {
		got, err := mail.Records(mail.Setup{From: "example.org", Host: host})
		if err != nil || got[0].Value != want {
			t.Errorf("%q: got %v %v, want %s", host, got, err, want)
		}
	}
	if _, err := mail.Records(mail.Setup{From: "a b", Host: "c d"}); err == nil {
		t.Error("a bad domain: got no error")
	}
}

// zone is a DNS with these records.
type zone struct {
	txt map[string][]string
	mx  map[string][]*net.MX
}

func (z zone) LookupTXT(_ context.Context, name string) ([]string, error) {
	if name == "_dmarc.slow.example.org" {
		return nil, errors.New("timeout")
	}
	if found, ok := z.txt[name]; ok {
		return found, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func (z zone) LookupMX(_ context.Context, name string) ([]*net.MX, error) {
	if found, ok := z.mx[name]; ok {
		return found, nil
	}
	return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
}

func TestCheckRecords(t *testing.T) {
	t.Parallel()
	key, other := edKey(t, "s1"), edKey(t, "s1")
	setup := mail.Setup{From: "example.org", Keys: []mail.Key{key}}
	good := zone{
		txt: map[string][]string{
			"example.org": {"some-verification=1", "v=spf1 mx -all"}, "_dmarc.example.org": {"v=DMARC1; p=reject"},
			"s1._domainkey.example.org": {strings.Replace(key.Record(), "v=DKIM1; ", "", 1)},
		},
		mx: map[string][]*net.MX{"example.org": {{Host: "mx.example.org.", Pref: 10}}},
	}
	bad := zone{txt: map[string][]string{
		"example.org": {"v=spf1 +all"}, "_dmarc.example.org": {"v=DMARC1; p=none", "v=DMARC1; p=reject"}, "s1._domainkey.example.org": {other.Record()},
	}}
	for name, row := range map[string]struct {
		zone zone
		want []string
	}{
		"good": {good, nil},
		"bad": {bad, []string{
			"problem: example.org lets everybody send: its SPF record ends in +all", "problem: example.org has no MX record: bounces do not come back",
			"problem: s1._domainkey.example.org has another key than the one that is configured",
			"problem: _dmarc.example.org has 2 TXT records that begin with v=DMARC1; want one",
		}},
		"empty": {zone{}, []string{
			"problem: example.org has no TXT record that begins with v=spf1", "problem: example.org has no MX record: bounces do not come back",
			"problem: s1._domainkey.example.org has no TXT record that begins with v=DKIM1",
			"problem: _dmarc.example.org has no TXT record that begins with v=DMARC1",
		}},
	} {
		got, err := mail.CheckRecords(t.Context(), row.zone, setup)
		if err != nil {
			t.Fatal(err)
		}
		if d := cmp.Diff(row.want, texts(got)); d != "" {
			t.Errorf("%s (-want +got):\n%s", name, d)
		}
	}
	got, err := mail.CheckRecords(t.Context(), zone{}, mail.Setup{From: "slow.example.org"})
	if err != nil || !slices.ContainsFunc(texts(got), func(s string) bool {
		return strings.HasPrefix(s, "warning: the TXT records of _dmarc.slow.example.org")
	}) {
		t.Errorf("a DNS that is down: got %v %v", got, err)
	}
}
