package graph_test

import (
	"cmp"
	"encoding/base64"
	"fmt"
	"math/rand/v2"
	"slices"
	"strings"
	"testing"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"

	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// Names are in the order that people expect, on both engines.
func TestNamesAreOrderedForPeople(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		a := newAPI(t, s)
		for _, label := range []string{"Zebra", "Łódź", "apple", "Mary", "Banana", "Äpfel", "Lotus", "Lodz"} {
			a.query(editor, fmt.Sprintf(`mutation { createTag(input: {label: %q, vocabulary: TOPIC, parent: %s}) { created } }`, label, map[bool]string{true: "null", false: `"zebra"`}[label == "Zebra"]))
			a.query(editor, fmt.Sprintf(`mutation { createEntity(input: {name: %q, kind: PLACE}) { created } }`, label))
		}
		const names = "Äpfel apple Banana Lodz Łódź Lotus Mary"
		a.query(editor, `mutation { createReport(input: {title: "r", kind: BRIEF, language: "en", summary: "s", body: "b", tags: ["apple", "zebra", "lotus", "banana", "mary", "lodz", "lodz-2", "apfel"], entities: ["apple", "zebra", "lodz", "lodz-2", "apfel", "banana", "lotus", "mary"]}) { created } }`)
		a.query(editor, `mutation { publish(input: {documents: ["report:r"], references: INCLUDE}) { state } }`)
		r := a.query(public, `{ tags(orderBy: {field: LABEL}) { nodes { label } } tag(slug: "zebra") { children { nodes { label } } }
			entities(orderBy: {field: NAME, direction: DESC}) { nodes { name } } report(slug: "r") { entities(orderBy: {field: NAME}) { nodes { name } } } }`)
		for path, field := range map[string]string{"tags.nodes": "label", "tag.children.nodes": "label", "entities.nodes": "name", "report.entities.nodes": "name"} {
			want := names
			switch path {
			case "tags.nodes", "report.entities.nodes":
				want += " Zebra"
			case "entities.nodes":
				words := strings.Fields(names + " Zebra")
				slices.Reverse(words)
				want = strings.Join(words, " ")
			}
			if got := r.list(path, field); got != want {
				t.Errorf("%s: got %q, want %q", path, got, want)
			}
		}
	})
}

// A list of names of many scripts is read page by page, forward and backward, in
// the order of the collator.
func TestPagesOfNames(t *testing.T) {
	t.Parallel()
	letters := []rune("abÄÖöłŁzZ09 -'.中国𠮷한김жКЖسカガがß😀ıé\u0301\u0323\u00ad")
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		a := newAPI(t, s)
		random := rand.New(rand.NewPCG(3, 4))
		type named struct{ slug, name string }
		var all []named
		for i := range 200 {
			name := string(letters[random.IntN(20)+4])
			for range random.IntN(5) {
				name += string(letters[random.IntN(len(letters))])
			}
			if name = strings.TrimSpace(norm.NFC.String(name)); i%10 == 9 {
				name = all[i-5].name // some have the same
			}
			if name == "" {
				name = "-"
			}
			all = append(all, named{fmt.Sprintf("n-%03d", i), name})
		}
		for batch := range slices.Chunk(all, 40) {
			var b strings.Builder
			for i, n := range batch {
				fmt.Fprintf(&b, "m%d: createTag(input: {slug: %q, label: %s, vocabulary: TOPIC}) { created } ", i, n.slug, gqlText(n.name))
			}
			a.query(editor, "mutation { "+b.String()+"}")
		}
		ids := map[string]string{} // rows with the same name are in the order of their ids
		for _, list := range []string{"first", "last"} {
			for _, n := range a.query(author, `query @inContext(stage: DESK) { tags(`+list+`: 100, orderBy: {field: SLUG}) { nodes { slug id } } }`).at("tags.nodes").([]any) {
				n := n.(map[string]any)
				ids[n["slug"].(string)] = n["id"].(string)
			}
		}
		c := collate.New(language.Und)
		slices.SortStableFunc(all, func(a, b named) int {
			return cmp.Or(c.CompareString(a.name, b.name), strings.Compare(ids[a.slug], ids[b.slug]))
		})
		var slugs []string
		for _, n := range all {
			slugs = append(slugs, n.slug)
		}
		want := strings.Join(slugs, " ")
		list := func(arguments string) string {
			return `query($cursor: String) @inContext(stage: DESK) { list: tags(` + arguments + `) { ` + pageFields + ` } }`
		}
		if got, _ := walk(a, list("first: 13, after: $cursor, orderBy: {field: LABEL}"), true); got != want {
			t.Errorf("forward: got  %s\nwant %s", got, want)
		}
		if got, _ := walk(a, list("last: 17, before: $cursor, orderBy: {field: LABEL}"), false); got != want {
			t.Errorf("backward: got  %s\nwant %s", got, want)
		}
		slices.Reverse(slugs)
		if got, _ := walk(a, list("first: 19, after: $cursor, orderBy: {field: LABEL, direction: DESC}"), true); got != strings.Join(slugs, " ") {
			t.Errorf("descending: got %s", got)
		}
	})
}

func gqlText(text string) string { return `"` + strings.ReplaceAll(text, `"`, `\"`) + `"` }

// A cursor of the order that there was before is of no use in the present one.
func TestCursorsOfTheOrderOfBytes(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		id := a.query(public, `{ report(slug: "bravo") { id } }`).at("report.id")
		old := base64.RawURLEncoding.EncodeToString(fmt.Appendf(nil, `{"l":"reports TITLE ASC","v":"bravo","i":%q}`, id))
		a.as(public, `query($c: String) { reports(after: $c, orderBy: {field: TITLE, direction: ASC}) { nodes { slug } } }`, vars{"c": old}).
			refused("BAD_USER_INPUT", "after: this cursor is of another list or of another order; start again without it")
		present := a.query(public, `{ reports(first: 1, orderBy: {field: TITLE, direction: ASC}) { pageInfo { endCursor } } }`).at("reports.pageInfo.endCursor").(string)
		if len(present) > len(old)+20 {
			t.Errorf("a cursor has grown from %d to %d characters", len(old), len(present))
		}
	})
}

// The key of the order is nowhere in the content.
func TestTheKeyOfTheOrderIsNoContent(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		r := a.query(author, `query @inContext(stage: DESK) { entity(slug: "crane-works") { revisions { nodes { snapshot } } } }`)
		if strings.Contains(r.body, "_key") || strings.Contains(r.body, "Key") && !strings.Contains(r.body, "keyFindings") {
			t.Errorf("got %s", r.body)
		}
	})
}

// What is compared with a text is brought to its form, however it was sent.
func TestFiltersCompareCanonicalForms(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		a.query(editor, `mutation { createEntity(input: {slug: "aepfel", name: "Äpfel", kind: COMPANY, country: "de", language: "DE-de", description: "x",
			names: [{text: "Pommes é", language: "zh-hans", kind: ALIAS}], identifiers: [{scheme: "RÉG", value: "Ä-1"}],
			listings: [{authority: "Büro", programme: "Über", listId: "É", source: "harbour-gazette"}]}) { created } }`)
		a.query(editor, `mutation { createSource(input: {slug: "zeitung", title: "Zeitung", publisher: "Müller", language: "iw"}) { created } }`)
		a.query(editor, `mutation { createAsset(input: {slug: "bild", url: "https://example.org/x.png", mediaType: "IMAGE/PNG", title: "Büld"}) { created } }`)
		a.query(editor, `mutation { createTag(input: {slug: "oel", label: "Öl", vocabulary: TOPIC}) { created } }`)
		a.query(editor, `mutation { createNarrative(input: {slug: "maer", title: "Mär", claim: "c", status: ACTIVE, observations: [{observedOn: "2021", language: "EN-us", description: "d", source: "zeitung"}]}) { created } }`)
		a.query(editor, `mutation { s: createSeries(input: {slug: "blaetter", title: "Blätter", cadence: WEEKLY, language: "DE"}) { created } createEdition(input: {slug: "blatt", series: "blaetter", number: 1, title: "Blått", language: "EN", items: [{headline: "Häd", summary: "s"}]}) { created } }`)
		for _, tt := range []struct{ list, filter, want string }{
			{"entities", `name: {eq: "A\u0308pfel"}`, "aepfel"},
			{"entities", `name: {in: ["x", "A\u0308pfel "]}`, "aepfel"},
			{"entities", `name: {startsWith: "A\u0308p"}`, "aepfel"},
			{"entities", `name: {ne: "A\u0308pfel"}, country: {eq: "DE"}`, ""},
			{"entities", `name: {notIn: ["A\u0308pfel"]}, country: {eq: "DE"}`, ""},
			{"entities", `not: {name: {ne: "A\u0308pfel"}}`, "aepfel"},
			{"entities", `country: {eq: "de"}`, "aepfel"},
			{"entities", `country: {in: ["de", "fr"]}`, "aepfel"},
			{"entities", `country: {startsWith: "d"}`, "aepfel"},
			{"entities", `language: {eq: "de-DE"}`, "aepfel"},
			{"entities", `language: {eq: "DE_de"}`, "aepfel"},
			{"entities", `language: {startsWith: "DE"}`, "aepfel"},
			{"entities", `names: {text: {eq: "Pommes e\u0301"}, language: {eq: "ZH-HANS"}}`, "aepfel"},
			{"entities", `names: {language: {startsWith: "zh-ha"}}`, "aepfel crane-works"},
			{"entities", `identifiers: {scheme: {eq: "RE\u0301G"}, value: {in: ["A\u0308-1"]}}`, "aepfel"},
			{"entities", `listings: {authority: {eq: "Bu\u0308ro"}, programme: {startsWith: "U\u0308"}, listId: {eq: "E\u0301"}}`, "aepfel"},
			{"sources", `publisher: {eq: "Mu\u0308ller"}, language: {eq: "he"}`, "zeitung"},
			{"sources", `language: {eq: "iw"}`, "zeitung"},
			{"assets", `mediaType: {eq: "Image/png"}, title: {eq: "Bu\u0308ld"}`, "bild"},
			{"assets", `mediaType: {startsWith: "IMAGE/P"}`, "bild"},
			{"tags", `label: {in: ["O\u0308l"]}`, "oel"},
			{"narratives", `title: {eq: "Ma\u0308r"}, observations: {language: {eq: "en-US"}}`, "maer"},
			{"editions", `series: {title: {eq: "Bla\u0308tter"}}, title: {eq: "Bla\u030att"}, language: {eq: "en"}, items: {headline: {eq: "Ha\u0308d"}}`, "blatt"},
		} {
			r := a.query(author, fmt.Sprintf(`query @inContext(stage: DESK) { list: %s(filter: {%s}, orderBy: {field: SLUG}) { nodes { slug } } }`, tt.list, tt.filter))
			if got := r.list("list.nodes", "slug"); got != tt.want {
				t.Errorf("%s %s: got %q, want %q", tt.list, tt.filter, got, tt.want)
			}
		}
		r := a.as(author, `query($f: EntityFilter, $n: String) @inContext(stage: DESK) { a: entities(filter: $f) { nodes { slug } } b: entities(filter: {name: {eq: $n}}) { nodes { slug } } }`,
			vars{"f": vars{"name": vars{"in": "A\u0308pfel"}}, "n": "A\u0308pfel"}).ok()
		if got := r.list("a.nodes", "slug") + "/" + r.list("b.nodes", "slug"); got != "aepfel/aepfel" {
			t.Errorf("variables: got %q", got)
		}
	})
}

// A former slug, and the id of an entity that was merged, mean their successor in
// filters too; and nothing to who does not see it.
func TestFiltersByWhatWasOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		id := func(field, slug string) string {
			return a.query(author, fmt.Sprintf(`query @inContext(stage: DESK) { of: %s(slug: %q) { id } }`, field, slug)).at("of.id").(string)
		}
		a.query(editor, `mutation { createEntity(input: {slug: "port-two", kind: COMPANY, name: "Port Two"}) { created } }`)
		a.query(editor, `mutation { createEntity(input: {slug: "fund-two", kind: COMPANY, name: "Fund Two", marking: AMBER}) { created } }`)
		a.query(editor, `mutation { publish(input: {documents: ["entity:port-two", "entity:fund-two"]}) { state } }`)
		merged, mergedHidden := id("entity", "port-two"), id("entity", "fund-two")
		a.query(editor, `mutation { a: mergeEntities(input: {from: ["port-two"], into: "port-ltd"}) { __typename } b: mergeEntities(input: {from: ["fund-two"], into: "hidden-fund"}) { __typename } }`)
		for of, slugs := range map[string]string{"Report": "alpha bravo echo", "Tag": "ports secret-term", "Entity": "crane-works", "Narrative": "ports-are-safe", "Source": "harbour-gazette", "Relationship": "cw-owns-port hidden-owns-cw", "Edition": "weekly-7", "Asset": "crane-photo"} {
			for slug := range strings.FieldsSeq(slugs) {
				a.query(editor, fmt.Sprintf(`mutation { update%s(input: {id: %q, slug: "now-%s"}) { changed } }`, of, slug, slug))
			}
		}
		a.query(editor, `mutation { publish(input: {documents: ["report:now-alpha", "report:now-bravo", "narrative:now-ports-are-safe", "relationship:now-cw-owns-port", "relationship:now-hidden-owns-cw", "edition:now-weekly-7"], references: INCLUDE}) { state } }`)

		for _, tt := range []struct{ list, filter, want string }{
			{"reports", `slug: {eq: "bravo"}`, "now-bravo"},
			{"reports", `slug: {in: ["bravo", "charlie", "now-bravo"]}`, "charlie now-bravo"},
			{"reports", `slug: {ne: "bravo"}`, "charlie"},
			{"reports", `slug: {notIn: ["bravo"]}`, "charlie"},
			{"reports", `not: {slug: {eq: "bravo"}}`, "charlie"},
			{"reports", `slug: {startsWith: "br"}`, ""}, // a search of the present ones
			{"reports", `tags: {parent: {slug: {eq: "ports"}}}`, "now-bravo"},
			{"reports", `mentions: {slug: {eq: "port-two"}}`, "now-bravo"},
			{"reports", `entities: {slug: {in: ["crane-works"]}}`, "charlie"},
			{"reports", `entities: {id: {eq: "` + merged + `"}}`, "now-bravo"},
			{"reports", `entities: {id: {in: ["` + strings.ToUpper(merged) + `"]}}`, "now-bravo"},
			{"reports", `not: {entities: {id: {eq: "` + merged + `"}}}`, "charlie"},
			{"entities", `slug: {eq: "port-two"}`, "port-ltd"},
			// Ids among slugs.
			{"entities", `slug: {eq: "` + merged + `"}`, "port-ltd"},
			{"entities", `slug: {in: ["` + merged + `", "crane-works"]}`, "crane-works port-ltd"},
			{"entities", `slug: {ne: "` + merged + `", startsWith: "port"}`, ""},
			{"entities", `slug: {eq: "` + mergedHidden + `"}`, ""},
			{"reports", `entities: {slug: {eq: "` + merged + `"}}`, "now-bravo"},
			{"reports", `not: {entities: {slug: {in: ["` + strings.ToLower(merged) + `"]}}}`, "charlie"},
			{"entities", `id: {eq: "` + merged + `"}`, "port-ltd"},
			{"entities", `id: {ne: "` + merged + `"}, slug: {startsWith: "port"}`, ""},
			{"entities", `names: {text: {eq: "Port Two"}}, slug: {eq: "port-two"}`, "port-ltd"},
			{"narratives", `slug: {eq: "ports-are-safe"}`, "now-ports-are-safe"},
			{"narratives", `parent: {slug: {eq: "ports-are-safe"}}`, "cranes-are-safe"},
			{"relationships", `slug: {eq: "cw-owns-port"}`, "now-cw-owns-port"},
			{"relationships", `sources: {slug: {eq: "harbour-gazette"}}`, "port-supplies-cw"},
			{"tags", `slug: {eq: "ports"}`, "now-ports"},
			{"sources", `slug: {eq: "harbour-gazette"}`, "now-harbour-gazette"},
			{"editions", `slug: {eq: "weekly-7"}`, "now-weekly-7"},
		} {
			document := fmt.Sprintf(`{ list: %s(filter: {%s}, orderBy: {field: SLUG}) { totalCount nodes { slug } } }`, tt.list, tt.filter)
			a.query(public, document) // counts what the conditions hold for, which is remembered
			r := a.query(public, document)
			if got := r.list("list.nodes", "slug"); got != tt.want {
				t.Errorf("%s %s: got %q, want %q", tt.list, tt.filter, got, tt.want)
			}
			if r.statements != 2 {
				t.Errorf("%s %s: %d statements, want 2", tt.list, tt.filter, r.statements)
			}
		}

		// To the public, what was once the name of something hidden is as good as
		// what never was a name.
		for _, tt := range []struct{ list, filter, was, never string }{
			{"reports", `slug: {eq: %q}`, "alpha", "nothing"},
			{"reports", `slug: {eq: %q}`, "echo", "nothing"},
			{"reports", `not: {slug: {in: [%q]}}`, "alpha", "nothing"},
			{"reports", `tags: {slug: {eq: %q}}`, "secret-term", "nothing"},
			{"reports", `not: {tags: {slug: {eq: %q}}}`, "secret-term", "nothing"},
			{"reports", `entities: {slug: {eq: %q}}`, "fund-two", "nothing"},
			{"reports", `entities: {id: {eq: %q}}`, mergedHidden, "ent_0000000000000"},
			{"entities", `id: {in: [%q]}`, mergedHidden, "ent_0000000000000"},
			{"entities", `not: {incoming: {from: {slug: {eq: %q}}}}`, "fund-two", "nothing"},
			{"relationships", `slug: {in: [%q]}`, "hidden-owns-cw", "nothing"},
		} {
			if strings.HasPrefix(tt.never, "ent_") {
				tt.never = id("entity", "ana-lyst")
				tt.never = tt.never[:len(tt.never)-1] + string("0123456789"[(int(tt.never[len(tt.never)-1])+1)%10])
			}
			ask := func(name string) *response {
				return a.query(public, fmt.Sprintf(`{ list: %s(filter: {`+tt.filter+`}) { totalCount nodes { slug } } }`, tt.list, name))
			}
			was, never := ask(tt.was), ask(tt.never)
			if was.body != never.body || was.statements != never.statements {
				t.Errorf("%s %s: %s differs from what is not there:\n%s\n%s", tt.list, tt.filter, tt.was, was.body, never.body)
			}
		}
		// Staff find all of it, on the desk and in live.
		for _, stage := range []string{"DESK", "LIVE"} {
			r := a.query(author, fmt.Sprintf(`query @inContext(stage: %s) { a: reports(filter: {slug: {eq: "alpha"}}) { nodes { slug } } b: entities(filter: {id: {eq: %q}}) { nodes { slug } } c: tags(filter: {slug: {eq: "secret-term"}}) { nodes { slug } } }`, stage, mergedHidden))
			if got := r.list("a.nodes", "slug") + r.list("b.nodes", "slug") + r.list("c.nodes", "slug"); got != "now-alphahidden-fundnow-secret-term" {
				t.Errorf("%s: got %s", stage, r.body)
			}
		}
	})
}

// Arguments of subscriptions follow former slugs and merges too.
func TestSubscriptionsByWhatWasOnce(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		a.query(editor, `mutation { createEntity(input: {slug: "port-two", kind: COMPANY, name: "Port Two"}) { created } }`)
		a.query(editor, `mutation { publish(input: {documents: ["entity:port-two"]}) { state } }`)
		r := a.query(public, `{ a: entity(slug: "port-two") { id } b: entity(slug: "port-ltd") { id } c: tag(slug: "ports") { id } }`)
		merged, into, tag := r.at("a.id").(string), r.at("b.id").(string), r.at("c.id").(string)
		a.query(editor, `mutation { mergeEntities(input: {from: ["port-two"], into: "port-ltd"}) { __typename } }`)
		a.query(editor, `mutation { updateTag(input: {id: "ports", slug: "harbours"}) { changed } }`)
		head := a.query(public, `{ changes(first: 1) { head } }`).at("changes.head")
		a.query(editor, `mutation { updateEntity(input: {id: "port-ltd", description: "More."}) { changed } publish(input: {documents: ["entity:port-ltd"]}) { state } }`)
		for name, arguments := range map[string]string{
			"the id of one that was merged": fmt.Sprintf("ids: [%q]", merged),
			"a former slug of a tag":        `tags: ["ports"]`,
			"an id in capitals":             fmt.Sprintf("tags: [%q]", strings.ToUpper(tag)),
		} {
			t.Run(name, func(t *testing.T) {
				s := a.in(t).subscribe(t, public, `subscription($after: String) { contentChanged(after: $after `+arguments+`) { documentId } }`, vars{"after": head}, nil)
				s.wants(fmt.Sprintf(`"documentId":%q`, into))
			})
		}
	})
}
