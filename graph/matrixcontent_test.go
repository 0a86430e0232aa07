package graph_test

import (
	"fmt"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
)

// createDocuments writes the documents of the visibility matrix, of each type
// one in each state, and publishes them.
func (m *matrix) createDocuments() {
	m.t.Helper()
	m.ids = map[string]string{}
	for _, doc := range documents {
		for n, state := range states {
			marking := "CLEAR"
			if doc.of == "Edition" {
				// It is seen as far as its series.
				m.create(doc.of, doc.one+"-"+state, "marking: CLEAR "+m.fields(doc.of, state, n))
				continue
			}
			if i := slices.Index(seenFrom, state); i >= 0 {
				marking = domain.Marking(i).String()
			}
			m.create(doc.of, doc.one+"-"+state, fmt.Sprintf("marking: %s %s", marking, m.fields(doc.of, state, n)))
		}
	}
	var publish []string
	for n, state := range seenFrom {
		// The next number of the series, and one in between that only few see.
		slug := "second-" + state
		m.create("Edition", slug, fmt.Sprintf(`marking: %s series: "series-%s" number: %d title: "t-%[2]s" language: "en" items: [{headline: "h-%[2]s" summary: "s-%[2]s"}]`,
			domain.Marking(n), state, n+20))
		publish = append(publish, fmt.Sprintf("%q", "edition:"+slug))
	}
	m.create("Edition", "between-red", `marking: RED series: "series-clear" number: 15 title: "t-red" language: "en" items: [{headline: "h-red" summary: "s-red"}]`)
	publish = append(publish, `"edition:between-red"`)
	for _, doc := range documents {
		if slices.Contains(supportingOnes, doc.one) {
			continue
		}
		for _, state := range append(slices.Clone(seenFrom), "gone") {
			publish = append(publish, fmt.Sprintf("%q", doc.one+":"+doc.one+"-"+state))
		}
	}
	m.query(editor, `mutation { publish(input: {references: OMIT documents: [`+strings.Join(publish, " ")+`]}) { state } }`)
	for _, doc := range documents {
		if !slices.Contains(supportingOnes, doc.one) {
			m.query(editor, fmt.Sprintf(`mutation { unpublish(input: {documents: ["%s:%[1]s-gone"]}) { state } }`, doc.one))
		}
		m.query(editor, fmt.Sprintf(`mutation { delete%s(input: {id: "%s-trashed"}) { deletedId } }`, doc.of, doc.one))
	}
}

// supportingOnes are the types that are published with what refers to them.
var supportingOnes = []string{"source", "asset", "tag", "series"}

// create writes a document under another slug first, which then becomes its
// former slug.
func (m *matrix) create(of, slug, fields string) {
	m.t.Helper()
	field := strings.ToLower(of)
	r := m.query(editor, fmt.Sprintf(`mutation { create%s(input: {slug: "was-%s" %s}) { %s { id } } }`, of, slug, fields, field))
	m.ids[slug] = r.at("create" + of + "." + field + ".id").(string)
	m.query(editor, fmt.Sprintf(`mutation { update%s(input: {id: %q slug: %q}) { changed } }`, of, m.ids[slug], slug))
}

// refs returns the references of a document to all documents of a type, except
// those that would make an unseen document visible.
func refs(one, state string) []string {
	var all []string
	for _, s := range states {
		supporting := slices.Contains(supportingOnes, one)
		if s == "trashed" || supporting && s != state && slices.Contains(unseen, s) {
			continue
		}
		all = append(all, fmt.Sprintf("%q", one+"-"+s))
	}
	return all
}

func listOf(one, state string) string { return "[" + strings.Join(refs(one, state), " ") + "]" }

// objects is listOf for references inside an object. The format takes the
// reference and the state of its target.
func objects(one, state, format string) string {
	var b strings.Builder
	for _, ref := range refs(one, state) {
		fmt.Fprintf(&b, "{"+format+"}", ref, strings.Trim(ref[strings.LastIndex(ref, "-"):], `"`))
	}
	return "[" + b.String() + "]"
}

// fields returns the input of the nth document of a type: texts and references.
func (m *matrix) fields(of, s string, n int) string {
	cites := "citations: " + objects("source", s, `source: %s quote: "q%[2]s" locator: "l%[2]s"`)
	parent := func(one string) string { // the one of the state before it, below a clear one
		if n == 0 || slices.Contains(unseen, s) {
			return ""
		}
		return fmt.Sprintf(`parent: "%s-%s"`, one, seenFrom[n-1])
	}
	switch of {
	case "Source":
		return fmt.Sprintf(`title: "t-%[1]s" publisher: "p-%[1]s" url: "https://example.org/u-%[1]s" date: "2020" reliability: A
			accessed: "2021" archiveUrl: "https://example.org/o-%[1]s" language: "en" credibility: 1`, s)
	case "Asset":
		return fmt.Sprintf(`title: "t-%[1]s" altText: "a-%[1]s" url: "https://example.org/u-%[1]s" mediaType: "image/png" size: 1`, s)
	case "Series":
		return fmt.Sprintf(`title: "t-%[1]s" description: "d-%[1]s" cadence: WEEKLY language: "en"`, s)
	case "Tag":
		return fmt.Sprintf(`label: "t-%[1]s" description: "d-%[1]s" vocabulary: TOPIC %[2]s`, s, parent("tag"))
	case "Entity":
		return fmt.Sprintf(`name: "n-%[1]s" kind: PLATFORM description: "d-%[1]s" startDate: "2020" endDate: "2021" language: "en" country: "JP" homepage: "https://example.org/w-%[1]s" tags: %[2]s
			names: [{text: "alias-%[1]s" kind: ALIAS}] identifiers: [{scheme: "LEI" value: "v-%[1]s"}]
			listings: [{authority: "a-%[1]s" programme: "p-%[1]s" since: "2020" %[3]s}, {authority: "OFAC" programme: "q-%[1]s" since: "2020" %[3]s}]`, s, listOf("tag", s), cites)
	case "Relationship":
		to := states[(n+1)%4]
		if slices.Contains(unseen, s) {
			to = "green"
		}
		from := s
		if s == "trashed" {
			from = "clear"
		}
		share := "share: 50"
		if s == "red" {
			share = "shareMin: 50 shareMax: 60"
		}
		return fmt.Sprintf(`from: "entity-%s" to: "entity-%s" kind: OWNS %s confidence: CONFIRMED since: "2020" until: "2021" role: "r-%s" description: "d-%[4]s" %s`, from, to, share, s, cites)
	case "Narrative":
		return fmt.Sprintf(`title: "t-%[1]s" claim: "c-%[1]s" status: ACTIVE description: "d-%[1]s" assessment: "a-%[1]s" firstObserved: "2020" lastObserved: "2021" targets: %[2]s amplifiers: %[2]s tags: %[3]s %[4]s
			observations: %[5]s`, s, listOf("entity", s), listOf("tag", s), parent("narrative"),
			objects("entity", s, `observedOn: "2021" description: "o-`+s+`" platform: %[1]s reach: 7 `+cites))
	case "Report":
		hero := s
		if hero == "trashed" || hero == "gone" {
			hero = "clear"
		}
		return fmt.Sprintf(`title: "t-%[1]s" subtitle: "u-%[1]s" question: "q-%[1]s" keyFindings: ["k-%[1]s"] methods: [OSINT] summary: "s-%[1]s" body: "# h-%[1]s\n\nb-%[1]s [[entity-clear]][^1]\n\n[^1]: f-%[1]s [@source-clear]" kind: BRIEF language: "en"
			tags: %[2]s entities: %[3]s narratives: %[4]s attachments: %[5]s hero: "asset-%[6]s" contributions: %[7]s`,
			s, listOf("tag", s), listOf("entity", s), listOf("narrative", s), listOf("asset", s), hero, objects("entity", s, `entity: %[1]s role: ANALYST`))
	default:
		series := s
		if s == "trashed" {
			series = "clear"
		}
		return fmt.Sprintf(`series: "series-%[6]s" number: %[2]d title: "t-%[1]s" introduction: "i-%[1]s" language: "en" periodStart: "2020" periodEnd: "2021"
			items: [{headline: "h-%[1]s" summary: "s-%[1]s" analysis: "a-%[1]s" entities: %[3]s tags: %[4]s %[5]s}]`, s, n+1, listOf("entity", s), listOf("tag", s), cites, series)
	}
}
