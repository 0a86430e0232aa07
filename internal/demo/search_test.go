package demo_test

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"os"
	"slices"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search"
	"github.com/redthread-api/redthread/internal/search/query"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// korean is invented content in Korean, which the demo does not have.
const korean = `mutation Korean {
  sorin_han: createEntity(input: {
    slug: "sorin-han", kind: PERSON, name: "한소린", language: "ko"
    description: "An invented keeper of a lighthouse."
  }) { created }
  lamplight_league: createEntity(input: {
    slug: "lamplight-league", kind: ORGANIZATION, name: "Lamplight League"
    description: "An invented league of people who look after lighthouses."
    names: [{text: "등불연맹", language: "ko", kind: TRANSLATION}]
  }) { created }
  strait: createReport(input: {
    slug: "carrow-strait-ko", kind: BRIEF, language: "ko"
    title: "닫히지 않은 해협"
    summary: "지어낸 이야기이다. 카로 해협이 막혔다는 소문이 하루 만에 퍼졌다. 해협은 열려 있었다."
    body: """
    이 글에 나오는 사람과 장소는 모두 지어낸 것이다.

    항만 당국은 고시에서 해협이 열려 있다고 알렸다. 그래도 섬의 빵집에는 밀가루가 없었다.
    등대에서 찍은 사진을 본 사람은 많았지만, 어디서 찍었는지 물어본 사람은 없었다.
    """
  }) { created }
}`

const publishKorean = `mutation { publish(input: {documents: ["report:carrow-strait-ko", "entity:sorin-han", "entity:lamplight-league"]}) { state } }`

// searches are the stores with content, and what a search of them is called.
type searches struct {
	index *search.Index
	slugs map[domain.ID]string   // "report:SLUG", "item:EDITION/POSITION"
	tags  map[string][]domain.ID // by slug or label in lower case, with those below
	named map[string][]domain.ID // entities by slug
}

// newSearches reads the names of everything that is live.
func newSearches(tb testing.TB, s *store.Stores) *searches {
	tb.Helper()
	all := &searches{index: search.New(s), slugs: map[domain.ID]string{}, tags: map[string][]domain.ID{}, named: map[string][]domain.ID{}}
	read := func(query string, row func(id, parent domain.ID, slug, label string)) {
		rows, err := s.LiveRows().Query(tb.Context(), query)
		if err != nil {
			tb.Fatal(err)
		}
		defer rows.Close()
		for rows.Next() {
			var id, parent domain.ID
			var slug, label string
			if err := rows.Scan(&id, &parent, &slug, &label); err != nil {
				tb.Fatal(err)
			}
			row(id, parent, slug, label)
		}
		if err := rows.Err(); err != nil {
			tb.Fatal(err)
		}
	}
	for table, name := range map[string]string{"reports": "report", "narratives": "narrative", "sources": "source", "editions": "edition"} {
		read("SELECT id, 0, slug, '' FROM "+table, func(id, _ domain.ID, slug, _ string) { all.slugs[id] = name + ":" + slug })
	}
	read("SELECT id, 0, slug, name FROM entities", func(id, _ domain.ID, slug, name string) {
		all.slugs[id], all.named[slug] = "entity:"+slug, []domain.ID{id}
	})
	parents, slugs := map[domain.ID]domain.ID{}, map[domain.ID][]string{}
	read("SELECT id, COALESCE(parent_id, 0), slug, label FROM tags", func(id, parent domain.ID, slug, label string) {
		all.slugs[id], parents[id], slugs[id] = "tag:"+slug, parent, []string{slug, strings.ToLower(label)}
	})
	for _, id := range slices.Sorted(maps.Keys(parents)) {
		for at := id; at != 0; at = parents[at] {
			for _, name := range slices.Compact(slugs[at]) {
				all.tags[name] = append(all.tags[name], id)
			}
		}
	}
	read(`SELECT i.id, ROW_NUMBER() OVER (PARTITION BY i.edition_id ORDER BY i.position), e.slug, ''
		FROM edition_items i JOIN editions e ON e.id = i.edition_id`, func(id, position domain.ID, slug, _ string) {
		all.slugs[id] = fmt.Sprintf("item:%s/%d", slug, int64(position))
	})
	return all
}

// params returns what a search box asks for, with the tags and entities of its filters.
func (s *searches) params(q query.Query) search.Params {
	p := search.Params{Query: q, First: 10}
	for _, tag := range q.Filters.Tags {
		p.Links = append(p.Links, append([]domain.ID{0}, s.tags[strings.ToLower(tag)]...)) // 0: an unknown tag denies
	}
	for _, entity := range q.Filters.Entities {
		p.Links = append(p.Links, append([]domain.ID{0}, s.named[entity]...))
	}
	for _, tag := range q.Excluded.Tags {
		p.Without = append(p.Without, s.tags[strings.ToLower(tag)]...)
	}
	for _, entity := range q.Excluded.Entities {
		p.Without = append(p.Without, s.named[entity]...)
	}
	return p
}

// find searches, and where nothing is found searches for what may be meant.
func (s *searches) find(ctx context.Context, tb testing.TB, text string) (found []string, respelled string) {
	tb.Helper()
	q := query.Parse(text)
	result, err := s.index.Search(ctx, s.params(q))
	if err != nil {
		tb.Fatalf("%s: %v", text, err)
	}
	if result.Total == 0 {
		if respelled, err = s.index.Respell(ctx, s.params(q)); err != nil {
			tb.Fatalf("%s: %v", text, err)
		}
		if respelled != "" {
			if result, err = s.index.Search(ctx, s.params(query.Parse(respelled))); err != nil {
				tb.Fatalf("%s: %v", respelled, err)
			}
		}
	}
	for _, h := range result.Hits {
		found = append(found, cmp.Or(s.slugs[h.ID], h.ID.String()))
	}
	return found, respelled
}

// judged is a search and what should be found.
type judged struct {
	class, query string
	first        []string // any of them comes first
	must, never  []string
}

// readJudged reads judged searches. Each line has a query, and the documents in three columns; a class of queries
// begins with a line of its own.
func readJudged(tb testing.TB, name string) (all []judged) {
	tb.Helper()
	text, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	class := ""
	for n, line := range strings.Split(string(text), "\n") {
		if of, ok := strings.CutPrefix(line, "== "); ok {
			class = of
			continue
		}
		if line == "" || strings.HasPrefix(line, "#") {
			continue
		}
		columns := strings.Split(line, "|")
		if len(columns) != 4 || class == "" {
			tb.Fatalf("%s: line %d has %d columns, want 4 in a class", name, n+1, len(columns))
		}
		j := judged{class, strings.TrimSpace(columns[0]), strings.Fields(columns[1]), strings.Fields(columns[2]), strings.Fields(columns[3])}
		if len(j.first)+len(j.must) == 0 {
			tb.Fatalf("%s: line %d asks for nothing", name, n+1)
		}
		if len(j.first) == 1 && !slices.Contains(j.must, j.first[0]) {
			j.must = append(j.must, j.first[0])
		}
		all = append(all, j)
	}
	return all
}

// quality is how well searches of a class did.
type quality struct {
	queries, ranked int
	recall, rank    float64 // sums
}

func (q *quality) String() string {
	rank := "      –"
	if q.ranked > 0 {
		rank = fmt.Sprintf("%7.3f", q.rank/float64(q.ranked))
	}
	return fmt.Sprintf("%4d queries, recall at 10 %.3f, mean reciprocal rank %s", q.queries, q.recall/float64(q.queries), rank)
}

// leastQuality is what recall and mean reciprocal rank are at least, as a whole and of each class.
const leastQuality = 0.95

// judge runs searches as the public, reports how well they do, and fails if that is not well enough.
func judge(t *testing.T, s *searches, all []judged) {
	t.Helper()
	known := map[string]bool{}
	for _, slug := range s.slugs {
		known[slug] = true
	}
	var classes []string
	of := map[string]*quality{"all": {}}
	for _, j := range all {
		if of[j.class] == nil {
			of[j.class] = &quality{}
			classes = append(classes, j.class)
		}
		for _, slug := range slices.Concat(j.first, j.must) {
			if !known[slug] {
				t.Errorf("%s: there is no %s", j.query, slug)
			}
		}
		found, respelled := s.find(anonymous(t.Context()), t, j.query)
		recall, rank := 1.0, 0.0
		var missing []string
		for _, slug := range j.must {
			if !slices.Contains(found, slug) {
				missing = append(missing, slug)
				recall -= 1 / float64(len(j.must))
			}
		}
		for i, slug := range found {
			if slices.Contains(j.first, slug) {
				rank = 1 / float64(i+1)
				break
			}
		}
		if len(missing) > 0 || len(j.first) > 0 && rank < 1 {
			t.Logf("%s: %s\n\twanted first %v\n\tmissing %v\n\tfound %v %s", j.class, j.query, j.first, missing, found, respelled)
		}
		for _, slug := range j.never {
			if slices.Contains(found, slug) {
				t.Errorf("%s: found %s", j.query, slug)
			}
		}
		for _, q := range []*quality{of[j.class], of["all"]} {
			q.queries++
			q.recall += recall
			if len(j.first) > 0 {
				q.ranked++
				q.rank += rank
			}
		}
	}
	for _, class := range append(classes, "all") {
		q := of[class]
		t.Logf("%-28s %s", class, q)
		if recall, rank := q.recall/float64(q.queries), q.rank/float64(max(q.ranked, 1)); recall < leastQuality || q.ranked > 0 && rank < leastQuality {
			t.Errorf("%s: recall %.3f and mean reciprocal rank %.3f, want at least %v of each", class, recall, rank, leastQuality)
		}
	}
}

// TestJudgedSearches compares what the public finds in the demo with what it should find.
func TestJudgedSearches(t *testing.T) {
	t.Parallel()
	all := readJudged(t, "testdata/searches.txt")
	if len(all) < 120 {
		t.Fatalf("%d searches are judged, want at least 120", len(all))
	}
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		exec := loadDemo(t, s)
		for _, mutation := range []string{korean, publishKorean} {
			var done any
			ask(editor(t.Context()), t, exec, mutation, &done)
		}
		searches := newSearches(t, s)
		judge(t, searches, all)
		for text, first := range readPage(t, "../../docs/search.md") {
			if found, _ := searches.find(anonymous(t.Context()), t, text); len(found) == 0 || found[0] != first {
				t.Errorf("docs/search.md: %s: found %v, want %s first", text, found, first)
			}
		}
	})
}

// readPage reads the examples of a page: rows of a table with a query, what it means, and what comes first.
func readPage(tb testing.TB, name string) map[string]string {
	tb.Helper()
	page, err := os.ReadFile(name)
	if err != nil {
		tb.Fatal(err)
	}
	first := map[string]string{}
	for line := range strings.Lines(string(page)) {
		columns := strings.Split(strings.TrimSpace(line), " | ")
		if len(columns) == 3 && strings.HasPrefix(line, "| `") && strings.Contains(columns[2], ":") {
			first[strings.Trim(columns[0], "`| ")] = strings.Trim(columns[2], "`| ")
		}
	}
	if len(first) < 10 {
		tb.Fatalf("%s has %d examples, want at least 10", name, len(first))
	}
	return first
}
