package search_test

import (
	"context"
	"encoding/json"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search"
	"github.com/redthread-api/redthread/internal/search/query"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// nearWords are words that are spelled like each other, so that each may be a correction of another one.
var nearWords = strings.Fields("harborlight harborlite harbarlight harborlights lantern lanten lanterns mantle mantel mining minting " +
	"zambia zambie okinawa okinava copper coper corridor corridors 海峡 海岸 해협 해안 Васк Васкин")

func nearText(r *rand.Rand, n int) string {
	all := make([]string, 1+r.IntN(n))
	for i := range all {
		all[i] = nearWords[r.IntN(len(nearWords))]
	}
	return strings.Join(all, " ")
}

// seenDocument is a document of the test, and its marking.
type seenDocument struct {
	search.Document
	name, summary string
}

// newSeenDocument returns a document with random texts and links.
func newSeenDocument(r *rand.Rand, id domain.ID, links []domain.ID, published time.Time) *seenDocument {
	row := aggregate.NewRow()
	row.ID = id
	d := &seenDocument{Document: search.Document{Root: row, Type: id.Type(), Marking: domain.Marking(r.IntN(5)), Published: published},
		name: nearText(r, 3), summary: nearText(r, 8)}
	link := func(table, column string, of domain.Type) {
		for range r.IntN(3) {
			if to := links[r.IntN(len(links))]; to.Type() == of {
				l := aggregate.NewRow()
				l.Set(column, to)
				row.Owned[table] = append(row.Owned[table], l)
			}
		}
	}
	switch d.Type {
	case domain.Report:
		row.Set("title", d.name)
		row.Set("summary", d.summary)
		row.Set("body", nearText(r, 30))
		row.Set("kind", "BRIEF")
		row.Set("language", []string{"en", "ja", "ko"}[r.IntN(3)])
		link("report_tags", "tag_id", domain.Tag)
		link("report_entities", "entity_id", domain.Entity)
	case domain.Entity:
		row.Set("name", d.name)
		row.Set("description", d.summary)
		row.Set("kind", "COMPANY")
		link("entity_tags", "tag_id", domain.Tag)
	case domain.Tag:
		row.Set("label", d.name)
		row.Set("description", d.summary)
		row.Set("vocabulary", "TOPIC")
	}
	return d
}

// put writes a document to an index and, for entities, the row that names are compared with.
func put(ctx context.Context, tx *store.Tx, w *search.Writer, d *seenDocument) error {
	if d.Type == domain.Entity {
		err := store.Exec(ctx, tx, "INSERT INTO entities (id, slug, created_at, updated_at, kind, name) VALUES (?, ?, ?, ?, 'COMPANY', ?)"+
			" ON CONFLICT (id) DO UPDATE SET name = excluded.name", int64(d.Root.ID), d.Root.ID.String(), d.Published, d.Published, d.name)
		if err != nil {
			return err
		}
	}
	return w.Put(ctx, d.Document)
}

// answers returns all results for a viewer, as text.
func answers(ctx context.Context, t *testing.T, index *search.Index, seen []*seenDocument, r *rand.Rand) string {
	t.Helper()
	var b strings.Builder
	say := func(what string, answer any, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%s: %v", what, err)
		}
		text, err := json.Marshal(answer)
		if err != nil {
			t.Fatal(err)
		}
		fmt.Fprintf(&b, "%s: %s\n", what, text)
	}
	word := func() string { return nearWords[r.IntN(len(nearWords))] }
	for i := range 12 {
		text := []string{word(), word() + " " + word(), `"` + word() + " " + word() + `"`, word() + " -" + word(), word() + " OR " + word(),
			string([]rune(word())[:2]) + "*", "-" + word()}[r.IntN(7)]
		found, err := index.Search(ctx, search.Params{Query: query.Parse(text), First: 20, Facets: true, Order: search.Order(i % 2)})
		say("search "+text, found, err)
		wrong := []byte(word())
		wrong[len(wrong)-1-r.IntN(3)] ^= 1
		text = strings.ToValidUTF8(string(wrong), "x") + " " + word()
		if i%2 == 0 {
			text, _, _ = strings.Cut(text, " ")
		}
		right, err := index.Respell(ctx, search.Params{Query: query.Parse(text)})
		say("respell "+text, right, err)
		prefix := word()
		prefix = string([]rune(prefix)[:1+r.IntN(len([]rune(prefix)))])
		suggested, err := index.Suggest(ctx, search.SuggestParams{Prefix: prefix, First: 10})
		say("suggest "+prefix, suggested, err)
		matches, err := index.Match(ctx, search.MatchParams{Names: []search.MatchName{{Name: word() + " " + word()}}, Least: 0.3, First: 20})
		say("match", matches, err)
	}
	for range min(4, len(seen)) {
		d := seen[r.IntN(len(seen))]
		related, err := index.Related(ctx, search.RelatedParams{ID: d.Root.ID, Text: d.name + "\n" + d.summary, Language: "en", First: 20})
		say("related "+d.Root.ID.String(), related, err)
	}
	return b.String()
}

// TestHiddenDocumentsChangeNothing compares the answers from an index of all documents with those from indexes that have only
// what a clearance sees, through a history in which documents are written, marked anew, removed and
// written again, while the former is merged at other times. The answers are equal to the last bit of a score.
func TestHiddenDocumentsChangeNothing(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		r := rand.New(rand.NewPCG(15, 3))
		all := search.New(s)
		maintenance := search.NewMaintenance(s, time.Now)
		var stores []*store.Stores
		var only []*search.Index
		for range domain.Red { // who sees RED sees everything
			stores = append(stores, storetest.SQLite(t))
			only = append(only, search.New(stores[len(stores)-1]))
		}
		var ids []domain.ID
		for range 90 {
			ids = append(ids, domain.NewID([]domain.Type{domain.Report, domain.Entity, domain.Tag}[r.IntN(3)], time.Now()))
		}
		documents := map[domain.ID]*seenDocument{}
		compared := 0
		for step := range 24 {
			published := time.Unix(int64(1_700_000_000+step*86_400), 0)
			// What happens is decided once, and done in each store as far as the clearance sees it.
			before := map[domain.ID]domain.Marking{}
			written, marked, removed := map[domain.ID]*seenDocument{}, map[domain.ID]domain.Marking{}, []domain.ID{}
			for range 1 + r.IntN(20) {
				id := ids[r.IntN(len(ids))]
				d := documents[id]
				if _, twice := before[id]; twice {
					continue
				}
				before[id] = domain.Unseen
				if d != nil {
					before[id] = d.Marking
				}
				switch n := r.IntN(10); {
				case d == nil || n < 3:
					documents[id] = newSeenDocument(r, id, ids, published)
					written[id] = documents[id]
				case n < 7:
					d.Marking = domain.Marking(r.IntN(5))
					marked[id] = d.Marking
				default:
					delete(documents, id)
					removed = append(removed, id)
				}
			}
			order := slices.Clone(ids)
			r.Shuffle(len(order), func(i, j int) { order[i], order[j] = order[j], order[i] })
			write := func(s *store.Stores, clearance domain.Marking) {
				err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
					w := search.NewWriter(tx)
					if err := w.Remove(ctx, removed...); err != nil {
						return err
					}
					marks := map[domain.ID]domain.Marking{}
					for _, id := range order {
						d := documents[id]
						_, isMarked := marked[id]
						switch {
						case written[id] == nil && !isMarked:
						case d.Marking > clearance:
							if err := w.Remove(ctx, id); err != nil {
								return err
							}
						case written[id] != nil || before[id] > clearance:
							if err := put(ctx, tx, w, d); err != nil {
								return err
							}
						default:
							marks[id] = d.Marking
						}
					}
					if err := w.Mark(ctx, marks); err != nil {
						return err
					}
					return w.Flush(ctx)
				})
				if err != nil {
					t.Fatal(err)
				}
			}
			write(s, domain.Red)
			if step%5 == 4 {
				if err := maintenance.Merge(t.Context()); err != nil {
					t.Fatal(err)
				}
			}
			for clearance := range domain.Red {
				write(stores[clearance], clearance)
				ctx := domain.WithViewer(t.Context(), &domain.Viewer{Role: domain.Partner, Clearance: clearance, KeyID: 1})
				var seen []*seenDocument
				for _, id := range ids {
					if d := documents[id]; d != nil && d.Marking <= clearance {
						seen = append(seen, d)
					}
				}
				seed := r.Uint64()
				want := answers(ctx, t, only[clearance], seen, rand.New(rand.NewPCG(seed, 1)))
				got := answers(ctx, t, all, seen, rand.New(rand.NewPCG(seed, 1)))
				if diff := cmp.Diff(strings.Split(want, "\n"), strings.Split(got, "\n")); diff != "" {
					t.Fatalf("step %d, %s: what is hidden changes the answer (-without it +with it):\n%s", step, clearance, diff)
				}
				compared += strings.Count(want, "\n")
			}
		}
		t.Logf("%d answers were compared", compared)
	})
}

// TestHiddenWordsAreNotTold checks by example that a word which stands only in what a viewer does not see is not
// suggested, corrected to, found or counted, whatever became of the document before.
func TestHiddenWordsAreNotTold(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		index := search.New(s)
		id, other := domain.NewID(domain.Entity, time.Now()), domain.NewID(domain.Entity, time.Now())
		secret := func(marking domain.Marking) *seenDocument {
			row := aggregate.NewRow()
			row.ID = id
			row.Set("name", "Quartermain Foundry")
			row.Set("description", "smelts zinc")
			row.Set("kind", "COMPANY")
			return &seenDocument{Document: search.Document{Root: row, Type: domain.Entity, Marking: marking, Published: time.Unix(1e9, 0)}, name: "Quartermain Foundry"}
		}
		open := aggregate.NewRow()
		open.ID = other
		open.Set("name", "Zinc Works")
		open.Set("kind", "COMPANY")
		write := func(fn func(ctx context.Context, tx *store.Tx, w *search.Writer) error) {
			t.Helper()
			err := s.Live(t.Context(), func(ctx context.Context, tx *store.Tx) error {
				w := search.NewWriter(tx)
				if err := fn(ctx, tx, w); err != nil {
					return err
				}
				return w.Flush(ctx)
			})
			if err != nil {
				t.Fatal(err)
			}
		}
		write(func(ctx context.Context, tx *store.Tx, w *search.Writer) error {
			return put(ctx, tx, w, &seenDocument{Document: search.Document{Root: open, Type: domain.Entity, Published: time.Unix(1e9, 0)}, name: "Zinc Works"})
		})
		putAs := func(marking domain.Marking) func(context.Context, *store.Tx, *search.Writer) error {
			return func(ctx context.Context, tx *store.Tx, w *search.Writer) error {
				return put(ctx, tx, w, secret(marking))
			}
		}
		mark := func(marking domain.Marking) func(context.Context, *store.Tx, *search.Writer) error {
			return func(ctx context.Context, _ *store.Tx, w *search.Writer) error {
				return w.Mark(ctx, map[domain.ID]domain.Marking{id: marking})
			}
		}
		remove := func(ctx context.Context, _ *store.Tx, w *search.Writer) error { return w.Remove(ctx, id) }
		for _, step := range []struct {
			name  string
			write func(context.Context, *store.Tx, *search.Writer) error
			least domain.Marking // the lowest clearance that sees it; Unseen: none
		}{
			{"published as AMBER", putAs(domain.Amber), domain.Amber},
			{"marked CLEAR", mark(domain.Clear), domain.Clear},
			{"marked GREEN", mark(domain.Green), domain.Green},
			{"unpublished", remove, domain.Unseen},
			{"published again as RED", putAs(domain.Red), domain.Red},
			{"marked AMBER", mark(domain.Amber), domain.Amber},
			{"in the trash", remove, domain.Unseen},
		} {
			write(step.write)
			for clearance := range domain.Red + 1 {
				ctx := domain.WithViewer(t.Context(), &domain.Viewer{Role: domain.Partner, Clearance: clearance, KeyID: 1})
				sees := clearance >= step.least
				right, err := index.Respell(ctx, search.Params{Query: query.Parse("quartermane")})
				if err != nil {
					t.Fatal(err)
				}
				suggested, err := index.Suggest(ctx, search.SuggestParams{Prefix: "quart", First: 5})
				if err != nil {
					t.Fatal(err)
				}
				found, err := index.Search(ctx, search.Params{Query: query.Parse("zinc"), First: 5, Facets: true})
				if err != nil {
					t.Fatal(err)
				}
				matches, err := index.Match(ctx, search.MatchParams{Names: []search.MatchName{{Name: "Quartermain Foundry"}}, Least: 0.5, First: 5})
				if err != nil {
					t.Fatal(err)
				}
				want := []int{0, 0, 1, 1, 0}
				if sees {
					want = []int{1, 1, 2, 2, 1}
				}
				got := []int{min(len(right), 1), len(suggested), found.Total, found.Facets.Kinds[0].Count, len(matches[0])}
				if !slices.Equal(got, want) {
					t.Errorf("%s, clearance %s: %d corrections, suggestions, hits, of the kind, matches; want %d", step.name, clearance, got, want)
				}
			}
		}
	})
}
