package demo_test

import (
	"fmt"
	"regexp"
	"slices"
	"strings"
	"testing"
)

// olderSources are the citations that may be of a source older than the fact, by what
// cites and what is cited, each with its reason. Something else that is not
// olderSources must be cited beside it, but for a deed that sets a start in advance.
var olderSources = map[string]string{
	"the-red-report-1, Velmora counts its owners (invented): minerals-act-text":                          "the law that the news is about",
	"the-red-report-2, Tessel asks to be taken off the list (invented): concordat-list":                  "the entry that the news is about",
	"the-red-report-78, Corvane Copper asks for a berth (invented): register-corvane":                    "a standing register: the chain",
	"the-red-report-79, The Digital Office buys from its former buyer (invented): agreement-sable-cloud": "a standing agreement: who the director is",
	"the-red-report-81, A shuttle goes to court (invented): case-notes-ip":                               "the case before the suit",
	"the-red-report-82, Beacon Grid has read the last meter (invented): register-lumenfold":              "a standing register: the shares",
	"the-red-report-83, Norinco Group is listed again: dod-list-2021":                                    "the earlier list, which the item names",
	"the-red-report-83, Norinco Group is listed again: dod-list-2025":                                    "the earlier list, which the item names",
	"saltmarsh-smelting-joint-venture-with-bellwether-fund: deed-saltmarsh":                              "the deed sets the start in advance",
}

// ahead is the only citer none of whose sources is as new as the fact.
const ahead = "saltmarsh-smelting-joint-venture-with-bellwether-fund"

// growingSources are the sources that grow: their date is that of the newest part, and
// a release before that date cites an earlier part.
var growingSources = []string{"velmora-gazette-2026", "concordat-bulletin-2026", "port-notices-2026", "murmur-archive-2026"}

// postscripts are what was added to a report after its day, under a heading
// that says when.
var postscripts = map[string]string{"report:big-tech-ties-to-the-government": "dod-list-2026"}

// first and last are the days that a date of a year, a month or a day can mean.
func first(date string) string { return date + "-01-01"[min(len(date)-4, 6):] }
func last(date string) string  { return date + "-12-31"[min(len(date)-4, 6):] }

// fact is something with a date, and what it cites.
type fact struct {
	at, date, end string
	citations     []map[string]any
}

// facts are what the demo says happened on a date and rests on a source.
func facts(all map[string][]map[string]any) []fact {
	text := func(v any) string { s, _ := v.(string); return s }
	var found []fact
	for _, n := range all["createNarrative"] {
		for _, o := range rows(n["observations"]) {
			found = append(found, fact{fmt.Sprintf("%s, %s", n["slug"], o["observedOn"]), text(o["observedOn"]), "", rows(o["citations"])})
		}
	}
	for _, r := range all["createRelationship"] {
		found = append(found, fact{text(r["slug"]), text(r["since"]), text(r["until"]), rows(r["citations"])})
	}
	for _, e := range all["createEntity"] {
		for _, l := range rows(e["listings"]) {
			found = append(found, fact{fmt.Sprintf("%s, listed %s", e["slug"], l["since"]), text(l["since"]), text(l["until"]), rows(l["citations"])})
		}
	}
	for _, e := range all["createEdition"] {
		for _, item := range rows(e["items"]) {
			found = append(found, fact{fmt.Sprintf("%s, %s", e["slug"], item["headline"]), text(item["occurredOn"]), "", rows(item["citations"])})
		}
	}
	return slices.DeleteFunc(found, func(f fact) bool { return f.date == "" })
}

// What the demo says about dates does not contradict itself.
func TestDates(t *testing.T) {
	t.Parallel()
	all := mutations(t)
	dated := map[string]string{} // the dates of the sources
	for _, s := range all["createSource"] {
		date, _ := s["date"].(string)
		dated[s["slug"].(string)] = date
		if accessed, _ := s["accessed"].(string); date != "" && accessed != "" && last(accessed) < first(date) {
			t.Errorf("%s is of %s and was read on %s", s["slug"], date, accessed)
		}
	}

	t.Run("ItemsLieInTheirEdition", func(t *testing.T) {
		for _, e := range all["createEdition"] {
			start, end := e["periodStart"].(string), e["periodEnd"].(string)
			for _, item := range rows(e["items"]) {
				if on, ok := item["occurredOn"].(string); ok && (last(on) < start || first(on) > end) {
					t.Errorf("%s covers %s to %s; %q is of %s", e["slug"], start, end, item["headline"], on)
				}
			}
		}
	})

	t.Run("SourcesAreNotOlderThanWhatTheySay", func(t *testing.T) {
		unused := map[string]bool{}
		for key := range olderSources {
			unused[key] = true
		}
		for _, f := range facts(all) {
			covered, undated := false, false
			for _, c := range f.citations {
				source := c["source"].(string)
				date := dated[source]
				undated = undated || date == ""
				if date == "" {
					continue
				}
				covered = covered || last(date) >= first(max(f.date, f.end))
				if key := f.at + ": " + source; last(date) < first(f.date) {
					if delete(unused, key); olderSources[key] == "" {
						t.Errorf("%s is of %s, and cites %s of %s", f.at, f.date, source, date)
					}
				}
			}
			if !covered && !undated && f.at != ahead {
				t.Errorf("%s is of %s to %q, and cites nothing as new", f.at, f.date, f.end)
			}
		}
		for key := range unused {
			t.Errorf("the exception for %q is for nothing", key)
		}
	})

	t.Run("OneSheetIsOfOneDay", func(t *testing.T) {
		on := map[string]string{}
		for _, f := range facts(all) {
			for _, c := range f.citations {
				source := c["source"].(string)
				if !strings.Contains(source, "-archive") && !strings.HasPrefix(source, "port-notice") {
					continue
				}
				at := fmt.Sprint(source, ", ", c["locator"])
				if day := on[at]; day != "" && (last(day) < first(f.date) || last(f.date) < first(day)) {
					t.Errorf("%s is of %s, and of %s in %s", at, day, f.date, f.at)
				}
				on[at] = f.date
			}
		}
	})

	t.Run("SourcesAreNotNewerThanTheRelease", func(t *testing.T) {
		footnote := regexp.MustCompile(`\[@([a-z0-9-]+)`)
		cites := map[string][]string{}
		for mutation, kind := range map[string]string{"createRelationship": "relationship", "createEdition": "edition", "createReport": "report", "createNarrative": "narrative"} {
			for _, input := range all[mutation] {
				key := kind + ":" + input["slug"].(string)
				body, _ := input["body"].(string)
				for _, m := range footnote.FindAllStringSubmatch(body, -1) {
					cites[key] = append(cites[key], m[1])
				}
				for _, holder := range append(append(rows(input["items"]), rows(input["observations"])...), input) {
					for _, c := range rows(holder["citations"]) {
						cites[key] = append(cites[key], c["source"].(string))
					}
				}
			}
		}
		for _, p := range all["publish"] {
			published := p["publishedAt"].(string)
			var slugs []string
			for _, d := range p["documents"].([]any) {
				slugs = append(slugs, d.(string))
				for _, r := range all["createReport"] {
					if narratives, ok := r["narratives"].([]any); ok && d == "report:"+r["slug"].(string) {
						for _, n := range narratives {
							slugs = append(slugs, "narrative:"+n.(string))
						}
					}
				}
			}
			for _, slug := range slugs {
				for _, source := range cites[slug] {
					if date := dated[source]; date != "" && first(date) > published && !slices.Contains(growingSources, source) && postscripts[slug] != source {
						t.Errorf("%s was published on %s, and cites %s of %s", slug, published, source, date)
					}
				}
			}
		}
	})

	t.Run("NarrativesBeginAndEndWithASighting", func(t *testing.T) {
		for _, n := range all["createNarrative"] {
			var days []string
			for _, o := range rows(n["observations"]) {
				days = append(days, o["observedOn"].(string))
			}
			want := []any{nil, nil}
			if len(days) > 0 {
				want = []any{slices.Min(days), slices.Max(days)}
			}
			if n["firstObserved"] != want[0] || n["lastObserved"] != want[1] {
				t.Errorf("%s: got first and last observed %v to %v, sightings %v to %v", n["slug"], n["firstObserved"], n["lastObserved"], want[0], want[1])
			}
			if !slices.IsSorted(days) {
				t.Errorf("%s: the sightings are not in order: %v", n["slug"], days)
			}
		}
	})
}
