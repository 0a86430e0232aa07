package newsletter

import (
	"context"
	"fmt"
	"regexp"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange/site"
	"github.com/redthread-api/redthread/internal/newsletter/bounce"
	"github.com/redthread-api/redthread/internal/newsletter/mail"
	"github.com/redthread-api/redthread/internal/newsletter/render"
)

// Query runs an operation of a GraphQL document as the viewer of ctx, and decodes its data into out.
type Query func(ctx context.Context, document string, variables map[string]any, out any) error

// ComposerConfig is what [NewComposer] needs.
type ComposerConfig struct {
	Query       Query
	Templates   *render.Templates
	Site        site.Site
	Subscribers *Subscribers
	Mail        Submitter
	From        mail.Address
	// BounceDomain is the domain of return paths and Message-IDs.
	BounceDomain string
	// Signer signs mails; nil: they are not signed.
	Signer *mail.Signer
	// OneClick says that editions are sent only with the one-click address to unsubscribe of RFC 8058, for which
	// the pages of subscribers must have https.
	OneClick bool
	Now      func() time.Time
}

// MailComposer makes the mails of editions and of sign-ups. It implements [Composer] and [Mailer].
type MailComposer struct{ ComposerConfig }

// NewComposer returns a composer.
func NewComposer(config ComposerConfig) *MailComposer { return &MailComposer{config} }

// The queries of an edition for its mail.
var (
	liveEdition = "query Edition($id: ID!) { edition(id: $id) { ...RenderedEdition } } " + render.Fragment
	deskEdition = "query Edition($id: ID!) @inContext(stage: DESK) { edition(id: $id) { ...RenderedEdition marking series { marking }" +
		" items { entities { marking } tags { marking } citations { source { marking } } } } } " + render.Fragment
)

// read reads an edition as a viewer with a role and clearance. The query has nothing of ctx but its end: it is an
// operation of its own.
func (c *MailComposer) read(ctx context.Context, edition Edition, document string, role domain.Role, clearance domain.Marking) (*render.Edition, error) {
	own, cancel := context.WithCancel(domain.WithViewer(context.Background(), &domain.Viewer{Name: domain.SystemName("render an edition"), Role: role, Clearance: clearance, System: true}))
	defer cancel()
	defer context.AfterFunc(ctx, cancel)()
	var result struct{ Edition *render.Document }
	if err := c.Query(own, document, map[string]any{"id": edition.ID.String()}, &result); err != nil {
		return nil, fmt.Errorf("read the edition: %w", err)
	}
	if result.Edition == nil {
		return nil, domain.NotFound("there is no edition %s", edition.ID)
	}
	if document == deskEdition {
		// The desk shows what live does not show to readers of the edition.
		readers := result.Edition.Marking
		if of := result.Edition.Series; of != nil {
			readers = max(readers, of.Marking)
		}
		result.Edition.UpTo(readers)
	}
	return render.New(*result.Edition, c.Site), nil
}

// Prepare implements [Composer].
func (c *MailComposer) Prepare(ctx context.Context, edition Edition) (Mailing, []Obstacle, error) {
	read, err := c.read(ctx, edition, liveEdition, domain.Public, edition.Marking)
	if err != nil {
		return nil, nil, err
	}
	mailing, err := c.mailing(ctx, read)
	if err != nil {
		return nil, nil, err
	}
	return mailing, mailing.obstacles(), nil
}

// obstacles returns the obstacles in the content of an edition.
func (m *renderedMailing) obstacles() []Obstacle {
	var all []Obstacle
	if m.OneClick && !oneClick(m.Subscribers.publicURL) {
		all = append(all, Obstacle{"NO_HTTPS", "mails would have no one-click address to unsubscribe: --public-url must begin with https://"})
	}
	for _, w := range m.edition.Check(m.rendered.HTML(render.PreviewLinks), true, true) {
		switch w.Code {
		case render.WarnSize:
			all = append(all, Obstacle{"TOO_LARGE", w.Message})
		case render.WarnLink:
			all = append(all, Obstacle{"BROKEN_LINK", w.Message})
		}
	}
	if len(m.edition.Items) == 0 {
		all = append(all, Obstacle{"NO_ITEMS", "the edition has no items"})
	}
	if strings.TrimSpace(m.rendered.Text(render.PreviewLinks)) == "" {
		all = append(all, Obstacle{"NO_TEXT", "the plain text of the mail is empty"})
	}
	return all
}

// PrepareDraft implements [Composer].
func (c *MailComposer) PrepareDraft(ctx context.Context, edition Edition) (Mailing, error) {
	read, err := c.read(ctx, edition, deskEdition, domain.Editor, domain.Red)
	if err != nil {
		return nil, err
	}
	return c.mailing(ctx, read)
}

func (c *MailComposer) mailing(ctx context.Context, edition *render.Edition) (*renderedMailing, error) {
	rendered, err := c.Templates.Mail(edition, c.Site)
	if err != nil {
		return nil, err
	}
	tokens, err := c.Subscribers.BounceTokens(ctx, c.BounceDomain)
	if err != nil {
		return nil, err
	}
	return &renderedMailing{MailComposer: c, edition: edition, rendered: rendered, tokens: tokens}, nil
}

// renderedMailing is a rendered edition.
type renderedMailing struct {
	*MailComposer
	edition  *render.Edition
	rendered *render.Rendered
	tokens   *bounce.Tokens
}

// Mail implements [Mailing].
func (m *renderedMailing) Mail(ctx context.Context, to Recipient, at time.Time) (mail.Envelope, []byte, error) {
	links := render.PreviewLinks
	if to.Subscriber != 0 {
		own, err := m.Subscribers.Links(ctx, to.Subscriber, to.Series, at)
		if err != nil {
			return mail.Envelope{}, nil, err
		}
		links = render.MailLinks{Unsubscribe: own.Unsubscribe, Preferences: own.Preferences}
	}
	message := mail.Message{
		From: m.From, To: mail.Address{Addr: to.Email}, Subject: m.rendered.Subject, Date: at, ID: m.tokens.MessageID(int64(to.ID)),
		Language: m.edition.Language, Text: m.rendered.Text(links), HTML: m.rendered.HTML(links),
	}
	// Without https, which only developers have, a mail has the links in its text.
	if oneClick(links.Unsubscribe) {
		message.List = &mail.List{Name: m.edition.Series.Title, ID: listID(m.edition.Series.Slug, m.BounceDomain), UnsubscribeURL: links.Unsubscribe}
	}
	return m.finish(&message, m.tokens.ReturnPath(int64(to.ID)))
}

// oneClick reports whether a URL can be a one-click address, for which RFC 8058 wants https.
func oneClick(url string) bool { return strings.HasPrefix(url, "https://") }

// notInListID are the characters that a List-Id has none of (RFC 2919).
var notInListID = regexp.MustCompile(`[^a-z0-9-]+`)

// listID returns the List-Id of a series.
func listID(slug, host string) string {
	label := strings.Trim(notInListID.ReplaceAllString(strings.ToLower(slug), "-"), "-")
	if label == "" {
		label = "series"
	}
	return label + "." + host
}

// finish composes and signs a message.
func (c *MailComposer) finish(message *mail.Message, from string) (mail.Envelope, []byte, error) {
	raw, err := message.Bytes()
	if err != nil {
		return mail.Envelope{}, nil, err
	}
	if c.Signer != nil {
		if raw, err = c.Signer.Sign(raw); err != nil {
			return mail.Envelope{}, nil, err
		}
	}
	return mail.Envelope{From: from, To: message.To.Addr}, raw, nil
}

// Send implements [Mailer].
func (c *MailComposer) Send(ctx context.Context, out Outgoing) error {
	tokens, err := c.Subscribers.BounceTokens(ctx, c.BounceDomain)
	if err != nil {
		return err
	}
	message := mail.Message{
		From: c.From, To: mail.Address{Addr: out.To}, Subject: out.Subject, Date: c.Now().UTC(), ID: tokens.MessageID(int64(out.Bounces)),
		Language: out.Language, AutoSubmitted: "auto-generated", Text: out.Text, HTML: out.HTML,
	}
	envelope, raw, err := c.finish(&message, tokens.ReturnPath(int64(out.Bounces)))
	if err != nil {
		return err
	}
	result := c.ComposerConfig.Mail.Submit(ctx, envelope, raw)
	switch result.Status {
	case mail.Submitted, mail.Unknown:
		return nil // at most one mail too few: the reader can ask again
	case mail.Failed:
		return fmt.Errorf("%w: %s", ErrMailRefused, codeOf(result))
	default:
		return fmt.Errorf("the mail was not accepted: %s", codeOf(result))
	}
}
