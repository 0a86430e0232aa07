package graph_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter"
	"github.com/redthread-api/redthread/internal/newsletter/mail"
	"github.com/redthread-api/redthread/internal/store"
)

// withPost configures an API whose editions are all published, in a series with one subscriber.
func withPost(c *graph.Config) {
	p := &post{desk: newsletter.Desk{Stores: c.Stores}, series: domain.NewID(domain.Series, clockStart)}
	c.Sendings = newsletter.NewSendings(newsletter.SendingsConfig{Stores: c.Stores, Editions: p, Composer: p, Mail: p, Log: c.Log, Now: c.Now})
	subscriber := domain.NewID(domain.Subscriber, clockStart)
	err := c.Stores.Desk(domain.AsSystem(context.Background(), "test"), func(ctx context.Context, tx *store.Tx) error {
		if err := store.Exec(ctx, tx, "INSERT INTO subscribers (id, email, email_hash, language, soft_bounces, created_at, updated_at) VALUES (?, 'reader@example.org', 'hash', 'en', 0, ?, ?)",
			subscriber, clockStart, clockStart); err != nil {
			return err
		}
		return store.Exec(ctx, tx, "INSERT INTO subscriptions (id, subscriber_id, series_id, clearance, state, created_at, confirmed_at) VALUES (?, ?, ?, ?, 'ACTIVE', ?, ?)",
			domain.NewID(domain.Row, clockStart), subscriber, p.series, int(domain.Red), clockStart, clockStart)
	})
	if err != nil {
		panic(err)
	}
}

// post finds, makes and takes mails.
type post struct {
	desk   newsletter.Desk
	series domain.ID
}

func (p *post) Edition(ctx context.Context, desk store.Rows, ref string) (newsletter.Edition, error) {
	e, err := p.desk.Edition(ctx, desk, ref)
	e.Live, e.Series, e.Marking = true, p.series, domain.Clear
	return e, err
}

func (p *post) Prepare(context.Context, newsletter.Edition) (newsletter.Mailing, []newsletter.Obstacle, error) {
	return p, nil, nil
}

func (p *post) PrepareDraft(context.Context, newsletter.Edition) (newsletter.Mailing, error) {
	return p, nil
}

func (*post) Mail(_ context.Context, to newsletter.Recipient, _ time.Time) (mail.Envelope, []byte, error) {
	return mail.Envelope{From: "bounces@example.net", To: to.Email}, []byte("\r\n"), nil
}

func (*post) Submit(context.Context, mail.Envelope, []byte) mail.Result {
	return mail.Result{Status: mail.Submitted, Step: mail.StepReply, Code: 250, Text: "OK"}
}

// An edition is sent once, followed, and found by its id and by its edition.
func TestSendEdition(t *testing.T) {
	t.Parallel()
	var sendings *newsletter.Sendings
	eachAccessAPI(t, func(c *graph.Config) { withPost(c); sendings = c.Sendings }, func(t *testing.T, g *accessAPI) {
		editor, sendings := holder(domain.Editor), sendings
		g.as(editor, `mutation { createSeries(input: {slug: "w", title: "W", cadence: WEEKLY, language: "en"}) { created }
			createEdition(input: {slug: "w1", series: "w", number: 1, title: "W", language: "en"}) { created } }`, nil).ok()
		id := g.as(editor, `mutation { sendEdition(input: {edition: "w1"}) { sending { id state total } } }`, nil).ok().at("sendEdition.sending.id").(string)
		const follow = `subscription($id: ID!) { sendingProgress(id: $id) { state total submitted left edition { slug } } }`
		progress := g.subscribe(t, editor, follow, vars{"id": id}, nil)
		progress.wants(`{"state":"SCHEDULED","total":0,"submitted":0,"left":0,"edition":{"slug":"w1"}}`)
		parsed, err := domain.ParseID(id)
		if err != nil {
			t.Fatal(err)
		}
		if _, err := sendings.Run(domain.AsSystem(t.Context(), "test"), parsed); err != nil {
			t.Fatal(err)
		}
		progress.wants(`{"state":"DONE","total":1,"submitted":1,"left":0,"edition":{"slug":"w1"}}`)
		if more := progress.next(); more != "" {
			t.Errorf("after the end: got %s", more)
		}
		for _, v := range []*domain.Viewer{holder(domain.Public), holder(domain.Author)} {
			if got := g.subscribe(t, v, follow, vars{"id": id}, nil).next(); !strings.Contains(got, "FORBIDDEN") || strings.Contains(got, "DONE") {
				t.Errorf("%s: got %s, want it refused", v.Role, got)
			}
		}
		const fields = `{ id state total submitted deferred failed unknown skipped left rate etaSeconds createdBy edition { slug } }`
		want := `{"id":"` + id + `","state":"DONE","total":1,"submitted":1,"deferred":0,"failed":0,"unknown":0,"skipped":0,"left":0,"rate":0,"etaSeconds":null,"createdBy":"editor","edition":{"slug":"w1"}}`
		for _, ask := range []string{`{ sending(id: "` + id + `") ` + fields + ` }`, `{ sending(edition: "w1") ` + fields + ` }`, `{ sendings(first: 1) { nodes ` + fields + ` edges { node ` + fields + ` } totalCount } }`} {
			if got := g.as(editor, ask, nil).ok().body; !strings.Contains(got, want) {
				t.Errorf("%s: got %s, want %s in it", ask, got, want)
			}
		}
		g.as(editor, `mutation { sendEdition(input: {edition: "w1"}) { sending { id } } }`, nil).refused("CONFLICT", "which is DONE")
		g.as(editor, `{ sending { id } }`, nil).refused("BAD_USER_INPUT", "give either id or edition")
		g.as(editor, `mutation { sendTestEdition(input: {edition: "w1", to: []}) { results { submitted } } }`, nil).refused("BAD_USER_INPUT", "to: want 1 to 10 addresses")
		g.as(editor, `mutation @atomic { sendTestEdition(input: {edition: "w1", to: ["a@example.org"]}) { results { submitted } } }`, nil).refused("BAD_USER_INPUT", "cannot be taken back")
	})
}
