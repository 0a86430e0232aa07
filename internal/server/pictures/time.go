package pictures

import (
	"context"
	_ "embed" // the queries
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strconv"
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
			arguments:  map[string]string{"first": "limit"},
			variables: func(p *parameters) map[string]any {
				from, to := p.span()
				return map[string]any{"entities": p.list("entities"), "narratives": p.list("narratives"), "tags": p.list("tags"), "kinds": p.choices("kinds", slices.Sorted(maps.Keys(lanes))...),
					"from": from, "to": to, "limit": p.number("limit", 60)}
			}, draw: drawTimeline},
		{path: "/activity.svg", mediaType: "image/svg+xml", document: activityDocument,
			parameters: []string{"narratives", "platforms", "languages", "from", "to", "by", "groupBy", "theme"},
			arguments:  map[string]string{"narrative": "narratives", "platform": "platforms", "language": "languages", "gte": "from", "lte": "to"},
			variables:  activityVariables, query: activityQuery, draw: drawActivity},
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

// maxNamed is how many narratives or platforms the counts are of at most.
const maxNamed = 20

// of are the documents that the counts can be of.
var of = []struct{ parameter, field, document, by string }{
	{"narratives", "narrative", "narrative", "NarrativeBy"},
	{"platforms", "platform", "entity", "EntityBy"},
}

func activityVariables(p *parameters) map[string]any {
	filter := map[string]any{}
	variables := map[string]any{"filter": filter, "by": p.choice("by", "MONTH", "DAY", "WEEK", "MONTH"), "groupBy": p.choice("groupBy", "PLATFORM", "PLATFORM", "LANGUAGE")}
	for _, o := range of {
		list := p.list(o.parameter)
		if list == nil {
			continue
		}
		filter[o.field] = map[string]any{"slug": map[string]any{"in": list}}
		given := p.given(o.parameter)
		if len(given) > maxNamed {
			p.problems.Add(o.parameter, "%d are too many; at most %d", len(given), maxNamed)
		}
		for i, v := range given {
			key := "slug"
			if _, err := domain.ParseID(v); err == nil {
				key = "id"
			}
			variables[o.field+strconv.Itoa(i)] = map[string]any{key: v}
		}
	}
	if list := p.list("languages"); list != nil {
		filter["language"] = map[string]any{"in": list}
	}
	dates := map[string]any{}
	from, to := p.span()
	for operator, date := range map[string]any{"gte": from, "lte": to} {
		if date != nil {
			dates[operator] = date
		}
	}
	if len(dates) > 0 {
		filter["observedOn"] = dates
	}
	return variables
}

// activityQuery returns the query with a field for each document that a parameter names: what is not there is an error, and no
// empty chart.
func activityQuery(p *parameters) string {
	var declared, fields strings.Builder
	for _, o := range of {
		for i := range p.given(o.parameter) {
			fmt.Fprintf(&declared, ", $%s%d: %s!", o.field, i, o.by)
			fmt.Fprintf(&fields, "  %[1]s%[2]d: %[3]s(by: $%[1]s%[2]d) { displayName", o.field, i, o.document)
			if o.document == "entity" {
				fields.WriteString(" kind")
			}
			fields.WriteString(" }\n")
		}
	}
	const end = ") {\n"
	return strings.Replace(activityDocument, end, declared.String()+end+fields.String(), 1)
}

// checkNamed adds a problem for each document that a parameter names and that is not there, or is no platform.
func checkNamed(data []byte, p *parameters) error {
	var found map[string]json.RawMessage
	if err := json.Unmarshal(data, &found); err != nil {
		return err
	}
	for _, o := range of {
		for i, v := range p.given(o.parameter) {
			var d *struct{ DisplayName, Kind string }
			if err := json.Unmarshal(found[o.field+strconv.Itoa(i)], &d); err != nil {
				return err
			}
			switch {
			case d == nil:
				p.problems.Add(o.parameter, "%q: there is no such %s", v, o.field)
			case d.Kind != "" && d.Kind != "PLATFORM":
				p.problems.Add(o.parameter, "%q: %s is no platform, but of kind %s", v, d.DisplayName, d.Kind)
			}
		}
	}
	return nil
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
	if err := checkNamed(data, p); err != nil || len(p.problems.List()) > 0 {
		return nil, err
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
	starts, sizes := make([]domain.Date, len(buckets)), make([]int, len(buckets))
	for i, b := range buckets {
		starts[i], sizes[i] = b.Start, b.Count
	}
	first, end, earlier, later := densest(starts, sizes, unit)
	for _, b := range buckets[first:end] {
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
	switch {
	case earlier > 0 && later > 0:
		notes = append(notes, domain.Count(earlier+later, "observation is", "observations are")+" too far away to be shown: "+
			fmt.Sprintf("%d before, %d after.", earlier, later))
	case earlier > 0:
		notes = append(notes, domain.Count(earlier, "earlier observation is", "earlier observations are")+" not shown.")
	case later > 0:
		notes = append(notes, domain.Count(later, "later observation is", "later observations are")+" not shown.")
	}
	if !found.Complete {
		notes = append(notes, "There are more than are counted here, before these.")
	}
	a.Note = strings.Join(notes, " ")
	return a.SVG(ctx)
}

// densest returns which of some buckets a chart has room for, with the empty ones between them: the run with the most observations, the
// latest of equals. A single date far away, perhaps mistyped, must not empty the chart. earlier and later are how many observations
// are outside of the run.
func densest(starts []domain.Date, sizes []int, unit picture.Unit) (first, end, earlier, later int) {
	most, sum, from := -1, 0, 0
	for i := range starts {
		sum += sizes[i]
		for binsFrom(starts[from], starts[i], unit) > picture.MaxBins {
			sum -= sizes[from]
			from++
		}
		if sum >= most {
			most, first, end = sum, from, i+1
		}
	}
	for i, n := range sizes {
		switch {
		case i < first:
			earlier += n
		case i >= end:
			later += n
		}
	}
	return first, end, earlier, later
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
