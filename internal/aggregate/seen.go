package aggregate

import (
	"context"
	"sync"

	"github.com/redthread-api/redthread/internal/domain"
)

// SeenMarkings collects the markings of documents whose bookkeeping is read: of those that messages to staff name. It is safe for
// concurrent use.
type SeenMarkings struct {
	mu      sync.Mutex
	highest domain.Marking
}

type seenMarkingsKey struct{}

// WithSeenMarkings returns a context in which markings are collected.
func WithSeenMarkings(ctx context.Context) (context.Context, *SeenMarkings) {
	seen := &SeenMarkings{}
	return context.WithValue(ctx, seenMarkingsKey{}, seen), seen
}

// Highest returns the highest marking that was seen; CLEAR without any.
func (s *SeenMarkings) Highest() domain.Marking {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.highest
}

func sawMarking(ctx context.Context, m domain.Marking) {
	if seen, _ := ctx.Value(seenMarkingsKey{}).(*SeenMarkings); seen != nil {
		seen.mu.Lock()
		defer seen.mu.Unlock()
		seen.highest = max(seen.highest, m)
	}
}
