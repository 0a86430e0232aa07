package graph_test

import (
	"fmt"
	"testing"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// testDocument is a document of the tests: its type, and the input of its
// creation.
type testDocument struct {
	of     string
	fields string
}

// testContent is what the tests read. Everything in it is invented.
var testContent = []testDocument{
	{"Tag", `slug: "asia" label: "Asia" vocabulary: REGION`},
	{"Tag", `slug: "ports" label: "Ports" vocabulary: TOPIC`},
	{"Tag", `slug: "cranes" label: "Cranes" vocabulary: TOPIC parent: "ports"`},
	{"Tag", `slug: "secret-term" label: "Secret" vocabulary: TOPIC marking: RED parent: "ports"`},
	{"Source", `slug: "harbour-gazette" title: "Harbour Gazette" url: "https://example.org/gazette" date: "2021-05" reliability: B credibility: 2`},
	{"Source", `slug: "company-register" title: "Company Register" url: "https://example.org/register"`},
	{"Asset", `slug: "crane-photo" url: "https://example.org/crane.jpg" mediaType: "image/jpeg" size: 5000000000 altText: "A crane"`},
	{"Entity", `slug: "port-ltd" kind: COMPANY name: "Port Ltd" country: "ZM" startDate: "2001" tags: ["ports"]`},
	{"Entity", `slug: "hidden-fund" kind: COMPANY name: "Hidden Fund" marking: AMBER`},
	{"Entity", `slug: "crane-works" kind: COMPANY name: "Crane Works" country: "CN" tags: ["cranes", "asia"]
		description: "Maker of cranes; see [[port-ltd]]."
		names: [{text: "CW", kind: ABBREVIATION}, {text: "起重机厂", language: "zh-Hans", kind: TRANSLATION}]
		identifiers: [{scheme: "LEI", value: "CRANE123"}]
		listings: [{authority: "List Office", programme: "P1", since: "2019", until: "2020-06", source: "harbour-gazette"}, {authority: "List Office", programme: "P2", since: "2021-03-04", source: "company-register"}]`},
	{"Entity", `slug: "ana-lyst" kind: PERSON name: "Ana Lyst"`},
	{"Relationship", `slug: "cw-owns-port" from: "crane-works" to: "port-ltd" kind: OWNS share: 33.4 since: "2018-02" confidence: CONFIRMED citations: [{source: "company-register", locator: "p. 4", quote: "33.4 per cent"}]`},
	{"Relationship", `slug: "port-supplies-cw" from: "port-ltd" to: "crane-works" kind: SUPPLIES confidence: POSSIBLE citations: [{source: "harbour-gazette"}]`},
	{"Relationship", `slug: "hidden-owns-cw" from: "hidden-fund" to: "crane-works" kind: OWNS share: 60 confidence: PROBABLE citations: [{source: "company-register"}]`},
	{"Narrative", `slug: "ports-are-safe" title: "Ports are safe" claim: "All ports are safe." status: ACTIVE firstObserved: "2020" targets: ["port-ltd"] amplifiers: ["crane-works", "hidden-fund"] tags: ["ports"]
		observations: [{observedOn: "2021-01-02", description: "A thread.", reach: 3000000000, source: "harbour-gazette"}]`},
	{"Narrative", `slug: "cranes-are-safe" title: "Cranes are safe" claim: "All cranes are safe." status: EMERGING parent: "ports-are-safe" targets: ["port-ltd", "crane-works"]`},
	{"Report", `slug: "alpha" title: "Alpha" kind: RESEARCH language: "en" summary: "First." keyFindings: ["One.", "Two."] methods: [OSINT, CSINT]
		body: "# Start\n\nOn [[crane-works]] and [[hidden-fund|a fund]].[^1]\n\n## Next\n\nMore.[^2]\n\n[^1]: See [@harbour-gazette, p. 3].\n[^2]: Known."
		tags: ["ports", "cranes"] entities: ["crane-works", "port-ltd"] narratives: ["ports-are-safe"] hero: "crane-photo" attachments: ["crane-photo"]
		contributions: [{entity: "ana-lyst", role: AUTHOR}, {entity: "ana-lyst", role: EDITOR}] marking: AMBER`},
	{"Report", `slug: "bravo" title: "bravo" kind: BRIEF language: "en" summary: "Second." body: "Two words about [[port-ltd]]." tags: ["cranes"] entities: ["port-ltd"] contributions: [{entity: "ana-lyst", role: AUTHOR}, {entity: "hidden-fund", role: PARTNER}]`},
	{"Report", `slug: "charlie" title: "Charlie" kind: BRIEF language: "ja" summary: "Third." body: "Three." tags: ["secret-term", "asia"] entities: ["hidden-fund", "crane-works"]`},
	{"Report", `slug: "delta" title: "Delta" kind: TYPOLOGY language: "en" summary: "Fourth." body: "Four." marking: GREEN tags: ["ports"] entities: ["crane-works"]`},
	{"Series", `slug: "weekly" title: "Weekly" cadence: WEEKLY language: "en" description: "What [[port-ltd]] does."`},
	{"Edition", `series: "weekly" number: 7 title: "Week seven" language: "en" periodStart: "2024-02-01" periodEnd: "2024-02-14" introduction: "On [[port-ltd]]."
		items: [{headline: "A crane fell", occurredOn: "2024-02-03", summary: "It fell.", analysis: "Why [[crane-works]] matters.", entities: ["crane-works", "hidden-fund"], tags: ["cranes"], citations: [{source: "harbour-gazette"}, {source: "harbour-gazette", locator: "p. 2"}, {source: "company-register"}]}, {headline: "Nothing else", summary: "No."}]`},
	{"Report", `slug: "echo" title: "Echo" kind: BRIEF language: "en" summary: "A draft." body: "Five." tags: ["ports"]`},
}

// published has the documents that are published, in this order, a day apart.
var published = []string{
	"relationship:cw-owns-port", "relationship:port-supplies-cw", "relationship:hidden-owns-cw",
	"narrative:ports-are-safe", "narrative:cranes-are-safe",
	"report:bravo", "report:charlie", "report:delta", "report:alpha", "edition:weekly-7",
}

// createContent writes and publishes testContent through the API.
func (a *api) createContent() {
	a.t.Helper()
	for _, it := range testContent {
		a.query(editor, fmt.Sprintf("mutation { create%s(input: {%s}) { created } }", it.of, it.fields))
	}
	a.query(editor, `mutation { updateTag(input: {id: "cranes", description: "Machines of [[crane-works|the maker]]."}) { changed } }`)
	day := time.Date(2024, 3, 1, 0, 0, 0, 0, time.UTC)
	for i, doc := range published {
		a.query(editor, fmt.Sprintf(`mutation { publish(input: {documents: [%q], references: INCLUDE, publishedAt: %q}) { state } }`,
			doc, day.AddDate(0, 0, i).Format(time.RFC3339)))
	}
}

func TestContent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		got := a.query(public, `{ reports { nodes { slug } } }`).list("reports.nodes", "slug")
		if want := "charlie bravo"; got != want {
			t.Errorf("public sees %q, want %q", got, want)
		}
		got = a.query(partner, `{ reports { nodes { slug } } }`).list("reports.nodes", "slug")
		if want := "delta charlie bravo"; got != want {
			t.Errorf("a partner sees %q, want %q", got, want)
		}
		got = a.query(author, `query @inContext(stage: DESK) { reports { nodes { slug } } }`).list("reports.nodes", "slug")
		if want := "alpha delta charlie bravo echo"; got != want {
			t.Errorf("an author sees %q on the desk, want %q", got, want)
		}
	})
}

var _ = domain.Clear
