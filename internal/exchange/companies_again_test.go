package exchange_test

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/exchange"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// sharedDesk is a desk where editors work while a list is imported.
type sharedDesk struct {
	*editorial.Desk
	t      *testing.T
	ctx    context.Context // of an editor
	system context.Context // of the import

	// between, if set, is called each time the import has read a document, before
	// it writes it.
	between func(t domain.Type, name string)
}

func (o *sharedDesk) Find(ctx context.Context, t domain.Type, name string) (*editorial.StoredDocument, error) {
	stored, err := o.Desk.Find(ctx, t, name)
	if o.between != nil {
		o.between(t, name)
	}
	return stored, err
}

func newSharedDesk(t *testing.T, s *store.Stores) *sharedDesk {
	editor := &domain.Viewer{Name: "Ann", Role: domain.Editor, Clearance: domain.Red, KeyID: 1}
	return &sharedDesk{Desk: newDesk(s), t: t, ctx: domain.WithViewer(t.Context(), editor), system: domain.AsSystem(t.Context(), "import")}
}

func (o *sharedDesk) save(t domain.Type, mode editorial.Mode, fields map[string]any) editorial.SaveResult {
	o.t.Helper()
	saved, err := o.Save(o.ctx, editorial.SaveParams{Type: t, Mode: mode, Fields: fields})
	if err != nil {
		o.t.Fatal(err)
	}
	return saved
}

// run imports rows of "name,alias,parent,start,end" and publishes.
func (o *sharedDesk) run(publish bool, rows ...string) exchange.CompaniesResult {
	o.t.Helper()
	file := header
	for _, row := range rows {
		f := strings.Split(row+",,,,", ",")
		file += fmt.Sprintf("x,%s,%s,,%s,,%s,%s,\n", f[0], f[1], f[2], f[3], f[4])
	}
	with := params
	with.Publish = publish
	out, err := exchange.ImportCompanies(o.system, o, files(file), with)
	if err != nil {
		o.t.Fatal(err)
	}
	return out
}

func (o *sharedDesk) stored(t domain.Type, name string) *editorial.StoredDocument {
	o.t.Helper()
	stored, err := o.Desk.Find(o.ctx, t, name)
	if err != nil || stored == nil {
		o.t.Fatalf("%s:%s: got %v, %v", t, name, stored, err)
	}
	return stored
}

// If an editor saves a document between the read and the write of the import, both
// changes are stored.
func TestImportKeepsWhatAnEditorSavesMeanwhile(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		o := newSharedDesk(t, s)
		o.run(true, "Harbour Cranes,HC,,2021-01-01")
		saves := 0
		o.between = func(t domain.Type, name string) {
			if t != domain.Entity || saves > 0 {
				return
			}
			saves++
			o.save(domain.Entity, editorial.Update, map[string]any{"id": name, "marking": "RED", "country": "JP",
				"names":       []any{map[string]any{"text": "By hand", "kind": "ALIAS"}},
				"identifiers": []any{map[string]any{"scheme": "LEI", "value": "1"}}})
		}
		got := o.run(true, "Harbour Cranes,HC,,2021-01-01,2024-05-05", "Harbour Cranes,Cranes,,2022-02-02")
		if saves != 1 || got.Changed != 1 || len(got.Problems) != 0 {
			t.Errorf("%d saves of the editor; got %+v", saves, got)
		}
		now := o.stored(domain.Entity, "harbour-cranes")
		var says []string
		for _, n := range now.Fields["names"].([]any) {
			says = append(says, n.(map[string]any)["text"].(string))
		}
		for _, l := range now.Fields["listings"].([]any) {
			says = append(says, fmt.Sprint(l.(map[string]any)["since"], "-", l.(map[string]any)["until"]))
		}
		says = append(says, fmt.Sprint(now.Fields["marking"], now.Fields["country"], len(now.Fields["identifiers"].([]any))))
		if want := []string{"By hand", "HC", "Cranes", "2021-01-01-2024-05-05", "2022-02-02-<nil>", "REDJP1"}; !slices.Equal(says, want) {
			t.Errorf("got %q, want %q", says, want)
		}
		// It contains the editor's draft, so it is not published.
		if now.LiveVersion != 1 || now.Version != 3 || got.Published != 0 || got.Sequence != 0 {
			t.Errorf("version %d is live of %d; got %+v", now.LiveVersion, now.Version, got)
		}
		want := []exchange.Unpublished{{Document: "entity:harbour-cranes", Reason: "it had changes before this run that are not published"}}
		if diff := cmp.Diff(want, got.Unpublished); diff != "" {
			t.Errorf("left (-want +got):\n%s", diff)
		}
	})
}

// If an editor creates the document between the read and the write of the import,
// both changes are stored too.
func TestImportKeepsWhatAnEditorCreatesMeanwhile(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		o := newSharedDesk(t, s)
		o.between = func(t domain.Type, name string) {
			if t == domain.Entity {
				o.between = nil
				o.save(domain.Entity, editorial.Create, map[string]any{"slug": name, "name": "HARBOUR CRANES", "kind": "PUBLIC_BODY", "marking": "RED"})
			}
		}
		got := o.run(true, "Harbour Cranes,HC,,2021-01-01")
		now := o.stored(domain.Entity, "harbour-cranes").Fields
		if now["name"] != "HARBOUR CRANES" || now["kind"] != "PUBLIC_BODY" || now["marking"] != "RED" || len(now["listings"].([]any)) != 1 {
			t.Errorf("got %v", now)
		}
		if len(got.Unpublished) != 1 || got.Unpublished[0].Reason != "it was a draft before this run" {
			t.Errorf("left %v", got.Unpublished)
		}
	})
}

// If an editor saves a document faster than the import, its row is a problem and the
// import ends.
func TestImportGivesUpOnADocumentThatIsSavedAllTheTime(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		o := newSharedDesk(t, s)
		o.run(false, "Harbour Cranes", "Harbour Nets")
		reads := 0
		o.between = func(t domain.Type, name string) {
			if name == "harbour-cranes" {
				reads++
				o.save(domain.Entity, editorial.Update, map[string]any{"id": name, "description": fmt.Sprint(reads)})
			}
		}
		got := o.run(false, "Harbour Cranes,HC", "Harbour Nets,HN")
		if reads != 5 || got.Changed != 1 || len(got.Problems) != 1 || !strings.Contains(got.Problems[0].Message, "entity:harbour-cranes is at version") {
			t.Errorf("%d reads; got %+v", reads, got)
		}
	})
}

// A second run publishes what it changes, and no drafts of editors.
func TestImportAgainPublishesOnlyItsOwn(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		o := newSharedDesk(t, s)
		o.save(domain.Entity, editorial.Create, map[string]any{"slug": "own-draft", "name": "Own draft", "kind": "COMPANY"})
		first := o.run(true, "Drafted", "Gone,,Parent", "Changed", "Same", "Saved late", "Own draft")
		if first.Published != 7 || len(first.Unpublished) != 1 || first.Unpublished[0].Document != "entity:own-draft" {
			t.Errorf("the first run: %+v", first)
		}
		o.save(domain.Entity, editorial.Update, map[string]any{"id": "drafted", "country": "JP"})
		if _, err := o.Unpublish(o.ctx, editorial.UnpublishParams{Documents: []string{"entity:gone"}}); err != nil {
			t.Fatal(err)
		}
		rows := []string{"Drafted,D", "Gone,G,Other parent", "Changed,C", "Same", "Own draft"}
		before := o.stored(domain.Entity, "same")
		second := o.run(true, append(rows, "Saved late")...)
		want := []exchange.Unpublished{
			{Document: "entity:drafted", Reason: "it had changes before this run that are not published"},
			{Document: "entity:gone", Reason: "it was taken out of live"},
			{Document: "entity:own-draft", Reason: "it was a draft before this run"},
		}
		if diff := cmp.Diff(want, second.Unpublished); diff != "" {
			t.Errorf("left (-want +got):\n%s", diff)
		}
		// Changed, the new parent, and the relationship to it, which is visible
		// once both its ends are live.
		if second.Published != 3 || second.Changed != 3 || second.Created != 2 {
			t.Errorf("the second run: %+v", second)
		}
		for name, live := range map[string]bool{"drafted": false, "gone": false, "changed": true, "same": true, "other-parent": true} {
			if now := o.stored(domain.Entity, name); now.IsPending() == live {
				t.Errorf("%s: version %d is live of %d", name, now.LiveVersion, now.Version)
			}
		}
		if now := o.stored(domain.Entity, "same"); now.Version != before.Version || now.LiveVersion != before.LiveVersion {
			t.Errorf("what did not change was published: %+v", now)
		}
		// A third run has nothing to publish, and the same reasons.
		third := o.run(true, append(rows, "Saved late")...)
		if diff := cmp.Diff(want, third.Unpublished); diff != "" || third.Published != 0 || third.Sequence != 0 || third.Changed+third.Created != 0 {
			t.Errorf("the third run: %+v\nleft (-want +got):\n%s", third, diff)
		}
	})
}

// The import does not publish a document that an editor saved after the import wrote
// it and before it publishes.
func TestImportLeavesWhatIsSavedBeforeItPublishes(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		o := newSharedDesk(t, s)
		o.between = func(t domain.Type, name string) {
			if name == "second" {
				o.save(domain.Entity, editorial.Update, map[string]any{"id": "first", "description": "Not yet."})
			}
		}
		got := o.run(true, "First", "Second")
		if now := o.stored(domain.Entity, "first"); now.LiveVersion != 0 || got.Published != 1 {
			t.Errorf("version %d is live; got %+v", now.LiveVersion, got)
		}
		if want := []exchange.Unpublished{{Document: "entity:first", Reason: "somebody saved it after this run did"}}; !slices.Equal(got.Unpublished, want) {
			t.Errorf("left %v, want %v", got.Unpublished, want)
		}
	})
}

// Two companies of the list that an editor merged stay merged.
func TestImportAfterAMerge(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		o := newSharedDesk(t, s)
		o.run(true, "Sea Holding", "Harbour Cranes,,Sea Holding")
		if _, err := o.MergeEntities(o.ctx, editorial.MergeParams{From: []string{"harbour-cranes"}, Into: "sea-holding"}); err != nil {
			t.Fatal(err)
		}
		got := o.run(true, "Sea Holding,SH", "Harbour Cranes,HC,Sea Holding")
		if len(got.Problems) != 0 || got.Created != 0 || got.Changed != 1 || got.Relationships != 0 || got.Published != 1 || len(got.Unpublished) != 0 {
			t.Errorf("got %+v", got)
		}
		again := o.run(true, "Sea Holding,SH", "Harbour Cranes,HC,Sea Holding")
		if again.Changed != 0 || again.Published != 0 {
			t.Errorf("again: got %+v", again)
		}
	})
}

// A version in an upsert is the version that the writer started from.
func TestUpsertWithAVersion(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		o := newSharedDesk(t, s)
		upsert := func(fields map[string]any) error {
			fields["slug"], fields["name"], fields["kind"] = "acme", "Acme", "COMPANY"
			_, err := o.Save(o.ctx, editorial.SaveParams{Type: domain.Entity, Mode: editorial.Upsert, Fields: fields})
			return err
		}
		if err := upsert(map[string]any{"version": 3}); !errors.Is(err, domain.ErrConflict) || !strings.Contains(err.Error(), "there is no entity:acme") {
			t.Errorf("a version of nothing: got %v, want ErrConflict", err)
		}
		if err := upsert(map[string]any{"version": 0}); err != nil {
			t.Errorf("new: %v", err)
		}
		if err := upsert(map[string]any{"version": 0, "country": "JP"}); !errors.Is(err, domain.ErrConflict) || !strings.Contains(err.Error(), "entity:acme is there already, at version 1") {
			t.Errorf("new, and there already: got %v, want ErrConflict", err)
		}
		if err := upsert(map[string]any{"version": 1, "country": "JP"}); err != nil {
			t.Errorf("the present version: %v", err)
		}
		if err := upsert(map[string]any{"version": 1, "country": "TW"}); !errors.Is(err, domain.ErrConflict) || !strings.Contains(err.Error(), "country: was changed between version 1 and version 2") {
			t.Errorf("an old version: got %v, want ErrConflict", err)
		}
		if err := upsert(map[string]any{"version": "x"}); !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("no number: got %v, want ErrInvalid", err)
		}
		if err := upsert(map[string]any{"country": "TW"}); err != nil {
			t.Errorf("without a version: %v", err)
		}
	})
}
