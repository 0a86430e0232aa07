package access_test

import (
	"context"
	"errors"
	"fmt"
	"net/netip"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/ent/db/auditentry"
	"github.com/redthread-api/redthread/internal/access"
	"github.com/redthread-api/redthread/internal/audit"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

func (s *signing) entries(t testing.TB, action audit.Action) []*db.AuditEntry {
	t.Helper()
	if err := s.refusals.Flush(t.Context()); err != nil {
		t.Fatal(err)
	}
	ctx := domain.WithStage(admin(t), domain.Desk)
	rows, err := s.stores.Client(ctx).AuditEntry.Query().Where(auditentry.Action(string(action))).Order(auditentry.ByID()).All(ctx)
	if err != nil {
		t.Fatal(err)
	}
	return rows
}

func (s *signing) person(t testing.TB, id domain.ID) access.Person {
	t.Helper()
	got, err := s.people.Get(admin(t), id)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func (s *signing) update(t testing.TB, params access.UpdatePersonParams) access.Person {
	t.Helper()
	got, err := s.people.Update(admin(t), params)
	if err != nil {
		t.Fatal(err)
	}
	return got
}

func ptr[T any](v T) *T { return &v }

func TestSignIn(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		began := s.clock.Now()
		ctx := domain.WithRequestID(domain.WithClient(t.Context(), netip.MustParseAddr("203.0.113.77")), "req-1")
		viewer, err := s.people.Authenticate(ctx, s.issuer.Token(t, nil))
		if err != nil {
			t.Fatal(err)
		}
		want := &domain.Viewer{Name: "Ada Lovelace", Role: domain.Editor, Clearance: domain.Red, PersonID: viewer.PersonID}
		if d := cmp.Diff(want, viewer); d != "" || viewer.PersonID.Type() != domain.Person {
			t.Errorf("%s\n%s", viewer.PersonID, d)
		}
		got := s.person(t, viewer.PersonID)
		wantPerson := access.Person{ID: viewer.PersonID, Issuer: s.issuer.URL, Subject: "f:1:ada", Name: "Ada Lovelace", Email: "ada@press.example",
			Role: domain.Editor, Clearance: domain.Red, ClaimedRole: domain.Editor, ClaimedClearance: domain.Red, CreatedAt: began, LastSeenAt: began}
		if d := cmp.Diff(wantPerson, got); d != "" {
			t.Error(d)
		}
		entries := s.entries(t, audit.SignIn)
		if len(entries) != 1 {
			t.Fatalf("got %v", entries)
		}
		e := entries[0]
		line := fmt.Sprint(e.Actor, *e.ActorID == viewer.PersonID, *e.Subject == viewer.PersonID.String(), *e.Detail, *e.Network, *e.RequestID)
		if want := fmt.Sprint("Ada Lovelace", true, true, "claims the role EDITOR and the clearance RED", "203.0.113.0/24", "req-1"); line != want {
			t.Errorf("got %s, want %s", line, want)
		}

		// The same token, and another of the same moment, are no sign-in.
		s.in(t, s.issuer.Token(t, nil))
		s.in(t, s.issuer.Token(t, map[string]any{"nonce": "x"}))
		if got := s.entries(t, audit.SignIn); len(got) != 1 {
			t.Errorf("got %d sign-ins, want 1", len(got))
		}
		s.clock.Advance(time.Minute)
		s.in(t, s.issuer.Token(t, map[string]any{"name": "Ada King", "email": nil}))
		got = s.person(t, viewer.PersonID)
		if got.Name != "Ada King" || got.Email != "" || !got.LastSeenAt.Equal(s.clock.Now()) || !got.CreatedAt.Equal(began) {
			t.Errorf("got %+v", got)
		}
		if got := s.entries(t, audit.SignIn); len(got) != 2 {
			t.Errorf("got %d sign-ins, want 2", len(got))
		}
	})
}

// An issuer whose clock is ahead doesn't make each request a sign-in, and many
// first requests at once are one.
func TestOneTokenIsOneSignIn(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		token := s.issuer.Token(t, map[string]any{"iat": s.clock.Now().Add(50 * time.Second).Unix()})
		var wait sync.WaitGroup
		for range 8 {
			wait.Go(func() {
				if _, err := s.people.Authenticate(t.Context(), token); err != nil {
					t.Error(err)
				}
			})
		}
		wait.Wait()
		s.clock.Advance(time.Second)
		s.in(t, token)
		if got := s.entries(t, audit.SignIn); len(got) != 1 {
			t.Errorf("got %d sign-ins, want 1", len(got))
		}
		if all, err := s.people.List(admin(t)); err != nil || len(all) != 1 {
			t.Errorf("got %d people, %v", len(all), err)
		}
	})
}

func TestPeopleOfOneNameAreToldApart(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		a := s.in(t, s.issuer.Token(t, nil))
		b := s.in(t, s.issuer.Token(t, map[string]any{"sub": "another"}))
		entries := s.entries(t, audit.SignIn)
		if a.Name != b.Name || len(entries) != 2 || *entries[0].ActorID != a.PersonID || *entries[1].ActorID != b.PersonID || a.PersonID == b.PersonID {
			t.Errorf("got %+v, %+v, %v", a, b, entries)
		}
	})
}

func TestARoleLoweredAtTheIssuerHoldsWithTheNextToken(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		high := s.issuer.Token(t, nil)
		id := s.in(t, high).PersonID
		// At once, and though the person has just been seen.
		if got := s.in(t, s.issuer.Token(t, roles("staff-authors"))); got.Role != domain.Author {
			t.Errorf("got %s, want AUTHOR", got.Role)
		}
		s.clock.Advance(time.Minute)
		if got := s.in(t, s.issuer.Token(t, roles("partners"))); got.Role != domain.Partner || got.Clearance != domain.Green {
			t.Errorf("got %+v, want PARTNER, GREEN", got)
		}
		if got := s.person(t, id); got.Role != domain.Partner || got.Clearance != domain.Green {
			t.Errorf("got %+v", got)
		}
		s.clock.Advance(time.Minute)
		if _, err := s.people.Authenticate(t.Context(), s.issuer.Token(t, roles())); !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("without a role: got %v, want KindForbidden", err)
		}
		// What was issued before says what it says until it expires.
		if got := s.in(t, high); got.Role != domain.Editor {
			t.Errorf("got %s", got.Role)
		}
		refusals := s.entries(t, audit.RefuseCredential)
		if len(refusals) != 1 || *refusals[0].ActorID != id || *refusals[0].Detail != "the token gives no role" {
			t.Errorf("got %v", refusals)
		}
	})
}

func TestStrangersWithoutARoleLeaveNoRow(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		for i := range 5 {
			token := s.issuer.Token(t, map[string]any{"sub": fmt.Sprint(i), "realm_access": nil})
			if _, err := s.people.Authenticate(t.Context(), token); !errors.Is(err, domain.ErrForbidden) {
				t.Errorf("got %v, want KindForbidden", err)
			}
		}
		if all, err := s.people.List(admin(t)); err != nil || len(all) != 0 {
			t.Errorf("got %v, %v", all, err)
		}
		if got := s.entries(t, audit.RefuseCredential); len(got) != 1 || got[0].Times != 5 || got[0].Actor != "anonymous" {
			t.Errorf("got %v", got)
		}
	})
}

func TestDisabledPeopleAreOutAtOnce(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		token := s.issuer.Token(t, nil)
		id := s.in(t, token).PersonID
		s.update(t, access.UpdatePersonParams{ID: id, Disabled: ptr(true)})
		want := s.refused(t, "a.b.c")
		if got := s.refused(t, token); got != want {
			t.Errorf("got %s, want %s", got, want)
		}
		s.clock.Advance(time.Minute)
		s.refused(t, s.issuer.Token(t, nil)) // a new token is no way around it
		s.refused(t, s.issuer.Token(t, roles()))
		refusals := s.entries(t, audit.RefuseCredential)
		if len(refusals) != 1 || refusals[0].Times != 3 || *refusals[0].ActorID != id || *refusals[0].Subject != id.String() {
			t.Errorf("got %v", refusals)
		}
		if got := s.entries(t, audit.SignIn); len(got) != 1 {
			t.Errorf("got %d sign-ins, want 1", len(got))
		}
		s.update(t, access.UpdatePersonParams{ID: id, Disabled: ptr(false)})
		s.in(t, token)
	})
}

func TestAssignedRolesWin(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		token := s.issuer.Token(t, nil)
		id := s.in(t, token).PersonID
		effective := func() string {
			t.Helper()
			v := s.in(t, token)
			p := s.person(t, id)
			if v.Role != p.Role || v.Clearance != p.Clearance {
				t.Errorf("the row says %s, %s", p.Role, p.Clearance)
			}
			return fmt.Sprint(v.Role, " ", v.Clearance)
		}
		for i, step := range []struct {
			params access.UpdatePersonParams
			want   string
		}{
			{access.UpdatePersonParams{Role: ptr(domain.Partner)}, "PARTNER GREEN"},
			{access.UpdatePersonParams{Clearance: ptr(domain.Amber)}, "PARTNER AMBER"},
			{access.UpdatePersonParams{Role: ptr(domain.Admin)}, "ADMIN AMBER"},
			{access.UpdatePersonParams{ClearClearance: true}, "ADMIN RED"},
			{access.UpdatePersonParams{ClearRole: true}, "EDITOR RED"},
			{access.UpdatePersonParams{Role: ptr(domain.Public), Clearance: ptr(domain.Clear)}, "PUBLIC CLEAR"},
			{access.UpdatePersonParams{ClearRole: true, ClearClearance: true}, "EDITOR RED"},
		} {
			step.params.ID = id
			s.update(t, step.params)
			if got := effective(); got != step.want {
				t.Errorf("step %d: got %s, want %s", i, got, step.want)
			}
			if i%3 == 0 { // a sign-in changes nothing of it
				s.clock.Advance(time.Minute)
				token = s.issuer.Token(t, nil)
				if got := effective(); got != step.want {
					t.Errorf("step %d, signed in again: got %s, want %s", i, got, step.want)
				}
			}
		}
		// An assigned role is no entry by itself.
		s.update(t, access.UpdatePersonParams{ID: id, Role: ptr(domain.Admin)})
		if _, err := s.people.Authenticate(t.Context(), s.issuer.Token(t, roles())); !errors.Is(err, domain.ErrForbidden) {
			t.Errorf("got %v, want KindForbidden", err)
		}
	})
}

func TestUpdateIsOnTheAuditLog(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		id := s.in(t, s.issuer.Token(t, nil)).PersonID
		change := access.UpdatePersonParams{ID: id, Role: ptr(domain.Author), Clearance: ptr(domain.Amber), Disabled: ptr(true)}
		s.update(t, change)
		s.update(t, change) // nothing of it is new
		s.update(t, access.UpdatePersonParams{ID: id})
		entries := s.entries(t, audit.UpdatePerson)
		if len(entries) != 1 {
			t.Fatalf("got %d entries, want 1", len(entries))
		}
		if got, want := *entries[0].Detail, "assigned role: AUTHOR, was none; assigned clearance: AMBER, was none; disabled"; got != want || *entries[0].Subject != id.String() {
			t.Errorf("got %q, want %q", got, want)
		}
	})
}

func TestUpdateRefuses(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		id := s.in(t, s.issuer.Token(t, nil)).PersonID
		_, err := s.people.Update(admin(t), access.UpdatePersonParams{ID: 7, Role: ptr(domain.Role(9)), Clearance: ptr(domain.Unseen)})
		e, ok := errors.AsType[*domain.Error](err)
		if !ok || e.Kind != domain.KindInvalid || len(e.Fields) != 3 || e.Fields[0].Path != "id" || e.Fields[1].Path != "role" || e.Fields[2].Path != "clearance" {
			t.Errorf("got %v, want all three problems", err)
		}
		_, err = s.people.Update(admin(t), access.UpdatePersonParams{ID: id, Role: ptr(domain.Author), ClearRole: true, Clearance: ptr(domain.Red), ClearClearance: true})
		if !errors.Is(err, domain.ErrInvalid) || !strings.Contains(err.Error(), "role: is set and cleared") || !strings.Contains(err.Error(), "clearance: is set and cleared") {
			t.Errorf("got %v", err)
		}
		unknown := domain.NewID(domain.Person, s.clock.Now())
		if _, err := s.people.Update(admin(t), access.UpdatePersonParams{ID: unknown, Disabled: ptr(true)}); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("got %v, want KindNotFound", err)
		}
		if _, err := s.people.Get(admin(t), unknown); !errors.Is(err, domain.ErrNotFound) {
			t.Errorf("got %v, want KindNotFound", err)
		}

		modest := domain.WithViewer(t.Context(), &domain.Viewer{Name: "m", Role: domain.Admin, Clearance: domain.Amber, KeyID: 1})
		give := func(params access.UpdatePersonParams, want error) {
			t.Helper()
			params.ID = id
			if _, err := s.people.Update(modest, params); !errors.Is(err, want) {
				t.Errorf("%+v: got %v, want %v", params, err, want)
			}
		}
		give(access.UpdatePersonParams{Role: ptr(domain.Author)}, nil) // RED as before
		give(access.UpdatePersonParams{Clearance: ptr(domain.Amber)}, nil)
		give(access.UpdatePersonParams{Clearance: ptr(domain.Red)}, domain.ErrForbidden)
		give(access.UpdatePersonParams{ClearClearance: true}, domain.ErrForbidden)
		give(access.UpdatePersonParams{Role: ptr(domain.Partner), ClearClearance: true}, nil)
		give(access.UpdatePersonParams{ClearRole: true}, domain.ErrForbidden)
		give(access.UpdatePersonParams{Role: ptr(domain.Admin), Clearance: ptr(domain.Clear)}, nil)
		give(access.UpdatePersonParams{Disabled: ptr(true), Clearance: ptr(domain.Red)}, nil)
		give(access.UpdatePersonParams{Disabled: ptr(false)}, domain.ErrForbidden)
		give(access.UpdatePersonParams{Disabled: ptr(false), Clearance: ptr(domain.Amber)}, nil)
	})
}

func TestOnlyAdminsManagePeople(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		viewer := s.in(t, s.issuer.Token(t, nil))
		doors := map[string]func(context.Context) error{
			"List": func(ctx context.Context) error { _, err := s.people.List(ctx); return err },
			"Get":  func(ctx context.Context) error { _, err := s.people.Get(ctx, viewer.PersonID); return err },
			"Update": func(ctx context.Context) error {
				_, err := s.people.Update(ctx, access.UpdatePersonParams{ID: viewer.PersonID, Role: ptr(domain.Admin)})
				return err
			},
		}
		for name, door := range doors {
			if err := door(t.Context()); !errors.Is(err, domain.ErrNoViewer) {
				t.Errorf("%s without a viewer: got %v", name, err)
			}
			if err := door(domain.WithViewer(t.Context(), domain.Anonymous())); !errors.Is(err, domain.ErrUnauthenticated) {
				t.Errorf("%s by anonymous: got %v", name, err)
			}
			if err := door(domain.WithViewer(t.Context(), viewer)); !errors.Is(err, domain.ErrForbidden) {
				t.Errorf("%s by an editor: got %v", name, err)
			}
		}
		if got := s.person(t, viewer.PersonID); got.AssignedRole != nil {
			t.Errorf("got %+v", got)
		}
	})
}

func TestLastSeenIsWrittenOnceAMinute(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		token := s.issuer.Token(t, nil)
		began := s.clock.Now()
		id := s.in(t, token).PersonID
		seen := func() time.Time {
			t.Helper()
			s.in(t, token)
			if err := s.people.Flush(t.Context()); err != nil {
				t.Fatal(err)
			}
			return s.person(t, id).LastSeenAt
		}
		s.clock.Advance(59 * time.Second)
		if got := seen(); !got.Equal(began) {
			t.Errorf("within the minute: got %v, want %v", got, began)
		}
		s.clock.Advance(time.Second)
		if got := seen(); !got.Equal(s.clock.Now()) {
			t.Errorf("after it: got %v, want %v", got, s.clock.Now())
		}
	})
}

// The writer of the desk is held while people are at work: no request waits for it,
// and that they were seen is written in the end.
func TestPeopleDoNotWaitForTheWriter(t *testing.T) {
	t.Parallel()
	eachSigning(t, func(t *testing.T, s *signing) {
		token := s.issuer.Token(t, nil)
		id := s.in(t, token).PersonID
		s.clock.Advance(2 * time.Minute)
		ctx, stop := context.WithCancel(t.Context())
		done := make(chan error, 1)
		err := s.stores.Desk(t.Context(), func(context.Context, *store.Tx) error {
			go func() { done <- s.people.Run(ctx) }()
			for range 10 {
				if _, err := s.people.Authenticate(t.Context(), token); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		stop()
		if err := <-done; err != nil {
			t.Errorf("run: %v", err)
		}
		if got := s.person(t, id).LastSeenAt; !got.Equal(s.clock.Now()) {
			t.Errorf("seen at %v, want %v", got, s.clock.Now())
		}
	})
}
