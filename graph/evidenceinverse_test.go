package graph_test

import (
	"encoding/json"
	"fmt"
	"log/slog"
	"net/http"
	"regexp"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/editorial"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// What rests on a source, where an entity is spoken of, its editions, the tree of a narrative and those with a part in narratives
// are what the documents themselves say, turned round: for random content, and for viewers of each clearance.
func TestEvidenceIsWhatDocumentsSay(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		desk := editorial.New(s, projection.New(s, slog.New(slog.DiscardHandler), time.Now).WithPatience(storetest.Patience), slog.New(slog.DiscardHandler), time.Now)
		publish(t, desk, rapid.Custom(randomContent).Example(7))
		i := &inverse{t: t, handler: handlerOver(s)}
		for m := domain.Clear; m <= domain.Red; m++ {
			i.viewer = &domain.Viewer{Name: m.String(), Role: domain.Partner, Clearance: m, KeyID: 1}
			i.check()
		}
		if i.compared < 500 {
			t.Errorf("only %d lines were compared", i.compared)
		}
	})
}

type inverse struct {
	t        *testing.T
	handler  http.Handler
	viewer   *domain.Viewer
	compared int
}

type object = map[string]any

func (i *inverse) ask(query string) object {
	i.t.Helper()
	r := put(i.t.Context(), i.handler, i.viewer, question{Document: query})
	var parsed struct {
		Data   object
		Errors []any
	}
	if err := json.Unmarshal([]byte(r.body), &parsed); err != nil || len(parsed.Errors) > 0 {
		i.t.Fatalf("%s: %v", query, r)
	}
	return parsed.Data
}

func nodesIn(v any) []object {
	var out []object
	if connection, ok := v.(object); ok {
		v = connection["nodes"]
	}
	list, _ := v.([]any)
	for _, e := range list {
		out = append(out, e.(object))
	}
	return out
}

// same compares lines, in any order.
func (i *inverse) same(what string, want, got map[string][]string) {
	i.t.Helper()
	for _, lines := range []map[string][]string{want, got} {
		for _, list := range lines {
			slices.Sort(list)
			i.compared += len(list)
		}
	}
	if d := cmp.Diff(want, got); d != "" {
		i.t.Errorf("TLP:%v: %s (-what the documents say +the field):\n%s", i.viewer.Clearance, what, d)
	}
}

var linkInText = regexp.MustCompile(`\[\[([a-z0-9-]+)[|\]]`)

func (i *inverse) check() {
	const citations = `citations { locator quote source { slug } }`
	all := i.ask(`{
		relationships(first: 100) { nodes { slug ` + citations + ` } }
		entities(first: 100) { nodes { slug description listings { authority ` + citations + ` } } }
		narratives(first: 100) { nodes { slug description assessment parent { slug } observations(first: 100) { nodes { description ` + citations + ` } } targets(first: 100) { nodes { slug } } amplifiers(first: 100) { nodes { slug } } } }
		editions(first: 100) { nodes { slug introduction items { headline summary analysis ` + citations + ` entities { slug } tags { slug } } } }
		reports(first: 100) { nodes { slug footnotes { number locator source { slug } } entities(first: 100) { nodes { slug } } mentions(first: 100) { nodes { slug } } } }
		tags(first: 100) { nodes { slug description } }
	}`)
	claims, spoken, numbers, tagged := map[string][]string{}, map[string][]string{}, map[string][]string{}, map[string][]string{}
	cite := func(kind, document, claim string, citations any) {
		for _, c := range nodesIn(citations) {
			source := c["source"].(object)["slug"].(string)
			claims[source] = append(claims[source], fmt.Sprint(kind, " ", document, " ", claim, " ", c["locator"], " ", c["quote"]))
		}
	}
	once := func(into map[string][]string, key any, line string) {
		if slug := key.(string); !slices.Contains(into[slug], line) {
			into[slug] = append(into[slug], line)
		}
	}
	parents := map[string]string{}
	actors := map[string]map[string][]string{"TARGET": {}, "AMPLIFIER": {}}
	sightings := map[string]int{}
	for _, d := range nodesIn(all["relationships"]) {
		cite("RELATIONSHIP", d["slug"].(string), "", d["citations"])
	}
	for _, d := range nodesIn(all["entities"]) {
		for _, l := range nodesIn(d["listings"]) {
			cite("LISTING", d["slug"].(string), l["authority"].(string), l["citations"])
		}
	}
	for _, d := range nodesIn(all["narratives"]) {
		slug := d["slug"].(string)
		parents[slug] = ""
		if parent, ok := d["parent"].(object); ok {
			parents[slug] = parent["slug"].(string)
		}
		for _, o := range nodesIn(d["observations"]) {
			sightings[slug]++
			cite("OBSERVATION", slug, o["description"].(string), o["citations"])
		}
		for role, field := range map[string]string{"TARGET": "targets", "AMPLIFIER": "amplifiers"} {
			for _, e := range nodesIn(d[field]) {
				once(spoken, e["slug"], "true "+slug+" <nil>")
				once(actors[role], e["slug"], slug)
			}
		}
	}
	for _, d := range nodesIn(all["editions"]) {
		for _, item := range nodesIn(d["items"]) {
			cite("EDITION_ITEM", d["slug"].(string), item["headline"].(string), item["citations"])
			for _, e := range nodesIn(item["entities"]) {
				spoken[e["slug"].(string)] = append(spoken[e["slug"].(string)], "true "+d["slug"].(string)+" "+item["headline"].(string))
				once(numbers, e["slug"], d["slug"].(string))
			}
			for _, tag := range nodesIn(item["tags"]) {
				once(tagged, tag["slug"], d["slug"].(string))
			}
		}
	}
	for _, d := range nodesIn(all["reports"]) {
		for _, n := range nodesIn(d["footnotes"]) {
			if n["source"] != nil {
				cite("FOOTNOTE", d["slug"].(string), fmt.Sprint(n["number"]), []any{object{"source": n["source"], "locator": n["locator"], "quote": nil}})
			}
		}
		linked := map[any]bool{}
		for _, e := range nodesIn(d["entities"]) {
			linked[e["slug"]] = true
			once(spoken, e["slug"], "true "+d["slug"].(string)+" <nil>")
		}
		for _, e := range nodesIn(d["mentions"]) {
			if !linked[e["slug"]] {
				once(spoken, e["slug"], "false "+d["slug"].(string)+" <nil>")
			}
		}
	}
	// Links in texts are mentions too, where no list has the entity already.
	named := func(document string, item any, linked []object, texts ...any) {
		here := map[string]bool{document: true}
		for _, e := range linked {
			here[e["slug"].(string)] = true
		}
		for _, text := range texts {
			for _, m := range linkInText.FindAllStringSubmatch(fmt.Sprint(text), -1) {
				if slug := m[1]; !here[slug] {
					here[slug] = true
					spoken[slug] = append(spoken[slug], fmt.Sprint("false ", document, " ", item))
				}
			}
		}
	}
	for _, list := range []string{"entities", "narratives", "editions", "tags"} {
		for _, d := range nodesIn(all[list]) {
			slug := d["slug"].(string)
			named(slug, nil, append(nodesIn(d["targets"]), nodesIn(d["amplifiers"])...), d["description"], d["assessment"], d["introduction"])
			for _, item := range nodesIn(d["items"]) {
				named(slug, item["headline"], nodesIn(item["entities"]), item["summary"], item["analysis"])
			}
		}
	}
	gotClaims, gotSpoken, gotNumbers, gotTagged := map[string][]string{}, map[string][]string{}, map[string][]string{}, map[string][]string{}
	found := i.ask(`{ sources(first: 100) { nodes { slug citedBy(first: 100) { totalCount nodes { kind locator quote document { slug } listing { authority } observation { description } item { headline } footnote { number } } } } }
		entities(first: 100) { nodes { slug mentions(first: 100) { totalCount nodes { linked document { slug } item { headline } } } editions(first: 100) { totalCount nodes { slug } } } }
		tags(first: 100) { nodes { slug editions(first: 100) { totalCount nodes { slug } } } } }`)
	count := func(of string, connection any, n int) {
		if got := connection.(object)["totalCount"]; got != float64(n) {
			i.t.Errorf("TLP:%v: totalCount of %s is %v of %d", i.viewer.Clearance, of, got, n)
		}
	}
	for _, d := range nodesIn(found["sources"]) {
		slug := d["slug"].(string)
		for _, c := range nodesIn(d["citedBy"]) {
			claim := ""
			for _, part := range [][2]string{{"listing", "authority"}, {"observation", "description"}, {"item", "headline"}, {"footnote", "number"}} {
				if of, ok := c[part[0]].(object); ok {
					claim = fmt.Sprint(of[part[1]])
				}
			}
			gotClaims[slug] = append(gotClaims[slug], fmt.Sprint(c["kind"], " ", c["document"].(object)["slug"], " ", claim, " ", c["locator"], " ", c["quote"]))
		}
		count(slug, d["citedBy"], len(gotClaims[slug]))
	}
	for _, d := range nodesIn(found["entities"]) {
		slug := d["slug"].(string)
		for _, m := range nodesIn(d["mentions"]) {
			item, _ := m["item"].(object)
			gotSpoken[slug] = append(gotSpoken[slug], fmt.Sprint(m["linked"], " ", m["document"].(object)["slug"], " ", item["headline"]))
		}
		for _, e := range nodesIn(d["editions"]) {
			gotNumbers[slug] = append(gotNumbers[slug], e["slug"].(string))
		}
		count(slug, d["mentions"], len(gotSpoken[slug]))
		count(slug, d["editions"], len(gotNumbers[slug]))
	}
	for _, d := range nodesIn(found["tags"]) {
		slug := d["slug"].(string)
		for _, e := range nodesIn(d["editions"]) {
			gotTagged[slug] = append(gotTagged[slug], e["slug"].(string))
		}
		count(slug, d["editions"], len(gotTagged[slug]))
	}
	i.same("what rests on sources", claims, gotClaims)
	i.same("where entities are spoken of", spoken, gotSpoken)
	i.same("the editions of entities", numbers, gotNumbers)
	i.same("the editions of tags", tagged, gotTagged)
	for slug := range parents {
		i.tree(slug, parents)
	}
	i.actors("", actors, parents, sightings)
	for slug := range parents {
		i.actors(slug, actors, parents, sightings)
	}
}

// way returns a narrative and those above it, upwards.
func way(slug string, parents map[string]string) []string {
	var all []string
	for ; slug != "" && !slices.Contains(all, slug); slug = parents[slug] {
		all = append(all, slug)
	}
	return all
}

func (i *inverse) tree(top string, parents map[string]string) {
	i.t.Helper()
	tree := i.ask(fmt.Sprintf(`{ narrative(slug: %q) { tree { complete path { slug } nodes { depth narrative { slug } } } } }`, top))["narrative"].(object)["tree"].(object)
	var above []string
	for _, n := range nodesIn(tree["path"]) {
		above = append(above, n["slug"].(string))
	}
	slices.Reverse(above)
	if d := cmp.Diff(way(top, parents)[1:], append([]string{}, above...)); d != "" {
		i.t.Errorf("TLP:%v: above %s: %s", i.viewer.Clearance, top, d)
	}
	want, got := map[string][]string{}, map[string][]string{}
	for slug := range parents {
		if depth := slices.Index(way(slug, parents), top); depth >= 0 && depth <= 6 {
			want["nodes"] = append(want["nodes"], fmt.Sprint(slug, " ", depth))
		}
	}
	for _, n := range nodesIn(tree["nodes"]) {
		got["nodes"] = append(got["nodes"], fmt.Sprint(n["narrative"].(object)["slug"], " ", n["depth"]))
	}
	i.same("the tree of "+top, want, got)
}

// actors compares those with a part in a narrative and those below it; in all narratives without one.
func (i *inverse) actors(within string, actors map[string]map[string][]string, parents map[string]string, sightings map[string]int) {
	i.t.Helper()
	filter := ""
	if within != "" {
		filter = fmt.Sprintf("filter: {within: %q}", within)
	}
	for role, of := range actors {
		found := i.ask(fmt.Sprintf(`{ narrativeActors(role: %s, first: 100, %s) { totalCount actors { narrativeCount observationCount entity { slug name } } } }`, role, filter))["narrativeActors"].(object)
		want, got := map[string][]string{}, map[string][]string{}
		for slug, narratives := range of {
			n, seen := 0, 0
			for _, narrative := range narratives {
				if within == "" || slices.Contains(way(narrative, parents), within) {
					n++
					seen += sightings[narrative]
				}
			}
			if n > 0 {
				want["actors"] = append(want["actors"], fmt.Sprint(slug, " ", n, " ", seen))
			}
		}
		last := 1 << 30
		for _, a := range nodesIn(found["actors"]) {
			n := int(a["narrativeCount"].(float64))
			if n > last {
				i.t.Errorf("an entity in %d narratives comes after one in %d", n, last)
			}
			last = n
			got["actors"] = append(got["actors"], fmt.Sprint(a["entity"].(object)["slug"], " ", n, " ", a["observationCount"]))
		}
		if found["totalCount"] != float64(len(want["actors"])) {
			i.t.Errorf("%v entities with the part %s, want %d", found["totalCount"], strings.ToLower(role), len(want["actors"]))
		}
		i.same("those with the part "+role+" in "+within, want, got)
	}
}
