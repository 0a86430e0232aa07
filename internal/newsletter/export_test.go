package newsletter

import (
	"context"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// MailRequests runs the jobs of all requests without a mail.
func (s *Subscribers) MailRequests(ctx context.Context) error {
	ids, err := store.QueryIDs(ctx, s.stores.DeskRows(), "SELECT id FROM subscription_requests WHERE state = ? ORDER BY id", requestNew)
	if err != nil {
		return err
	}
	for _, id := range ids {
		if err := s.mailRequest(domain.AsSystem(ctx, "test"), id); err != nil {
			return err
		}
	}
	return nil
}

// Expire runs the job that deletes requests.
func (s *Subscribers) Expire(ctx context.Context) error { return s.expire(ctx) }

// CompareAddress returns the form in which an address is compared, or the problem with it.
func CompareAddress(text string) (compared, problem string) {
	a, problem := parseAddress(text)
	return a.compared, problem
}

// Mask is mask.
func Mask(email string) string { return mask(email) }

// RunJobs runs the jobs of the desk until ctx is done.
func (s *Subscribers) RunJobs(ctx context.Context) error { return s.jobs.Start(ctx) }

// SetGrace sets how long a submission goes on when its process stops.
func (s *Sendings) SetGrace(d time.Duration) { s.grace = d }

// SetLease sets how long leases last.
func (s *Sendings) SetLease(d time.Duration) { s.leaseFor = d }

// Due returns the sendings for which the sweep enqueues a job.
func (s *Sendings) Due(ctx context.Context) ([]domain.ID, error) {
	return dueSendings(ctx, s.Stores.DeskRows(), s.txTime())
}

// IDs returns the ids of the subscribers that meet a condition.
func (s *Subscribers) IDs(ctx context.Context, where string, args ...any) ([]domain.ID, error) {
	return store.QueryIDs(ctx, s.stores.DeskRows(), "SELECT id FROM subscribers WHERE "+where+" ORDER BY id", args...)
}
