package graph_test

import (
	"fmt"
	"strings"
	"testing"
)

// What happened is in the order of time, each date as exactly as it is known, and pages make the whole.
func TestTimeline(t *testing.T) {
	t.Parallel()
	each(t, func(t *testing.T, a *api) {
		a.query(editor, `mutation { s: createSource(input: {slug: "src", title: "S"}) { created }
			p: createEntity(input: {slug: "board", kind: PLATFORM, name: "Board"}) { created }
			q: createEntity(input: {slug: "hidden-board", kind: PLATFORM, name: "Secret", marking: RED}) { created }
			e: createEntity(input: {slug: "fair", kind: EVENT, name: "Fair", startDate: "2020-02"}) { created }
			x: createEntity(input: {slug: "works", kind: COMPANY, name: "Works", listings: [{authority: "Office", since: "2020", until: "2021-03-04", source: "src"}]}) { created }
			y: createEntity(input: {slug: "mill", kind: COMPANY, name: "Mill"}) { created }
			r: createRelationship(input: {slug: "owns", kind: OWNS, from: "works", to: "mill", confidence: CONFIRMED, since: "2020-02-03", citations: [{source: "src"}]}) { created }
			n: createNarrative(input: {slug: "story", title: "Story", claim: "C", status: ACTIVE, targets: ["works"], observations: [
				{observedOn: "2020-02-03", platform: "board", language: "en", reach: 10, description: "One."},
				{observedOn: "2020-02-09", platform: "hidden-board", language: "ja", reach: 9007199254740991, description: "Two."},
				{observedOn: "2020-03", platform: "board", description: "Three."}, {observedOn: "2020", description: "Four."}]}) { created } }`).ok()
		r := a.as(editor, `mutation { addObservation(input: {narrative: "story", observedOn: "2021", platform: "works", description: "D"}) { observation { id } } }`, nil)
		if r.code() != "BAD_USER_INPUT" {
			t.Errorf("a company is a platform: %s", r.body)
		}
		for _, made := range []string{`updateEntity(input: {id: "board", kind: COMPANY}) { changed }`, `mergeEntities(input: {from: ["board"], into: "works", allowKindChange: true}) { changed }`} {
			if r := a.as(editor, `mutation { `+made+` }`, nil); r.code() == "" || !strings.Contains(r.body, "observations are on it: narrative:story") {
				t.Errorf("a platform is none any more, with observations on it: %s", r.body)
			}
		}
		a.query(editor, `mutation { publish(input: {documents: ["entity:board", "entity:hidden-board", "entity:fair", "entity:works", "entity:mill", "relationship:owns", "narrative:story"]}) { state } }`).ok()

		all := ""
		for _, direction := range []string{"ASC", "DESC"} {
			var whole, paged []string
			entry := func(n any) string {
				one := n.(map[string]any)
				return fmt.Sprint(one["date"], " ", one["kind"], " ", one["title"])
			}
			for _, n := range a.query(public, `{ timeline(entities: ["works", "fair"], first: 100, direction: `+direction+`) { nodes { date kind title } } }`).ok().at("timeline.nodes").([]any) {
				whole = append(whole, entry(n))
			}
			after := "null"
			for range 20 {
				page := a.query(public, `{ timeline(entities: ["works", "fair"], first: 2, after: `+after+`, direction: `+direction+`) { nodes { date kind title } pageInfo { hasNextPage endCursor } } }`).ok()
				for _, n := range page.at("timeline.nodes").([]any) {
					paged = append(paged, entry(n))
				}
				if page.at("timeline.pageInfo.hasNextPage") != true {
					break
				}
				after = fmt.Sprintf("%q", page.at("timeline.pageInfo.endCursor"))
			}
			if fmt.Sprint(whole) != fmt.Sprint(paged) {
				t.Errorf("%s: pages have\n%v\nwant\n%v", direction, paged, whole)
			}
			if direction == "ASC" {
				for _, line := range whole {
					all += line + "\n"
				}
			}
		}
		want := `2020 LISTED Works is listed by Office
2020 OBSERVATION Story
2020-02 EVENT Fair
2020-02-03 RELATIONSHIP_BEGAN Works owns Mill
2020-02-03 OBSERVATION Story: seen on Board
2020-02-09 OBSERVATION Story
2020-03 OBSERVATION Story: seen on Board
2021-03-04 DELISTED Works is no longer listed by Office
`
		if all != want {
			t.Errorf("got\n%s\nwant\n%s", all, want)
		}
		for arguments, want := range map[string]int{
			`entities: ["mill"]`: 1, `entities: ["board"]`: 2, `entities: ["works"]`: 7, `narratives: ["story"]`: 4, `entities: ["mill", "fair"]`: 2,
			`entities: ["works", "fair"], from: "2020-02-04"`: 6, `entities: ["works", "fair"], from: "2020-02-04", to: "2020-02"`: 4, `entities: ["works", "fair"], to: "2020-02-03"`: 5, `entities: ["works", "fair"], kinds: []`: 0, `entities: ["works", "fair"], kinds: [EVENT]`: 1, `entities: []`: 0,
		} {
			r := a.query(public, `{ timeline(first: 100, `+arguments+`) { nodes { title } buckets(by: MONTH) { complete undated buckets { start count } } } }`).ok()
			for _, b := range r.at("timeline.buckets.buckets").([]any) {
				if start := b.(map[string]any)["start"].(string); len(start) != len("2020-02-01") || !strings.HasSuffix(start, "-01") {
					t.Errorf("%s: a bucket begins with %s, and not with the first day of a month", arguments, start)
				}
			}
			n, counted := len(r.at("timeline.nodes").([]any)), r.at("timeline.buckets.undated").(float64)
			for _, b := range r.at("timeline.buckets.buckets").([]any) {
				counted += b.(map[string]any)["count"].(float64)
			}
			if n != want || counted != float64(want) {
				t.Errorf("%s: got %d entries and %v counted, want %d: %s", arguments, n, counted, want, r.body)
			}
		}
		for _, arguments := range []string{`entities: ["hidden-board"]`, `from: "x"`, `from: "2021", to: "2020"`, `first: 0`, `after: "x"`} {
			if r := a.as(public, `{ timeline(`+arguments+`) { nodes { title } } }`, nil); r.code() != "BAD_USER_INPUT" {
				t.Errorf("%s: got %s", arguments, r.body)
			}
		}

		counts := a.query(public, `{ observations(filter: {narrative: {slug: {eq: "story"}}}, first: 1) { totalCount nodes { description } counts(by: WEEK, groupBy: PLATFORM) { undated complete buckets { start count reach reachExceeded groups { count reach reachExceeded platform { slug } } } }
			month: counts(by: MONTH, groupBy: LANGUAGE) { undated buckets { start count groups { language count } } } } }`).ok()
		for path, want := range map[string]string{
			"observations.totalCount": "4", "observations.counts.undated": "2", "observations.counts.complete": "true", "observations.month.undated": "1",
			"observations.counts.buckets": "[map[count:2 groups:[map[count:1 platform:map[slug:board] reach:10 reachExceeded:false]] reach:9.007199254740991e+15 reachExceeded:true start:2020-02-03]]",
			"observations.month.buckets":  "[map[count:2 groups:[map[count:1 language:en] map[count:1 language:ja]] start:2020-02-01] map[count:1 groups:[] start:2020-03-01]]",
		} {
			if got := fmt.Sprint(counts.at(path)); got != want {
				t.Errorf("%s: got %s, want %s", path, got, want)
			}
		}
		two := a.query(everything, `{ narrative(slug: "story") { observations(first: 1, filter: {platform: {slug: {eq: "hidden-board"}}}) { totalCount nodes { platform { name } narrative { slug } } } } }`).ok()
		if got := two.at("narrative.observations.nodes.0.platform.name"); got != "Secret" {
			t.Errorf("the hidden platform for a viewer of everything: %s", two.body)
		}
		hidden := a.query(public, `{ observations(filter: {platform: {slug: {eq: "hidden-board"}}}) { totalCount } }`).ok()
		if got := hidden.at("observations.totalCount"); got != 0.0 {
			t.Errorf("by a hidden platform: %s", hidden.body)
		}
	})
}
