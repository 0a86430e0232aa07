package domain_test

import (
	"bytes"
	"context"
	"encoding/json"
	"errors"
	"fmt"
	"net/netip"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

var noon = time.Date(2026, 3, 1, 12, 0, 0, 0, time.UTC)

func TestIDsAreTypedTimedAndNeverRepeat(t *testing.T) {
	t.Parallel()
	seen := map[domain.ID]bool{}
	for i := range 40_000 { // more than one millisecond holds
		id := domain.NewID(domain.Report, noon)
		if seen[id] {
			t.Fatalf("id %d was made twice: %v", i, id)
		}
		seen[id] = true
		if id.Type() != domain.Report || id <= 0 {
			t.Fatalf("got %v of type %v", id, id.Type())
		}
	}
	for _, docType := range append(domain.Types(), domain.Key, domain.Revision, domain.Schedule, domain.Row) {
		id := domain.NewID(docType, noon.Add(time.Hour))
		if off := id.Time().Sub(noon.Add(time.Hour)); off < 0 || off > time.Minute {
			t.Errorf("%v: made at %v", id, id.Time())
		}
		back, err := domain.ParseID(id.String())
		if err != nil || back != id || len(id.String()) != 17 {
			t.Errorf("%v read back is %v, %v", id, back, err)
		}
	}
}

// The ids of named documents are the same at any time: stored snapshots are read with them.
func TestNamedID(t *testing.T) {
	t.Parallel()
	for name, want := range map[string]string{"Weekly": "ser_00055th684smn", "The Red Report": "ser_000vwnzqw4yng"} {
		id := domain.NamedID(domain.Series, name)
		if got := id.String(); got != want || id.Type() != domain.Series {
			t.Errorf("%s: got %s of type %v, want %s", name, got, id.Type(), want)
		}
		if id.Time().After(time.Date(2020, 1, 5, 0, 0, 0, 0, time.UTC)) {
			t.Errorf("%s: got the time %v, want one ahead of all documents", name, id.Time())
		}
	}
}

func TestParseID(t *testing.T) {
	t.Parallel()
	id := domain.NewID(domain.Entity, noon)
	text := id.String()
	// Crockford's look-alikes and capitals.
	if got, err := domain.ParseID(strings.ToUpper(text)); err != nil || got != id {
		t.Errorf("in capitals: got %v, %v", got, err)
	}
	if got, err := domain.ParseID("ent_" + strings.NewReplacer("0", "o", "1", "l").Replace(text[4:])); err != nil || got != id {
		t.Errorf("with look-alikes: got %v, %v", got, err)
	}
	for _, bad := range []string{"", "_", "ent_", text[4:], "rpt" + text[3:], text + "0", text[:16], "ent_zzzzzzzzzzzzz", "ent_0000000000000", "ent_00000000000u0", "\x00" + text} {
		if _, err := domain.ParseID(bad); !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("%q: got %v, want ErrInvalid", bad, err)
		}
	}
	if domain.LooksLikeID("harbour-cranes") || !domain.LooksLikeID(text) {
		t.Error("an id and a slug are not distinguished")
	}
}

func TestIDInJSONAndGraphQL(t *testing.T) {
	t.Parallel()
	id := domain.NewID(domain.Tag, noon)
	raw, err := json.Marshal(map[string]domain.ID{"id": id})
	if want := fmt.Sprintf(`{"id":%q}`, id); err != nil || string(raw) != want {
		t.Errorf("got %s, %v; want %s", raw, err, want)
	}
	var b bytes.Buffer
	id.MarshalGQL(&b)
	var back domain.ID
	if err := back.UnmarshalGQL(strings.Trim(b.String(), `"`)); err != nil || back != id {
		t.Errorf("%s read back is %v, %v", b.String(), back, err)
	}
	if err := back.UnmarshalGQL(7); !errors.Is(err, domain.ErrInvalid) {
		t.Errorf("a number: got %v", err)
	}
}

func TestDates(t *testing.T) {
	t.Parallel()
	for _, good := range []string{"2014", "2023-04", "2024-02-29"} {
		if d, err := domain.ParseDate(good); err != nil || string(d) != good {
			t.Errorf("%s: got %v, %v", good, d, err)
		}
	}
	for _, bad := range []string{"", "14", "2023-4", "2023-13", "2023-02-29", "2023-04-26T00:00:00Z", " 2014", "２０１４"} {
		if _, err := domain.ParseDate(bad); !errors.Is(err, domain.ErrInvalid) {
			t.Errorf("%q: got %v, want ErrInvalid", bad, err)
		}
	}
	for _, row := range []struct {
		a, b  domain.Date
		after bool
	}{
		{"2023", "2022", true}, {"2022", "2023", false}, {"2023-04-26", "2023", false}, {"2023", "2023-04", false},
		{"2023-05", "2023-04-30", true}, {"", "2020", false}, {"2020", "", false},
	} {
		if got := row.a.After(row.b); got != row.after {
			t.Errorf("%q after %q: got %v", row.a, row.b, got)
		}
	}
	var b bytes.Buffer
	domain.Date("").MarshalGQL(&b)
	if b.String() != "null" {
		t.Errorf("no date is written as %s", b.String())
	}
}

func TestShares(t *testing.T) {
	t.Parallel()
	add := func(texts ...string) domain.Share {
		var sum domain.Share
		for _, text := range texts {
			s, err := domain.ParseShare(text)
			if err != nil {
				t.Fatal(err)
			}
			sum += s
		}
		return sum
	}
	if got := add("33.4", "16.6"); got != domain.FullShare/2 || got.String() != "50" {
		t.Errorf("33.4 and 16.6 are %v", got)
	}
	for _, text := range []string{"0", "100", "0.000001", "12.5", "99.999999"} {
		if got := add(text).String(); got != text {
			t.Errorf("%s is written %s", text, got)
		}
	}
	for _, bad := range []string{"", ".5", "5.", "-1", "+1", "1e2", "100.000001", "101", "1.0000001", "0x1", "1,5", "1.2.3"} {
		if s, err := domain.ParseShare(bad); err == nil {
			t.Errorf("%q was taken as %v", bad, s)
		}
	}
	var s domain.Share
	for _, v := range []any{33.4, int64(33), 33, json.Number("33.4")} {
		if err := s.UnmarshalGQL(v); err != nil {
			t.Errorf("%T %v: %v", v, v, err)
		}
	}
	if err := s.UnmarshalGQL("33"); err == nil {
		t.Error("a text was taken as a share")
	}
}

func TestSlugs(t *testing.T) {
	t.Parallel()
	for slug, want := range map[string]bool{
		"a": true, "harbour-cranes": true, "1-2-3": true, strings.Repeat("a", 120): true,
		"": false, "A": false, "a_b": false, "-a": false, "a-": false, "a--b": false, "é": false, "a b": false, strings.Repeat("a", 121): false,
	} {
		if got := domain.ValidSlug(slug); got != want {
			t.Errorf("%q: got %v", slug, got)
		}
	}
}

func TestMarkingsAndRoles(t *testing.T) {
	t.Parallel()
	for i, name := range domain.Markings {
		if m, ok := domain.ParseMarking(name); !ok || int(m) != i || m.String() != name || !m.Valid() {
			t.Errorf("%s: got %v, %v", name, m, ok)
		}
	}
	if _, ok := domain.ParseMarking("clear"); ok || domain.Unseen.Valid() || domain.Unseen <= domain.Red {
		t.Error("what is no label was taken as one")
	}
	for i, name := range domain.Roles {
		if r, ok := domain.ParseRole(name); !ok || int(r) != i || r.String() != name || r.Staff() != (i >= 2) {
			t.Errorf("%s: got %v, %v", name, r, ok)
		}
	}
}

func TestRequire(t *testing.T) {
	t.Parallel()
	with := func(v *domain.Viewer) context.Context { return domain.WithViewer(t.Context(), v) }
	for _, row := range []struct {
		name string
		ctx  context.Context
		want error
	}{
		{"NoViewer", t.Context(), domain.ErrNoViewer},
		{"Anonymous", with(domain.Anonymous()), domain.ErrUnauthenticated},
		{"LowerRole", with(&domain.Viewer{Role: domain.Author, KeyID: 1}), domain.ErrForbidden},
		{"Role", with(&domain.Viewer{Role: domain.Editor, KeyID: 1}), nil},
		{"HigherRole", with(&domain.Viewer{Role: domain.Admin, KeyID: 1}), nil},
		{"Person", with(&domain.Viewer{Role: domain.Editor, PersonID: 1}), nil},
		{"Scope", with(&domain.Viewer{Role: domain.Admin, KeyID: 1, Scopes: []domain.Right{domain.PublishDocuments}}), nil},
		{"OtherScopes", with(&domain.Viewer{Role: domain.Admin, KeyID: 1, Scopes: []domain.Right{domain.ReadLive}}), domain.ErrForbidden},
		{"EmptyScopesDeny", with(&domain.Viewer{Role: domain.Admin, KeyID: 1, Scopes: []domain.Right{}}), domain.ErrForbidden},
		{"ScopeAboveRole", with(&domain.Viewer{Role: domain.Author, KeyID: 1, Scopes: []domain.Right{domain.PublishDocuments}}), domain.ErrForbidden},
		{"System", domain.AsSystem(t.Context(), "test"), nil},
	} {
		if _, err := domain.Require(row.ctx, domain.PublishDocuments); !errors.Is(err, row.want) || err != nil && row.want == nil {
			t.Errorf("%s: got %v, want %v", row.name, err, row.want)
		}
	}
}

func TestRightsHaveNames(t *testing.T) {
	t.Parallel()
	for _, right := range domain.Rights() {
		if back, ok := domain.ParseRight(right.String()); !ok || back != right || right.Meaning() == "" {
			t.Errorf("%v read back is %v, %v", right, back, ok)
		}
	}
	everybody := &domain.Viewer{Role: domain.Admin, System: true}
	beyond := domain.Right(len(domain.Rights()))
	if _, ok := domain.ParseRight("UNKNOWN"); ok || everybody.May(beyond) || everybody.May(-1) {
		t.Error("a right that there is not was granted")
	}
}

func TestNetworkOf(t *testing.T) {
	t.Parallel()
	for address, want := range map[string]string{
		"203.0.113.77": "203.0.113.0/24", "2001:db8:1:2::3": "2001:db8:1::/48", "::ffff:203.0.113.77": "203.0.113.0/24", "fe80::1%eth0": "fe80::/48",
	} {
		ctx := domain.WithClient(t.Context(), netip.MustParseAddr(address))
		if got := domain.NetworkOf(domain.ClientFrom(ctx)).String(); got != want {
			t.Errorf("%s is of %s, want %s", address, got, want)
		}
	}
	if domain.NetworkOf(domain.ClientFrom(t.Context())).IsValid() {
		t.Error("no address is of a network")
	}
}

func TestProblems(t *testing.T) {
	t.Parallel()
	var p domain.Problems
	if err := p.Err("nothing"); err != nil {
		t.Errorf("no problems are %v", err)
	}
	for i := range domain.MaxProblems + 5 {
		p.Add(fmt.Sprintf("f[%d]", i), "is wrong")
	}
	e, ok := errors.AsType[*domain.Error](p.Err("all of it"))
	if !ok || e.Kind != domain.KindInvalid || len(e.Fields) != domain.MaxProblems+1 || !strings.Contains(e.Fields[domain.MaxProblems].Message, "5 more") {
		t.Errorf("got %d fields", len(e.Fields))
	}
	cause := errors.New("disk")
	wrapped := fmt.Errorf("save: %w", domain.Conflict("no").WithCause(cause))
	if domain.KindOf(wrapped) != domain.KindConflict || !errors.Is(wrapped, cause) || domain.KindOf(cause) != domain.KindInternal {
		t.Error("a kind or a cause got lost")
	}
}

func TestTypeNumbersAreKept(t *testing.T) {
	t.Parallel()
	want := []domain.Type{1, 2, 3, 4, 5, 6, 7, 8, 9} // they are in every id: never renumber
	if !slices.Equal(domain.Types(), want) {
		t.Errorf("got %v", domain.Types())
	}
	for _, docType := range domain.Types() {
		if back, ok := domain.ParseType(docType.Name()); !ok || back != docType {
			t.Errorf("%s read back is %v, %v", docType.Name(), back, ok)
		}
	}
}

func FuzzParse(f *testing.F) {
	f.Add("ent_0pmnqh2001qff")
	f.Add("2023-04-26")
	f.Add("33.4")
	f.Fuzz(func(t *testing.T, s string) {
		if id, err := domain.ParseID(s); err == nil && !strings.EqualFold(id.String(), s) && !strings.ContainsAny(s, "oOiIlL") {
			t.Errorf("id %q is written %q", s, id)
		}
		if d, err := domain.ParseDate(s); err == nil && (string(d) != s || d.After(d)) {
			t.Errorf("date %q is %q", s, d)
		}
		if share, err := domain.ParseShare(s); err == nil {
			if again, err := domain.ParseShare(share.String()); err != nil || again != share {
				t.Errorf("share %q is written %q, which is %v, %v", s, share, again, err)
			}
		}
	})
}

func TestPackedIDs(t *testing.T) {
	t.Parallel()
	// The lowest and highest time and random part, and the smallest steps between them.
	for _, packed := range []uint64{0, 1, 1<<14 - 1, 1 << 14, 1<<14 + 1, 1<<54 + 5, 1<<55 - 1<<14, 1<<55 - 1} {
		id := domain.UnpackID(domain.Relationship, packed)
		if id.Type() != domain.Relationship || id.Packed() != packed || id < 0 {
			t.Errorf("%d: got %s, which is packed as %d", packed, id, id.Packed())
		}
		if later := domain.UnpackID(domain.Relationship, packed+1); packed < 1<<55-1 && later <= id {
			t.Errorf("%s is not before %s", id, later)
		}
	}
	id := domain.NewID(domain.Relationship, noon)
	if got := domain.UnpackID(domain.Relationship, id.Packed()); got != id {
		t.Errorf("got %s back, want %s", got, id)
	}
}
