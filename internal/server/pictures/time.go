package pictures

import (
	"context"
	_ "embed" // the queries
	"encoding/json"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/knowledge/picture"
)

//go:embed timeline.graphql
var timelineDocument string

//go:embed activity.graphql
var activityDocument string

// overTime returns the pictures of time.
func overTime() []drawing {
	return []drawing{
		{path: "/timeline.svg", mediaType: "image/svg+xml", document: timelineDocument,
			parameters: []string{"entities", "narratives", "tags", "kinds", "from", "to", "limit", "theme"},
			variables: func(p *parameters) map[string]any {
				return map[string]any{"entities": p.list("entities"), "narratives": p.list("narratives"), "tags": p.list("tags"), "kinds": p.list("kinds"),
					"from": p.text("from"), "to": p.text("to"), "limit": p.number("limit", 60)}
			}, draw: drawTimeline},
		{path: "/activity.svg", mediaType: "image/svg+xml", document: activityDocument,
			parameters: []string{"narratives", "platforms", "languages", "from", "to", "by", "groupBy", "theme"},
			variables:  activityVariables, draw: drawActivity},
	}
}

// lanes are the headings of the kinds of entry.
var lanes = map[string]string{"EVENT": "Events", "LEGAL_INSTRUMENT": "Law", "LISTED": "Lists", "DELISTED": "Lists", "RELATIONSHIP_BEGAN": "Relationships",
	"RELATIONSHIP_ENDED": "Relationships", "OBSERVATION": "Observations", "EDITION_ITEM": "Reported", "REPORT_PUBLISHED": "Reports"}

func drawTimeline(ctx context.Context, data []byte, p *parameters) ([]byte, error) {
	var response struct {
		Timeline struct {
			Nodes []struct {
				Kind, Title string
				Date, Until domain.Date
				Document    struct{ URL string }
			}
			PageInfo struct{ HasNextPage bool }
		}
	}
	if err := json.Unmarshal(data, &response); err != nil {
		return nil, fmt.Errorf("read the response: %w", err)
	}
	t := picture.Timeline{Frame: picture.Frame{Title: "What happened", Lang: "en", Theme: p.theme}}
	for _, n := range response.Timeline.Nodes {
		e := picture.Event{Label: n.Title, Lane: lanes[n.Kind], Since: n.Date, Until: n.Until, Link: n.Document.URL}
		if n.Until == n.Date || n.Date.After(n.Until) {
			e.Until = ""
		}
		t.Events = append(t.Events, e)
	}
	t.Subtitle = domain.Count(len(t.Events), "entry", "entries")
	if response.Timeline.PageInfo.HasNextPage {
		t.Note = "There are later entries than are shown."
	}
	return t.SVG(ctx)
}

func activityVariables(p *parameters) map[string]any {
	filter := map[string]any{}
	for name, path := range map[string]string{"narratives": "narrative", "platforms": "platform"} {
		if list := p.list(name); list != nil {
			filter[path] = map[string]any{"slug": map[string]any{"in": list}}
		}
	}
	if list := p.list("languages"); list != nil {
		filter["language"] = map[string]any{"in": list}
	}
	dates := map[string]any{}
	for name, operator := range map[string]string{"from": "gte", "to": "lte"} {
		if text := p.text(name); text != nil {
			dates[operator] = text
		}
	}
	if len(dates) > 0 {
		filter["observedOn"] = dates
	}
	choice := func(name, without string, choices ...string) string {
		v := p.values.Get(name)
		if v == "" {
			return without
		}
		if !slices.Contains(choices, v) {
			p.problems.Add(name, "%q; want one of %s", v, strings.Join(choices, ", "))
		}
		return v
	}
	return map[string]any{"filter": filter, "by": choice("by", "MONTH", "DAY", "WEEK", "MONTH"), "groupBy": choice("groupBy", "PLATFORM", "PLATFORM", "LANGUAGE")}
}

func drawActivity(ctx context.Context, data []byte, p *parameters) ([]byte, error) {
	var response struct {
		Observations struct {
			Counts struct {
				Complete bool
				Undated  int
				Buckets  []struct {
					Start  domain.Date
					Count  int
					Groups []struct {
						Count    int
						Language string
						Platform *struct{ ID, Name string }
					}
				}
			}
		}
	}
	if err := json.Unmarshal(data, &response); err != nil {
		return nil, fmt.Errorf("read the response: %w", err)
	}
	found := response.Observations.Counts
	unit := picture.Unit(p.values.Get("by"))
	if unit == "" {
		unit = picture.Month
	}
	a := picture.Activity{Frame: picture.Frame{Title: "Observations over time", Lang: "en", Theme: p.theme}, Unit: unit, Noun: "observations"}
	groups := map[string]int{}
	total := 0
	buckets := found.Buckets
	for len(buckets) > 0 && binsFrom(buckets[0].Start, buckets[len(buckets)-1].Start, unit) > picture.MaxBins {
		buckets, found.Complete = buckets[1:], false // a chart has the empty ones, too
	}
	for _, b := range buckets {
		total += b.Count
		counts := make([]int, len(a.Groups))
		rest := b.Count
		add := func(id, name string, n int) {
			i, known := groups[id]
			if !known {
				i = len(a.Groups)
				groups[id], a.Groups = i, append(a.Groups, name)
				counts = append(counts, 0)
			}
			counts[i] += n
		}
		for _, g := range b.Groups {
			rest -= g.Count
			if g.Platform != nil {
				add(g.Platform.ID, g.Platform.Name, g.Count)
			} else {
				add(g.Language, g.Language, g.Count)
			}
		}
		if rest > 0 {
			add("", "", rest)
		}
		a.Bins = append(a.Bins, picture.Bin{From: b.Start, Counts: counts})
	}
	for i := range a.Bins {
		a.Bins[i].Counts = append(a.Bins[i].Counts, make([]int, len(a.Groups)-len(a.Bins[i].Counts))...)
	}
	a.Subtitle = domain.Count(total, "observation", "observations")
	var notes []string
	if found.Undated > 0 {
		notes = append(notes, domain.Count(found.Undated, "observation has", "observations have")+" no date that is known as exactly.")
	}
	if !found.Complete {
		notes = append(notes, "Earlier ones are not shown.")
	}
	a.Note = strings.Join(notes, " ")
	return a.SVG(ctx)
}

// binsFrom returns how many days, weeks or months there are from one to another.
func binsFrom(from, to domain.Date, unit picture.Unit) int {
	a, _ := time.Parse(time.DateOnly, string(from))
	b, _ := time.Parse(time.DateOnly, string(to))
	days := int(b.Sub(a).Hours() / 24)
	switch unit {
	case picture.Week:
		return days/7 + 1
	case picture.Month:
		return days/28 + 1
	}
	return days + 1
}
