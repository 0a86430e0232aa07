package idempotency_test

import (
	"bytes"
	"context"
	"crypto/sha256"
	"errors"
	"fmt"
	"log/slog"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/idempotency"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

func TestMain(m *testing.M) { storetest.Main(m) }

// remembered is a set of keys with a clock that the test advances.
type remembered struct {
	t      testing.TB
	stores *store.Stores
	keys   *idempotency.Keys
	clock  *storetest.Clock
	log    *bytes.Buffer
}

func each(t *testing.T, fn func(t *testing.T, r *remembered)) {
	t.Helper()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		r := &remembered{t: t, stores: s, clock: storetest.NewClock(time.Date(2024, 6, 1, 0, 0, 0, 0, time.UTC)), log: &bytes.Buffer{}}
		r.keys = idempotency.New(s, slog.New(slog.NewTextHandler(r.log, nil)), r.clock.Now)
		fn(t, r)
	})
}

var (
	ada   = &domain.Viewer{Name: "Ada", Role: domain.Editor, Clearance: domain.Red, KeyID: 1}
	grace = &domain.Viewer{Name: "Grace", Role: domain.Editor, Clearance: domain.Red, PersonID: 2}
)

func hash(text string) [sha256.Size]byte { return sha256.Sum256([]byte(text)) }

// begin wants a claim for a request of a viewer.
func (r *remembered) begin(v *domain.Viewer, key, request string) (context.Context, *idempotency.Claim) {
	r.t.Helper()
	ctx, claim, stored, err := r.keys.Begin(domain.WithViewer(r.t.Context(), v), key, hash(request))
	if err != nil || claim == nil || stored != nil {
		r.t.Fatalf("got %v, %v, %v, want a claim", claim, stored, err)
	}
	return ctx, claim
}

// refusal returns the error of a request, which must have a text.
func (r *remembered) refusal(v *domain.Viewer, key, request, want string) *idempotency.Error {
	r.t.Helper()
	_, claim, stored, err := r.keys.Begin(domain.WithViewer(r.t.Context(), v), key, hash(request))
	refused, ok := errors.AsType[*idempotency.Error](err)
	if !ok || claim != nil || stored != nil || !strings.Contains(refused.Message, want) {
		r.t.Fatalf("got %v, %v, %v, want an error with %q", claim, stored, err, want)
	}
	return refused
}

// refused wants an error with a text.
func (r *remembered) refused(v *domain.Viewer, key, request, want string) {
	r.t.Helper()
	_ = r.refusal(v, key, request, want)
}

// write commits something, as a mutation does.
func (r *remembered) write(ctx context.Context) {
	r.t.Helper()
	if err := r.stores.Desk(ctx, func(context.Context, *store.Tx) error { return nil }); err != nil {
		r.t.Fatal(err)
	}
}

func TestKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r *remembered) {
		ctx, claim := r.begin(ada, "a", "one")
		if got := r.refusal(ada, "a", "one", "has not ended yet"); got.RetryAfter <= 0 || got.TooMany {
			t.Errorf("got %+v", got)
		}
		r.write(ctx)
		want := idempotency.Response{Status: 294, MediaType: "application/json", Marking: "TLP:RED", Body: []byte(`{"data":{"x":1}}`)}
		claim.Finish(want)
		_, again, got, err := r.keys.Begin(domain.WithViewer(t.Context(), ada), "a", hash("one"))
		if err != nil || again != nil || cmp.Diff(&want, got) != "" {
			t.Fatalf("got %v, %v:\n%s", again, err, cmp.Diff(&want, got))
		}
		r.refused(ada, "a", "two", "with another request")
		r.refused(&domain.Viewer{Role: domain.Author, Clearance: domain.Red, KeyID: 1}, "a", "one", "another role or clearance")
		r.refused(&domain.Viewer{Role: domain.Editor, Clearance: domain.Green, KeyID: 1}, "a", "one", "another role or clearance")
		// Keys of other credentials have nothing to do with it.
		_, of := r.begin(grace, "a", "two")
		of.Finish(idempotency.Response{Status: 200})
		r.begin(&domain.Viewer{Role: domain.Editor, Clearance: domain.Red, KeyID: 3}, "a", "one")

		r.clock.Advance(idempotency.Lifetime - time.Minute)
		if _, _, got, err := r.keys.Begin(domain.WithViewer(t.Context(), ada), "a", hash("one")); err != nil || got == nil {
			t.Errorf("within its lifetime: got %v, %v", got, err)
		}
		r.clock.Advance(time.Minute)
		r.begin(ada, "a", "two")
	})
}

// A mutation that has committed nothing leaves the key free, also for another request.
func TestNothingCommitted(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r *remembered) {
		ctx, claim := r.begin(ada, "a", "one")
		failure := errors.New("no")
		if err := r.stores.Desk(ctx, func(context.Context, *store.Tx) error { return failure }); !errors.Is(err, failure) {
			t.Fatal(err)
		}
		claim.Finish(idempotency.Response{Status: 200, Body: []byte("{}")})
		r.begin(ada, "a", "two")
	})
}

// The process ends between the claim and the response: the mutation may be done, and is
// never done again under this key.
func TestUnknownOutcome(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r *remembered) {
		ctx, _ := r.begin(ada, "a", "one")
		r.write(ctx)
		r.clock.Advance(59 * time.Second)
		r.refused(ada, "a", "one", "has not ended yet")
		r.clock.Advance(time.Second)
		if got := r.refusal(ada, "a", "one", "the outcome of the first request with this idempotency key is unknown"); got.RetryAfter != 0 {
			t.Errorf("got %+v: to send it again would not help", got)
		}

		// So it is where the response cannot be stored. The error is logged.
		ctx, claim := r.begin(ada, "b", "one")
		r.write(ctx)
		repair := storetest.BreakWrites(t, r.stores, "UPDATE", "idempotency_keys", "NEW.id > 0")
		claim.Finish(idempotency.Response{Status: 200})
		repair()
		if !strings.Contains(r.log.String(), "was not stored") {
			t.Errorf("the log has %q", r.log)
		}
		r.clock.Advance(time.Minute)
		r.refused(ada, "b", "one", "is unknown")
	})
}

func TestResponsesThatAreNotKept(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r *remembered) {
		r.keys.SetBounds(100, 2<<20)
		finish := func(key string, size int, secret bool) {
			ctx, claim := r.begin(ada, key, "one")
			r.write(ctx)
			if secret {
				idempotency.Withhold(ctx)
			}
			claim.Finish(idempotency.Response{Status: 200, Body: bytes.Repeat([]byte("x"), size)})
		}
		stored := func(key string) {
			t.Helper()
			if _, _, got, err := r.keys.Begin(domain.WithViewer(t.Context(), ada), key, hash("one")); err != nil || got == nil {
				t.Errorf("%s: got %v, %v", key, got, err)
			}
		}
		finish("largest", idempotency.MaxBody, false)
		stored("largest")
		finish("too large", idempotency.MaxBody+1, false)
		r.refused(ada, "too large", "one", "was not stored")
		finish("secret", 10, true)
		r.refused(ada, "secret", "one", "was not stored")
		finish("the last that fits", idempotency.MaxBody, false)
		stored("the last that fits")
		finish("one too many", 1, false)
		r.refused(ada, "one too many", "one", "was not stored")
	})
}

func TestTooManyKeys(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r *remembered) {
		r.keys.SetBounds(3, 1<<20)
		for i := range 3 {
			r.begin(ada, fmt.Sprint(i), "one")
		}
		if got := r.refusal(ada, "3", "one", "at most 3 idempotency keys"); !got.TooMany || got.RetryAfter <= 0 {
			t.Errorf("got %+v", got)
		}
		r.refused(ada, "2", "one", "has not ended yet")
		r.begin(grace, "3", "one")
		r.clock.Advance(idempotency.Lifetime)
		r.begin(ada, "3", "one")
	})
}

// Of many requests at once one gets the key.
func TestConcurrentClaims(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r *remembered) {
		var all sync.WaitGroup
		claims := make(chan *idempotency.Claim, 20)
		for range cap(claims) {
			all.Go(func() {
				_, claim, stored, err := r.keys.Begin(domain.WithViewer(t.Context(), ada), "a", hash("one"))
				if _, refused := errors.AsType[*idempotency.Error](err); claim == nil && !refused || stored != nil {
					t.Errorf("got %v, %v", stored, err)
				}
				if claim != nil {
					claims <- claim
				}
			})
		}
		all.Wait()
		if len(claims) != 1 {
			t.Errorf("%d requests got the key, want 1", len(claims))
		}
	})
}

func TestWithoutCredential(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, r *remembered) {
		for range 2 {
			_, claim, stored, err := r.keys.Begin(domain.WithViewer(t.Context(), domain.Anonymous()), "a", hash("one"))
			if claim != nil || stored != nil || err != nil {
				t.Errorf("got %v, %v, %v", claim, stored, err)
			}
		}
		if _, _, _, err := r.keys.Begin(t.Context(), "a", hash("one")); err == nil {
			t.Error("a context without a viewer is taken")
		}
	})
}

func TestCheck(t *testing.T) {
	t.Parallel()
	for key, valid := range map[string]bool{
		"a": true, `"8e03978e-40d5-43dd-bc93-6894a57f9324"`: true, strings.Repeat("~", 255): true, "a b": true,
		"": false, strings.Repeat("a", 256): false, "a\tb": false, "ä": false, "\x7f": false, "a\x00": false,
	} {
		if err := idempotency.Check(key); (err == nil) != valid {
			t.Errorf("%q: got %v", key, err)
		}
	}
}
