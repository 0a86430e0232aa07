package graph_test

import (
	"context"
	"fmt"
	"slices"
	"sort"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// write sends mutations for an author.
func (a *api) write(mutations ...string) {
	a.t.Helper()
	for _, m := range mutations {
		a.query(author, "mutation { "+m+" }")
	}
}

func entity(slug, more string) string {
	return fmt.Sprintf(`createEntity(input: {slug: %q, %s}) { created }`, slug, more)
}

func tie(from, kind, to, more string) string {
	return fmt.Sprintf(`createRelationship(input: {from: %q, kind: %s, to: %q, confidence: CONFIRMED %s}) { created }`, from, kind, to, more)
}

const askDuplicates = `query($types: [DocumentType!], $first: Int = 100, $after: String, $least: Float! = 0.85) {
	possibleDuplicates(types: $types, first: $first, after: $after, minScore: $least) {
		complete pageInfo { hasNextPage endCursor }
		nodes { score newer { slug } older { slug } reasons { kind detail } against { kind detail } }
	}
}`

// pairs are the pairs of a page, each with its reasons: "newer=older EXACT SAME_COUNTRY -OTHER_IDENTIFIER".
func (r *response) pairs() []string {
	r.t.Helper()
	var out []string
	for _, n := range r.ok().at("possibleDuplicates.nodes").([]any) {
		n := n.(map[string]any)
		slug := func(of string) string { return n[of].(map[string]any)["slug"].(string) }
		line := max(slug("newer"), slug("older")) + "=" + min(slug("newer"), slug("older")) // ids of one moment are in no order
		for _, of := range []struct{ field, sign string }{{"reasons", " "}, {"against", " -"}} {
			for _, reason := range n[of.field].([]any) {
				line += of.sign + reason.(map[string]any)["kind"].(string)
			}
		}
		out = append(out, line)
	}
	return out
}

func TestPossibleDuplicates(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		a := newAPI(t, s)
		a.write(
			entity("harbor", `name: "Harbor Mining Ltd", kind: COMPANY, country: "CN"`),
			entity("brass", `name: "Teal Foundry", kind: COMPANY, names: [{text: "Brass Foundry Works", kind: FORMER}]`),
			entity("wong", `name: "黄小明", kind: PERSON`),
			entity("alpha", `name: "Alpha Trading", kind: COMPANY, identifiers: [{scheme: "LEI", value: "5493001KJTIIGC8Y1R12"}]`),
			entity("twin", `name: "Twin Stone Quarry", kind: COMPANY, identifiers: [{scheme: "LEI", value: "111"}]`),
			entity("lumen", `name: "Lumenfold Optics Group", kind: COMPANY, homepage: "https://www.lumenfold.example/"`),
			entity("parent", `name: "Saltmarsh Smelting", kind: COMPANY`),
			entity("alone", `name: "Quillback Charter", kind: COMPANY`),

			entity("harbor-2", `name: "Harbor Mining Limited", kind: COMPANY, country: "CN"`),
			entity("brass-2", `name: "Brass Foundry Works", kind: COMPANY`),
			entity("wong-2", `name: "Wong Siu Ming", kind: PERSON`),
			entity("alpha-2", `name: "Zenith Holding", kind: COMPANY, identifiers: [{scheme: "LEI", value: "5493001KJTIIGC8Y1R12"}]`),
			entity("twin-2", `name: "Twin Stone Quarry", kind: COMPANY, identifiers: [{scheme: "lei", value: "222"}]`),
			entity("lumen-2", `name: "Lumenfold", kind: COMPANY, homepage: "http://lumenfold.example?utm_source=x"`),
			entity("parent-2", `name: "Saltmarsh Smelting", kind: COMPANY`),
			tie("parent-2", "SUBSIDIARY_OF", "parent", ""),
			entity("trashed", `name: "Quillback Charter", kind: COMPANY`),
			`deleteEntity(input: {id: "trashed"}) { deletedId }`,

			`createSource(input: {slug: "page", title: "A register", url: "https://register.example/a?b=1#top"}) { created }`,
			`createSource(input: {slug: "paper", title: "A  Paper", publisher: "Press", date: "2020-01"}) { created }`,
			`createSource(input: {slug: "page-2", title: "The same register", url: "http://www.register.example/a/?utm_medium=m&b=1"}) { created }`,
			`createSource(input: {slug: "paper-2", title: "a paper", publisher: "PRESS", date: "2020-01"}) { created }`,
			`createSource(input: {slug: "paper-3", title: "a paper", publisher: "Press", date: "2021"}) { created }`,
		)
		want := []string{ // sources first, which the rest of the test relies on
			"paper-2=paper SAME_TITLE", "page-2=page SAME_URL",
			"parent-2=parent EXACT -RELATED", "lumen-2=lumen SPELLING SAME_HOMEPAGE", "alpha-2=alpha SAME_IDENTIFIER",
			"wong-2=wong TRANSLITERATION", "brass-2=brass FORMER", "harbor-2=harbor EXACT SAME_COUNTRY",
		}
		whole := a.as(author, askDuplicates, nil)
		got := whole.pairs()
		if !slices.Equal(sorted(got), sorted(want)) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(got, "\n"), strings.Join(want, "\n"))
		}
		if whole.at("possibleDuplicates.complete") != true || whole.at("possibleDuplicates.pageInfo.hasNextPage") != false {
			t.Errorf("got %s", whole.body)
		}

		// What tells against a pair lowers its score, and is said.
		got = a.as(author, askDuplicates, vars{"least": 0.5, "types": []string{"ENTITY"}}).pairs()
		if !slices.Contains(got, "twin-2=twin EXACT -OTHER_IDENTIFIER") {
			t.Errorf("got %q", got)
		}
		if got := a.as(author, askDuplicates, vars{"types": []string{"SOURCE"}}).pairs(); !slices.Equal(sorted(got), sorted(want[:2])) {
			t.Errorf("sources: got %q", got)
		}
		if got := a.as(author, askDuplicates, vars{"types": []string{}}).pairs(); len(got) != 0 {
			t.Errorf("of no type: got %q", got)
		}

		// Pages of any size have the same pairs together.
		for _, first := range []int{1, 3} {
			var all []string
			var after any
			for range 20 {
				page := a.as(author, askDuplicates, vars{"first": first, "after": after})
				all = append(all, page.pairs()...)
				if page.at("possibleDuplicates.pageInfo.hasNextPage") == false {
					break
				}
				after = page.at("possibleDuplicates.pageInfo.endCursor")
			}
			if once := whole.pairs(); !slices.Equal(all, once) {
				t.Errorf("in pages of %d: got %q, want %q", first, all, once)
			}
		}
		a.as(author, askDuplicates, vars{"first": 101, "after": "x", "least": 2, "types": []string{"TAG"}}).refused("BAD_USER_INPUT",
			"types[0]: only ENTITY and SOURCE are compared")
		if r := a.as(author, askDuplicates, vars{"first": 101, "after": "x", "least": 2, "types": []string{"TAG"}}); len(r.Errors[0].Extensions.Fields) != 4 {
			t.Errorf("not all problems at once: %s", r.body)
		}
	})
}

func sorted(list []string) []string { return slices.Sorted(slices.Values(list)) }

// More entities than are looked at for a page take several pages, some of which may be empty.
func TestPossibleDuplicatesOfMany(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		a := newAPI(t, s)
		a.write(entity("first", `name: "Quillback Charter", kind: COMPANY`), entity("second", `name: "Quillback Charter", kind: COMPANY`))
		for i := range 11 {
			var b strings.Builder
			for j := range 100 {
				n := 100*i + j
				fmt.Fprintf(&b, "e%d: %s ", n, entity(fmt.Sprint("e-", n), fmt.Sprintf(`name: "%c%c%c%[2]c%[1]c%[4]d", kind: COMPANY`, 'a'+n%26, 'a'+n/26%26, 'a'+n/7%26, n)))
			}
			a.write(b.String())
		}
		var all []string
		var after any
		pages := 0
		for next := true; next; pages++ {
			page := a.as(author, askDuplicates, vars{"least": 1, "after": after})
			all = append(all, page.pairs()...)
			after, next = page.at("possibleDuplicates.pageInfo.endCursor"), page.at("possibleDuplicates.pageInfo.hasNextPage") == true
		}
		if !slices.Equal(all, []string{"second=first EXACT"}) || pages != 3 {
			t.Errorf("got %q on %d pages", all, pages)
		}
	})
}

const askEvidence = `query($kinds: [EvidenceFindingKind!], $first: Int = 100, $after: String) {
	checkEvidence(kinds: $kinds, first: $first, after: $after) {
		complete counts { kind count } pageInfo { hasNextPage endCursor }
		nodes { kind severity path message advice document { displayName } others { displayName } }
	}
}`

// findings are what was found, without what is alike in all.
func (r *response) findings() []string {
	r.t.Helper()
	var out []string
	for _, n := range r.ok().at("checkEvidence.nodes").([]any) {
		n := n.(map[string]any)
		document, _ := n["document"].(map[string]any)
		line := fmt.Sprintf("%s %s.%s: %s", n["kind"], document["displayName"], n["path"], n["message"])
		var others []string
		for _, o := range n["others"].([]any) {
			others = append(others, o.(map[string]any)["displayName"].(string))
		}
		sort.Strings(others)
		if len(others) > 0 {
			line += " [" + strings.Join(others, "; ") + "]"
		}
		if n["advice"] == "" || n["severity"] == "" {
			r.t.Errorf("there is no advice: %v", n)
		}
		out = append(out, line)
	}
	return out
}

func TestCheckEvidence(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		a := newAPI(t, s)
		const cite = `, citations: [{source: "register"}]`
		a.write(
			`createSource(input: {slug: "register", title: "Register", url: "https://register.example", archiveUrl: "https://archive.example/r", reliability: A}) { created }`,
			`createSource(input: {slug: "bare", title: "Bare", url: "https://bare.example"}) { created }`,
			entity("a", `name: "A", kind: COMPANY, country: "CN", startDate: "2015-06"`),
			entity("b", `name: "B", kind: COMPANY, endDate: "2018"`),
			entity("c", `name: "C", kind: COMPANY`),
			entity("d", `name: "D", kind: COMPANY`),
			entity("q", `name: "Q", kind: COMPANY`),
			entity("land", `name: "Land", kind: COUNTRY, country: "JP"`),
			entity("u", `name: "U", kind: COMPANY, country: "KY", identifiers: [{scheme: "LEI", value: "1"}, {scheme: "USCC", value: "91"}, {scheme: "ISIN", value: "US01609W1027"}, {scheme: "ISIN", value: "KYG017191142"}]`),
			entity("l", `name: "L", kind: COMPANY, listings: [{authority: "OFAC"`+cite+`}, {authority: "EU"}]`),

			// 60 and 50 percent of C from mid 2020 on, and 60 and 40 of D at present; what may not hold at that time is not counted.
			tie("a", "OWNS", "c", `, share: 60, since: "2016"`+cite), tie("q", "OWNS", "c", `, shareMin: 50, shareMax: 70, since: "2020-06-15"`+cite),
			tie("l", "OWNS", "c", `, share: 90, since: "2030", until: "2030"`+cite),
			tie("a", "OWNS", "d", `, share: 60`+cite), tie("q", "OWNS", "d", `, shareMin: 40`+cite),
			tie("l", "OWNS", "d", `, share: 90, until: "2010"`+cite), tie("u", "OWNS", "d", ``+cite),

			tie("a", "SUPPLIES", "q", `, since: "2015-05"`+cite), tie("a", "SUPPLIES", "l", `, since: "2015"`+cite),
			tie("b", "FUNDS", "q", `, since: "2010", until: "2019"`+cite), tie("b", "FUNDS", "l", `, since: "2019"`+cite),
			tie("a", "SUCCEEDS", "b", `, since: "2014"`+cite),
			tie("a", "LOCATED_IN", "land", cite), tie("u", "LOCATED_IN", "land", `, until: "2012"`+cite),
			// Q is above L from 2010 to 2012, and below it since 2012: no cycle. D is above Q and below it.
			tie("l", "SUBSIDIARY_OF", "q", `, since: "2010", until: "2012"`+cite), tie("q", "SUBSIDIARY_OF", "l", `, since: "2012"`+cite),
			tie("d", "SUBSIDIARY_OF", "q", `, since: "2014"`+cite), tie("q", "SUBSIDIARY_OF", "d", `, since: "2015"`+cite),

			tie("c", "PARTNER_OF", "d", ""),
			`createNarrative(input: {slug: "n", title: "N", claim: "n", status: ACTIVE, observations: [{observedOn: "2020", description: "seen"}, {observedOn: "2021", description: "cited"`+cite+`}]}) { created }`,
			`createReport(input: {slug: "r", title: "R", kind: BRIEF, language: "en", body: "A.[^one] B.[^two]\n\n[^one]: The register. [@register, p. 2]\n[^two]: a remark"}) { created }`,
			`createSeries(input: {slug: "s", title: "S", cadence: MONTHLY, language: "en"}) { created }`,
			`createEdition(input: {slug: "e", series: "s", number: 1, title: "E", language: "en", items: [{headline: "H", summary: "x"}]}) { created }`,
			`createTag(input: {slug: "t1", label: "T1", vocabulary: TOPIC}) { created }`,
			`createTag(input: {slug: "t2", label: "T2", vocabulary: TOPIC, parent: "t1"}) { created }`,
			entity("gone", `name: "Gone", kind: COMPANY`), tie("gone", "FUNDS", "a", ""),
			`deleteRelationship(input: {id: "gone-funds-a"}) { deletedId }`,
		)
		err := s.Desk(t.Context(), func(ctx context.Context, tx *store.Tx) error { // what no save lets through
			for _, statement := range []string{
				"UPDATE tags SET parent_id = (SELECT id FROM tags WHERE slug = 't2') WHERE slug = 't1'",
				"UPDATE entities SET start_date = '2019-02', end_date = '2018' WHERE slug = 'b'",
			} {
				if _, err := tx.Exec(ctx, statement); err != nil {
					return err
				}
			}
			return nil
		})
		if err != nil {
			t.Fatal(err)
		}
		want := []string{
			"OWNERSHIP_OVER_100 C.owners: 110 percent of C is owned on 2020-06-15, by 2 stakes. [A owns C; Q owns C]",
			"END_BEFORE_START B.endDate: The end, 2018, is before the beginning, 2019-02.",
			"PARENT_CYCLE D.outgoing: D and Q are subsidiaries of each other. [D is a subsidiary of Q; Q is a subsidiary of D]",
			"PARENT_CYCLE T1.parent: “T1” is above itself: 2 parents lead back to it. [T2]",
			"OUTSIDE_LIFETIME A supplies Q.since: It begins in 2015-05, before A does (2015-06). [A]",
			"OUTSIDE_LIFETIME B funds L.since: It begins in 2019, after B has ended (2018). [B]",
			"OUTSIDE_LIFETIME B funds Q (until 2019).since: It begins in 2010, before B does (2019-02). [B]",
			"OUTSIDE_LIFETIME B funds Q (until 2019).until: It ends in 2019, after B has (2018). [B]",
			"COUNTRY_CONFLICT A.country: The country of A is CN, and it is located in Land, the country of which is JP. [A is located in Land; Land]",
			"COUNTRY_CONFLICT U.identifiers[1].value: The country of U is KY, and it has a number of the register of China (USCC 91).",
			"COUNTRY_CONFLICT U.identifiers[2].value: The country of U is KY, and its security US01609W1027 is of US.",
			"NO_CITATION C is a partner of D.citations: The relationship (PARTNER_OF) has no source.",
			"NO_CITATION S 1: E.items[0].citations: The item “H” has no source.",
			"NO_CITATION L.listings[1].citations: The listing “EU” has no source.",
			"NO_CITATION N.observations[0].citations: The observation “2020” has no source.",
			"NO_CITATION R.footnotes[1].source: The footnote [^two] has no source.",
			"NO_ARCHIVE_COPY Bare.archiveUrl: The source “Bare” has an address and no archive copy.",
			"NO_RELIABILITY Bare.reliability: The source “Bare” has no reliability.",
		}
		whole := a.as(author, askEvidence, nil)
		got := whole.findings()
		kinds := make([]string, len(got))
		for i := range got {
			kinds[i], _, _ = strings.Cut(got[i], " ")
			// The first of a cycle is the one with the least id.
			got[i] = strings.Replace(got[i], "PARENT_CYCLE Q.outgoing: Q and D", "PARENT_CYCLE D.outgoing: D and Q", 1)
			got[i] = strings.Replace(got[i], "PARENT_CYCLE T2.parent: “T2” is above itself: 2 parents lead back to it. [T1]", "PARENT_CYCLE T1.parent: “T1” is above itself: 2 parents lead back to it. [T2]", 1)
		}
		if !slices.Equal(sorted(got), sorted(want)) {
			t.Errorf("got\n%s\nwant\n%s", strings.Join(sorted(got), "\n"), strings.Join(sorted(want), "\n"))
		}
		if got := strings.Join(slices.Compact(kinds), " "); got != "OWNERSHIP_OVER_100 END_BEFORE_START PARENT_CYCLE OUTSIDE_LIFETIME COUNTRY_CONFLICT NO_CITATION NO_ARCHIVE_COPY NO_RELIABILITY" {
			t.Errorf("in the order %s", got)
		}
		if got := fmt.Sprint(whole.at("checkEvidence.counts")); got != "[map[count:1 kind:OWNERSHIP_OVER_100] map[count:1 kind:END_BEFORE_START] map[count:2 kind:PARENT_CYCLE]"+
			" map[count:4 kind:OUTSIDE_LIFETIME] map[count:3 kind:COUNTRY_CONFLICT] map[count:5 kind:NO_CITATION] map[count:1 kind:NO_ARCHIVE_COPY] map[count:1 kind:NO_RELIABILITY]]" {
			t.Errorf("counts: %s", got)
		}
		var all []string
		var after any
		for range 20 {
			page := a.as(author, askEvidence, vars{"first": 4, "after": after})
			all = append(all, page.findings()...)
			if page.at("checkEvidence.pageInfo.hasNextPage") == false {
				break
			}
			after = page.at("checkEvidence.pageInfo.endCursor")
		}
		if once := whole.findings(); !slices.Equal(all, once) {
			t.Errorf("in pages: got %q, want %q", all, once)
		}
		some := a.as(author, askEvidence, vars{"kinds": []string{"NO_RELIABILITY", "OUTSIDE_LIFETIME"}})
		if got := some.findings(); len(got) != 5 || fmt.Sprint(some.at("checkEvidence.counts")) != "[map[count:4 kind:OUTSIDE_LIFETIME] map[count:1 kind:NO_RELIABILITY]]" {
			t.Errorf("of two kinds: %s", some.body)
		}
		if got := a.as(author, askEvidence, vars{"kinds": []string{}}).findings(); len(got) != 0 {
			t.Errorf("of no kind: %q", got)
		}
		a.as(author, askEvidence, vars{"first": 101, "after": "x"}).refused("BAD_USER_INPUT", "after: ")
	})
}
