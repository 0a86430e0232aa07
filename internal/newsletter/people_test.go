package newsletter_test

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"log/slog"
	"os"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestPreferences(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		token := d.subscribe(reader, report.Slug)
		got, err := d.Preferences(d.public(), token)
		d.must(err)
		want := newsletter.Preferences{Email: "R…@Example.org", Language: "en", Series: []newsletter.Choice{
			{ID: report.ID, Title: report.Title, Subscribed: true}, {ID: letter.ID, Title: letter.Title}}}
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		// The series for partners cannot be chosen.
		got, err = d.SetPreferences(d.public(), newsletter.PreferencesParams{Token: token, Language: "ja", Series: []string{letter.ID.String(), partner.ID.String()}})
		d.must(err)
		want.Language, want.Series[0].Subscribed, want.Series[1].Subscribed = "ja", false, true
		if diff := cmp.Diff(want, got); diff != "" {
			t.Error(diff)
		}
		if state := d.state(reader, partner.ID); state != "" {
			t.Errorf("got the state %s of the series for partners", state)
		}
		_, err = d.SetPreferences(d.public(), newsletter.PreferencesParams{Token: token, Language: "fr"})
		wantKind(t, err, domain.KindInvalid)
		got, err = d.LeaveAll(d.public(), token)
		d.must(err)
		if got.Series[0].Subscribed || got.Series[1].Subscribed {
			t.Errorf("got %+v", got)
		}
		var acts []string
		for _, c := range d.person(reader).Consents {
			acts = append(acts, c.Act)
		}
		if got, want := strings.Join(acts, " "), "REQUESTED CONFIRMED UNSUBSCRIBED SUBSCRIBED UNSUBSCRIBED"; len(acts) != 5 {
			t.Errorf("got consents %s, want %s in some order", got, want)
		}
		d.clock.Advance(401 * 24 * time.Hour)
		_, err = d.Preferences(d.public(), token)
		wantKind(t, err, domain.KindNotFound)
	})
}

func TestUnsubscribe(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		preferences := d.subscribe(reader, report.Slug)
		token := d.unsubscribeToken(d.ids()[0], report.ID)
		shown, err := d.Leaving(d.public(), token)
		d.must(err)
		if shown.Left || shown.Series != report.Title || d.state(reader, report.ID) != newsletter.SubscriptionActive {
			t.Errorf("a GET has unsubscribed: %+v", shown)
		}
		d.must(d.RotateLinkKey(d.admin())) // links of before stay valid
		d.clock.Advance(3 * 365 * 24 * time.Hour)
		for range 2 {
			left, err := d.Unsubscribe(d.public(), token)
			d.must(err)
			if !left.Left || d.state(reader, report.ID) != newsletter.SubscriptionUnsubscribed {
				t.Errorf("got %+v", left)
			}
		}
		for _, bad := range []string{"", "x", preferences, token + "A", flip(token, 0), flip(token, 30), flip(token, len(token)-5)} {
			_, err := d.Unsubscribe(d.public(), bad)
			wantKind(t, err, domain.KindNotFound)
		}
		d.subscribe(reader, report.Slug)
		if state := d.state(reader, report.ID); state != newsletter.SubscriptionActive {
			t.Errorf("after a new sign-up: got %s", state)
		}
	})
}

// flip changes one character of a token.
func flip(token string, i int) string {
	other := "A"
	if token[i] == 'A' {
		other = "B"
	}
	return token[:i] + other + token[i+1:]
}

// Another process sees a new key when it meets a link that was signed by it.
func TestLinkOfAnotherProcess(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		one, two := newDesk(t, s, newsletter.Limits{}), newDesk(t, s, newsletter.Limits{})
		one.subscribe(reader, report.Slug)
		two.unsubscribeToken(one.ids()[0], report.ID)
		one.must(one.RotateLinkKey(one.admin()))
		two.clock.Advance(11 * time.Second)
		if _, err := two.Unsubscribe(two.public(), one.unsubscribeToken(one.ids()[0], report.ID)); err != nil {
			t.Error(err)
		}
	})
}

// Reports in a folder are applied and deleted; files that are none are moved aside, and stop nothing.
func TestBounceFolder(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.subscribe(reader, report.Slug)
		tokens, err := d.BounceTokens(t.Context(), "news.example.org")
		d.must(err)
		folder := t.TempDir()
		for name, text := range map[string]string{
			"1": "To: someone@example.org\r\nSubject: Hello\r\n\r\nNo report.\r\n",
			"2": "To: " + tokens.ReturnPath(int64(d.person(reader).ID)) + "\r\nContent-Type: multipart/report; boundary=b\r\n\r\n--b\r\nContent-Type: message/delivery-status\r\n\r\n" +
				"Reporting-MTA: dns; mx.example.org\r\n\r\nFinal-Recipient: rfc822; x@example.org\r\nAction: failed\r\nStatus: 5.1.1\r\nDiagnostic-Code: smtp; 550 5.1.1 no such user\r\n\r\n--b--\r\n",
		} {
			d.must(os.WriteFile(filepath.Join(folder, name), []byte(text), 0o600))
		}
		d.must(os.Symlink("nowhere", filepath.Join(folder, "0")))
		bounces := &newsletter.Bounces{Subscribers: d.Subscribers, Domain: "news.example.org", Log: slog.New(slog.DiscardHandler)}
		for range 2 {
			d.must(bounces.ReadFolder(domain.AsSystem(t.Context(), "test"), folder))
		}
		if p := d.person(reader); p.Suppression == nil || p.Suppression.Reason != newsletter.SuppressHardBounce {
			t.Errorf("got %+v, want a hard bounce", p.Suppression)
		}
		left, err := filepath.Glob(filepath.Join(folder, "[12]"))
		d.must(err)
		aside, err := filepath.Glob(filepath.Join(folder, "unread", "*"))
		d.must(err)
		if len(left) != 0 || len(aside) != 1 || filepath.Base(aside[0]) != "1" {
			t.Errorf("got the files %v and aside %v", left, aside)
		}
	})
}

// A suppressed reader is offered no series, and can choose none.
func TestPreferencesOfASuppressedReader(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		token := d.subscribe(reader, report.Slug)
		d.must(d.ApplyBounce(t.Context(), d.person(reader).ID, newsletter.BounceHard, "5.1.1"))
		got, err := d.SetPreferences(d.public(), newsletter.PreferencesParams{Token: token, Series: []string{report.ID.String()}})
		d.must(err)
		if len(got.Series) != 0 || d.state(reader, report.ID) == newsletter.SubscriptionActive {
			t.Errorf("got %+v, and the state %s", got, d.state(reader, report.ID))
		}
	})
}

func TestBounces(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		const hard, soft, angry = "hard@example.org", "soft@example.org", "angry@example.org"
		for _, email := range []string{hard, soft, angry} {
			d.subscribe(email, report.Slug)
		}
		d.must(d.ApplyBounce(t.Context(), 12345, newsletter.BounceHard, "5.1.1"))
		d.must(d.ApplyBounce(t.Context(), d.person(hard).ID, newsletter.BounceHard, "5.1.1"))
		d.must(d.ApplyBounce(t.Context(), d.person(angry).ID, newsletter.BounceComplaint, ""))
		for range 4 {
			d.must(d.ApplyBounce(t.Context(), d.person(soft).ID, newsletter.BounceSoft, "4.2.2"))
		}
		d.clock.Advance(6 * 24 * time.Hour)
		d.must(d.ApplyBounce(t.Context(), d.person(soft).ID, newsletter.BounceSoft, "4.2.2"))
		if p := d.person(soft); p.Suppression != nil {
			t.Errorf("within a week: got %+v", p.Suppression)
		}
		d.clock.Advance(2 * 24 * time.Hour)
		d.must(d.ApplyBounce(t.Context(), d.person(soft).ID, newsletter.BounceSoft, "4.2.2"))
		for email, want := range map[string]string{hard: "HARD_BOUNCE 5.1.1", soft: "SOFT_BOUNCE 4.2.2", angry: "COMPLAINT "} {
			p := d.person(email)
			if p.Suppression == nil || p.Suppression.Reason+" "+p.Suppression.Code != want || d.state(email, report.ID) != newsletter.SubscriptionUnsubscribed {
				t.Errorf("%s: got %+v, want %s", email, p.Suppression, want)
			}
		}
	})
}

func TestSoftBouncesFarApart(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.subscribe(reader, report.Slug)
		for range 10 {
			d.must(d.ApplyBounce(t.Context(), d.person(reader).ID, newsletter.BounceSoft, "4.2.2"))
			d.clock.Advance(30 * 24 * time.Hour)
		}
		if p := d.person(reader); p.Suppression != nil {
			t.Errorf("got %+v", p.Suppression)
		}
	})
}

// The mail of a sign-up can bounce as well.
func TestBounceOfSignUp(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		mail := d.ask(reader, report.Slug)
		d.must(d.ApplyBounce(t.Context(), mail.Bounces, newsletter.BounceHard, "5.1.1"))
		_, err := d.Confirm(d.public(), tokenIn(t, mail.Text))
		wantKind(t, err, domain.KindNotFound)
	})
}

const header = "email,language,series,clearance,consent_at,consent_source,consent_text\n"

func (d *desk) load(list string) (newsletter.ImportResult, error) {
	return d.Import(d.admin(), strings.NewReader(list), false)
}

func TestImport(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		d.must(d.Suppress(d.admin(), "suppressed@example.org"))
		d.subscribe("known@example.org", report.Slug)
		d.subscribe("left@example.org", report.Slug)
		left, err := d.Unsubscribe(d.public(), d.unsubscribeToken(d.person("left@example.org").ID, report.ID))
		d.must(err)
		if !left.Left {
			t.Fatal("not left")
		}
		list := "\ufeff" + header +
			"new@example.org,zh-HK,the-red-report,,2024-02-03,\"paper form, box 7\",I want The Red Report\n" +
			"new@example.org,zh-HK," + letter.ID.String() + ",,2024-02-03,paper form,I want it\n" +
			"partner@example.net,en,for-partners,AMBER+STRICT,2024-02-03T10:00:00+09:00,contract,clause 3\n" +
			"SUPPRESSED@example.org,en,the-red-report,,2024-02-03,form,words\n" +
			"known@example.org,en,the-red-report,,2024-02-03,form,words\n" +
			"left@example.org,en,the-red-report,,2024-02-03,form,words\n"
		tried, err := d.Import(d.admin(), strings.NewReader(list), true)
		d.must(err)
		if ids := d.ids(); len(ids) != 2 {
			t.Errorf("a dry run has made %d subscribers", len(ids)-2)
		}
		got, err := d.load(list)
		d.must(err)
		want := newsletter.ImportResult{Imported: 3, Already: 1, Unsubscribed: 1, Suppressed: 1}
		if got != want || tried != want {
			t.Errorf("got %+v and %+v, want %+v", got, tried, want)
		}
		p := d.person("new@example.org")
		if p.Language != "zh-Hant" || len(p.Subscriptions) != 2 || p.Consents[0].Act != newsletter.ConsentImported || text(p.Consents[0].TextVersion) == "" {
			t.Errorf("got %+v", p)
		}
		if p := d.person("partner@example.net"); p.Subscriptions[0].Clearance != domain.AmberStrict {
			t.Errorf("got the clearance %s", p.Subscriptions[0].Clearance)
		}
		// A later list changes the clearance; one without the column does not.
		got, err = d.load(header + "partner@example.net,en,for-partners,RED,2024-02-03,contract,clause 4\n")
		d.must(err)
		if want := (newsletter.ImportResult{Changed: 1}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		got, err = d.load("email,language,series,consent_at,consent_source,consent_text\nknown@example.org,en,the-red-report,2024-02-03,form,words\n")
		d.must(err)
		if want := (newsletter.ImportResult{Already: 1}); got != want {
			t.Errorf("got %+v, want %+v", got, want)
		}
		if p := d.person("partner@example.net"); p.Subscriptions[0].Clearance != domain.Red || len(p.Consents) != 2 {
			t.Errorf("got %+v, want the clearance RED and another consent", p)
		}
	})
}

func TestImportErrors(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		_, err := d.load(header +
			"good@example.org,en,the-red-report,,2024-02-03,form,words\n" +
			"bad,,no-such-series,PURPLE,yesterday,,\n" +
			"\"two\nlines@example.org\",en,for-partners,,2099-01-01,form,words\n" +
			"good@example.org,en,the-red-report,,2024-02-03,form,words\n" +
			"few,fields\n" +
			"other@example.org,en,the-red-report,PURPLE,2024-02-03,form,words\n")
		wantKind(t, err, domain.KindInvalid)
		for _, want := range []string{
			"line 3, email:", "line 3, language:", "line 3, series:", "line 3, clearance:", "line 3, consent_at:", "line 3, consent_source:", "line 3, consent_text:",
			"line 4, email:", "line 4, clearance: want at least AMBER", "line 4, consent_at: is in the future",
			"line 6, email: is the same subscription as in line 2", "line 7: has 2 fields; want 7",
		} {
			if err != nil && !strings.Contains(err.Error(), want) {
				t.Errorf("got %v\nwant %s", err, want)
			}
		}
		if err != nil && strings.Contains(err.Error(), "want at least CLEAR") {
			t.Errorf("a clearance that is none has two problems: %v", err)
		}
		if err != nil && strings.Contains(err.Error(), "good@") {
			t.Errorf("the error has an address: %v", err)
		}
		if ids := d.ids(); len(ids) != 0 {
			t.Errorf("%d subscribers were imported", len(ids))
		}
		for list, want := range map[string]string{
			"":                         "line 1: want a line",
			"email,name\n":             `line 1: there is no column "name"`,
			"email,email\n":            "line 1: the column email is there twice",
			"email,language\n":         "line 1: the column series is missing",
			header + "\"a,b,c,d,e,f,g": "is not valid CSV",
		} {
			if _, err := d.load(list); err == nil || !strings.Contains(err.Error(), want) {
				t.Errorf("%q: got %v, want %s", list, err, want)
			}
		}
		wantKind(t, d.importAs(domain.Editor), domain.KindForbidden)
	})
}

func (d *desk) importAs(role domain.Role) error {
	ctx := domain.WithViewer(d.t.Context(), &domain.Viewer{Name: "Ed", Role: role, Clearance: domain.Red, KeyID: 2})
	_, err := d.Import(ctx, strings.NewReader(header), false)
	return err
}

// An export can be imported in an empty desk. What a spreadsheet would take for a formula is
// text in it.
func TestExport(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		d := newDesk(t, s, newsletter.Limits{})
		_, err := d.load(header + "'=1+1@example.org,en,the-red-report,GREEN,2024-02-03,'=form,words\n" +
			"b@example.org,ja,harbour-letter,,2024-02-03,form,words\n")
		d.must(err)
		d.subscribe(reader, report.Slug)
		var list bytes.Buffer
		d.must(d.Export(d.admin(), &list))
		if !strings.Contains(list.String(), "\n'=1+1@example.org,en,the-red-report,GREEN,2024-02-03T00:00:00Z,'=form,words,ACTIVE\n") {
			t.Errorf("got %s", list.String())
		}
		again := newDesk(t, storetest.SQLite(t), newsletter.Limits{})
		again.clock.Advance(time.Hour)
		got, err := again.load(list.String())
		again.must(err)
		if got.Imported != 3 {
			t.Errorf("got %+v", got)
		}
		if p := again.person("=1+1@example.org"); p.Email != "=1+1@example.org" || text(p.Consents[0].Source) != "=form" {
			t.Errorf("got %+v", p)
		}
		// A viewer does not see subscriptions above the clearance.
		low := domain.WithViewer(t.Context(), &domain.Viewer{Name: "Low", Role: domain.Admin, Clearance: domain.Clear, KeyID: 3})
		list.Reset()
		d.must(d.Export(low, &list))
		if strings.Contains(list.String(), "=1+1") {
			t.Error("a subscription above the clearance is in the list")
		}
	})
}

func TestErase(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		preferences := d.subscribe(reader, report.Slug)
		d.ask(reader, letter.Slug)
		id := d.ids()[0]
		token := d.unsubscribeToken(id, report.ID)
		person := d.person(reader)
		if _, err := json.Marshal(person); err != nil {
			t.Error(err)
		}
		d.must(d.Erase(d.admin(), newsletter.EraseParams{ID: id}))
		for table, rows := range storetest.DumpDesk(t, d.stores) {
			text := strings.Join(rows, "\n")
			if strings.Contains(strings.ToLower(text), "reader.one") {
				t.Errorf("the address is in %s", table)
			}
			if has := strings.Contains(text, person.EmailHash); has != (table == "suppressions") {
				t.Errorf("%s has the hash: %t", table, has)
			}
		}
		_, err := d.Preferences(d.public(), preferences)
		wantKind(t, err, domain.KindNotFound)
		left, err := d.Unsubscribe(d.public(), token)
		d.must(err)
		if !left.Left {
			t.Errorf("got %+v", left)
		}
		got, err := d.load(header + reader + ",en,the-red-report,,2024-02-03,form,words\nnever@example.org,en,the-red-report,,2024-02-03,form,words\n")
		d.must(err)
		if got.Suppressed != 1 || got.Imported != 1 {
			t.Errorf("an old list: got %+v", got)
		}
		d.must(d.Erase(d.admin(), newsletter.EraseParams{Email: "unknown@example.org"}))
		wantKind(t, d.Erase(d.admin(), newsletter.EraseParams{ID: id}), domain.KindNotFound)
		wantKind(t, d.Erase(d.admin(), newsletter.EraseParams{}), domain.KindInvalid)
		wantKind(t, d.Erase(d.public(), newsletter.EraseParams{ID: id}), domain.KindUnauthenticated)
	})
}

// After everything that can be done, addresses are in the two tables that have them, and in
// no log, audit entry or argument of a job.
func TestAddressesAreInTheirTablesOnly(t *testing.T) {
	eachDesk(t, func(t *testing.T, d *desk) {
		mark := func(n int) string { return fmt.Sprintf("zzreader%d@secret.example", n) }
		preferences := d.subscribe(mark(1), report.Slug)
		d.ask(mark(1), report.Slug)
		d.ask(mark(2), letter.Slug)
		_, err := d.SetPreferences(d.public(), newsletter.PreferencesParams{Token: preferences, Series: []string{letter.ID.String()}})
		d.must(err)
		_, err = d.load(header + mark(3) + ",en,the-red-report,,2024-02-03,form,words\n")
		d.must(err)
		d.must(d.ApplyBounce(t.Context(), d.person(mark(3)).ID, newsletter.BounceHard, "5.1.1"))
		d.must(d.Suppress(d.admin(), mark(4)))
		d.must(d.Unsuppress(d.admin(), mark(4)))
		d.must(d.Export(d.admin(), &bytes.Buffer{}))
		d.must(d.Erase(d.admin(), newsletter.EraseParams{Email: mark(5)}))
		d.must(d.RotateLinkKey(d.admin()))
		var errs []error
		errs = append(errs, d.Subscribe(d.public(), newsletter.SubscribeParams{Email: mark(6), Series: "none"}), d.Unsuppress(d.admin(), mark(6)))
		_, err = d.load(header + mark(7) + ",,,,,,\n")
		errs = append(errs, err)
		for _, err := range errs {
			if err == nil || strings.Contains(domain.Detail(err), "zzreader") {
				t.Errorf("got %v", err)
			}
		}
		if strings.Contains(d.log.String(), "zzreader") {
			t.Errorf("the log has an address: %s", d.log)
		}
		for table, rows := range storetest.DumpDesk(t, d.stores) {
			if table != "subscribers" && table != "subscription_requests" && strings.Contains(strings.Join(rows, "\n"), "zzreader") {
				t.Errorf("%s has an address", table)
			}
		}
		if dump := strings.Join(d.jobArgs(), "\n"); strings.Contains(dump, "zzreader") || dump == "" {
			t.Errorf("the arguments of jobs: %s", dump)
		}
	})
}

// jobArgs returns the arguments of all jobs.
func (d *desk) jobArgs() []string {
	d.t.Helper()
	column := "json(args)"
	if d.stores.Dialect() == "postgres" {
		column = "args::text"
	}
	rows, err := d.stores.DeskRows().Query(context.WithoutCancel(d.t.Context()), "SELECT "+column+" FROM river_job")
	d.must(err)
	defer rows.Close()
	var all []string
	for rows.Next() {
		var text string
		d.must(rows.Scan(&text))
		all = append(all, text)
	}
	d.must(rows.Err())
	return all
}
