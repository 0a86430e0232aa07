package rest_test

import (
	"encoding/base64"
	"encoding/json"
	"fmt"
	"maps"
	"net/http"
	"net/url"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/limits"
	"github.com/redthread-api/redthread/internal/server/rest"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// TestVisibility requests each route with each clearance. The routes and their
// parameters are read from the documents, so that a new one is tested
// without a change here, or fails the test.
//
// The stores have, of each type, a document of each marking, a draft and one that
// was unpublished, and everything refers to everything. Its slug and texts
// name its state, so that a leak shows.
func TestVisibility(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		w := &markedAPI{api: newAPI(t, s, func(c *graph.Config) { c.Limits = noLimits }), ids: map[string]string{}}
		w.fill()
		for _, v := range []*domain.Viewer{
			public, cleared(domain.Clear), cleared(domain.Green), cleared(domain.Amber), cleared(domain.Red),
			editor, // in live, staff are viewers like any other
		} {
			for _, r := range w.rest.Routes() {
				switch {
				case strings.Contains(r.Path, "{slug}"):
					w.oneByOne(v, r)
				case !r.List:
					w.about(v, r)
				default:
					w.list(v, r)
				}
			}
		}
	})
}

// noLimits are the limits of tests that exceed the usual ones.
func noLimits(domain.Role) limits.Limit {
	const none = 1 << 40
	return limits.Limit{Tokens: none, Depth: none, Roots: none, Aliases: none, Directives: none, Fragments: none, Values: none, Cost: none, PerMinute: none}
}

// The states of documents. Those of the first four are published, and seen
// from the marking on that they are called after.
var (
	seenFrom = []string{"clear", "green", "amber", "red"}
	unseen   = []string{"draft", "gone"}
	states   = slices.Concat(seenFrom, unseen)
)

func sees(v *domain.Viewer, state string) bool {
	return slices.Contains(seenFrom, state) && map[string]domain.Marking{"clear": domain.Clear, "green": domain.Green, "amber": domain.Amber, "red": domain.Red}[state] <= v.Clearance
}

// types are in an order in which each can refer to those before it.
var types = []string{"Source", "Asset", "Tag", "Series", "Entity", "Relationship", "Narrative", "Report", "Edition"}

var supporting = []string{"Source", "Asset", "Tag", "Series"}

// markedAPI is an API with documents of each marking and state.
type markedAPI struct {
	*api
	ids map[string]string // by slug
}

func (w *markedAPI) fill() {
	w.t.Helper()
	var live, unpublished []string
	for _, of := range types {
		one := strings.ToLower(of)
		for n, state := range states {
			marking := "CLEAR"
			if slices.Contains(seenFrom, state) {
				marking = strings.ToUpper(state)
			}
			slug := one + "-" + state
			// Under another slug first, which then is a former one.
			data := w.exec(fmt.Sprintf(`mutation { create%s(input: {slug: "was-%s" marking: %s %s}) { %s { id } } }`, of, slug, marking, fields(of, state, n), one))
			var made map[string]map[string]struct{ ID string }
			if err := json.Unmarshal(data, &made); err != nil {
				w.t.Fatal(err)
			}
			w.ids[slug] = made["create"+of][one].ID
			w.exec(fmt.Sprintf(`mutation { update%s(input: {id: %q slug: %q}) { changed } }`, of, w.ids[slug], slug))
			if !slices.Contains(supporting, of) && state != "draft" {
				live = append(live, fmt.Sprintf("%q", one+":"+slug))
				if state == "gone" {
					unpublished = append(unpublished, fmt.Sprintf("%q", one+":"+slug))
				}
			}
		}
	}
	w.exec(`mutation { publish(input: {references: OMIT documents: [` + strings.Join(live, " ") + `]}) { state } }`)
	w.exec(`mutation { unpublish(input: {documents: [` + strings.Join(unpublished, " ") + `]}) { state } }`)
}

// refs are references of a document to all of a type, those aside that would
// make what is unseen seen.
func refs(of, state, format string) string {
	var all []string
	for _, s := range states {
		if slices.Contains(supporting, of) && s != state && slices.Contains(unseen, s) {
			continue
		}
		all = append(all, fmt.Sprintf(format, strings.ToLower(of)+"-"+s))
	}
	return "[" + strings.Join(all, " ") + "]"
}

// fields are the input of the nth document of a type: texts and references.
func fields(of, s string, n int) string {
	all := func(of string) string { return refs(of, s, "%q") }
	cites := "citations: " + refs("Source", s, `{source: %q quote: "q-`+s+`"}`)
	parent := ""
	if n > 0 && slices.Contains(seenFrom, s) {
		parent = fmt.Sprintf(`parent: "%s-%s"`, strings.ToLower(of), seenFrom[n-1])
	}
	switch of {
	case "Source":
		return fmt.Sprintf(`title: "t-%[1]s" publisher: "p-%[1]s" url: "https://example.org/u-%[1]s"`, s)
	case "Asset":
		return fmt.Sprintf(`title: "t-%[1]s" altText: "a-%[1]s" url: "https://example.org/u-%[1]s" mediaType: "image/png" size: 1`, s)
	case "Series":
		return fmt.Sprintf(`title: "t-%[1]s" description: "d-%[1]s" cadence: WEEKLY language: "en"`, s)
	case "Tag":
		return fmt.Sprintf(`label: "t-%[1]s" description: "d-%[1]s" vocabulary: TOPIC %[2]s`, s, parent)
	case "Entity":
		return fmt.Sprintf(`name: "n-%[1]s" kind: COMPANY description: "d-%[1]s" tags: %[2]s names: [{text: "alias-%[1]s" kind: ALIAS}]
			identifiers: [{scheme: "LEI" value: "v-%[1]s"}] listings: [{authority: "a-%[1]s" %[3]s}]`, s, all("Tag"), cites)
	case "Relationship":
		to := "green"
		if slices.Contains(seenFrom, s) {
			to = seenFrom[(n+1)%len(seenFrom)]
		}
		return fmt.Sprintf(`from: "entity-%[1]s" to: "entity-%[2]s" kind: OWNS confidence: CONFIRMED role: "r-%[1]s" description: "d-%[1]s" %[3]s`, s, to, cites)
	case "Narrative":
		return fmt.Sprintf(`title: "t-%[1]s" claim: "c-%[1]s" status: ACTIVE description: "d-%[1]s" targets: %[2]s amplifiers: %[2]s tags: %[3]s %[4]s
			observations: [{observedOn: "2021" description: "o-%[1]s" %[5]s}]`, s, all("Entity"), all("Tag"), parent, cites)
	case "Report":
		return fmt.Sprintf(`title: "t-%[1]s" summary: "s-%[1]s" body: "# h-%[1]s\n\nb-%[1]s [[entity-clear]][^1]\n\n[^1]: f-%[1]s [@source-clear]" kind: BRIEF language: "en"
			tags: %[2]s entities: %[3]s narratives: %[4]s attachments: %[5]s contributions: %[6]s`,
			s, all("Tag"), all("Entity"), all("Narrative"), all("Asset"), refs("Entity", s, "{entity: %q role: ANALYST}"))
	}
	return fmt.Sprintf(`series: "series-%[1]s" number: %[2]d title: "t-%[1]s" introduction: "i-%[1]s" language: "en"
		items: [{headline: "h-%[1]s" summary: "s-%[1]s" entities: %[3]s tags: %[4]s %[5]s}]`, s, n+1, all("Entity"), all("Tag"), cites)
}

var (
	stateInText = regexp.MustCompile(`-(clear|green|amber|red|draft|gone)\b`)
	cursorText  = regexp.MustCompile(`\beyJ[A-Za-z0-9_-]+`)
)

// wantNoLeak checks that a response names nothing that the viewer may not see:
// neither in its body nor its header, nor in cursors.
func (w *markedAPI) wantNoLeak(v *domain.Viewer, target string, got response) {
	w.t.Helper()
	all := got.body
	for _, values := range got.header {
		all += "\n" + strings.Join(values, "\n")
	}
	for _, cursor := range cursorText.FindAllString(all, -1) {
		text, err := base64.RawURLEncoding.DecodeString(cursor)
		if err != nil {
			w.t.Fatalf("a cursor that is none: %v", err)
		}
		all += "\n" + string(text)
	}
	for _, found := range stateInText.FindAllStringSubmatch(all, -1) {
		if !sees(v, found[1]) {
			w.t.Errorf("%s (TLP:%v) at %s sees %q: %s", v.Role, v.Clearance, target, found[0], all)
			return
		}
	}
	for slug, id := range w.ids {
		state := slug[strings.LastIndex(slug, "-")+1:]
		if state == "gone" && strings.HasPrefix(target, "/v1/changes") {
			continue // viewers who saw it get its removal
		}
		if !sees(v, state) && strings.Contains(all, id) {
			w.t.Errorf("%s (TLP:%v) at %s sees the id of %s", v.Role, v.Clearance, target, slug)
		}
	}
}

// list reads the pages of a list, and requests hidden documents by each parameter.
func (w *markedAPI) list(v *domain.Viewer, r rest.Route) {
	w.t.Helper()
	w.pages(v, r, r.Path)
	var hidden, unknown []string
	for slug := range w.ids {
		if state := slug[strings.LastIndex(slug, "-")+1:]; !sees(v, state) {
			hidden = append(hidden, slug, "was-"+slug, "n-"+state, "v-"+state, "a-"+state)
		}
	}
	slices.Sort(hidden)
	hidden = slices.Compact(hidden)
	for range hidden {
		unknown = append(unknown, "no-such-thing")
	}
	request := func(name string, values []string) string {
		got := w.get(v, r.Path+"?"+url.Values{name: values}.Encode())
		got.header.Del("Link") // it repeats the request
		w.wantNoLeak(v, r.Path+" by "+name, got)
		return comparable(got)
	}
	for _, name := range r.Texts {
		if name == "after" || name == "before" {
			continue // an invalid cursor is refused
		}
		for values := range slices.Chunk(hidden, map[bool]int{true: 50, false: 1}[slices.Contains(r.Lists, name)]) {
			if a, b := request(name, values), request(name, unknown[:len(values)]); a != b {
				w.t.Errorf("%s (TLP:%v) at %s?%s=%s: got %s, and of what is not there %s", v.Role, v.Clearance, r.Path, name, values, a, b)
			}
		}
	}
}

// pages reads a list page by page, forwards and back.
func (w *markedAPI) pages(v *domain.Viewer, r rest.Route, path string) {
	w.t.Helper()
	query := "?first=2"
	if slices.Contains(r.Parameters, "totalCount") {
		query += "&totalCount=true"
	}
	var forwards []string
	last, total := "", -1
	for target := path + query; target != ""; {
		got := w.get(v, target).ok()
		w.wantNoLeak(v, target, got)
		page := got.list()
		forwards = append(forwards, texts(page.Data)...)
		if page.TotalCount != nil {
			total = *page.TotalCount
		}
		last, target = target, got.link(target, "next")
		if (page.Page.Next == nil) != (target == "") {
			w.t.Errorf("%s: page.next is %v and the link %q", last, page.Page.Next, target)
		}
	}
	if total >= 0 && total != len(forwards) {
		w.t.Errorf("%s (TLP:%v) at %s: totalCount is %d of %d", v.Role, v.Clearance, path, total, len(forwards))
	}
	if v.Clearance == domain.Red && len(forwards) == 0 && !strings.Contains(path, "red/children") {
		w.t.Errorf("%s leads nowhere even for who may see everything", path)
	}
	var backwards []string
	if len(forwards) == 0 || !slices.Contains(r.Parameters, "last") {
		return // there is no previous page
	}
	for target := w.get(v, last).link(last, "prev"); target != ""; {
		got := w.get(v, target).ok()
		w.wantNoLeak(v, target, got)
		backwards = append(texts(got.list().Data), backwards...)
		target = got.link(target, "prev")
	}
	if want := forwards[:len(forwards)-max(1, (len(forwards)+1)%2+1)]; !slices.Equal(backwards, want) {
		w.t.Errorf("%s: back from the last page %q, want %q", path, backwards, want)
	}
}

// texts are the elements of a list as text.
func texts(elements []map[string]any) []string {
	var all []string
	for _, e := range elements {
		all = append(all, fmt.Sprint(e["slug"], e["id"], e["cursor"]))
	}
	return all
}

// about requests a route that is about what its parameters name, with each state of what they can. What is hidden must be as what is
// not there.
func (w *markedAPI) about(v *domain.Viewer, r rest.Route) {
	w.t.Helper()
	begin := map[string]string{"around": "entity-", "from": "entity-", "to": "entity-", "authority": "a-"}
	query := url.Values{}
	for _, name := range r.Required {
		if begin[name] == "" {
			w.t.Fatalf("the test does not know what to give for %s of %s", name, r.Path)
		}
		query.Set(name, begin[name]+"clear")
	}
	if query.Has("authority") {
		query.Set("threshold", "50")
		query.Set("asOf", "2020-06-15")
	}
	for _, name := range r.Required {
		request := func(value string) response {
			with := maps.Clone(query)
			with[name] = []string{value}
			got := w.get(v, r.Path+"?"+with.Encode())
			if !strings.HasSuffix(value, "-clear") {
				got.body = strings.ReplaceAll(got.body, strconv.Quote(value), `"no-such-thing"`) // it repeats the request
				got.header.Del("Content-Length")
			}
			w.wantNoLeak(v, r.Path+" by "+name, got)
			return got
		}
		unknown := comparable(request("no-such-thing"))
		for _, state := range states {
			got := request(begin[name] + state)
			switch seen := comparable(got); {
			case !sees(v, state) && seen != unknown:
				w.t.Errorf("%s (TLP:%v) at %s: %s of %s: got %s, and of what is not there %s", v.Role, v.Clearance, r.Path, name, state, seen, unknown)
			case sees(v, state) && state != "clear" && got.status != http.StatusOK:
				w.t.Errorf("%s (TLP:%v) at %s: %s of %s: got %s", v.Role, v.Clearance, r.Path, name, state, seen)
			}
		}
	}
}

// oneByOne requests each document of a route by slug, former slug and id. The response
// for a hidden document must be that for a missing one.
func (w *markedAPI) oneByOne(v *domain.Viewer, r rest.Route) {
	w.t.Helper()
	of := map[string]string{"reports": "report", "narratives": "narrative", "entities": "entity", "tags": "tag", "editions": "edition", "series": "series"}[strings.Split(r.Path, "/")[2]]
	if of == "" {
		w.t.Fatalf("the test does not know of what type %s is", r.Path)
	}
	query := ""
	if slices.Contains(r.Parameters, "threshold") {
		query = "?authority=a-clear&threshold=50&asOf=2020-06-15"
	}
	at := func(slug string) string { return strings.Replace(r.Path, "{slug}", slug, 1) + query }
	unknown := comparable(w.get(v, at("no-such-thing")))
	for _, state := range states {
		slug := of + "-" + state
		for _, name := range []string{slug, w.ids[slug], "was-" + slug} {
			got := w.get(v, at(name))
			w.wantNoLeak(v, at(name), got)
			switch {
			case !sees(v, state):
				if seen := comparable(got); seen != unknown {
					w.t.Errorf("%s (TLP:%v) at %s: got %s, want the response for a missing document: %s", v.Role, v.Clearance, at(name), seen, unknown)
				}
			case strings.HasPrefix(name, "was-"):
				if got.status != http.StatusPermanentRedirect {
					w.t.Errorf("%s: got %d", at(name), got.status)
				}
			default:
				got.ok()
				if r.List && name == slug {
					w.pages(v, r, at(name))
				}
			}
		}
	}
}

// comparable is the response without the state of the viewer's quota.
func comparable(got response) string {
	header := maps.Clone(got.header)
	header.Del("RateLimit")
	return fmt.Sprint(got.status, header, got.body)
}
