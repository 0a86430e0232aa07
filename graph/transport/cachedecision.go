package transport

import (
	"context"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// Verdict is what the operations behind one answer over HTTP say of keeping it
// for the next who asks the same. One operation or several may be behind it, as
// each question of [Handler.Ask] is one; what is made of no operation, or of one
// that hasn't said that it may be kept, may not be.
//
// It is put into a request's context by whoever would keep the answer, and is
// safe for concurrent use. All methods do nothing on a nil Verdict.
type Verdict struct {
	refused func() // called once, when there is nothing left to be said

	mu                   sync.Mutex
	begun, let, answered int // operations
	no                   bool
	terms                Terms
}

// Terms are those on which an answer may be kept.
type Terms struct {
	// Marking is the highest marking in it.
	Marking domain.Marking
	// Until is the time after which it may not be used any more; zero where
	// there is none.
	Until time.Time
	// Holds are asked before each use: where one returns false, the answer may
	// not be used any more.
	Holds []func() bool
	// Holder, where it is not nil, is the only credential to which the answer
	// may be given; see [domain.Viewer.CredentialID].
	Holder *domain.ID
	// Sequence is how far live had come where it was read, and -1 where that
	// was not looked at, because it is no less than what is known in the
	// process.
	Sequence int64
}

type verdictKey struct{}

// WithVerdict returns a context whose operations give a verdict. refused is
// called, at most once, as soon as one of them is of a kind that may never be
// kept: it may be nil, and must not block.
func WithVerdict(ctx context.Context, refused func()) (context.Context, *Verdict) {
	v := &Verdict{refused: refused, terms: Terms{Sequence: -1}}
	return context.WithValue(ctx, verdictKey{}, v), v
}

// VerdictOf returns the verdict of ctx; nil where nobody asks for one.
func VerdictOf(ctx context.Context) *Verdict {
	v, _ := ctx.Value(verdictKey{}).(*Verdict)
	return v
}

// Let says that what one operation answers may be kept: it is made of what is
// published alone, and has the marking. Each operation says so at most once.
func (v *Verdict) Let(marking domain.Marking) {
	if v == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.let++
	v.terms.Marking = max(v.terms.Marking, marking)
}

// Refuse says that the answer may not be kept, nor one to the same question.
func (v *Verdict) Refuse() {
	if v == nil {
		return
	}
	v.mu.Lock()
	first := !v.no
	v.no = true
	v.mu.Unlock()
	if first && v.refused != nil {
		v.refused()
	}
}

// While says that the answer may be used only until a time, and while holds
// returns true; it must be quick.
func (v *Verdict) While(until time.Time, holds func() bool) {
	if v == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.terms.Until.IsZero() || until.Before(v.terms.Until) {
		v.terms.Until = until
	}
	v.terms.Holds = append(v.terms.Holds, holds)
}

// For says that the answer is for one credential only.
func (v *Verdict) For(holder domain.ID) {
	if v == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.terms.Holder != nil && *v.terms.Holder != holder {
		v.no = true // it is for nobody
	}
	v.terms.Holder = &holder
}

// ReadAt says how far live had come where an operation has read it.
func (v *Verdict) ReadAt(sequence int64) {
	if v == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	if v.terms.Sequence < 0 || sequence < v.terms.Sequence {
		v.terms.Sequence = sequence
	}
}

// begin notes that an operation is read, and answer that it has succeeded, or
// not.
func (v *Verdict) begin() {
	if v == nil {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.begun++
}

func (v *Verdict) answer(succeeded bool) {
	if v == nil || !succeeded {
		return
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	v.answered++
}

// Terms returns those on which the answer may be kept, as far as is known by
// now; ok is false where it may not.
func (v *Verdict) Terms() (terms Terms, ok bool) {
	if v == nil {
		return Terms{}, false
	}
	v.mu.Lock()
	defer v.mu.Unlock()
	return v.terms, !v.no && v.begun > 0 && v.let == v.begun && v.answered == v.begun
}
