package bounce_test

import (
	"errors"
	"os"
	"path/filepath"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/newsletter/bounce"
)

const id = 1234567890123

// report fills TOKEN in a report of testdata.
func report(t testing.TB, file string) []byte {
	t.Helper()
	raw, err := os.ReadFile(filepath.Join("testdata", file))
	if err != nil {
		t.Fatal(err)
	}
	return []byte(strings.ReplaceAll(string(raw), "TOKEN", tokens(t, newKey).Token(id)))
}

func TestParse(t *testing.T) {
	t.Parallel()
	for file, want := range map[string][]bounce.Report{
		"postfix-unknown.eml":     {{ID: id, Class: bounce.Hard, Code: 550, Enhanced: "5.1.1", Source: "dsn"}},
		"opensmtpd-unknown.eml":   {{ID: id, Class: bounce.Hard, Code: 550, Enhanced: "5.1.1", Source: "dsn"}},
		"exim-full.eml":           {{ID: id, Class: bounce.Soft, Code: 552, Enhanced: "5.2.2", Source: "dsn"}},
		"exim-own-full.eml":       {{ID: id, Class: bounce.Soft, Source: "dsn"}},
		"delayed.eml":             {{ID: id, Class: bounce.Delayed, Code: 451, Enhanced: "4.7.1", Source: "dsn"}},
		"relayed.eml":             {{ID: id, Class: bounce.Other, Source: "dsn"}},
		"too-large.eml":           {{ID: id, Class: bounce.Other, Code: 552, Enhanced: "5.3.4", Source: "dsn"}},
		"base64.eml":              {{ID: id, Class: bounce.Hard, Code: 550, Enhanced: "5.1.1", Source: "dsn"}},
		"qmail.eml":               {{ID: id, Class: bounce.Hard, Code: 550, Source: "text"}},
		"abuse.eml":               {{ID: id, Class: bounce.Complaint, Source: "arf"}},
		"not-spam.eml":            {{ID: id, Class: bounce.Other, Source: "arf"}},
		"ses-bounce.json":         {{ID: id, Class: bounce.Hard, Code: 550, Enhanced: "5.1.1", Source: "ses"}},
		"ses-transient.json":      {{ID: id, Class: bounce.Soft, Code: 552, Enhanced: "5.2.2", Source: "ses"}},
		"ses-complaint-sns.json":  {{ID: id, Class: bounce.Complaint, Source: "ses"}},
		"ses-policy-sns.json":     {{ID: id, Class: bounce.Other, Code: 550, Enhanced: "5.7.1", Source: "ses"}},
		"sendgrid.json":           sendGridReports(),
		"several-recipients.eml":  {{ID: id, Class: bounce.Hard, Code: 550, Enhanced: "5.1.1", Source: "dsn"}},
		"truncated-multipart.eml": {{ID: id, Class: bounce.Hard, Code: 550, Enhanced: "5.1.1", Source: "dsn"}},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			raw := report(t, file)
			for name, in := range map[string]string{
				"LF": string(raw), "CRLF": strings.ReplaceAll(string(raw), "\n", "\r\n"),
				// Some servers write local parts in lower case, others in upper case.
				"upper case": strings.ReplaceAll(string(raw), tokens(t, newKey).Token(id), strings.ToUpper(tokens(t, newKey).Token(id))),
			} {
				got, err := bounce.Parse([]byte(in), tokens(t, newKey))
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if d := cmp.Diff(want, got); d != "" {
					t.Errorf("%s (-want +got):\n%s", name, d)
				}
			}
			if _, err := bounce.Parse(raw, tokens(t, oldKey)); !errors.Is(err, bounce.ErrNoToken) {
				t.Errorf("a token of another key: got %v, want %v", err, bounce.ErrNoToken)
			}
		})
	}
}

func sendGridReports() []bounce.Report {
	return []bounce.Report{
		{ID: id, Class: bounce.Hard, Code: 550, Enhanced: "5.1.1", Source: "sendgrid"},
		{ID: id, Class: bounce.Soft, Code: 421, Enhanced: "4.7.0", Source: "sendgrid"},
		{ID: id, Class: bounce.Hard, Source: "sendgrid"},
		{ID: id, Class: bounce.Complaint, Source: "sendgrid"},
		{ID: id, Class: bounce.Delayed, Code: 450, Enhanced: "4.2.0", Source: "sendgrid"},
		{ID: id, Class: bounce.Other, Source: "sendgrid"},
	}
}

func TestParseNoReport(t *testing.T) {
	t.Parallel()
	all := tokens(t, newKey)
	to := "To: " + all.ReturnPath(id) + "\n"
	for name, in := range map[string]string{
		"nothing":               "",
		"an automatic reply":    to + "From: reader@example.net\nAuto-Submitted: auto-replied\n\nI am away; call 550 12.\n",
		"a reply of a person":   to + "From: reader@example.net\n\nHello\n",
		"no fields of anyone":   to + "Content-Type: multipart/report; boundary=a\n\n--a\nContent-Type: message/delivery-status\n\nReporting-MTA: dns; x\n--a--\n",
		"a daemon's greeting":   to + "From: MAILER-DAEMON@example.net\n\nWelcome\n",
		"JSON of something":     `{"a":1}`,
		"broken JSON":           `{"a`,
		"a list of other JSON":  `[{"event":"purchase"}]`,
		"a list of no events":   `[]`,
		"a number":              `[1]`,
		"another subscription":  `{"Type":"SubscriptionConfirmation","SubscribeURL":"https://sns.example.org/?Token=1"}`,
		"a subscription by ftp": `{"Type":"SubscriptionConfirmation","SubscribeURL":"ftp://sns.eu-west-1.amazonaws.com/"}`,
		"nested beyond measure": to + nested(50),
	} {
		if got, err := bounce.Parse([]byte(in), all); !errors.Is(err, bounce.ErrNotReport) {
			t.Errorf("%s: got %v %v, want %v", name, got, err, bounce.ErrNotReport)
		}
	}
}

// nested is a multipart in a multipart, and so on.
func nested(depth int) string {
	if depth == 0 {
		return "Content-Type: message/delivery-status\n\nAction: failed\n"
	}
	boundary := strings.Repeat("b", depth)
	return "Content-Type: multipart/mixed; boundary=" + boundary + "\n\n--" + boundary + "\n" + nested(depth-1) + "\n--" + boundary + "--\n"
}

func TestParseConfirmation(t *testing.T) {
	t.Parallel()
	const url = "https://sns.eu-west-1.amazonaws.com/?Action=ConfirmSubscription&Token=secret"
	_, err := bounce.Parse([]byte(`{"Type":"SubscriptionConfirmation","SubscribeURL":"`+url+`"}`), tokens(t, newKey))
	confirmation, ok := errors.AsType[*bounce.Confirmation](err)
	if !ok || confirmation.URL != url || strings.Contains(err.Error(), "secret") {
		t.Errorf("got %v, want a confirmation", err)
	}
}

func TestClassify(t *testing.T) {
	t.Parallel()
	for _, row := range []struct {
		code     int
		enhanced string
		text     string
		want     bounce.Class
	}{
		{550, "5.1.1", "", bounce.Hard},
		{550, "5.1.10", "null MX", bounce.Hard},
		{550, "5.2.1", "", bounce.Hard},
		{552, "5.2.2", "", bounce.Soft},
		{550, "5.1.7", "bad sender", bounce.Other},
		{550, "5.1.8", "bad sender", bounce.Other},
		{552, "5.3.4", "too large", bounce.Other},
		{554, "5.7.1", "user unknown to our policy", bounce.Other},
		{550, "5.6.7", "", bounce.Other},
		{501, "5.5.4", "", bounce.Other},
		{0, "5.4.4", "", bounce.Soft},
		{0, "4.4.7", "expired", bounce.Soft},
		{451, "", "", bounce.Soft},
		{550, "", "550 no such user here", bounce.Hard},
		{550, "5.0.0", "User unknown", bounce.Hard},
		{550, "", "550 User doesn't exist", bounce.Hard},
		{550, "", "550 unrouteable address", bounce.Hard},
		{552, "", "552 mailbox is full", bounce.Soft},
		{550, "", "550 go away", bounce.Soft},
		{554, "", "554 spam", bounce.Other},
		{0, "", "", bounce.Other},
		{0, "5.x.y", "", bounce.Other},
	} {
		if got := bounce.Classify(row.code, row.enhanced, row.text); got != row.want {
			t.Errorf("%d %s %q: got %s, want %s", row.code, row.enhanced, row.text, got, row.want)
		}
	}
}

// anyToken reads the tokens of the files in ../shared/data/dsn.
type anyToken string

func (want anyToken) Read(token string) (int64, error) {
	if token != string(want) {
		return 0, errors.New("another")
	}
	return 1, nil
}

// TestParseRealReports reads reports that Postfix, Exim and OpenSMTPD wrote.
func TestParseRealReports(t *testing.T) {
	t.Parallel()
	dir := filepath.Join("..", "..", "..", "..", "shared", "data", "dsn")
	if _, err := os.Stat(dir); err != nil {
		t.Skip("the reports of real servers are not here: ../shared/data/dsn beside the project's folder is missing")
	}
	for file, want := range map[string]struct {
		token string
		bounce.Report
	}{
		"postfix-unknown-user":   {"orcpt-postfix", bounce.Report{Class: bounce.Hard, Code: 550, Enhanced: "5.1.1"}},
		"postfix-policy":         {"policy-postfix", bounce.Report{Class: bounce.Other, Code: 554, Enhanced: "5.7.1"}},
		"postfix-delayed":        {"delayed-postfix", bounce.Report{Class: bounce.Delayed, Code: 451, Enhanced: "4.7.1"}},
		"postfix-relayed":        {"succold-postfix", bounce.Report{Class: bounce.Other}},
		"postfix-smtputf8":       {"utf8orcpt-postfix", bounce.Report{Class: bounce.Hard, Code: 550, Enhanced: "5.1.1"}},
		"opensmtpd-unknown-user": {"unknown-opensmtpd", bounce.Report{Class: bounce.Hard, Code: 550, Enhanced: "5.1.1"}},
		"opensmtpd-mailbox-full": {"full-opensmtpd", bounce.Report{Class: bounce.Soft, Code: 552}},
		"opensmtpd-delayed":      {"delayed-opensmtpd", bounce.Report{Class: bounce.Delayed, Code: 451, Enhanced: "4.7.1"}},
		"exim-unknown-user":      {"orcpt-exim", bounce.Report{Class: bounce.Hard, Code: 550, Enhanced: "5.1.1"}},
		"exim-mailbox-full":      {"full-exim", bounce.Report{Class: bounce.Soft, Code: 552, Enhanced: "5.2.2"}},
		"exim-delayed":           {"delaynolist-exim", bounce.Report{Class: bounce.Delayed, Code: 451, Enhanced: "4.7.1"}},
		"exim-smtputf8":          {"utf8-exim", bounce.Report{Class: bounce.Hard, Code: 550, Enhanced: "5.1.1"}},
	} {
		t.Run(file, func(t *testing.T) {
			t.Parallel()
			raw, err := os.ReadFile(filepath.Join(dir, file+".eml"))
			if err != nil {
				t.Fatal(err)
			}
			got, err := bounce.Parse(raw, anyToken(want.token))
			if err != nil {
				t.Fatal(err)
			}
			want.ID, want.Source = 1, "dsn"
			if d := cmp.Diff([]bounce.Report{want.Report}, got); d != "" {
				t.Errorf("(-want +got):\n%s", d)
			}
		})
	}
}

func FuzzParse(f *testing.F) {
	files, err := os.ReadDir("testdata")
	if err != nil {
		f.Fatal(err)
	}
	for _, file := range files {
		if !file.IsDir() {
			f.Add(report(f, file.Name()))
		}
	}
	all := tokens(f, newKey)
	f.Fuzz(func(t *testing.T, raw []byte) {
		reports, err := bounce.Parse(raw, all)
		if err != nil && !errors.Is(err, bounce.ErrNotReport) && !errors.Is(err, bounce.ErrNoToken) {
			if _, ok := errors.AsType[*bounce.Confirmation](err); !ok {
				t.Fatalf("got the error %v", err)
			}
		}
		for _, r := range reports {
			if r.ID != id || len(r.Enhanced) > 9 || r.Code < 0 || r.Code > 599 || strings.Contains(r.Enhanced, "@") {
				t.Fatalf("got %+v", r)
			}
		}
	})
}
