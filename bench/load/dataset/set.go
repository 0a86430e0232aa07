package dataset

import (
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"

	"github.com/redthread-api/redthread/internal/domain"
)

// Version is the version of the generator. Data of another version is not used.
const Version = 1

// Set is a data set. Its documents of each type are numbered from 0, in the order of
// publication: a higher number is newer.
type Set struct {
	Scale float64
	Seed  uint64

	Reports, Entities, Relationships, Tags, Narratives, Sources int

	// SmallDesk says that the desk has no documents, only the end of the log. That is
	// enough to read live, at half the size.
	SmallDesk bool

	hubs int // the first entities, which have many relationships
}

// The relationships of a hub, all of them to others: to hubs and to entities that are
// none.
const (
	hubToHub  = 15
	hubToRest = 2
	hubTies   = hubToHub + hubToRest
)

// New returns the set of a scale. Scale 1 has 10,000 reports, 20,000 entities and
// 60,000 relationships.
func New(scale float64, seed uint64) *Set {
	of := func(n, least int) int { return max(int(float64(n)*scale), least) }
	s := &Set{
		Scale: scale, Seed: seed,
		Reports: of(10_000, 50), Entities: of(20_000, 100), Tags: of(200, 20), Narratives: of(500, 20), Sources: of(2_000, 20),
	}
	s.hubs = max(s.Entities/20, 20)
	rest := s.Entities - s.hubs
	s.Relationships = s.hubs*hubTies + 2*rest + thirds(rest)
	return s
}

// thirds returns how many of the first n entities that are no hubs have a third
// relationship: five of each nineteen.
func thirds(n int) int { return n/19*5 + min(n%19, 5) }

// Name identifies the content of the set, with the version of the generator.
func (s *Set) Name() string {
	name := fmt.Sprintf("version %d, seed %d, scale %g", Version, s.Seed, s.Scale)
	if s.SmallDesk {
		name += ", small desk"
	}
	return name
}

// hash returns a random number for a document and a purpose: the same each time.
func (s *Set) hash(t domain.Type, n, purpose int) uint64 {
	// splitmix64.
	x := s.Seed + uint64(t)<<56 + uint64(purpose)<<40 + uint64(n)
	x += 0x9e3779b97f4a7c15
	x = (x ^ x>>30) * 0xbf58476d1ce4e5b9
	x = (x ^ x>>27) * 0x94d049bb133111eb
	return x ^ x>>31
}

// The purposes of random numbers.
const (
	forMarking = iota
	forKind
	forWords
	forLanguage
	forCount
	forTarget // and the following numbers
)

func (s *Set) choose(t domain.Type, n, purpose, of int) int {
	return int(s.hash(t, n, purpose) % uint64(of))
}

func pick[T any](s *Set, t domain.Type, n, purpose int, of []T) T {
	return of[s.choose(t, n, purpose, len(of))]
}

// Document is what documents of all types have.
type Document struct {
	ID          domain.ID
	Slug        string
	Marking     domain.Marking // its own
	Published   bool
	PublishedAt time.Time // of an unpublished document: when it was created
}

// VisibleAt reports whether viewers of a clearance see a document by its own marking.
func (d *Document) VisibleAt(clearance domain.Marking) bool {
	return d.Published && d.Marking <= clearance
}

var (
	begin = time.Date(2021, 1, 1, 0, 0, 0, 0, time.UTC)
	end   = time.Date(2026, 1, 1, 0, 0, 0, 0, time.UTC)
)

// document returns what document n of count documents of a type has. One of each
// "drafts" documents is not published; 0 says that all are.
func (s *Set) document(t domain.Type, n, count, drafts int) Document {
	step := max(end.Sub(begin)/time.Duration(count), time.Millisecond).Truncate(time.Millisecond)
	at := begin.Add(time.Duration(n) * step)
	d := Document{
		Slug: fmt.Sprintf("%s-%d", t, n), PublishedAt: at,
		Published: drafts == 0 || n%drafts != drafts-1,
	}
	d.ID = makeID(t, at, s.choose(t, n, forWords, 1<<14))
	switch m := s.choose(t, n, forMarking, 100); {
	case m >= 97:
		d.Marking = domain.Amber
	case m >= 90:
		d.Marking = domain.Green
	}
	return d
}

var idEpoch = time.Date(2020, 1, 1, 0, 0, 0, 0, time.UTC)

// makeID returns the id of a type with a time and low bits; see [domain.ID].
func makeID(t domain.Type, at time.Time, low int) domain.ID {
	return domain.ID(at.Sub(idEpoch).Milliseconds()<<22 | int64(t)<<14 | int64(low))
}

// Tag is a tag. Tags are never drafts: a tag is live if something live refers to it.
type Tag struct {
	Document
	Label, Vocabulary string
}

// Tag returns tag n.
func (s *Set) Tag(n int) Tag {
	t := Tag{Document: s.document(domain.Tag, n, s.Tags, 0)}
	t.Marking = domain.Clear
	if n%25 == 24 {
		t.Marking = domain.Green
	}
	t.Label = fmt.Sprintf("%s %s %d", pick(s, domain.Tag, n, forWords+20, adjectives), pick(s, domain.Tag, n, forWords+21, nouns), n)
	t.Vocabulary = pick(s, domain.Tag, n, forKind, domain.TagVocabularies)
	return t
}

// Source is a source. All sources are CLEAR.
type Source struct {
	Document
	Title, URL, Publisher string
}

// Source returns source n.
func (s *Set) Source(n int) Source {
	r := Source{Document: s.document(domain.Source, n, s.Sources, 0)}
	r.Marking = domain.Clear
	r.Title = s.sentence(domain.Source, n, 0)
	r.URL = fmt.Sprintf("https://source-%d.example/%s", n, r.Slug)
	r.Publisher = pick(s, domain.Source, n, forKind, publishers)
	return r
}

// Narrative is a narrative.
type Narrative struct {
	Document
	Title, Claim, Status string
}

const narrativeDrafts = 20

// Narrative returns narrative n.
func (s *Set) Narrative(n int) Narrative {
	r := Narrative{Document: s.document(domain.Narrative, n, s.Narratives, narrativeDrafts)}
	r.Title = fmt.Sprintf("The narrative of the %s %s %d", pick(s, domain.Narrative, n, forWords+20, adjectives), pick(s, domain.Narrative, n, forWords+21, nouns), n)
	r.Claim = s.sentence(domain.Narrative, n, 0) + " " + s.sentence(domain.Narrative, n, 1)
	r.Status = pick(s, domain.Narrative, n, forKind, domain.NarrativeStatuses)
	return r
}

// Entity is an entity.
type Entity struct {
	Document
	Name, Kind, Country, Description string
	Tags                             []int
}

const entityDrafts = 40

// Entity returns entity n.
func (s *Set) Entity(n int) Entity {
	e := Entity{Document: s.document(domain.Entity, n, s.Entities, entityDrafts)}
	e.Name = fmt.Sprintf("%s %s %d", pick(s, domain.Entity, n, forWords+20, adjectives), pick(s, domain.Entity, n, forWords+21, nouns), n)
	e.Kind = pick(s, domain.Entity, n, forKind, domain.EntityKinds)
	e.Country = pick(s, domain.Entity, n, forLanguage, countries)
	e.Description = s.sentence(domain.Entity, n, 0) + " " + s.sentence(domain.Entity, n, 1)
	e.Tags = s.entityTags(n)
	return e
}

func (s *Set) entityTags(n int) []int { return s.distinct(domain.Entity, n, 0, 2, s.Tags, 0) }

// distinct returns count different numbers below of, without those that are drafts.
func (s *Set) distinct(t domain.Type, n, purpose, count, of, drafts int) []int {
	found := make([]int, 0, count)
next:
	for k := 0; len(found) < count; k++ {
		m := s.choose(t, n, forTarget+purpose+k, of)
		if drafts > 0 && m%drafts == drafts-1 {
			m-- // it is published
		}
		for _, other := range found {
			if other == m {
				continue next
			}
		}
		found = append(found, m)
	}
	return found
}

// Report is a report.
type Report struct {
	Document
	Title, Kind, Language, Summary string
	Tags, Entities, Narratives     []int
}

const reportDrafts = 25

// Report returns report n, without its body; see [Set.Body].
func (s *Set) Report(n int) Report {
	r := Report{Document: s.document(domain.Report, n, s.Reports, reportDrafts)}
	r.Title = fmt.Sprintf("%s %s: report %d", pick(s, domain.Report, n, forWords+20, adjectives), pick(s, domain.Report, n, forWords+21, nouns), n)
	r.Kind = s.ReportKind(n)
	r.Language = pick(s, domain.Report, n, forLanguage, []string{"en", "en", "en", "de", "fr"})
	r.Summary = s.sentence(domain.Report, n, 0) + " " + s.sentence(domain.Report, n, 1) + " " + s.sentence(domain.Report, n, 2)
	r.Tags = s.reportTags(n)
	r.Entities = s.reportEntities(n)
	r.Narratives = s.distinct(domain.Report, n, 200, 2, s.Narratives, narrativeDrafts)
	return r
}

// CommonTags returns how many of the first tags are common: each report has one of them.
func (s *Set) CommonTags() int { return min(max(s.Tags/10, 2), 20) }

// reportTags returns the tags of a report: one of those that are common, and three of
// any.
func (s *Set) reportTags(n int) []int {
	common := s.choose(domain.Report, n, forTarget+99, s.CommonTags())
	tags := []int{common}
	for _, t := range s.distinct(domain.Report, n, 0, 4, s.Tags, 0) {
		if t != common && len(tags) < 4 {
			tags = append(tags, t)
		}
	}
	return tags
}

func (s *Set) reportEntities(n int) []int {
	return s.distinct(domain.Report, n, 100, 8, s.Entities, entityDrafts)
}

// Relationship is a relationship. It is a draft if one of its ends is.
type Relationship struct {
	Document
	From, To         int
	Kind, Confidence string
	Role             string
	Sources          []int
}

// Relationship returns relationship n.
func (s *Set) Relationship(n int) Relationship {
	const t = domain.Relationship
	r := Relationship{Document: s.document(t, n, s.Relationships, 0)}
	r.From, r.To = s.ends(n)
	r.Published = !isDraft(r.From, entityDrafts) && !isDraft(r.To, entityDrafts)
	r.Kind = pick(s, t, n, forKind, domain.RelationshipKinds)
	r.Confidence = pick(s, t, n, forLanguage, domain.Confidences)
	r.Role = pick(s, t, n, forWords+20, adjectives) + " " + pick(s, t, n, forWords+21, nouns)
	r.Sources = s.distinct(t, n, 0, 1+s.choose(t, n, forCount, 2), s.Sources, 0)
	return r
}

func isDraft(n, drafts int) bool { return n%drafts == drafts-1 }

// ends returns the entities of a relationship.
func (s *Set) ends(n int) (from, to int) {
	ties, rest := s.hubs*hubTies, s.Entities-s.hubs
	if n < ties {
		hub, k := n/hubTies, n%hubTies
		if k < hubToHub {
			return hub, (hub + 1 + k*((s.hubs-1)/hubToHub)) % s.hubs
		}
		return hub, s.hubs + s.choose(domain.Relationship, n, forTarget+50, rest)
	}
	n -= ties
	m := n / 2
	if n >= 2*rest {
		n -= 2 * rest
		m = n/5*19 + n%5
	}
	return s.hubs + m, s.hubs + (m+1+s.choose(domain.Relationship, n, forTarget+51, rest-1))%rest
}

// Outgoing returns the relationships that start at an entity, the newest first.
func (s *Set) Outgoing(entity int) []int {
	var found []int
	if entity < s.hubs {
		for k := range hubTies {
			found = append(found, entity*hubTies+hubTies-1-k)
		}
		return found
	}
	ties, m := s.hubs*hubTies, entity-s.hubs
	if m%19 < 5 {
		found = append(found, ties+2*(s.Entities-s.hubs)+m/19*5+m%19)
	}
	return append(found, ties+2*m+1, ties+2*m)
}

// Hubs returns how many of the first entities have many relationships.
func (s *Set) Hubs() int { return s.hubs }

// RelationshipVisibleAt reports whether viewers of a clearance see a relationship: it
// and both its ends.
func (s *Set) RelationshipVisibleAt(r *Relationship, clearance domain.Marking) bool {
	from, to := s.document(domain.Entity, r.From, s.Entities, entityDrafts), s.document(domain.Entity, r.To, s.Entities, entityDrafts)
	return r.VisibleAt(clearance) && from.VisibleAt(clearance) && to.VisibleAt(clearance)
}

// ReportHasTag reports whether a report has a tag.
func (s *Set) ReportHasTag(report, tag int) bool { return contains(s.reportTags(report), tag) }

// ReportHasEntityWithTag reports whether a report is about an entity that viewers of a
// clearance see and that has a tag.
func (s *Set) ReportHasEntityWithTag(report, tag int, clearance domain.Marking) bool {
	for _, e := range s.reportEntities(report) {
		if contains(s.entityTags(e), tag) {
			if d := s.document(domain.Entity, e, s.Entities, entityDrafts); d.VisibleAt(clearance) {
				return true
			}
		}
	}
	return false
}

// ReportDocument returns what [Set.Report] returns of all types, for less.
func (s *Set) ReportDocument(n int) Document {
	return s.document(domain.Report, n, s.Reports, reportDrafts)
}

func contains(list []int, n int) bool {
	for _, m := range list {
		if m == n {
			return true
		}
	}
	return false
}

func (s *Set) sentence(t domain.Type, n, k int) string {
	return sentences[s.choose(t, n, forTarget+300+k, len(sentences))]
}

// Body returns the body of a report: about 8 KB of Markdown, which is not the same in
// any two reports.
func (s *Set) Body(n int) string {
	var b strings.Builder
	b.Grow(9 << 10)
	for section := 0; b.Len() < 7600; section++ {
		fmt.Fprintf(&b, "## Part %d of report %d\n\n", section+1, n)
		for paragraph := range 3 {
			for k := range 5 {
				if k > 0 {
					b.WriteByte(' ')
				}
				b.WriteString(s.sentence(domain.Report, n, 10+section*20+paragraph*5+k))
			}
			b.WriteString("\n\n")
		}
		for k := range 3 {
			b.WriteString("- **" + pick(s, domain.Report, n, forTarget+1000+section*20+k, nouns) + "**: ")
			b.WriteString(s.sentence(domain.Report, n, 500+section*20+k))
			b.WriteByte('\n')
		}
		fmt.Fprintf(&b, "\nSee [the register](https://register.example/%d/%d) and its *annex*.\n\n", n, section)
	}
	return strings.TrimSpace(b.String())
}

// ReportsWithWords returns, for each report, those of the words that stand in its title, summary or body, in
// any case.
func (s *Set) ReportsWithWords(words []string) [][]string {
	wanted := make(map[string]string, len(words))
	for _, w := range words {
		wanted[strings.ToLower(w)] = w
	}
	found := make([][]string, s.Reports)
	for n := range found {
		r := s.Report(n)
		text := strings.ToLower(r.Title + "\n" + r.Summary + "\n" + s.Body(n))
		for _, word := range strings.FieldsFunc(text, func(c rune) bool { return !unicode.IsLetter(c) && !unicode.IsDigit(c) }) {
			if w, ok := wanted[word]; ok && !slices.Contains(found[n], w) {
				found[n] = append(found[n], w)
			}
		}
	}
	return found
}

// ReportKind returns the kind of a report.
func (s *Set) ReportKind(n int) string {
	return pick(s, domain.Report, n, forKind, domain.ReportKinds)
}
