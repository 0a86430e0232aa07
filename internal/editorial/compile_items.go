package editorial

import (
	"cmp"
	"context"
	"fmt"
	"maps"
	"slices"
	"strings"
	"time"
	"unicode/utf8"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
)

// candidate is something in a window of live, and the item that can be made from it.
type candidate struct {
	reason ProposalReason
	// left says why no item is made of it, if that is known from the window.
	left     LeftOutReason
	document domain.ID
	row      domain.ID // of an observation or a listing; 0 for the document itself
	item     *aggregate.Row

	tags, entities []domain.ID
}

// origin identifies what an item was made from.
func (c candidate) origin() string { return originOf(c.document.String(), rowText(c.row)) }

func originOf(document, row string) string { return document + " " + row }

func rowText(id domain.ID) string {
	if id == 0 {
		return ""
	}
	return id.String()
}

// candidatesOf returns what is in a window, in a fixed order.
func candidatesOf(w *projection.Window) []candidate {
	var all []candidate
	for _, id := range slices.Sorted(maps.Keys(w.Documents)) {
		row := w.Documents[id]
		var below []candidate
		switch id.Type() {
		case domain.Narrative:
			below = observationsOf(w, id, row)
		case domain.Entity:
			below = listingsOf(w, id, row)
		}
		all = append(all, below...)
		if c, ok := documentOf(w, id, row); ok {
			if c.reason == UpdatedInTime && len(below) > 0 {
				c.left = Covered
			}
			all = append(all, c)
		}
	}
	return all
}

// documentOf returns the candidate of a document itself, if it was changed or is dated.
func documentOf(w *projection.Window, id domain.ID, row *aggregate.Row) (candidate, bool) {
	c := candidate{document: id}
	kind := w.Changed[id]
	event := id.Type() == domain.Entity && (row.Text("kind") == "EVENT" || row.Text("kind") == "LEGAL_INSTRUMENT")
	var on domain.Date
	switch start, end := row.Date("start_date"), row.Date("end_date"); {
	case event && w.Contains(start):
		c.reason, on = DatedEvent, start
	case event && w.Contains(end):
		c.reason, on = DatedEvent, end
	case kind == projection.Published:
		c.reason, on = PublishedInTime, domain.Date(w.Published[id].Format(time.DateOnly))
	case kind == projection.Updated:
		c.reason = UpdatedInTime
	default:
		return c, false
	}
	var headline, summary string
	switch id.Type() {
	case domain.Report:
		headline, summary = row.Text("title"), row.Text("summary")
		c.tags, c.entities = refsOf(row, "report_tags", "tag_id"), refsOf(row, "report_entities", "entity_id")
	case domain.Narrative:
		headline, summary = row.Text("title"), cmp.Or(firstParagraph(row.Text("description")), row.Text("claim"))
		c.tags, c.entities = refsOf(row, "narrative_tags", "tag_id"), narrativeEntities(row)
	case domain.Entity:
		headline, summary = row.Text("name"), firstParagraph(row.Text("description"))
		c.tags, c.entities = refsOf(row, "entity_tags", "tag_id"), []domain.ID{id}
		if !event {
			c.left = NoEvent
		}
	case domain.Relationship:
		from, to := row.Ref("from_id"), row.Ref("to_id")
		headline = w.Names[from] + " " + domain.TieName(row.Text("kind")) + " " + w.Names[to]
		summary = firstParagraph(row.Text("description"))
		c.entities = []domain.ID{from, to}
	}
	c.make(w, headline, summary, on, citationsIn(row))
	return c, true
}

func observationsOf(w *projection.Window, id domain.ID, row *aggregate.Row) []candidate {
	var all []candidate
	for _, o := range row.Owned["observations"] {
		on := o.Date("observed_on")
		if !w.Contains(on) {
			continue
		}
		c := candidate{reason: DatedSighting, document: id, row: o.ID,
			tags: refsOf(row, "narrative_tags", "tag_id"), entities: narrativeEntities(row)}
		headline := row.Text("title")
		if platform := o.Ref("platform_id"); w.Sees(platform) {
			headline += ": seen on " + w.Names[platform]
		}
		c.make(w, headline, o.Text("description"), on, o.Owned["citations"])
		all = append(all, c)
	}
	return all
}

func listingsOf(w *projection.Window, id domain.ID, row *aggregate.Row) []candidate {
	var all []candidate
	for _, l := range row.Owned["listings"] {
		on, verb := l.Date("since"), "is listed by"
		if !w.Contains(on) {
			on, verb = l.Date("until"), "is no longer listed by"
		}
		if !w.Contains(on) {
			continue
		}
		c := candidate{reason: DatedListing, document: id, row: l.ID, tags: refsOf(row, "entity_tags", "tag_id"), entities: []domain.ID{id}}
		headline := row.Text("name") + " " + verb + " " + l.Text("authority")
		summary := headline
		if programme := l.Text("programme"); programme != "" {
			summary += " (" + programme + ")"
		}
		c.make(w, headline, summary+".", on, l.Owned["citations"])
		all = append(all, c)
	}
	return all
}

// The lengths of what is made: the longest headline of an item, and a bound of a summary.
const (
	maxHeadline = 300
	maxSummary  = 5_000
	maxCited    = 20
)

// make makes the item of a candidate. References that the viewers of the window do not see
// are left out.
func (c *candidate) make(w *projection.Window, headline, summary string, on domain.Date, citations []*aggregate.Row) {
	seen := func(ids []domain.ID) []domain.ID {
		var out []domain.ID
		for _, id := range ids {
			if w.Sees(id) && !slices.Contains(out, id) {
				out = append(out, id)
			}
		}
		return out
	}
	c.tags, c.entities = seen(c.tags), seen(c.entities)
	item := aggregate.NewRow()
	item.Set("headline", clipTo(headline, maxHeadline))
	item.Set("summary", clipTo(cmp.Or(summary, headline), maxSummary))
	if on != "" {
		item.Set("occurred_on", string(on))
	}
	item.Set("origin", c.document.String())
	if c.row != 0 {
		item.Set("origin_row", c.row.String())
	}
	link := func(table, column string, ids []domain.ID) {
		for _, id := range ids {
			row := aggregate.NewRow()
			row.Set(column, id)
			item.Owned[table] = append(item.Owned[table], row)
		}
	}
	link("item_entities", "entity_id", c.entities)
	link("item_tags", "tag_id", c.tags)
	for _, cited := range citations {
		if !w.Sees(cited.Ref("source_id")) || len(item.Owned["citations"]) == maxCited {
			continue
		}
		row := aggregate.NewRow()
		for _, column := range []string{"source_id", "locator", "quote"} {
			if v, ok := cited.Fields[column]; ok {
				row.Set(column, v)
			}
		}
		item.Owned["citations"] = append(item.Owned["citations"], row)
	}
	c.item = item
}

// citationsIn returns what a document cites, each source once: its own citations, and those
// of its rows; of a report, its footnotes.
func citationsIn(row *aggregate.Row) []*aggregate.Row {
	all := slices.Clone(row.Owned["citations"])
	for _, table := range []string{"observations", "listings"} {
		for _, r := range row.Owned[table] {
			all = append(all, r.Owned["citations"]...)
		}
	}
	for _, note := range row.Owned["footnotes"] {
		if id := note.Ref("source_id"); id != 0 {
			cited := aggregate.NewRow()
			cited.Set("source_id", id)
			all = append(all, cited)
		}
	}
	seen := map[domain.ID]bool{}
	return slices.DeleteFunc(all, func(r *aggregate.Row) bool {
		id := r.Ref("source_id")
		was := seen[id]
		seen[id] = true
		return was
	})
}

func refsOf(row *aggregate.Row, table, column string) []domain.ID {
	var ids []domain.ID
	for _, r := range row.Owned[table] {
		ids = append(ids, r.Ref(column))
	}
	return ids
}

func narrativeEntities(row *aggregate.Row) []domain.ID {
	return append(refsOf(row, "narrative_targets", "entity_id"), refsOf(row, "narrative_amplifiers", "entity_id")...)
}

// firstParagraph returns the first block of a Markdown text that is no heading.
func firstParagraph(text string) string {
	for _, block := range strings.Split(text, "\n\n") {
		if block = strings.TrimSpace(block); block != "" && !strings.HasPrefix(block, "#") {
			return block
		}
	}
	return ""
}

// clipTo returns a text with at most so many characters.
func clipTo(text string, most int) string {
	if utf8.RuneCountInString(text) <= most {
		return text
	}
	return strings.TrimSpace(string([]rune(text)[:most-1])) + "…"
}

// compile adds the items of candidates to an edition, and saves it.
func (e *editTx) compile(ctx context.Context, draft *editionDraft, candidates []candidate) (CompileResult, error) {
	s := aggregate.SpecOf(domain.Edition)
	var meta *aggregate.Meta
	var old *aggregate.Row
	next := aggregate.NewRow()
	if draft.edition != 0 {
		var err error
		if meta, err = e.header(ctx, draft.edition); err != nil {
			return CompileResult{}, err
		}
		if draft.version != nil {
			if err := e.checkVersion(ctx, meta, *draft.version); err != nil {
				return CompileResult{}, err
			}
		}
		if meta.Marking != draft.marking {
			return CompileResult{}, domain.Conflict("%s got another marking meanwhile: compile it again", meta.Name())
		}
		loaded, err := aggregate.Load(ctx, e.tx, s.Type, []domain.ID{meta.ID})
		if err != nil {
			return CompileResult{}, err
		}
		old = loaded[meta.ID]
		next = old.Clone()
		if next.Date("period_start") == "" && next.Date("period_end") == "" {
			next.Set("period_start", string(draft.from))
			next.Set("period_end", string(draft.to))
		}
	} else if err := e.newEdition(ctx, draft, next); err != nil {
		return CompileResult{}, err
	}
	out := CompileResult{}
	chosen, err := e.choose(ctx, draft, next, candidates, &out)
	if err != nil {
		return CompileResult{}, err
	}
	for _, c := range chosen {
		next.Owned["edition_items"] = append(next.Owned["edition_items"], c.item)
	}
	var p domain.Problems
	given := &aggregate.Patch{Root: next, Present: map[string]bool{}, PresentLists: map[string]bool{}}
	if err := e.check(ctx, s, old, next, given, &p); err != nil {
		return CompileResult{}, err
	}
	if err := p.Err(notCompiled); err != nil {
		return CompileResult{}, err
	}
	out.SaveResult, err = e.write(ctx, s, meta, old, next, false, cmp.Or(draft.message, fmt.Sprintf("compiled from %s to %s", draft.from, draft.to)))
	for i, c := range chosen {
		out.Proposed[i].Row = c.item.ID
	}
	return out, err
}

// newEdition sets the fields of a new edition.
func (e *editTx) newEdition(ctx context.Context, draft *editionDraft, next *aggregate.Row) error {
	loaded, err := aggregate.Load(ctx, e.tx, domain.Series, []domain.ID{draft.series})
	if err != nil {
		return err
	}
	series := loaded[draft.series]
	if series == nil || domain.Marking(series.Int("marking")) != draft.marking {
		return domain.Conflict("the series was changed meanwhile: compile the edition again")
	}
	next.ID = e.newID(domain.Edition)
	next.Set("series_id", draft.series)
	next.Set("number", int64(draft.number))
	next.Set("title", draft.title)
	next.Set("language", series.Text("language"))
	next.Set("marking", int64(draft.marking))
	next.Set("period_start", string(draft.from))
	next.Set("period_end", string(draft.to))
	return nil
}

// choose returns the candidates of which items are made, in their order, and adds to out
// what is proposed and what is left out.
func (e *editTx) choose(ctx context.Context, draft *editionDraft, next *aggregate.Row, candidates []candidate, out *CompileResult) ([]candidate, error) {
	had, err := e.originsOf(ctx, draft.edition)
	if err != nil {
		return nil, err
	}
	elsewhere, err := e.originsOfOthers(ctx, draft)
	if err != nil {
		return nil, err
	}
	var chosen []candidate
	for _, c := range candidates {
		switch {
		case had[c.origin()]:
			c.left = AlreadyProposed
		case elsewhere[c.origin()] && c.reason != UpdatedInTime:
			c.left = InAnotherEdition
		case c.left == "":
			chosen = append(chosen, c)
			continue
		}
		out.LeftOut = append(out.LeftOut, LeftOut{c.document, c.item.Text("headline"), c.left})
	}
	groups := group(chosen)
	items := aggregate.SpecOf(domain.Edition).Lists[0]
	room := max(0, items.Max-len(next.Owned[items.Table]))
	for i, c := range chosen {
		if i < room {
			out.Proposed = append(out.Proposed, Proposal{Reason: c.reason, Origin: c.document, Tag: groups[i].tag, Entity: groups[i].entity})
		} else {
			out.LeftOut = append(out.LeftOut, LeftOut{c.document, c.item.Text("headline"), TooMany})
		}
	}
	return chosen[:min(room, len(chosen))], nil
}

type itemGroup struct{ tag, entity domain.ID }

// group orders candidates by the tag and then the entity that most of them share, and
// then by date, and returns the group of each.
func group(chosen []candidate) []itemGroup {
	count := map[domain.ID]int{}
	for _, c := range chosen {
		for _, id := range append(slices.Clone(c.tags), c.entities...) {
			count[id]++
		}
	}
	more := func(a, b domain.ID) int { return cmp.Or(cmp.Compare(count[b], count[a]), cmp.Compare(a, b)) }
	most := func(ids []domain.ID) domain.ID {
		if len(ids) == 0 {
			return 0
		}
		return slices.MinFunc(ids, more)
	}
	of := func(c candidate) itemGroup { return itemGroup{most(c.tags), most(c.entities)} }
	slices.SortStableFunc(chosen, func(a, b candidate) int {
		x, y := of(a), of(b)
		return cmp.Or(more(x.tag, y.tag), more(x.entity, y.entity),
			strings.Compare(a.item.Text("occurred_on"), b.item.Text("occurred_on")))
	})
	groups := make([]itemGroup, len(chosen))
	for i, c := range chosen {
		groups[i] = of(c)
	}
	return groups
}

// originsOf returns what the items of an edition were made from, in all its revisions: an item
// that an editor took out is not proposed again.
func (e *editTx) originsOf(ctx context.Context, edition domain.ID) (map[string]bool, error) {
	origins := map[string]bool{}
	if edition == 0 {
		return origins, nil
	}
	numbers, err := e.revisionsOf(ctx, edition)
	if err != nil {
		return nil, err
	}
	for batch := range slices.Chunk(numbers, 64) {
		keys := make([]aggregate.RevisionKey, len(batch))
		for i, number := range batch {
			keys[i] = aggregate.RevisionKey{ID: edition, Number: number}
		}
		snaps, err := aggregate.ReadRevisionKeys(ctx, e.tx, keys)
		if err != nil {
			return nil, err
		}
		for _, snap := range snaps {
			for _, item := range snap.Root.Owned["edition_items"] {
				origins[originOf(item.Text("origin"), item.Text("origin_row"))] = true
			}
		}
	}
	return origins, nil
}

// originsOfOthers returns what the items of the other editions of the series were made from.
func (e *editTx) originsOfOthers(ctx context.Context, draft *editionDraft) (map[string]bool, error) {
	ids, err := store.QueryIDs(ctx, e.tx, "SELECT id FROM editions WHERE series_id = ? AND id <> ? AND deleted_at IS NULL", int64(draft.series), int64(draft.edition))
	if err != nil {
		return nil, fmt.Errorf("find the editions of a series: %w", err)
	}
	origins := map[string]bool{}
	for batch := range slices.Chunk(ids, aggregate.MaxBatch) {
		loaded, err := aggregate.Load(ctx, e.tx, domain.Edition, batch)
		if err != nil {
			return nil, err
		}
		for _, row := range loaded {
			for _, item := range row.Owned["edition_items"] {
				origins[originOf(item.Text("origin"), item.Text("origin_row"))] = true
			}
		}
	}
	return origins, nil
}
