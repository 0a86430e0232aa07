package newsletter_test

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter"
	"github.com/redthread-api/redthread/internal/newsletter/mail"
	"github.com/redthread-api/redthread/internal/store"
)

func TestSend(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		readers := p.subscribeMany(150)
		p.subscribe(
			subscriberOf{email: "left@example.org", state: newsletter.SubscriptionUnsubscribed},
			subscriberOf{email: "suppressed@example.org", suppressed: true},
			subscriberOf{email: "later@example.org", confirmed: start.Add(time.Second)},
			subscriberOf{email: "partner@example.org", clearance: domain.Amber},
			subscriberOf{email: "unmade@example.org"})
		id := p.send()
		p.finish(id)
		want := map[string]int{"partner@example.org": 1}
		for _, email := range readers {
			want[email] = 1
		}
		if diff := cmp.Diff(want, p.got); diff != "" {
			t.Errorf("mails (-want +got):\n%s", diff)
		}
		g := p.find(id)
		if g.State != newsletter.SendingDone || g.Total != 152 || g.Submitted != 151 || g.Failed != 1 || g.Left != 0 || g.DoneAt == nil {
			t.Errorf("got %+v", g)
		}
		if next := p.run(id); !next.IsZero() || p.attempts[readers[0]] != 1 {
			t.Errorf("a sending that is done ran again")
		}
		_, err := p.Send(p.ctx, newsletter.SendParams{Edition: edition.String()})
		if domain.KindOf(err) != domain.KindConflict {
			t.Errorf("got %v for a second sending of the edition, want a conflict", err)
		}
	})
}

// Subscribers get no edition above their clearance.
func TestSendOnlyToClearance(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		p.edition.Marking = domain.Green
		p.subscribe(subscriberOf{email: "public@example.org"}, subscriberOf{email: "partner@example.org", clearance: domain.Green}, subscriberOf{email: "staff@example.org", clearance: domain.Red})
		p.finish(p.send())
		if diff := cmp.Diff(map[string]int{"partner@example.org": 1, "staff@example.org": 1}, p.got); diff != "" {
			t.Errorf("mails (-want +got):\n%s", diff)
		}
	})
}

// An edition that is marked higher while it is sent goes to no subscriber of a lower clearance any more.
func TestEditionChangesWhileSent(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		p.subscribeMany(200)
		id := p.send()
		p.reply = func(_ context.Context, _ string, _ int) mail.Result {
			p.set(func() { p.edition.Marking = domain.Amber })
			return mail.Result{Status: mail.Submitted, Code: 250}
		}
		p.finish(id)
		if g := p.find(id); g.State != newsletter.SendingDone || g.Submitted == 0 || g.Submitted > 128 || g.Skipped != 200-g.Submitted {
			t.Errorf("got %+v, want those claimed before submitted and the others skipped", g)
		}
	})
}

func TestEditionUnpublishedWhileSent(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		p.subscribeMany(200)
		id := p.send()
		p.reply = func(_ context.Context, _ string, _ int) mail.Result {
			p.set(func() { p.edition.Live = false })
			return mail.Result{Status: mail.Submitted, Code: 250}
		}
		p.finish(id)
		g := p.find(id)
		if g.State != newsletter.SendingPaused || g.Reason != "the edition is not published" || g.Left == 0 {
			t.Fatalf("got %+v, want it paused", g)
		}
		p.edition.Live, p.reply = true, nil
		if _, err := p.Resume(p.ctx, newsletter.ResumeParams{ID: id}); err != nil {
			t.Fatal(err)
		}
		p.finish(id)
		if g := p.find(id); g.State != newsletter.SendingDone || g.Submitted != 200 {
			t.Errorf("got %+v, want it done", g)
		}
	})
}

// Each refusal has its consequence.
func TestRefusals(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		results := map[string]mail.Result{
			"gone@example.org":    {Status: mail.Failed, Step: mail.StepRecipient, Code: 550, Enhanced: "5.1.1"},
			"policy@example.org":  {Status: mail.Failed, Step: mail.StepRecipient, Code: 550, Enhanced: "5.7.1"},
			"bare@example.org":    {Status: mail.Failed, Step: mail.StepRecipient, Code: 550},
			"large@example.org":   {Status: mail.Failed, Step: mail.StepReply, Code: 552, Enhanced: "5.3.4"},
			"full@example.org":    {Status: mail.Deferred, Step: mail.StepRecipient, Code: 452, Enhanced: "4.2.2"},
			"cut@example.org":     {Status: mail.Unknown, Step: mail.StepReply},
			"grey@example.org":    {Status: mail.Deferred, Step: mail.StepRecipient, Code: 451, Enhanced: "4.7.1"},
			"welcome@example.org": {Status: mail.Submitted, Step: mail.StepReply, Code: 250, Enhanced: "2.0.0"},
		}
		for email := range results {
			p.subscribe(subscriberOf{email: email})
		}
		p.reply = func(_ context.Context, to string, n int) mail.Result {
			if to == "grey@example.org" && n == 3 {
				return results["welcome@example.org"]
			}
			return results[to]
		}
		id := p.send()
		p.finish(id)
		want := map[string]string{
			"gone@example.org": "FAILED 550 5.1.1", "policy@example.org": "FAILED 550 5.7.1", "bare@example.org": "FAILED 550", "large@example.org": "FAILED 552 5.3.4",
			"full@example.org": "FAILED 452 4.2.2", "cut@example.org": "UNKNOWN connection lost: reply", "grey@example.org": "SUBMITTED 250 2.0.0", "welcome@example.org": "SUBMITTED 250 2.0.0",
		}
		if diff := cmp.Diff(want, p.states()); diff != "" {
			t.Errorf("recipients (-want +got):\n%s", diff)
		}
		if diff := cmp.Diff(map[string]string{"hash of gone@example.org": newsletter.SuppressHardBounce}, p.suppressed()); diff != "" {
			t.Errorf("suppressed (-want +got):\n%s", diff)
		}
		for email, n := range p.attempts {
			if once := email != "full@example.org" && email != "grey@example.org"; once && n != 1 {
				t.Errorf("got %d attempts for %s, want 1", n, email)
			}
		}
		if n := p.attempts["full@example.org"]; n < 10 || n > 30 {
			t.Errorf("got %d attempts in 48 hours, want 10 to 30", n)
		}
		if took := p.clock.Now().Sub(start); took < 40*time.Hour || took > 49*time.Hour {
			t.Errorf("it took %s, want about 48 hours", took)
		}
	})
}

// A mail server that cannot be reached says nothing about recipients.
func TestMailServerUnreachable(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		p.subscribeMany(20)
		id := p.send()
		p.reply = func(context.Context, string, int) mail.Result {
			return mail.Result{Status: mail.Deferred, Step: mail.StepConnect, Text: "connection refused"}
		}
		var pauses []time.Duration
		for range 4 {
			next := p.run(id)
			pauses = append(pauses, next.Sub(p.clock.Now()))
			p.clock.AdvanceTo(next)
		}
		if diff := cmp.Diff([]time.Duration{5 * time.Second, 10 * time.Second, 20 * time.Second, 40 * time.Second}, pauses); diff != "" {
			t.Errorf("pauses (-want +got):\n%s", diff)
		}
		if g := p.find(id); g.Left != 20 || g.State != newsletter.SendingRunning {
			t.Errorf("got %+v, want all left", g)
		}
		p.reply = nil
		p.finish(id)
		if g := p.find(id); g.Submitted != 20 || g.State != newsletter.SendingDone {
			t.Errorf("got %+v, want all submitted", g)
		}
	})
}

// A refusal of the sender is one of all mails, and says nothing about recipients.
func TestSenderRefused(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		p.subscribeMany(20)
		id := p.send()
		p.reply = func(context.Context, string, int) mail.Result {
			return mail.Result{Status: mail.Failed, Step: mail.StepSender, Code: 550, Enhanced: "5.4.5", Text: "daily limit exceeded"}
		}
		if next := p.run(id); next.Sub(p.clock.Now()) != 5*time.Second {
			t.Errorf("got the next attempt at %s, want 5 s later", next)
		}
		if g := p.find(id); g.Left != 20 || g.State != newsletter.SendingRunning {
			t.Errorf("got %+v, want all left", g.Progress)
		}
		p.clock.Advance(5 * time.Second)
		p.reply = nil
		p.finish(id)
		if g := p.find(id); g.Submitted != 20 || g.State != newsletter.SendingDone {
			t.Errorf("got %+v, want all submitted", g.Progress)
		}
	})
}

func TestPauseResumeStop(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		p.subscribeMany(300)
		id := p.send()
		n, atPause := 0, 0
		pause := func(after int) {
			p.reply = func(context.Context, string, int) mail.Result {
				var now bool
				p.set(func() { n++; now = n == after })
				if now {
					if _, err := p.Pause(p.ctx, id); err != nil {
						t.Error(err)
					}
					p.set(func() { atPause = n })
				}
				return mail.Result{Status: mail.Submitted, Code: 250}
			}
		}
		pause(10)
		if next := p.run(id); !next.IsZero() {
			t.Errorf("got another run at %s, want none", next)
		}
		g := p.find(id)
		if g.State != newsletter.SendingPaused || g.Submitted < 10 || g.Submitted > atPause+atOnce || g.Left != 300-g.Submitted {
			t.Errorf("got %+v, want at most %d submitted: those that were under way", g, atPause+atOnce)
		}
		if next := p.run(id); !next.IsZero() || p.find(id).Submitted != g.Submitted {
			t.Error("a paused sending was run")
		}
		if _, err := p.Resume(p.ctx, newsletter.ResumeParams{ID: id}); err != nil {
			t.Fatal(err)
		}
		pause(n + 20)
		p.run(id)
		if _, err := p.Stop(p.ctx, id); err != nil {
			t.Fatal(err)
		}
		g = p.find(id)
		if g.State != newsletter.SendingStopped || g.Left != 0 || g.Skipped != 300-g.Submitted {
			t.Errorf("got %+v, want the rest skipped", g)
		}
		for _, act := range []func() error{
			func() error { _, err := p.Pause(p.ctx, id); return err },
			func() error { _, err := p.Stop(p.ctx, id); return err },
			func() error { _, err := p.Resume(p.ctx, newsletter.ResumeParams{ID: id}); return err },
		} {
			if err := act(); domain.KindOf(err) != domain.KindConflict {
				t.Errorf("got %v for a stopped sending, want a conflict", err)
			}
		}
		for email, n := range p.got {
			if n != 1 {
				t.Errorf("got %d mails for %s", n, email)
			}
		}
	})
}

// A run that takes an expired lease over sends what was claimed, and never what had begun.
func TestLeaseOfADeadRun(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		readers := p.subscribeMany(10)
		id := p.send()
		p.reply = func(context.Context, string, int) mail.Result {
			return mail.Result{Status: mail.Deferred, Step: mail.StepConnect, Text: "down"}
		}
		p.clock.AdvanceTo(p.run(id)) // makes the list
		p.reply = nil
		p.exec(func(ctx context.Context, tx *store.Tx) error {
			return errors.Join(
				store.Exec(ctx, tx, "UPDATE sending_recipients SET state = 'CLAIMED', worker = 'dead' WHERE email_hash IN (?, ?)", "hash of "+readers[0], "hash of "+readers[1]),
				store.Exec(ctx, tx, "UPDATE sending_recipients SET state = 'SENDING', worker = 'dead' WHERE email_hash = ?", "hash of "+readers[2]),
				store.Exec(ctx, tx, "UPDATE sendings SET worker = 'dead', worker_until = ?", p.clock.Now().Add(10*time.Second)))
		})
		next := p.run(id)
		if wait := next.Sub(p.clock.Now()); wait != 10*time.Second || len(p.got) != 0 {
			t.Fatalf("got another run in %s, want 10s: the lease holds", wait)
		}
		// The clock is put back by hours: the lease does not hold for as long.
		p.clock.Advance(-3 * time.Hour)
		if p.exec(func(ctx context.Context, tx *store.Tx) error {
			return store.Exec(ctx, tx, "UPDATE sendings SET at = ?", p.clock.Now())
		}); p.run(id).Sub(p.clock.Now()) > time.Minute {
			t.Error("a lease from before the clock was put back holds")
		}
		p.clock.AdvanceTo(next)
		p.finish(id)
		if g := p.find(id); g.State != newsletter.SendingDone || g.Submitted != 9 || g.Unknown != 1 || p.got[readers[2]] != 0 {
			t.Errorf("got %+v, want 9 submitted and 1 unknown", g)
		}
	})
}

// A process is killed when the last recipient has a result and before the sending has ended: the sweep finds it.
func TestSendingWithoutAnEnd(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		p.subscribeMany(3)
		id := p.send()
		due := func(step string, want int) {
			t.Helper()
			if ids, err := p.Due(t.Context()); err != nil || len(ids) != want {
				t.Errorf("%s: got %v, %v, want %d to be due", step, ids, err, want)
			}
		}
		due("before it", 1)
		p.finish(id)
		due("after it", 0)
		p.exec(func(ctx context.Context, tx *store.Tx) error {
			return store.Exec(ctx, tx, "UPDATE sendings SET state = 'RUNNING', done_at = NULL")
		})
		due("without an end", 1)
		p.finish(id)
		if g := p.find(id); g.State != newsletter.SendingDone || g.Submitted != 3 {
			t.Errorf("got %+v", g)
		}
	})
}

// Two runs at a time submit each mail once, also if one of them is so slow that it loses its lease.
func TestLostLease(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		readers := p.subscribeMany(100)
		id := p.send()
		other := newPostAt(t, p.stores, p.clock)
		stuck := false
		p.reply = func(context.Context, string, int) mail.Result {
			var first bool
			p.set(func() { first, stuck = !stuck, true })
			if first {
				p.clock.Advance(time.Minute) // the lease has expired
				other.finish(id)
			}
			return mail.Result{Status: mail.Submitted, Code: 250}
		}
		p.run(id)
		for _, email := range readers {
			if n := p.got[email] + other.got[email]; n != 1 {
				t.Errorf("got %d mails for %s, want 1", n, email)
			}
		}
		g := p.find(id)
		if g.Left != 0 || g.Submitted != 100 {
			t.Errorf("got %+v, want all submitted: a slow run records what it has submitted", g)
		}
	})
}

// A desk that cannot be written for a while loses no result.
func TestLedgerIsWrittenAgain(t *testing.T) {
	t.Parallel()
	eachFaulty(t, func(t *testing.T, p *post, faults *faults) {
		p.subscribeMany(50)
		id := p.send()
		p.reply = func(_ context.Context, _ string, n int) mail.Result {
			faults.once(func() { faults.Fail("desk", "UPDATE sending_recipients SET state = ", 2, errors.New("disk I/O error")) })
			return mail.Result{Status: mail.Submitted, Code: 250}
		}
		p.finish(id)
		if g := p.find(id); g.Submitted != 50 || g.State != newsletter.SendingDone {
			t.Errorf("got %+v, want all submitted", g)
		}
		if faults.Hits() == 0 {
			t.Error("no write failed")
		}
		for email, n := range p.got {
			if n != 1 {
				t.Errorf("got %d mails for %s", n, email)
			}
		}
	})
}

func TestSendIsChecked(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		p.edition.Live = false
		past := start.Add(-time.Hour)
		for name, tt := range map[string]struct {
			viewer domain.Role
			params newsletter.SendParams
			kind   domain.Kind
			wants  []string
		}{
			"Author":   {domain.Author, newsletter.SendParams{Edition: edition.String()}, domain.KindForbidden, nil},
			"Past":     {domain.Editor, newsletter.SendParams{Edition: edition.String(), At: &past}, domain.KindInvalid, []string{"at: is not in the future"}},
			"Obstacle": {domain.Editor, newsletter.SendParams{Edition: edition.String()}, domain.KindInvalid, []string{"NOT_PUBLISHED", "NO_RECIPIENTS"}},
			"NotFound": {domain.Editor, newsletter.SendParams{Edition: "none"}, domain.KindNotFound, nil},
		} {
			ctx := domain.WithViewer(t.Context(), &domain.Viewer{Name: "staff", Role: tt.viewer, Clearance: domain.Red, KeyID: 1})
			_, err := p.Send(ctx, tt.params)
			if domain.KindOf(err) != tt.kind {
				t.Errorf("%s: got %v, want %v", name, err, tt.kind)
			}
			for _, want := range tt.wants {
				if !strings.Contains(fmt.Sprint(err), want) {
					t.Errorf("%s: got %v, want %q in it", name, err, want)
				}
			}
		}
	})
}

// A sending waits for its time, and its list has the subscribers that had confirmed by then.
func TestScheduledSending(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		p.subscribeMany(3)
		at := start.Add(time.Hour)
		p.subscribe(subscriberOf{email: "soon@example.org", confirmed: start.Add(30 * time.Minute)}, subscriberOf{email: "late@example.org", confirmed: start.Add(2 * time.Hour)})
		g, err := p.Send(p.ctx, newsletter.SendParams{Edition: edition.String(), At: &at})
		if err != nil {
			t.Fatal(err)
		}
		if next := p.run(g.ID); !next.Equal(at) || p.find(g.ID).State != newsletter.SendingScheduled {
			t.Errorf("got a run at %s, want one at %s", next, at)
		}
		p.clock.Advance(3 * time.Hour)
		p.finish(g.ID)
		if p.got["soon@example.org"] != 1 || p.got["late@example.org"] != 0 || len(p.got) != 4 {
			t.Errorf("got mails for %v", p.got)
		}
	})
}

// After a restored backup nothing is sent until an editor says what to do with the rest.
func TestPauseRestored(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		p.subscribeMany(10)
		id := p.send()
		if err := p.PauseRestored(domain.AsSystem(t.Context(), "test")); err != nil {
			t.Fatal(err)
		}
		if p.run(id); len(p.got) != 0 {
			t.Error("a sending of a restored desk was run")
		}
		if _, err := p.Resume(p.ctx, newsletter.ResumeParams{ID: id}); domain.KindOf(err) != domain.KindConflict {
			t.Errorf("got %v, want a conflict: remaining is not set", err)
		}
		if _, err := p.Resume(p.ctx, newsletter.ResumeParams{ID: id, Remaining: newsletter.ResumeSend}); err != nil {
			t.Fatal(err)
		}
		p.finish(id)
		if len(p.got) != 10 {
			t.Errorf("got %d mails, want 10", len(p.got))
		}
	})
}

// A sending that was stopped before its list was begun has sent nothing, so the edition can be sent.
func TestSendAfterStop(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		p.subscribeMany(3)
		later := start.Add(time.Hour)
		g, err := p.Send(p.ctx, newsletter.SendParams{Edition: edition.String(), At: &later})
		if err != nil {
			t.Fatal(err)
		}
		if _, err := p.Stop(p.ctx, g.ID); err != nil {
			t.Fatal(err)
		}
		id := p.send()
		p.finish(id)
		if g := p.find(id); g.Submitted != 3 {
			t.Errorf("got %d submitted, want 3", g.Submitted)
		}
		if _, err := p.Send(p.ctx, newsletter.SendParams{Edition: edition.String()}); domain.KindOf(err) != domain.KindConflict {
			t.Errorf("got %v, want a conflict: it was sent", err)
		}
	})
}

// What is refused for now after a sending was stopped is not left for another attempt.
func TestStopWhileSubmitting(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		p.subscribeMany(10)
		id := p.send()
		var once sync.Once
		p.reply = func(context.Context, string, int) mail.Result {
			once.Do(func() {
				if _, err := p.Stop(p.ctx, id); err != nil {
					t.Error(err)
				}
			})
			return mail.Result{Status: mail.Deferred, Step: mail.StepRecipient, Code: 451, Enhanced: "4.7.1"}
		}
		p.finish(id)
		if g := p.find(id); g.Skipped != 10 || g.State != newsletter.SendingStopped {
			t.Errorf("got %s with %+v, want all skipped", g.State, g.Progress)
		}
	})
}

// A restored sending whose list was not made yet may have been sent after the backup: skipping the rest
// skips the subscribers who would be on the list.
func TestSkipRestoredBeforeTheList(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		p.subscribeMany(10)
		id := p.send()
		if err := p.PauseRestored(domain.AsSystem(t.Context(), "test")); err != nil {
			t.Fatal(err)
		}
		if _, err := p.Resume(p.ctx, newsletter.ResumeParams{ID: id, Remaining: newsletter.ResumeSkip}); err != nil {
			t.Fatal(err)
		}
		p.finish(id)
		if len(p.attempts) != 0 {
			t.Errorf("got %d mails, want none", len(p.attempts))
		}
		if g := p.find(id); g.State != newsletter.SendingDone || g.Total != 0 {
			t.Errorf("got %s with %d recipients, want DONE with none", g.State, g.Total)
		}
	})
}

// A run claims recipients in advance. One that leaves in between gets no mail.
func TestLeaveBetweenClaimAndSubmission(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		p.subscribeMany(40)
		var once sync.Once
		p.reply = func(context.Context, string, int) mail.Result {
			once.Do(func() {
				p.exec(func(ctx context.Context, tx *store.Tx) error {
					claimed, err := store.QueryIDs(ctx, tx, "SELECT subscriber_id FROM sending_recipients WHERE state = 'CLAIMED' ORDER BY id DESC LIMIT 2")
					if err != nil || len(claimed) < 2 {
						return fmt.Errorf("got %v claimed, %w", claimed, err)
					}
					return errors.Join(
						store.Exec(ctx, tx, "UPDATE subscriptions SET state = 'UNSUBSCRIBED' WHERE subscriber_id = ?", claimed[0]),
						store.Exec(ctx, tx, "UPDATE sending_recipients SET subscriber_id = NULL WHERE subscriber_id = ?", claimed[1]))
				})
			})
			return mail.Result{Status: mail.Submitted, Step: mail.StepReply, Code: 250, Enhanced: "2.0.0"}
		}
		id := p.send()
		p.finish(id)
		if g := p.find(id); len(p.attempts) != 38 || g.Submitted != 38 || g.Skipped != 2 {
			t.Errorf("got %d submitted and %d skipped, want 38 and 2", g.Submitted, g.Skipped)
		}
	})
}

// A mail server may take longer to reply than a lease lasts: the lease is renewed, and given back at the end.
func TestSlowMailServer(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		p.subscribeMany(3)
		const lease = time.Second
		p.SetLease(lease)
		p.reply = func(ctx context.Context, _ string, _ int) mail.Result {
			select {
			case <-time.After(2 * lease):
			case <-ctx.Done():
				t.Error("the submission was interrupted")
			}
			return mail.Result{Status: mail.Submitted, Code: 250}
		}
		id := p.send()
		p.run(id)
		if g := p.find(id); g.State != newsletter.SendingDone || g.Submitted != 3 {
			t.Errorf("got %+v, want it done", g)
		}
	})
}

// A pause does not interrupt a submission that takes long.
func TestPauseFinishesSubmissions(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		p.subscribeMany(100)
		const lease = 200 * time.Millisecond
		p.SetLease(lease)
		id := p.send()
		p.reply = func(ctx context.Context, _ string, _ int) mail.Result {
			if p.find(id).State == newsletter.SendingRunning {
				if _, err := p.Pause(p.ctx, id); err != nil && domain.KindOf(err) != domain.KindConflict {
					t.Error(err)
				}
			}
			select {
			case <-time.After(3 * lease):
				return mail.Result{Status: mail.Submitted, Code: 250}
			case <-ctx.Done():
				return mail.Result{Status: mail.Unknown, Step: mail.StepReply}
			}
		}
		p.SetGrace(0)
		p.run(id)
		if g := p.find(id); g.State != newsletter.SendingPaused || g.Unknown != 0 || g.Submitted == 0 || g.Submitted > atOnce {
			t.Errorf("got %+v, want it paused, and what was under way submitted", g)
		}
	})
}

// A sending waits for live, where that does not show the edition yet.
func TestLiveLags(t *testing.T) {
	eachPost(t, func(t *testing.T, p *post) {
		p.subscribeMany(3)
		p.lags = true
		if _, obstacles, err := p.Check(p.ctx, edition.String()); err != nil || len(obstacles) != 1 || obstacles[0].Code != "NOT_PUBLISHED" {
			t.Errorf("got %+v, %v; want NOT_PUBLISHED", obstacles, err)
		}
		p.lags = false
		id := p.send()
		p.lags = true
		if _, err := p.Run(domain.AsSystem(t.Context(), "test"), id); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("got %v, want an error, after which the job is tried again", err)
		}
		p.lags = false
		p.finish(id)
		if g := p.find(id); g.State != newsletter.SendingDone || g.Submitted != 3 {
			t.Errorf("got %+v, want it done", g)
		}
	})
}
