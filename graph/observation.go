package graph

import (
	"cmp"
	"context"
	"slices"
	"time"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/model"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
)

// maxBuckets is how many buckets of counts over time are returned.
const maxBuckets = 400

func (observationResolver) Narrative(ctx context.Context, obj *db.Observation) (*db.Narrative, error) {
	return catalog.ObservationNarrative.One(ctx, obj)
}

func (observationResolver) Platform(ctx context.Context, obj *db.Observation) (*db.Entity, error) {
	return catalog.ObservationPlatform.One(ctx, obj)
}

func (r queryResolver) Observations(ctx context.Context, first *int, after *string, last *int, before *string, f filter, by order) (*model.ObservationConnection, error) {
	// Observations have no marking of their own: a viewer sees those of the narratives that the viewer sees.
	visible := filter{"narrative": map[string]any{}}
	read.DependOnList(ctx, r.reader, catalog.Narratives.Table, nil)
	return read.List(ctx, r.reader, catalog.Observations, args(first, after, last, before, read.AllOf(visible, f), &by))
}

// observationTallies are the columns of the values of the enum ObservationGroup.
var observationTallies = map[string]string{"PLATFORM": "platform_id", "LANGUAGE": "language"}

func (r observationConnectionResolver) Counts(ctx context.Context, obj *model.ObservationConnection, by string, groupBy *string, last int) (*model.ObservationCounts, error) {
	var problems domain.Problems
	checkRange(&problems, "last", last, 1, maxBuckets)
	if err := problems.Err("the arguments are not right"); err != nil {
		return nil, err
	}
	ctx = domain.WithStage(ctx, obj.Stage())
	tally := read.Tally{Date: "observed_on", Sum: "reach"}
	if groupBy != nil {
		tally.Group = observationTallies[*groupBy]
	}
	if tally.Group == "platform_id" {
		tally.Of = catalog.Entities.Table
	}
	rows, complete, err := obj.Tally(ctx, tally)
	if err != nil {
		return nil, err
	}
	platforms := map[domain.ID]*db.Entity{}
	if tally.Group == "platform_id" {
		read.DependOnList(ctx, r.reader, catalog.Entities.Table, nil) // also of rows that no page has
		var ids []domain.ID
		for i := range rows {
			if id := rows[i].Group.Int(); id != 0 {
				ids = append(ids, domain.ID(id))
			}
		}
		slices.Sort(ids)
		if platforms, err = read.ByIDs(read.AllColumns(ctx), r.reader, catalog.Entities, slices.Compact(ids)); err != nil {
			return nil, err
		}
	}
	return observationCounts(rows, complete, by, last, func(v read.Value) *model.ObservationGroupCount {
		switch tally.Group {
		case "platform_id":
			if e := platforms[domain.ID(v.Int())]; e != nil {
				return &model.ObservationGroupCount{Platform: e}
			}
		case "language":
			if language := string(v.Text); language != "" {
				return &model.ObservationGroupCount{Language: &language}
			}
		}
		return nil
	}), nil
}

// observationCounts makes buckets of rows, the latest of which are first. groupOf returns a new group for a value; nil for
// one that is in none.
func observationCounts(rows []read.TallyRow, complete bool, by string, last int, groupOf func(read.Value) *model.ObservationGroupCount) *model.ObservationCounts {
	out := &model.ObservationCounts{Buckets: []*model.ObservationBucket{}, Complete: complete}
	buckets := map[domain.Date]*model.ObservationBucket{}
	groups := map[domain.Date]map[string]*model.ObservationGroupCount{}
	for _, row := range rows {
		start := bucketOf(row.Date, by)
		if start == "" {
			out.Undated += row.Count
			continue
		}
		b := buckets[start]
		if b == nil {
			b = &model.ObservationBucket{Start: start, Groups: []*model.ObservationGroupCount{}}
			buckets[start], groups[start] = b, map[string]*model.ObservationGroupCount{}
			out.Buckets = append(out.Buckets, b)
		}
		b.Count += row.Count
		addReach(&b.Reach, &b.ReachExceeded, row)
		g := groupOf(row.Group)
		if g == nil {
			continue
		}
		if known := groups[start][groupName(g)]; known != nil {
			g = known
		} else {
			groups[start][groupName(g)] = g
			b.Groups = append(b.Groups, g)
		}
		g.Count += row.Count
		addReach(&g.Reach, &g.ReachExceeded, row)
	}
	slices.SortFunc(out.Buckets, func(a, b *model.ObservationBucket) int { return cmp.Compare(a.Start, b.Start) })
	if n := len(out.Buckets); n > last {
		out.Buckets, out.Complete = out.Buckets[n-last:], false
	}
	for _, b := range out.Buckets {
		slices.SortFunc(b.Groups, func(a, b *model.ObservationGroupCount) int {
			return cmp.Or(cmp.Compare(b.Count, a.Count), cmp.Compare(groupName(a), groupName(b)))
		})
	}
	return out
}

// groupName identifies a group: by the id of its platform, or by its language.
func groupName(g *model.ObservationGroupCount) string {
	if g.Platform != nil {
		return g.Platform.ID.String()
	}
	return *g.Language
}

// addReach adds the reach of a row to a sum, which is nil as long as none is known. exceeded is set where the sum is greater than
// a response can say.
func addReach(sum **int, exceeded *bool, row read.TallyRow) {
	if row.Known == 0 {
		return
	}
	n := row.Sum
	if *sum != nil {
		n += **sum
	}
	if row.Exceeds || n > read.GreatestNumber {
		n, *exceeded = read.GreatestNumber, true
	}
	*sum = &n
}

// bucketOf returns the first day of the day, week or month of a date; "" where it is not known as exactly.
func bucketOf(date domain.Date, by string) domain.Date {
	if by == "MONTH" && len(date) >= len("2006-01") {
		return date[:len("2006-01")].FirstDay()
	}
	day, err := time.Parse(time.DateOnly, string(date))
	if err != nil {
		return ""
	}
	switch by {
	case "WEEK":
		monday := day.AddDate(0, 0, -(int(day.Weekday())+6)%7)
		return domain.Date(monday.Format(time.DateOnly))
	case "DAY":
		return date
	}
	return ""
}
