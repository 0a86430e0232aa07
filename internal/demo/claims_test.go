package demo_test

import (
	"bytes"
	"cmp"
	"encoding/csv"
	"fmt"
	"maps"
	"net/url"
	"os"
	"path/filepath"
	"regexp"
	"slices"
	"strings"
	"testing"

	"github.com/vektah/gqlparser/v2"
	"github.com/vektah/gqlparser/v2/ast"
	"github.com/vektah/gqlparser/v2/validator/rules"
)

// realWorld is who and what of the real world the demo names. An addition needs a
// statement of the publisher's to stand on, or an entry in a list.
var realWorld = []string{
	"china", "united-states", "taiwan", "japan", "okinawa", "fukushima", "asia-pacific", "australia", "zambia",
	"democratic-republic-of-the-congo", "european-union", "lobito-corridor", "lobito-corridor-railway",
	"norin-mining", "norin-mining-parent", "australian-private-equity-firm", "zambian-copper-mines",
	"us-sanctions-authority", "alibaba", "govini", "national-security-knowledge-graph",
	"majority-state-owned-enterprises", "counter-espionage-law", "implementing-rules-2017",
	"security-precaution-provisions-2021", "counter-espionage-revision-2023",
	"npc-standing-committee", "state-council", "ministry-of-state-security",
	"us-department-of-defense", "norinco-group", "sasac", "miit", "sastind", "pla",
}

// startDates are the dates of the real world that the demo states, by entity.
var startDates = map[string]string{
	"counter-espionage-law": "2014", "implementing-rules-2017": "2017",
	"security-precaution-provisions-2021": "2021", "counter-espionage-revision-2023": "2023-04",
}

// lists are the sources that are of the real world, with their addresses.
var lists = map[string]string{
	"dod-list-2021": "",
	"dod-list-2025": "https://media.defense.gov/2025/Jan/07/2003625471/-1/-1/1/ENTITIES-IDENTIFIED-AS-CHINESE-MILITARY-COMPANIES-OPERATING-IN-THE-UNITED-STATES.PDF",
	"dod-list-2026": "https://media.defense.gov/2026/Jun/08/2003945537/-1/-1/1/ENTITIES-IDENTIFIED-AS-CHINESE-MILITARY-COMPANIES-OPERATING-IN-THE-UNITED-STATES-IN-ACCORDANCE-WITH-SECTION-1260H.PDF",
}

// aboutTheWorld are the reports whose subject is real.
var aboutTheWorld = []string{
	"counter-espionage-law", "ip-theft-typology", "disinformation-targeting-japan",
	"sanctions-evasion-and-global-resources", "big-tech-ties-to-the-government",
}

func graphqlFiles(t *testing.T) map[string]string {
	t.Helper()
	names, err := filepath.Glob("*.graphql")
	if err != nil || len(names) == 0 {
		t.Fatalf("no .graphql files: %v", err)
	}
	texts := map[string]string{}
	for _, name := range names {
		text, err := os.ReadFile(name)
		if err != nil {
			t.Fatal(err)
		}
		texts[name] = string(text)
	}
	return texts
}

func loadSchema(t *testing.T) *ast.Schema {
	t.Helper()
	text, err := os.ReadFile("../../schema.graphql")
	if err != nil {
		t.Fatal(err)
	}
	return gqlparser.MustLoadSchema(&ast.Source{Name: "schema.graphql", Input: string(text)})
}

// mutations are the inputs of the demo by mutation: createEntity and so on.
func mutations(t *testing.T) map[string][]map[string]any {
	t.Helper()
	schema := loadSchema(t)
	all := map[string][]map[string]any{}
	for name, text := range graphqlFiles(t) {
		doc, err := gqlparser.LoadQueryWithRules(schema, text, rules.NewDefaultRules())
		if err != nil {
			t.Fatalf("%s: %v", name, err)
		}
		if len(doc.Operations) != 1 || doc.Operations[0].Operation != ast.Mutation {
			t.Errorf("%s: want one mutation", name)
		}
		for _, selection := range doc.Operations[0].SelectionSet {
			field := selection.(*ast.Field)
			input, _ := field.ArgumentMap(nil)["input"].(map[string]any)
			all[field.Name] = append(all[field.Name], input)
		}
	}
	return all
}

func TestOperationsFitTheSchema(t *testing.T) {
	t.Parallel()
	total := 0
	for _, inputs := range mutations(t) {
		total += len(inputs)
	}
	if total >= 400 {
		t.Errorf("got %d mutations, want fewer than 400: the demo is loaded at a start", total)
	}
}

func TestClaims(t *testing.T) {
	t.Parallel()
	all := mutations(t)
	invented := func(v any) bool {
		text, _ := v.(string)
		return strings.Contains(strings.ToLower(text), "invented")
	}

	t.Run("EntitiesAreKnownOrInvented", func(t *testing.T) {
		seen := map[string]bool{}
		for _, e := range all["createEntity"] {
			slug := e["slug"].(string)
			seen[slug] = true
			switch {
			case !slices.Contains(realWorld, slug):
				if !invented(e["description"]) {
					t.Errorf("%s: the description does not say that it is invented", slug)
				}
			case invented(e["description"]):
				t.Errorf("%s: is of the real world and called invented", slug)
			case e["identifiers"] != nil:
				t.Errorf("%s: is of the real world and has identifiers", slug)
			case fmt.Sprint(e["startDate"]) != cmp.Or(startDates[slug], "<nil>") || e["endDate"] != nil:
				t.Errorf("%s: is of the real world and begins on %v, want %q", slug, e["startDate"], startDates[slug])
			}
		}
		for _, slug := range realWorld {
			if !seen[slug] {
				t.Errorf("%s is in the list of real names and not in the demo", slug)
			}
		}
	})

	t.Run("TiesDoNotCross", func(t *testing.T) {
		for _, r := range all["createRelationship"] {
			from, to := r["from"].(string), r["to"].(string)
			if slices.Contains(realWorld, from) != slices.Contains(realWorld, to) {
				t.Errorf("%s and %s: a tie between a real and an invented entity", from, to)
			}
			if slices.Contains(realWorld, from) && r["share"] != nil {
				t.Errorf("%s owns %s: a share between real entities", from, to)
			}
		}
	})

	t.Run("WhatIsRealRestsOnWhatIsReal", func(t *testing.T) {
		for _, r := range all["createRelationship"] {
			checkCited(t, r["slug"].(string), r, slices.Contains(realWorld, r["from"].(string)))
		}
		for _, e := range all["createEntity"] {
			for _, l := range rows(e["listings"]) {
				checkCited(t, e["slug"].(string), l, slices.Contains(realWorld, e["slug"].(string)))
			}
		}
	})

	t.Run("ItemsSayWhatTheyAre", func(t *testing.T) {
		for _, e := range all["createEdition"] {
			for _, item := range rows(e["items"]) {
				headline, at := item["headline"].(string), fmt.Sprintf("%s: %s", e["slug"], item["headline"])
				real := !slices.ContainsFunc(item["entities"].([]any), func(v any) bool { return !slices.Contains(realWorld, v.(string)) })
				if real == strings.HasSuffix(headline, "(invented)") || real == strings.HasPrefix(item["summary"].(string), "Invented:") {
					t.Errorf("%s: is about %v", at, item["entities"])
				}
				checkCited(t, at, item, real)
				if on := fmt.Sprint(item["occurredOn"]); real && !slices.Contains([]string{"<nil>", "2023-04", "2026-06-08"}, on) {
					t.Errorf("%s: happened on %s", at, on)
				}
			}
		}
	})

	t.Run("NumbersAboutTheWorldAreStated", func(t *testing.T) {
		// Of laws, of lists, of the rule, and how many narratives there are.
		stated := strings.Fields("8 2014 2017 2021 2023 2025 2026 1260 398 402 50")
		number := regexp.MustCompile(`\d+`)
		check := func(at string, v any) {
			for _, n := range number.FindAllString(fmt.Sprint(v), -1) {
				if !slices.Contains(stated, n) {
					t.Errorf("%s: %s is in nothing that the demo may state", at, n)
				}
			}
		}
		for _, e := range all["createEntity"] {
			if slices.Contains(realWorld, e["slug"].(string)) {
				check(e["slug"].(string), e["description"])
			}
		}
		for _, e := range all["createEdition"] {
			for _, item := range rows(e["items"]) {
				if headline := item["headline"].(string); !strings.HasSuffix(headline, "(invented)") {
					check(headline, []any{headline, item["summary"], item["analysis"]})
				}
			}
		}
		for _, r := range all["createReport"] {
			if slices.Contains(aboutTheWorld, r["slug"].(string)) {
				check(r["slug"].(string), []any{r["summary"], r["keyFindings"], r["question"]})
			}
		}
	})

	// One document that named both would say more than the publisher does.
	t.Run("TheParentIsNotNamed", func(t *testing.T) {
		for mutation, inputs := range all {
			for _, input := range inputs {
				text := strings.ToLower(fmt.Sprint(input))
				if mutation != "publish" && strings.Contains(text, "norinco") && (strings.Contains(text, "norin mining") || strings.Contains(text, "norin-mining")) {
					t.Errorf("%s %v names Norin Mining beside a company on a list", mutation, input["slug"])
				}
			}
		}
	})

	t.Run("SourcesSayWhatTheyAre", func(t *testing.T) {
		for _, s := range all["createSource"] {
			slug, title := s["slug"].(string), s["title"].(string)
			if address, ok := lists[slug]; ok {
				if url, _ := s["url"].(string); url != address {
					t.Errorf("source %s: got the address %q, want %q", slug, url, address)
				}
				continue
			}
			if !strings.HasSuffix(title, "(invented)") && !strings.HasSuffix(title, "(demo record)") {
				t.Errorf("source %q: want (invented) or (demo record) at the end", title)
			}
		}
	})

	t.Run("ReportsSayWhatTheyAre", func(t *testing.T) {
		for _, r := range all["createReport"] {
			slug := r["slug"].(string)
			if !slices.Contains(aboutTheWorld, slug) && r["body"] != nil && !invented(r["body"]) && !strings.Contains(r["body"].(string), "架空") {
				t.Errorf("report %s: does not say that it is invented", slug)
			}
		}
	})

	t.Run("SightingsSayThatTheyAreInvented", func(t *testing.T) {
		for _, n := range all["createNarrative"] {
			if invented(n["description"]) {
				continue
			}
			observations, _ := n["observations"].([]any)
			for _, o := range observations {
				if row := o.(map[string]any); !invented(row["description"]) {
					t.Errorf("narrative %s: a sighting that does not say that it is invented: %v", n["slug"], row)
				}
			}
		}
	})

	t.Run("AddressesLeadNowhere", func(t *testing.T) {
		address := regexp.MustCompile(`https?://[^\s"')\]>]+`)
		for name, text := range graphqlFiles(t) {
			for _, found := range address.FindAllString(text, -1) {
				u, err := url.Parse(found)
				if err != nil {
					t.Fatalf("%s: %v", name, err)
				}
				if slices.Contains(slices.Collect(maps.Values(lists)), found) {
					continue
				}
				if host := "." + u.Hostname(); !strings.HasSuffix(host, ".example.org") &&
					!strings.HasSuffix(host, ".example.com") && !strings.HasSuffix(host, ".example") {
					t.Errorf("%s: %s: want example.org, example.com or .example", name, found)
				}
			}
		}
	})
}

// rows are the inputs in a list.
func rows(v any) []map[string]any {
	list, _ := v.([]any)
	all := make([]map[string]any, 0, len(list))
	for _, row := range list {
		all = append(all, row.(map[string]any))
	}
	return all
}

// checkCited wants what is said about the real world to cite the publisher's
// pages, the texts of laws, or a list, and what is invented to cite none of the
// lists.
func checkCited(t *testing.T, at string, input map[string]any, real bool) {
	t.Helper()
	pages := []string{"page-", "text-", "note-"}
	for _, c := range rows(input["citations"]) {
		source := c["source"].(string)
		_, listed := lists[source]
		stated := listed || slices.ContainsFunc(pages, func(prefix string) bool { return strings.HasPrefix(source, prefix) })
		if real != stated {
			t.Errorf("%s: real: %v, and cites %s", at, real, source)
		}
	}
}

// What the demo says of companies on a real list is what the list says.
func TestListings(t *testing.T) {
	t.Parallel()
	const file = "../../../shared/data/dod-chinese-military-companies.csv"
	list, err := os.ReadFile(file)
	if err != nil {
		t.Skipf("the list of the U.S. Department of Defense is not here: %v", err)
	}
	table, err := csv.NewReader(bytes.NewReader(list)).ReadAll()
	if err != nil {
		t.Fatal(err)
	}
	column := map[string]int{}
	for i, name := range table[0] {
		column[name] = i
	}
	all := mutations(t)
	// entry finds the row of a company as of a date.
	entry := func(alias, since string) []string {
		i := slices.IndexFunc(table, func(row []string) bool { return row[column["Alias"]] == alias && row[column["Start date"]] == since })
		if i < 0 {
			t.Errorf("%s was not listed on %s", alias, since)
			return make([]string, len(table[0]))
		}
		return table[i]
	}
	compare := func(at string, row []string, input map[string]any) {
		for _, c := range rows(input["citations"]) {
			if got, want := lists[c["source"].(string)], row[column["Source Url"]]; got != want {
				t.Errorf("%s cites %q, want %q", at, got, want)
			}
			for _, key := range []string{"quote", "locator"} {
				if text, _ := c[key].(string); !strings.Contains(row[column["Note"]], text) {
					t.Errorf("%s: %q is not in the list's note: %q", at, text, row[column["Note"]])
				}
			}
		}
	}
	found := 0
	for _, e := range all["createEntity"] {
		if !slices.Contains(realWorld, e["slug"].(string)) {
			continue
		}
		for _, l := range rows(e["listings"]) {
			found++
			at := fmt.Sprintf("%v on %v", e["name"], l["since"])
			row := entry(e["name"].(string), l["since"].(string))
			if until, _ := l["until"].(string); until != row[column["End date"]] || l["authority"] != "U.S. Department of Defense" {
				t.Errorf("%s: got %v", at, l)
			}
			if full := rows(e["names"])[0]["text"]; full != row[column["Clean Name"]] {
				t.Errorf("%s: got the name %v, want %q", at, full, row[column["Clean Name"]])
			}
			compare(at, row, l)
		}
	}
	if found != 4 {
		t.Errorf("got %d listings of real companies, want 4", found)
	}
	of := map[string]string{"alibaba": "Alibaba", "norinco-group": "Norinco Group"}
	for _, r := range all["createRelationship"] {
		if cites := rows(r["citations"]); cites[0]["source"] == "dod-list-2026" {
			company := cmp.Or(of[r["from"].(string)], of[r["to"].(string)])
			compare(r["slug"].(string), entry(company, "2026-06-08"), r)
		}
	}
}

// A filter for what `redthread import companies` calls the list by itself
// finds the demo's listings as well.
func TestProgrammeIsTheImports(t *testing.T) {
	t.Parallel()
	text, err := os.ReadFile("../app/import.go")
	if err != nil {
		t.Fatal(err)
	}
	match := regexp.MustCompile(`"programme", "([^"]+)"`).FindSubmatch(text)
	if match == nil {
		t.Fatal("the default of -programme is not where it was")
	}
	found := 0
	for _, e := range mutations(t)["createEntity"] {
		for _, l := range rows(e["listings"]) {
			if l["authority"] != "U.S. Department of Defense" {
				continue
			}
			if found++; l["programme"] != string(match[1]) {
				t.Errorf("%s: got the programme %q, want %q", e["slug"], l["programme"], match[1])
			}
		}
	}
	if found == 0 {
		t.Error("there are no listings of the U.S. Department of Defense")
	}
}
