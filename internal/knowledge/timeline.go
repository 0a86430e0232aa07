package knowledge

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"entgo.io/ent/dialect"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/visibility"
)

// TimelineKinds are the kinds of entry of a timeline, in the order of entries of one date.
var TimelineKinds = []string{"EVENT", "LEGAL_INSTRUMENT", "LISTED", "DELISTED", "RELATIONSHIP_BEGAN", "RELATIONSHIP_ENDED",
	"OBSERVATION", "EDITION_ITEM", "REPORT_PUBLISHED"}

// TimelineParams say which entries a timeline has.
type TimelineParams struct {
	// Entities, Narratives and Tags are what it is about: what concerns any of them. All that the viewer sees if Whole.
	Entities, Narratives, Tags []domain.ID
	Whole                      bool
	// From and To are a day, month or year each; no bound if empty. What may be within is within.
	From, To   domain.Date
	Kinds      []string // all if nil
	Descending bool
	Limit      int
	// After is the entry behind which the page begins; nil for the first page.
	After *TimelineEntry
}

// TimelineEntry is something that has a date.
type TimelineEntry struct {
	Date domain.Date
	Kind string
	// Document is that which has the date, Row the observation, listing or item in it; 0 of others.
	Document, Row domain.ID
}

// key is the id by which entries of one date and kind are ordered.
func (e *TimelineEntry) key() domain.ID {
	if e.Row != 0 {
		return e.Row
	}
	return e.Document
}

// arm is how entries of one kind are read: the date and the table, and the conditions under which they concern entities,
// narratives and tags. Each ? of these takes the ids.
type arm struct {
	date, from, document, row, fenced string
	where                             string
	entities, narratives, tags        []string
}

// arms are in the order of TimelineKinds.
func arms(engine string) []arm {
	dated := func(kind string) arm {
		return arm{date: "coalesce(nullif(d.start_date, ''), d.end_date)", from: "entities d", document: "d.id", row: "0", fenced: "d",
			where: "(d.kind || '') = '" + kind + "'", entities: []string{"d.id"}, tags: []string{linked("d.id", "entity_tags", "entity_id", "tag_id")}}
	}
	listing := func(column string) arm {
		return arm{date: "x." + column, from: "listings x JOIN entities d ON d.id = x.entity_id", document: "d.id", row: "x.id", fenced: "d",
			entities: []string{"x.entity_id"}, tags: []string{linked("x.entity_id", "entity_tags", "entity_id", "tag_id")}}
	}
	tie := func(column string) arm {
		return arm{date: "d." + column, from: "relationships d", document: "d.id", row: "0", fenced: "d", entities: []string{"d.from_id", "d.to_id"}}
	}
	published := "substr(d.published_at, 1, 10)"
	if engine == dialect.Postgres {
		published = `(to_char(d.published_at AT TIME ZONE 'UTC', 'YYYY-MM-DD') COLLATE "C")`
	}
	return []arm{
		dated("EVENT"), dated("LEGAL_INSTRUMENT"), listing("since"), listing("until"), tie("since"), tie("until"),
		{date: "x.observed_on", from: "observations x JOIN narratives d ON d.id = x.narrative_id", document: "d.id", row: "x.id", fenced: "d",
			entities: []string{"x.platform_id", linked("x.narrative_id", "narrative_targets", "narrative_id", "entity_id"),
				linked("x.narrative_id", "narrative_amplifiers", "narrative_id", "entity_id")},
			narratives: []string{"x.narrative_id"}, tags: []string{linked("x.narrative_id", "narrative_tags", "narrative_id", "tag_id")}},
		{date: "x.occurred_on", from: "edition_items x JOIN editions d ON d.id = x.edition_id", document: "d.id", row: "x.id", fenced: "d",
			entities: []string{linked("x.id", "item_entities", "item_id", "entity_id")}, tags: []string{linked("x.id", "item_tags", "item_id", "tag_id")}},
		{date: published, from: "reports d", document: "d.id", row: "0", fenced: "d", where: "d.published_at IS NOT NULL",
			entities:   []string{linked("d.id", "report_entities", "report_id", "entity_id")},
			narratives: []string{linked("d.id", "report_narratives", "report_id", "narrative_id")},
			tags:       []string{linked("d.id", "report_tags", "report_id", "tag_id")}},
	}
}

// linked is the condition that a document has a link to one of a set of others; the set is to follow.
func linked(id, table, owner, target string) string {
	return id + " IN (SELECT l." + owner + " FROM " + table + " l WHERE l." + target + "%s)"
}

// about returns the condition that an entry concerns what a timeline is about, with its arguments; "" if none can.
func (a *arm) about(r *reading, p *TimelineParams) (condition string, args []any) {
	var any []string
	for _, of := range []struct {
		ids     []domain.ID
		columns []string
	}{{p.Entities, a.entities}, {p.Narratives, a.narratives}, {p.Tags, a.tags}} {
		if len(of.ids) == 0 {
			continue
		}
		in, set := r.set(of.ids)
		for _, column := range of.columns {
			if strings.Contains(column, "%s") {
				any = append(any, fmt.Sprintf(column, in))
			} else {
				any = append(any, column+in)
			}
			args = append(args, set)
		}
	}
	if len(any) == 0 {
		return "", nil
	}
	return "(" + strings.Join(any, " OR ") + ")", args
}

// statements returns a statement for the entries of each kind, without order, with its arguments. They have the columns
// at, kind, document, line and key.
func (r *reading) statements(ctx context.Context, p *TimelineParams) (queries []string, args [][]any, err error) {
	scope, err := visibility.ScopeOf(ctx)
	if err != nil {
		return nil, nil, err
	}
	for kind, a := range arms(r.engine()) {
		if p.Kinds != nil && !slices.Contains(p.Kinds, TimelineKinds[kind]) {
			continue
		}
		var where []string
		var bound []any
		add := func(condition string, values ...any) {
			where, bound = append(where, condition), append(bound, values...)
		}
		switch {
		case a.from == "relationships d":
			add(strings.ReplaceAll(r.where, "r.", "d."), r.args...)
		case scope.Stage == domain.Live:
			add(a.fenced+"."+visibility.EffectiveMarking+" <= ?", int(scope.Clearance()))
		default:
			add(a.fenced + ".deleted_at IS NULL")
		}
		add(a.date + " > ''")
		if a.where != "" {
			add(a.where)
		}
		if !p.Whole {
			about, values := a.about(r, p)
			if about == "" {
				continue
			}
			add(about, values...)
		}
		if from := string(p.From); from != "" {
			// A year or month that has the day may be within, too.
			condition, values := a.date+" >= ?", []any{from}
			for _, n := range []int{4, 7} {
				if n < len(from) {
					condition += " OR " + a.date + " = ?"
					values = append(values, from[:n])
				}
			}
			add("("+condition+")", values...)
		}
		if p.To != "" {
			add(a.date+" <= ?", string(p.To)+"~") // with all days of a month or year: ~ is behind digits and hyphens
		}
		key := a.document
		if a.row != "0" {
			key = a.row
		}
		if after := p.After; after != nil {
			op := ">"
			if p.Descending {
				op = "<"
			}
			add(fmt.Sprintf("(%[1]s %[2]s ? OR %[1]s = ? AND (%[3]d %[2]s ? OR %[3]d = ? AND %[4]s %[2]s ?))", a.date, op, kind, key),
				string(after.Date), string(after.Date), slices.Index(TimelineKinds, after.Kind), slices.Index(TimelineKinds, after.Kind), int64(after.key()))
		}
		queries = append(queries, fmt.Sprintf("SELECT %s AS at, %d AS kind, %s AS document, %s AS line, %s AS key FROM %s WHERE %s",
			a.date, kind, a.document, a.row, key, a.from, strings.Join(where, " AND ")))
		args = append(args, bound)
	}
	return queries, args, nil
}

// Timeline returns a page of entries: at most Limit, in the order of their dates, then of their kinds and ids. A date that is
// known to the year or month comes before those within it.
func (g *Graph) Timeline(ctx context.Context, p TimelineParams) ([]TimelineEntry, error) {
	r, err := g.begin(ctx, Filter{})
	if err != nil {
		return nil, err
	}
	queries, args, err := r.statements(ctx, &p)
	if err != nil || len(queries) == 0 {
		return nil, err
	}
	direction := ""
	if p.Descending {
		direction = " DESC"
	}
	order := fmt.Sprintf(" ORDER BY at%s, kind%[1]s, key%[1]s LIMIT %d", direction, p.Limit)
	var bound []any
	for i := range queries {
		queries[i] = fmt.Sprintf("SELECT * FROM (%s%s) AS p%d", queries[i], order, i)
		bound = append(bound, args[i]...)
	}
	const width = 5
	values, err := r.values(ctx, "SELECT at, kind, document, line, key FROM ("+strings.Join(queries, " UNION ALL ")+") AS entries"+order, width, bound...)
	if err != nil {
		return nil, err
	}
	var entries []TimelineEntry
	for i := 0; i < values.Len(); i += width {
		at := func(n int) store.Value { return values.At(i + n) }
		entries = append(entries, TimelineEntry{Date: domain.Date(at(0).Text), Kind: TimelineKinds[at(1).Int()], Document: domain.ID(at(2).Int()), Row: domain.ID(at(3).Int())})
	}
	return entries, nil
}

// TimelineBucket is how many entries of a kind a year, month or day has.
type TimelineBucket struct {
	Start domain.Date // empty for dates that are not known as exactly
	Kind  string
	Count int
}

// maxTimelineRows is how many entries of one kind are counted.
const maxTimelineRows = 20_000

// TimelineBuckets counts the entries of a whole timeline by dates of a length, of 4, 7 or 10 characters, and by kind, in this
// order. complete is false where there are more of a kind than are counted: the earliest of it are not.
func (g *Graph) TimelineBuckets(ctx context.Context, p TimelineParams, length int) (buckets []TimelineBucket, complete bool, err error) {
	r, err := g.begin(ctx, Filter{})
	if err != nil {
		return nil, false, err
	}
	p.After = nil
	queries, args, err := r.statements(ctx, &p)
	if err != nil || len(queries) == 0 {
		return nil, true, err
	}
	var bound []any
	for i := range queries {
		queries[i] = fmt.Sprintf("SELECT at, kind FROM (%s ORDER BY at DESC, key DESC LIMIT %d) AS p%d", queries[i], maxTimelineRows+1, i)
		bound = append(bound, args[i]...)
	}
	const width = 3
	values, err := r.values(ctx, fmt.Sprintf("SELECT CASE WHEN length(at) >= %d THEN substr(at, 1, %[1]d) ELSE '' END AS start, kind, count(*) FROM (%s) AS entries"+
		" GROUP BY 1, 2 ORDER BY 1, 2", length, strings.Join(queries, " UNION ALL ")), width, bound...)
	if err != nil {
		return nil, false, err
	}
	sums := map[string]int{}
	complete = true
	for i := 0; i < values.Len(); i += width {
		b := TimelineBucket{Start: domain.Date(values.At(i).Text), Kind: TimelineKinds[values.At(i+1).Int()], Count: int(values.At(i + 2).Int())}
		sums[b.Kind] += b.Count
		complete = complete && sums[b.Kind] <= maxTimelineRows
		buckets = append(buckets, b)
	}
	return buckets, complete, nil
}
