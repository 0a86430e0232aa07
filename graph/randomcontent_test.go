package graph_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"pgregory.net/rapid"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
)

// randomDocuments has documents of all types and markings that refer to each other in
// all ways, with ties wherever something is ordered: of drafts, of what was
// published, unpublished, trashed or merged, and of what has a former slug.
type randomDocuments struct {
	saves    []editorial.SaveParams
	releases []editorial.PublishParams
	gone     []string // to be unpublished
	trashed  []editorial.DeleteParams
	merged   []editorial.MergeParams
	edited   []editorial.SaveParams // after publishing
}

// made is a document that others can refer to.
type made struct {
	slug    string
	marking domain.Marking
}

// contentGenerator generates random documents.
type contentGenerator struct {
	dice
	out  randomDocuments
	docs map[domain.Type][]made // that can be referred to
	// platforms are the slugs of entities where something can be seen.
	platforms []string
}

type fields = map[string]any

// What the documents say: few different things, and some that differ in
// capitals or in script only.
var (
	someWords = []string{"crane", "Crane", "harbour", "港", "A ferry", "zinc", "ähre", "100%_", "it's"}
	someDates = []string{"2019", "2020-02", "2020-02-03", "2021", "2021-05-05"}
	someTimes = []time.Time{
		time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC), time.Date(2024, 3, 1, 12, 0, 0, 1000, time.UTC), time.Date(2024, 4, 1, 0, 0, 0, 0, time.UTC),
	}
)

// howMany there are of each type. Each can refer to those before it.
var howMany = []struct {
	of domain.Type
	n  int
}{
	{domain.Source, 9}, {domain.Asset, 6}, {domain.Tag, 10}, {domain.Entity, 12},
	{domain.Relationship, 12}, {domain.Narrative, 9}, {domain.Report, 14}, {domain.Series, 3}, {domain.Edition, 6},
}

func randomContent(t *rapid.T) randomDocuments {
	l := &contentGenerator{dice: dice{t}, docs: map[domain.Type][]made{}}
	publish := map[int][]string{}
	for _, kind := range howMany {
		for n := range kind.n {
			l.document(kind.of, n, publish)
		}
	}
	for i := range someTimes {
		if len(publish[i]) > 0 {
			l.out.releases = append(l.out.releases, editorial.PublishParams{Documents: publish[i], References: editorial.Omit, PublishedAt: &someTimes[i]})
		}
	}
	for range 6 { // of which two or three can be
		l.out.merged = append(l.out.merged, editorial.MergeParams{From: []string{l.one(domain.Entity)}, Into: l.one(domain.Entity)})
	}
	return l.out
}

func (l *contentGenerator) document(of domain.Type, n int, publish map[int][]string) {
	slug := fmt.Sprintf("%s-%d", of, n)
	marking := domain.Clear
	if l.chance(60) {
		marking = pick(l.dice, []domain.Marking{domain.Green, domain.Amber, domain.AmberStrict, domain.Red})
	}
	f := l.fields(of, n, marking)
	f["slug"], f["marking"] = slug, marking.String()
	if l.chance(40) {
		f["slug"] = "was-" + slug
	}
	l.out.saves = append(l.out.saves, editorial.SaveParams{Type: of, Mode: editorial.Create, Fields: f})
	if f["slug"] != slug {
		l.out.saves = append(l.out.saves, editorial.SaveParams{Type: of, Mode: editorial.Update, Fields: fields{"id": f["slug"], "slug": slug}})
	}
	fate := l.below(20)
	if fate == 0 {
		l.out.trashed = append(l.out.trashed, editorial.DeleteParams{Type: of, ID: slug})
		return // a document in the trash cannot be referred to
	}
	l.docs[of] = append(l.docs[of], made{slug, marking})
	if f["kind"] == "PLATFORM" {
		l.platforms = append(l.platforms, slug)
	}
	if of.Supporting() || fate == 1 {
		return
	}
	name := of.String() + ":" + slug
	i := l.below(len(someTimes))
	publish[i] = append(publish[i], name)
	switch fate {
	case 2:
		l.out.gone = append(l.out.gone, name)
	case 3, 4:
		l.out.edited = append(l.out.edited, editorial.SaveParams{Type: of, Mode: editorial.Update, Fields: fields{"id": slug, "message": "Edited.", "marking": "RED"}})
	}
}

func (l *contentGenerator) one(of domain.Type) string { return pick(l.dice, l.docs[of]).slug }

// some are references to different documents of a type.
func (l *contentGenerator) some(of domain.Type) []any {
	var out []any
	for range l.below(6) {
		if len(l.docs[of]) > 0 {
			if slug := l.one(of); !slices.Contains(out, any(slug)) {
				out = append(out, slug)
			}
		}
	}
	return out
}

// optional gives a field a value in most cases.
func (l *contentGenerator) optional(f fields, name string, value any) {
	if l.chance(60) {
		f[name] = value
	}
}

func (l *contentGenerator) word() string { return pick(l.dice, someWords) }

// period are two dates in order.
func (l *contentGenerator) period(f fields, from, to string) {
	i := l.below(len(someDates))
	l.optional(f, from, someDates[i])
	l.optional(f, to, someDates[i+l.below(len(someDates)-i)])
}

func (l *contentGenerator) citations(atLeast int) []any {
	var out []any
	for range atLeast + l.below(3) {
		c := fields{"source": l.one(domain.Source)}
		l.optional(c, "quote", l.word())
		l.optional(c, "locator", l.word())
		out = append(out, c)
	}
	return out
}

// prose names what readers of the text may see.
func (l *contentGenerator) prose(marking domain.Marking) string {
	text := l.word()
	for _, e := range l.docs[domain.Entity] {
		if e.marking <= marking && l.chance(15) {
			text += " [[" + e.slug + "]]"
			if l.chance(30) {
				text += " and [[" + e.slug + "|" + l.word() + "]]"
			}
		}
	}
	return text
}

// body is prose with footnotes.
func (l *contentGenerator) body(marking domain.Marking) string {
	text, notes := "# "+l.word()+"\n\n"+l.prose(marking), ""
	for i := range l.below(4) {
		text += fmt.Sprintf("[^%d]", i)
		notes += fmt.Sprintf("\n[^%d]: Note", i)
		if s := pick(l.dice, l.docs[domain.Source]); s.marking <= marking {
			notes += " [@" + s.slug + ", p. 3]"
		}
		notes += "\n"
	}
	return text + "\n\n" + notes
}

func (l *contentGenerator) fields(of domain.Type, n int, marking domain.Marking) fields {
	f := fields{}
	parent := func() {
		if len(l.docs[of]) > 0 {
			l.optional(f, "parent", l.one(of))
		}
	}
	switch of {
	case domain.Source:
		f["title"] = l.word()
		l.optional(f, "publisher", l.word())
		l.optional(f, "url", "https://example.org/"+strings.ToLower(pick(l.dice, []string{"a", "b"})))
		l.optional(f, "archiveUrl", "https://example.org/archive")
		l.optional(f, "date", pick(l.dice, someDates))
		l.optional(f, "accessed", pick(l.dice, someDates))
		l.optional(f, "language", pick(l.dice, []string{"en", "ja"}))
		l.optional(f, "reliability", pick(l.dice, domain.SourceReliabilities))
		l.optional(f, "credibility", 1+l.below(6))
	case domain.Asset:
		f["url"], f["mediaType"], f["altText"] = "https://example.org/"+pick(l.dice, []string{"a.png", "b.png"}), "image/png", l.word()
		l.optional(f, "title", l.word())
		l.optional(f, "size", 1+l.below(3))
	case domain.Tag:
		f["label"], f["vocabulary"] = l.word(), pick(l.dice, domain.TagVocabularies)
		parent()
	case domain.Entity:
		f["name"], f["kind"], f["tags"] = l.word(), pick(l.dice, domain.EntityKinds), l.some(domain.Tag)
		if l.chance(20) {
			f["kind"] = "PLATFORM"
		}
		l.optional(f, "description", l.prose(marking))
		l.optional(f, "language", "en")
		l.optional(f, "country", pick(l.dice, []string{"JP", "ZM"}))
		l.optional(f, "homepage", "https://example.org/")
		l.period(f, "startDate", "endDate")
		l.optional(f, "names", []any{fields{"text": l.word(), "kind": pick(l.dice, domain.NameKinds), "language": "ja"}, fields{"text": "x", "kind": "ALIAS"}})
		l.optional(f, "identifiers", []any{fields{"scheme": "LEI", "value": fmt.Sprint("V", l.below(1000))}})
		var listings []any
		for range l.below(3) {
			listing := fields{"authority": l.word(), "citations": l.citations(1)}
			l.optional(listing, "programme", l.word())
			l.optional(listing, "listId", l.word())
			l.period(listing, "since", "until")
			listings = append(listings, listing)
		}
		f["listings"] = listings
	case domain.Relationship:
		from, to := l.one(domain.Entity), l.one(domain.Entity)
		for from == to {
			to = l.one(domain.Entity)
		}
		f["from"], f["to"], f["citations"], f["confidence"] = from, to, l.citations(1), pick(l.dice, domain.Confidences)
		f["kind"] = pick(l.dice, domain.RelationshipKinds)
		if l.chance(50) {
			f["kind"] = "OWNS"
			if l.chance(60) {
				f["share"] = pick(l.dice, []float64{33.4, 50})
			} else {
				f["shareMin"] = pick(l.dice, []float64{0, 25})
				l.optional(f, "shareMax", pick(l.dice, []float64{50, 75.5}))
			}
		}
		l.optional(f, "role", l.word())
		l.optional(f, "description", l.prose(marking))
		l.period(f, "since", "until")
	case domain.Narrative:
		f["title"], f["claim"], f["status"] = l.word(), l.word(), pick(l.dice, domain.NarrativeStatuses)
		f["targets"], f["amplifiers"], f["tags"] = l.some(domain.Entity), l.some(domain.Entity), l.some(domain.Tag)
		l.optional(f, "description", l.prose(marking))
		l.optional(f, "assessment", l.prose(marking))
		l.period(f, "firstObserved", "lastObserved")
		parent()
		var observations []any
		for range l.below(3) {
			o := fields{"observedOn": pick(l.dice, someDates), "description": l.word(), "citations": l.citations(0)}
			l.optional(o, "reach", 3_000_000_000+l.below(2))
			l.optional(o, "language", "en")
			l.optional(o, "url", "https://example.org/o")
			if len(l.platforms) > 0 {
				l.optional(o, "platform", pick(l.dice, l.platforms))
			}
			observations = append(observations, o)
		}
		f["observations"] = observations
	case domain.Report:
		f["title"], f["summary"], f["body"], f["language"] = l.word(), l.word(), l.body(marking), pick(l.dice, []string{"en", "ja"})
		f["kind"] = pick(l.dice, domain.ReportKinds)
		f["tags"], f["entities"], f["narratives"], f["attachments"] = l.some(domain.Tag), l.some(domain.Entity), l.some(domain.Narrative), l.some(domain.Asset)
		l.optional(f, "hero", l.one(domain.Asset))
		l.optional(f, "subtitle", l.word())
		l.optional(f, "question", l.word())
		l.optional(f, "keyFindings", []any{l.word()})
		l.optional(f, "methods", []any{pick(l.dice, domain.ResearchMethods)})
		var contributions []any
		for _, e := range l.some(domain.Entity) {
			contributions = append(contributions, fields{"entity": e, "role": pick(l.dice, domain.ContributionRoles)}, fields{"entity": e, "role": "REVIEWER"})
		}
		f["contributions"] = contributions
	case domain.Series:
		f["title"], f["cadence"], f["language"] = l.word(), pick(l.dice, domain.Cadences), "en"
		l.optional(f, "description", l.prose(marking))
	case domain.Edition:
		f["series"], f["number"], f["title"], f["language"] = l.one(domain.Series), 1+n, l.word(), "en"
		l.optional(f, "introduction", l.prose(marking))
		l.period(f, "periodStart", "periodEnd")
		var items []any
		for range 1 + l.below(3) {
			item := fields{"headline": l.word(), "summary": l.prose(marking), "citations": l.citations(0),
				"entities": l.some(domain.Entity), "tags": l.some(domain.Tag)}
			l.optional(item, "analysis", l.prose(marking))
			l.optional(item, "occurredOn", pick(l.dice, someDates))
			items = append(items, item)
		}
		f["items"] = items
	default:
		panic(fmt.Sprintf("there is no %s", of))
	}
	return f
}

// publish writes and publishes random documents.
func publish(t *testing.T, desk *editorial.Desk, l randomDocuments) {
	t.Helper()
	ctx := domain.WithViewer(t.Context(), editor)
	want := func(what any, err error) {
		t.Helper()
		if err != nil {
			t.Fatalf("%v: %v", what, err)
		}
	}
	for _, save := range l.saves {
		_, err := desk.Save(ctx, save)
		want(save, err)
	}
	for _, release := range l.releases {
		_, err := desk.Publish(ctx, release)
		want(release, err)
	}
	if len(l.gone) > 0 {
		_, err := desk.Unpublish(ctx, editorial.UnpublishParams{Documents: l.gone})
		want(l.gone, err)
	}
	for _, d := range l.trashed {
		_, err := desk.Delete(ctx, d)
		want(d, err)
	}
	for _, save := range l.edited {
		_, err := desk.Save(ctx, save)
		want(save, err)
	}
	for _, m := range l.merged {
		// Not all entities can be merged: one with itself, a live one into one
		// that is not, one into another that texts may not name.
		if _, err := desk.MergeEntities(ctx, m); err != nil && domain.KindOf(err) != domain.KindConflict && domain.KindOf(err) != domain.KindInvalid {
			want(m, err)
		}
	}
}
