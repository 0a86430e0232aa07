package app

import (
	"context"
	"encoding/json"
	"fmt"
	"net/http"
	"time"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/newsletter"
	"github.com/redthread-api/redthread/internal/newsletter/mail"
	"github.com/redthread-api/redthread/internal/newsletter/render"
	"github.com/redthread-api/redthread/internal/server/content"
	subscriberpages "github.com/redthread-api/redthread/internal/server/newsletter"
)

// demoSender is the sender of the demo's mails, which go to a folder.
const demoSender = "The Red Report <report@redthread.example>"

// newsletters is what sends editions. Without a mail server or folder it only has sendings, which say so.
type newsletters struct {
	sendings    *newsletter.Sendings
	subscribers *newsletter.Subscribers // nil without a mail server or folder
	composer    *newsletter.MailComposer
	client      *mail.Client // nil without a mail server
	bounces     *newsletter.Bounces
}

// openNewsletters builds the newsletters. Queries run once setContent was called.
func (a *App) openNewsletters(c Config, templates *render.Templates, now func() time.Time) (*newsletters, error) {
	finder := newsletter.Desk{Stores: a.backend.stores}
	sendings := newsletter.SendingsConfig{Stores: a.backend.stores, Jobs: a.backend.jobs, Editions: finder, Log: a.log, Now: now, AtOnce: c.Mail.SMTPConnections}
	n := &newsletters{}
	submitter, err := a.submitter(c, n, now)
	if err != nil {
		return nil, err
	}
	if submitter == nil {
		n.sendings = newsletter.NewSendings(sendings)
		return n, nil
	}
	if c.Mail.From == "" && c.Demo {
		c.Mail.From = demoSender
	}
	from, err := c.Mail.from()
	if err != nil || from.Addr == "" {
		return nil, badUsage("--mail-from: must be set with --mail-folder")
	}
	keys, err := c.Mail.keys()
	if err != nil {
		return nil, err
	}
	config := newsletter.ComposerConfig{Templates: templates, Site: c.Site.site(a.URL()), Mail: submitter, From: from, BounceDomain: c.Mail.bounceDomain(), OneClick: n.client != nil, Now: now}
	if len(keys) > 0 {
		if config.Signer, err = mail.NewSigner(c.Mail.domain(), keys); err != nil {
			return nil, badUsage("--dkim-key: %w", err)
		}
	}
	n.composer = newsletter.NewComposer(config)
	n.subscribers = newsletter.NewSubscribers(newsletter.SubscribersConfig{
		Stores: a.backend.stores, Jobs: a.backend.jobs, Series: finder, Mailer: n.composer, Log: a.log, Now: now,
		PublicURL: c.Site.public(a.URL()), Publisher: c.Site.Name,
	})
	n.composer.Subscribers = n.subscribers
	n.bounces = &newsletter.Bounces{Subscribers: n.subscribers, Domain: config.BounceDomain, Log: a.log}
	sendings.Composer, sendings.Mail = n.composer, submitter
	n.sendings = newsletter.NewSendings(sendings)
	return n, nil
}

// submitter returns what takes mails: the mail server, the folder, or nil for neither.
func (a *App) submitter(c Config, n *newsletters, now func() time.Time) (newsletter.Submitter, error) {
	if dir := c.mailFolder(); dir != "" {
		var err error
		if a.messages, err = mail.OpenFolder(dir, now); err != nil {
			return nil, err
		}
		return a.messages, nil
	}
	if c.Mail.SMTP == "" {
		return nil, nil
	}
	server, err := c.Mail.server()
	if err != nil {
		return nil, badUsage("--smtp: %w", err)
	}
	if n.client, err = mail.NewClient(server, now); err != nil {
		return nil, err
	}
	return n.client, nil
}

// setContent sets what executes the queries for mails.
func (n *newsletters) setContent(executor content.Executor) {
	if n.composer == nil {
		return
	}
	n.composer.Query = func(ctx context.Context, document string, variables map[string]any, out any) error {
		response := executor.Execute(ctx, transport.Request{Document: document, Variables: variables})
		if len(response.Errors) > 0 {
			return fmt.Errorf("query: %s", response.Errors[0].Message)
		}
		return json.Unmarshal(response.Data, out)
	}
}

// pages returns the handler of the pages of subscribers; nil where there are none.
func (a *App) pages(n *newsletters, c Config) (http.Handler, error) {
	if n.subscribers == nil {
		return nil, nil
	}
	pages, err := subscriberpages.New(subscriberpages.Config{Subscribers: n.subscribers, Templates: c.Editions.subscriberPages(), Log: a.log})
	if err != nil {
		return nil, fmt.Errorf("--templates %s: %w", c.Editions.Templates, err)
	}
	return pages, nil
}

// bounceHandler returns the handler of reports of mails that came back; nil where there are no mails.
func (a *App) bounceHandler(n *newsletters) http.Handler {
	if n.bounces == nil {
		return nil
	}
	return subscriberpages.BounceHandler(n.bounces.Apply, a.log)
}

// watchBounces applies the reports in a folder until ctx ends.
func (n *newsletters) watchBounces(ctx context.Context, folder string) error {
	if n.bounces == nil || folder == "" {
		return nil
	}
	return n.bounces.Watch(ctx, folder)
}

// closeIdle closes the connections to the mail server that are not used, until ctx ends; then all.
func (n *newsletters) closeIdle(ctx context.Context) error {
	if n.client == nil {
		return nil
	}
	defer n.client.Close()
	ticker := time.NewTicker(time.Minute)
	defer ticker.Stop()
	for {
		select {
		case <-ctx.Done():
			return nil
		case <-ticker.C:
			n.client.CloseIdle()
		}
	}
}
