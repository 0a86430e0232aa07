package newsletter

import (
	"context"
	"fmt"
	"sync"

	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/newsletter/mail"
	"github.com/redthread-api/redthread/internal/store"
)

// maxTestMails bounds the addresses of a test.
const maxTestMails = 10

// TestResult is what became of a test mail.
type TestResult struct {
	Submitted bool
	Reply     string // of the mail server, or what went wrong; without the address
}

// SendTest sends an edition, as it is on the desk, to some addresses: as a public subscriber would get it, with
// links to preferences that do nothing. It returns the results in the order of the addresses. Needs the rights
// SEND_EDITION and READ_DESK.
func (s *Sendings) SendTest(ctx context.Context, ref string, to []string) ([]*TestResult, error) {
	for _, right := range []domain.Right{domain.SendEditions, domain.ReadDesk} {
		if _, err := domain.Require(ctx, right); err != nil {
			return nil, err
		}
	}
	var p domain.Problems
	if len(to) == 0 || len(to) > maxTestMails {
		p.Add("to", "want 1 to %d addresses", maxTestMails)
	}
	for i, email := range to[:min(len(to), maxTestMails)] {
		if _, problem := parseAddress(email); problem != "" {
			p.Add(fmt.Sprintf("to[%d]", i), "%s", problem)
		}
	}
	if err := p.Err("no test was sent"); err != nil {
		return nil, err
	}
	edition, err := s.Editions.Edition(ctx, s.Stores.DeskRows(), ref)
	if err != nil {
		return nil, err
	}
	if s.Composer == nil {
		return nil, obstacleError([]Obstacle{{"NO_MAIL_SERVER", "the server is not configured to send mails"}})
	}
	mailing, err := s.Composer.PrepareDraft(ctx, edition)
	if err != nil {
		return nil, fmt.Errorf("render the edition: %w", err)
	}
	at := s.txTime()
	if err := s.Stores.Desk(ctx, func(ctx context.Context, tx *store.Tx) error {
		return audit.Append(ctx, tx, at, audit.Entry{Action: audit.TestEdition, Documents: []domain.ID{edition.ID}, Detail: fmt.Sprintf("%d addresses", len(to))})
	}); err != nil {
		return nil, err
	}
	results := make([]*TestResult, len(to))
	var mails sync.WaitGroup
	for i, email := range to {
		mails.Go(func() {
			envelope, message, err := mailing.Mail(ctx, Recipient{ID: domain.NewID(domain.Row, at), Series: edition.Series, Email: email}, at)
			if err != nil {
				s.Log.ErrorContext(ctx, "a test mail could not be made", "edition", edition.ID, "error", err)
				results[i] = &TestResult{Reply: "the mail could not be made"}
				return
			}
			got := s.Mail.Submit(ctx, envelope, message)
			reply := got.Text
			if got.Code != 0 {
				reply = codeOf(got) + " " + reply
			}
			results[i] = &TestResult{Submitted: got.Status == mail.Submitted, Reply: reply}
		})
	}
	mails.Wait()
	return results, nil
}
