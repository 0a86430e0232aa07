package demo_test

import (
	"context"
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/redthread-api/redthread/examples"
	"github.com/redthread-api/redthread/internal/demo"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// The stories of the demo, each proved by an example as anybody can send it.
func TestStories(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		exec := loadDemo(t, s)
		for name, prove := range map[string]func(*testing.T, demo.Exec){
			"RedReport": redReport, "NewestEdition": newestEdition, "ConnectingDots": connectingDots,
			"OurResearch": ourResearch, "Cases": cases, "NarrativesAboutJapan": narrativesAboutJapan,
			"SanctionsChain": sanctionsChain, "LegalTimeline": legalTimeline, "BigTechTies": bigTechTies,
		} {
			t.Run(name, func(t *testing.T) { prove(t, exec) })
		}
	})
}

// example sends an example as anybody, and decodes its data. Variables other than
// its own may be given.
func example(t *testing.T, exec demo.Exec, name string, variables map[string]any, data any) {
	t.Helper()
	all, err := examples.All()
	if err != nil {
		t.Fatal(err)
	}
	i := slices.IndexFunc(all, func(e examples.Example) bool { return e.Name == name })
	if i < 0 {
		t.Fatalf("there is no example %s", name)
	}
	if variables == nil && all[i].Variables != "" {
		if err := json.Unmarshal([]byte(all[i].Variables), &variables); err != nil {
			t.Fatal(err)
		}
	}
	exec = with(exec, variables)
	ask(anonymous(t.Context()), t, exec, all[i].Query, data)
}

// with returns what sends every query with the variables.
func with(exec demo.Exec, variables map[string]any) demo.Exec {
	return func(ctx context.Context, query string, _ map[string]any) ([]byte, error) {
		return exec(ctx, query, variables)
	}
}

type (
	named struct {
		Slug, Name, Kind, Description string
		Country                       *string
		Names                         []struct{ Text, Language string }
		Listings                      []listing
		Relationships                 ties
		Owners                        ties
	}
	source   struct{ Title, Publisher, Date, URL string }
	citation struct {
		Locator, Quote string
		Source         source
	}
	listing struct {
		Authority, Programme, Since string
		Until                       *string
		Citations                   []citation
	}
	tie struct {
		Kind, Role, Since, Until, Confidence string
		Share                                float64
		From, To                             named
		Citations                            []citation
	}
	ties    struct{ Nodes []tie }
	edition struct {
		Slug, Title, PeriodStart, PeriodEnd string
		Number                              int
		Items                               []struct {
			Headline, OccurredOn, Summary, Analysis string
			Entities                                []named
			Tags                                    []struct{ Slug string }
			Citations                               []citation
		}
	}
	report struct {
		Slug, Kind, Title, Question string
		WordCount                   int
		Methods                     []string
		Contributions               []struct {
			Role   string
			Entity named
		}
		Footnotes   []struct{ Source *source }
		Entities    struct{ Nodes []named }
		Hero        *struct{ URL, MediaType, AltText string }
		Attachments []struct{ URL, MediaType string }
	}
)

// redReport: six editions in a row, two weeks each.
func redReport(t *testing.T, exec demo.Exec) {
	var d struct{ Editions struct{ Nodes []edition } }
	example(t, exec, "red-report", nil, &d)
	if len(d.Editions.Nodes) != 6 {
		t.Fatalf("got %d editions, want 6", len(d.Editions.Nodes))
	}
	dated := 0
	for i, e := range d.Editions.Nodes {
		if e.Number != 78+i {
			t.Errorf("edition %d has the number %d", i, e.Number)
		}
		from, err := time.Parse(time.DateOnly, e.PeriodStart)
		if err != nil || from.AddDate(0, 0, 13).Format(time.DateOnly) != e.PeriodEnd {
			t.Errorf("no. %d covers %s to %s, want two weeks", e.Number, e.PeriodStart, e.PeriodEnd)
		}
		if i > 0 {
			if before, err := time.Parse(time.DateOnly, d.Editions.Nodes[i-1].PeriodEnd); err != nil || !before.AddDate(0, 0, 1).Equal(from) {
				t.Errorf("no. %d does not begin where the one before ends", e.Number)
			}
		}
		if len(e.Items) < 3 {
			t.Errorf("no. %d has %d items", e.Number, len(e.Items))
		}
		for _, item := range e.Items {
			if item.Summary == "" || item.Analysis == "" || len(item.Entities) == 0 || len(item.Tags) == 0 || len(item.Citations) == 0 {
				t.Errorf("no. %d, %s: want all parts, got %+v", e.Number, item.Headline, item)
			}
			if item.OccurredOn == "" {
				continue
			}
			dated++
			if item.OccurredOn < e.PeriodStart || item.OccurredOn > e.PeriodEnd {
				t.Errorf("no. %d, %s: %s is not in its weeks", e.Number, item.Headline, item.OccurredOn)
			}
		}
	}
	if dated < 12 {
		t.Errorf("got %d items with a date, want at least 12", dated)
	}
}

func newestEdition(t *testing.T, exec demo.Exec) {
	var d struct{ Series struct{ Latest edition } }
	example(t, exec, "newest-edition", nil, &d)
	if d.Series.Latest.Number != 83 || len(d.Series.Latest.Items) < 3 {
		t.Errorf("got %+v, want no. 83 with its items", d.Series.Latest)
	}
}

// connectingDots: ties in both directions, each with a source.
func connectingDots(t *testing.T, exec demo.Exec) {
	for slug, atLeast := range map[string]int{"norin-mining": 1, "graymantle-group": 1, "alibaba": 0, "lumenfold-group": 2} {
		var d struct {
			Entity struct{ Outgoing, Incoming ties }
		}
		example(t, exec, "connecting-dots", map[string]any{"slug": slug}, &d)
		if len(d.Entity.Outgoing.Nodes) < 2 || len(d.Entity.Incoming.Nodes) < atLeast {
			t.Errorf("%s has %d ties and %d to it", slug, len(d.Entity.Outgoing.Nodes), len(d.Entity.Incoming.Nodes))
		}
		for _, r := range slices.Concat(d.Entity.Outgoing.Nodes, d.Entity.Incoming.Nodes) {
			if len(r.Citations) == 0 || r.Citations[0].Source.Title == "" || r.From.Name+r.To.Name == "" {
				t.Errorf("%s: a tie without a source or an end: %+v", slug, r)
			}
		}
	}
}

func ourResearch(t *testing.T, exec demo.Exec) {
	var d struct{ Reports struct{ Nodes []report } }
	example(t, exec, "our-research", nil, &d)
	kinds, long, partners, attached, scripts := map[string]bool{}, 0, 0, 0, map[string]bool{}
	for _, r := range d.Reports.Nodes {
		kinds[r.Kind] = true
		if r.WordCount >= 1500 {
			long++
		}
		for _, c := range r.Contributions {
			if c.Role == "PARTNER" {
				partners++
			}
		}
		for _, e := range r.Entities.Nodes {
			for _, n := range e.Names {
				scripts[n.Language] = true
			}
		}
		attached += len(r.Attachments)
		cited := slices.ContainsFunc(r.Footnotes, func(f struct{ Source *source }) bool { return f.Source != nil })
		if !cited || r.Hero == nil || r.Hero.AltText == "" {
			t.Errorf("%s: no footnote with a source, or no picture", r.Slug)
		}
	}
	if len(kinds) != 4 || long < 2 || partners == 0 || attached == 0 || !scripts["zh-Hans"] || !scripts["ja"] {
		t.Errorf("got kinds %v, %d long texts, %d partners, %d attachments, names in %v", kinds, long, partners, attached, scripts)
	}
}

// cases: each leaf of the typology has a definition and a case.
func cases(t *testing.T, exec demo.Exec) {
	var d struct {
		Tags struct {
			TotalCount int
			Nodes      []struct {
				Slug, Description string
				Parent            *struct{ Label string }
				Reports           struct{ Nodes []report }
			}
		}
	}
	example(t, exec, "cases", nil, &d)
	if len(d.Tags.Nodes) != 14 || d.Tags.TotalCount != 14 {
		t.Errorf("got %d leaves, want 14", len(d.Tags.Nodes))
	}
	for _, leaf := range d.Tags.Nodes {
		if leaf.Description == "" || leaf.Parent == nil || len(leaf.Reports.Nodes) == 0 {
			t.Errorf("%s: no definition, no branch or no case", leaf.Slug)
		}
		var one struct{ Reports struct{ Nodes []report } }
		example(t, exec, "cases-of-technique", map[string]any{"technique": leaf.Slug}, &one)
		if len(one.Reports.Nodes) == 0 || one.Reports.Nodes[0].Slug != "case-"+leaf.Slug {
			t.Errorf("cases of %s: got %+v", leaf.Slug, one.Reports.Nodes)
		}
	}
	var branch struct{ Reports struct{ Nodes []report } }
	example(t, exec, "cases-of-technique", nil, &branch)
	if len(branch.Reports.Nodes) != 4 {
		t.Errorf("got %d cases of the branch, want 4", len(branch.Reports.Nodes))
	}
}

// narrativesAboutJapan: three, each seen on twelve days or more of one year.
func narrativesAboutJapan(t *testing.T, exec demo.Exec) {
	var d struct {
		Narratives struct {
			Nodes []struct {
				Slug, Assessment, FirstObserved, LastObserved string
				Targets, Amplifiers                           struct{ Nodes []named }
				Observations                                  struct {
					Nodes []struct {
						ObservedOn, Language, Description string
						Platform                          *named
						Reach                             *int
						Citations                         []citation
					}
				}
			}
		}
	}
	example(t, exec, "narratives-about", nil, &d)
	var slugs []string
	for _, n := range d.Narratives.Nodes {
		slugs = append(slugs, n.Slug)
		days, languages, reached := map[string]bool{}, map[string]bool{}, 0
		for _, o := range n.Observations.Nodes {
			days[o.ObservedOn], languages[o.Language] = true, true
			if o.Reach != nil {
				reached++
			}
			if len(o.Citations) == 0 || !strings.Contains(o.Description, "Invented") {
				t.Errorf("%s, %s: no source, or not called invented", n.Slug, o.ObservedOn)
			}
		}
		if len(days) < 12 || len(languages) < 4 || reached < 10 || len(n.Amplifiers.Nodes) < 5 || len(n.Targets.Nodes) == 0 || n.Assessment == "" {
			t.Errorf("%s: seen on %d days in %d languages, %d times with reach, %d amplifiers, %d targets, assessment %q", n.Slug,
				len(days), len(languages), reached, len(n.Amplifiers.Nodes), len(n.Targets.Nodes), n.Assessment)
		}
		dates := []string{n.Observations.Nodes[0].ObservedOn, n.Observations.Nodes[len(n.Observations.Nodes)-1].ObservedOn}
		if diff := cmp.Diff([]string{n.FirstObserved, n.LastObserved}, dates); diff != "" {
			t.Errorf("%s: first and last (-stated +observed):\n%s", n.Slug, diff)
		}
		first, err1 := time.Parse(time.DateOnly, dates[0])
		last, err2 := time.Parse(time.DateOnly, dates[1])
		if err1 != nil || err2 != nil || last.Sub(first) < 11*30*24*time.Hour {
			t.Errorf("%s: seen from %s to %s, want about a year", n.Slug, dates[0], dates[1])
		}
	}
	if diff := cmp.Diff([]string{"fukushima-waste-water", "korean-comfort-women", "us-bases-and-okinawan-independence"}, slices.Sorted(slices.Values(slugs))); diff != "" {
		t.Errorf("narratives (-want +got):\n%s", diff)
	}
}

// sanctionsChain: three steps of one half or more lead to somebody who is listed.
func sanctionsChain(t *testing.T, exec demo.Exec) {
	var d struct {
		Entity struct {
			Slug                 string
			Owners, Below, Ended ties
		}
	}
	example(t, exec, "sanctions-chain", nil, &d)
	var steps []string
	at, owners := d.Entity.Slug, d.Entity.Owners.Nodes
	listed := false
	for len(owners) > 0 {
		step := owners[0]
		if step.Share < 50 || len(step.Citations) == 0 {
			t.Errorf("a step without half or without a source: %+v", step)
		}
		steps = append(steps, fmt.Sprintf("%s %v %s", step.From.Slug, step.Share, at))
		listed = len(step.From.Listings) == 1 && step.From.Listings[0].Until == nil
		at, owners = step.From.Slug, step.From.Owners.Nodes
	}
	want := []string{"farrow-metals 60 corvane-copper", "cinderbrook-holdings 62.5 farrow-metals", "graymantle-group 100 cinderbrook-holdings"}
	if diff := cmp.Diff(want, steps); diff != "" || !listed {
		t.Errorf("the last owner is listed: %v; steps (-want +got):\n%s", listed, diff)
	}
	if b := d.Entity.Below.Nodes; len(b) != 2 || b[0].Share != 25 || len(b[0].Citations) == 0 {
		t.Errorf("below one half: got %+v", b)
	}
	if e := d.Entity.Ended.Nodes; len(e) != 1 || e[0].Until != "2021-12-15" || len(e[0].Citations) == 0 {
		t.Errorf("ended: got %+v", e)
	}
}

// legalTimeline: four instruments with country and issuer; the three that have a
// title of their own have it in two scripts. The revision has none.
func legalTimeline(t *testing.T, exec demo.Exec) {
	var d struct {
		Entities struct {
			Nodes []struct {
				named
				StartDate string
			}
		}
	}
	example(t, exec, "legal-timeline", nil, &d)
	var got []string
	for _, e := range d.Entities.Nodes {
		if e.Country == nil || *e.Country != "CN" {
			continue
		}
		line := e.StartDate + " " + e.Slug
		for _, r := range e.Relationships.Nodes {
			if len(r.Citations) == 0 {
				t.Errorf("%s %s %s cites nothing", e.Slug, r.Kind, r.To.Slug)
			}
			line += " " + r.Kind + " " + r.To.Slug
		}
		chinese := slices.ContainsFunc(e.Names, func(n struct{ Text, Language string }) bool { return n.Language == "zh-Hans" })
		if own := e.Slug != "counter-espionage-revision-2023"; chinese != own {
			t.Errorf("%s has a Chinese name: %v, want %v", e.Slug, chinese, own)
		}
		got = append(got, line)
	}
	want := []string{
		"2014 counter-espionage-law ISSUED_BY npc-standing-committee",
		"2017 implementing-rules-2017 ISSUED_BY state-council",
		"2021 security-precaution-provisions-2021 ISSUED_BY ministry-of-state-security",
		"2023-04 counter-espionage-revision-2023 AMENDS counter-espionage-law ISSUED_BY npc-standing-committee",
	}
	if diff := cmp.Diff(want, got); diff != "" {
		t.Errorf("instruments (-want +got):\n%s", diff)
	}
}

func bigTechTies(t *testing.T, exec demo.Exec) {
	var d struct {
		Firm struct {
			Description       string
			Persons, Ventures ties
		}
		Listed struct {
			Listings []listing
			Reports  struct{ Nodes []report }
		}
	}
	example(t, exec, "big-tech-ties", nil, &d)
	if !strings.Contains(d.Firm.Description, "invented") || len(d.Firm.Persons.Nodes) < 2 || len(d.Firm.Ventures.Nodes) < 5 {
		t.Errorf("the firm: got %+v", d.Firm)
	}
	for _, p := range d.Firm.Persons.Nodes {
		if len(p.From.Relationships.Nodes) < 2 {
			t.Errorf("%s sits in one chair", p.From.Name)
		}
	}
	if l := d.Listed.Listings; len(l) != 1 || l[0].Since != "2026-06-08" || len(l[0].Citations) != 2 || !strings.Contains(l[0].Citations[0].Quote, "SASAC") {
		t.Errorf("the listing: got %+v", l)
	}
	for _, r := range d.Listed.Reports.Nodes {
		partner := slices.ContainsFunc(r.Contributions, func(c struct {
			Role   string
			Entity named
		}) bool {
			return c.Role == "PARTNER" && c.Entity.Name == "Govini"
		})
		if r.Slug == "big-tech-ties-to-the-government" && partner && r.Question != "" && slices.Equal(r.Methods, []string{"OSINT", "CSINT"}) {
			return
		}
	}
	t.Errorf("no study with a question, two methods and a partner: %+v", d.Listed.Reports.Nodes)
}
