package knowledge

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// ClaimKinds are the kinds of claim that rest on a source, in the order of lists.
var ClaimKinds = []string{"RELATIONSHIP", "LISTING", "OBSERVATION", "EDITION_ITEM", "FOOTNOTE"}

// Claim is a citation of a source, or a footnote that cites it, with the document in which it stands.
type Claim struct {
	Kind              string
	Source, Document  domain.ID
	Row               domain.ID // the relationship, the listing, the observation, the item or the footnote
	Citation          domain.ID // the citation; of a footnote that itself
	Locator, Quote    string
	HasQuote, Locates bool
	At                ClaimCursor
}

// ClaimCursor is a place in the list of the claims of a source. It has nothing that the viewer of the claim does not see.
type ClaimCursor struct {
	Kind     int    `json:"k"`
	Slug     string `json:"s"` // of the document
	Position int64  `json:"p"` // of the claim in it
	Locator  string `json:"l"`
	Citation int64  `json:"-"`
}

// ClaimsParams say which claims.
type ClaimsParams struct {
	Sources []domain.ID // that the viewer sees
	Kinds   []string    // of [ClaimKinds]; nil for all
	First   int         // of each source
	After   *ClaimCursor
}

// claimFrom has, for each kind of claim, what a citation c of it joins, with d for the document, and where the claim and its
// position are.
var claimFrom = []struct{ from, row, position string }{
	{"citations c JOIN relationships d ON d.id = c.relationship_id", "d.id", "0"},
	{"citations c JOIN listings x ON x.id = c.listing_id JOIN entities d ON d.id = x.entity_id", "x.id", "x.position"},
	{"citations c JOIN observations x ON x.id = c.observation_id JOIN narratives d ON d.id = x.narrative_id", "x.id", "x.position"},
	{"citations c JOIN edition_items x ON x.id = c.item_id JOIN editions d ON d.id = x.edition_id", "x.id", "x.position"},
	{"footnotes c JOIN reports d ON d.id = c.report_id", "c.id", "c.number"},
}

// claims returns the statement over all claims that rest on sources, and its arguments.
func (r *reading) claims(ctx context.Context, sources []domain.ID, kinds []string) (query string, args []any, err error) {
	condition, bound, err := fence(ctx, "d")
	if err != nil {
		return "", nil, err
	}
	in, set := r.set(sources)
	var parts []string
	for i, of := range claimFrom {
		if kinds != nil && !slices.Contains(kinds, ClaimKinds[i]) {
			continue
		}
		quote := "c.quote"
		if ClaimKinds[i] == "FOOTNOTE" {
			quote = "CAST(NULL AS text)"
		}
		parts = append(parts, fmt.Sprintf("SELECT %d AS kind, c.source_id AS source, d.slug AS slug, d.id AS document, %s AS row_id, %s AS position,"+
			" c.id AS citation, c.locator AS locator, %s AS quote FROM %s WHERE c.source_id%s AND %s", i, of.row, of.position, quote, of.from, in, condition))
		args = append(append(args, set), bound...)
	}
	return strings.Join(parts, " UNION ALL "), args, nil
}

// Claims returns a page of what rests on each of some sources, one more than First where there are more: in the order
// of the kinds, then by the slug of the document and the place in it.
func (g *Graph) Claims(ctx context.Context, p ClaimsParams) (map[domain.ID][]Claim, error) {
	found := map[domain.ID][]Claim{}
	r, err := g.begin(ctx, Filter{})
	if err != nil || len(p.Sources) == 0 || p.Kinds != nil && len(p.Kinds) == 0 {
		return found, err
	}
	all, args, err := r.claims(ctx, p.Sources, p.Kinds)
	if err != nil {
		return nil, err
	}
	const place = "kind, slug, position, coalesce(locator, ''), citation"
	after := ""
	if at := p.After; at != nil {
		after = " WHERE (" + place + ") > (?, ?, ?, ?, ?)"
		args = append(args, at.Kind, at.Slug, at.Position, at.Locator, at.Citation)
	}
	const width = 9
	values, err := r.values(ctx, "SELECT kind, source, slug, document, row_id, position, citation, locator, quote FROM ("+
		"SELECT u.*, row_number() OVER (PARTITION BY source ORDER BY "+place+") AS n FROM ("+all+") AS u"+after+") AS p WHERE n <= ? ORDER BY source, n",
		width, append(args, p.First+1)...)
	if err != nil {
		return nil, err
	}
	for i := 0; i < values.Len(); i += width {
		at := func(n int) store.Value { return values.At(i + n) }
		kind := int(at(0).Int())
		c := Claim{Kind: ClaimKinds[kind], Source: domain.ID(at(1).Int()), Document: domain.ID(at(3).Int()), Row: domain.ID(at(4).Int()),
			Citation: domain.ID(at(6).Int()), Locator: string(at(7).Text), Locates: at(7).Kind != store.Null,
			Quote: string(at(8).Text), HasQuote: at(8).Kind != store.Null}
		c.At = ClaimCursor{Kind: kind, Slug: string(at(2).Text), Position: at(5).Int(), Locator: c.Locator, Citation: int64(c.Citation)}
		found[c.Source] = append(found[c.Source], c)
	}
	return found, nil
}

// ClaimCounts returns how many claims of each kind rest on sources.
func (g *Graph) ClaimCounts(ctx context.Context, sources []domain.ID, kinds []string) (map[domain.ID]map[string]int, error) {
	counts := map[domain.ID]map[string]int{}
	for _, id := range sources {
		counts[id] = map[string]int{}
	}
	r, err := g.begin(ctx, Filter{})
	if err != nil || len(sources) == 0 || kinds != nil && len(kinds) == 0 {
		return counts, err
	}
	all, args, err := r.claims(ctx, sources, kinds)
	if err != nil {
		return nil, err
	}
	values, err := r.values(ctx, "SELECT source, kind, count(*) FROM ("+all+") AS u GROUP BY source, kind", 3, args...)
	if err != nil {
		return nil, err
	}
	for i := 0; i < values.Len(); i += 3 {
		counts[domain.ID(values.At(i).Int())][ClaimKinds[values.At(i+1).Int()]] = int(values.At(i + 2).Int())
	}
	return counts, nil
}

// Mention is a document, or an item of an edition, that links to an entity.
type Mention struct {
	Entity, Document domain.ID
	Item             domain.ID // 0 unless the document is an edition
	Linked           bool      // as what it is about, not only in a text
	At               MentionCursor
}

// MentionCursor is a place in the list of the mentions of an entity.
type MentionCursor struct {
	Published int64  `json:"t"` // in microseconds since 1970; of what was never published, when it was made
	Kind      int    `json:"k"` // of document
	Slug      string `json:"s"`
	Position  int64  `json:"p"` // of the item
	Item      int64  `json:"-"`
}

// MentionsParams say which mentions.
type MentionsParams struct {
	Entities []domain.ID // that the viewer sees
	// Named are documents, and items of editions, of which a text names an entity, by that.
	Named map[domain.ID][]domain.ID
	First int // of each entity
	After *MentionCursor
}

// mentionFrom has the links x from documents d to entities.
var mentionFrom = []struct {
	kind           int
	from           string
	item, position string
	linked         int
}{
	{0, "report_mentions x JOIN reports d ON d.id = x.report_id", "0", "0", 0},
	{0, "report_entities x JOIN reports d ON d.id = x.report_id", "0", "0", 1},
	{1, "narrative_targets x JOIN narratives d ON d.id = x.narrative_id", "0", "0", 1},
	{1, "narrative_amplifiers x JOIN narratives d ON d.id = x.narrative_id", "0", "0", 1},
	{2, "item_entities x JOIN edition_items i ON i.id = x.item_id JOIN editions d ON d.id = i.edition_id", "i.id", "i.position", 1},
}

// namedFrom has what is read of the values v that are ids of documents, or of items, of which a text names an entity. Reports have links of
// their own for these.
var namedFrom = []struct {
	kind           int
	from           string
	item, position string
}{
	{1, "narratives d ON d.id = v.value", "0", "0"},
	{2, "editions d ON d.id = v.value", "0", "0"},
	{2, "edition_items i ON i.id = v.value JOIN editions d ON d.id = i.edition_id", "i.id", "i.position"},
	{3, "entities d ON d.id = v.value", "0", "0"},
	{4, "tags d ON d.id = v.value", "0", "0"},
}

// namedTogether is how many entities the statements of mentions are about: SQLite joins at most 500 parts.
const namedTogether = 20

// mentions returns the statement over the documents and items that link to entities, each once, and its arguments.
func (r *reading) mentions(ctx context.Context, entities []domain.ID, named map[domain.ID][]domain.ID) (query string, args []any, err error) {
	condition, bound, err := fence(ctx, "d")
	if err != nil {
		return "", nil, err
	}
	in, set := r.set(entities)
	var parts []string
	for _, of := range mentionFrom {
		parts = append(parts, fmt.Sprintf("SELECT x.entity_id AS entity, %d AS kind, d.id AS document, d.slug AS slug,"+
			" coalesce(d.published_at, d.created_at) AS published, %s AS item, %s AS position, %d AS linked FROM %s WHERE x.entity_id%s AND %s",
			of.kind, of.item, of.position, of.linked, of.from, in, condition))
		args = append(append(args, set), bound...)
	}
	for _, entity := range entities {
		if len(named[entity]) == 0 {
			continue
		}
		_, ids := r.set(named[entity])
		for _, of := range namedFrom {
			parts = append(parts, fmt.Sprintf("SELECT CAST(? AS bigint) AS entity, %d AS kind, d.id AS document, d.slug AS slug,"+
				" coalesce(d.published_at, d.created_at) AS published, %s AS item, %s AS position, 0 AS linked FROM %s JOIN %s WHERE d.id <> ? AND %s",
				of.kind, of.item, of.position, r.eachOf(), of.from, condition))
			args = append(append(args, int64(entity), ids, int64(entity)), bound...)
		}
	}
	return "SELECT entity, kind, document, slug, published, item, position, max(linked) AS linked FROM (" + strings.Join(parts, " UNION ALL ") + ") AS m" +
		" GROUP BY entity, kind, document, slug, published, item, position", args, nil
}

// Mentions returns a page of where each of some entities is spoken of, one more than First where there are more: what
// was published last comes first.
func (g *Graph) Mentions(ctx context.Context, p MentionsParams) (map[domain.ID][]Mention, error) {
	found := map[domain.ID][]Mention{}
	r, err := g.begin(ctx, Filter{})
	if err != nil {
		return nil, err
	}
	for some := range slices.Chunk(p.Entities, namedTogether) {
		if err := r.addMentions(ctx, p, some, found); err != nil {
			return nil, err
		}
	}
	return found, nil
}

// addMentions adds the pages of some entities.
func (r *reading) addMentions(ctx context.Context, p MentionsParams, entities []domain.ID, found map[domain.ID][]Mention) error {
	all, args, err := r.mentions(ctx, entities, p.Named)
	if err != nil {
		return err
	}
	after := ""
	if at := p.After; at != nil {
		after = " WHERE published < ? OR published = ? AND (kind, slug, position, item) > (?, ?, ?, ?)"
		published := time.UnixMicro(at.Published).UTC()
		args = append(args, published, published, at.Kind, at.Slug, at.Position, at.Item)
	}
	const width = 8
	values, err := r.values(ctx, "SELECT entity, kind, document, slug, published, item, position, linked FROM (SELECT u.*, row_number() OVER"+
		" (PARTITION BY entity ORDER BY published DESC, kind, slug, position, item) AS n FROM ("+all+") AS u"+after+") AS p WHERE n <= ? ORDER BY entity, n",
		width, append(args, p.First+1)...)
	if err != nil {
		return err
	}
	for i := 0; i < values.Len(); i += width {
		at := func(n int) int64 { return values.At(i + n).Int() }
		published, err := moment(values.At(i + 4))
		if err != nil {
			return err
		}
		m := Mention{Entity: domain.ID(at(0)), Document: domain.ID(at(2)), Item: domain.ID(at(5)), Linked: at(7) != 0,
			At: MentionCursor{Published: published, Kind: int(at(1)), Slug: string(values.At(i + 3).Text), Position: at(6), Item: at(5)}}
		found[m.Entity] = append(found[m.Entity], m)
	}
	return nil
}

// moment returns a time in microseconds since 1970. SQLite does not know that an expression is one, and returns its text.
func moment(v store.Value) (int64, error) {
	if v.Kind != store.Text {
		return v.Time().UnixMicro(), nil
	}
	t, err := time.Parse("2006-01-02 15:04:05.999999999-07:00", string(v.Text))
	return t.UnixMicro(), err
}

// MentionCounts returns in how many documents and items entities are spoken of; named is as in [MentionsParams].
func (g *Graph) MentionCounts(ctx context.Context, entities []domain.ID, named map[domain.ID][]domain.ID) (map[domain.ID]int, error) {
	counts := make(map[domain.ID]int, len(entities))
	r, err := g.begin(ctx, Filter{})
	if err != nil {
		return nil, err
	}
	for some := range slices.Chunk(entities, namedTogether) {
		all, args, err := r.mentions(ctx, some, named)
		if err != nil {
			return nil, err
		}
		values, err := r.values(ctx, "SELECT entity, count(*) FROM ("+all+") AS u GROUP BY entity", 2, args...)
		if err != nil {
			return nil, err
		}
		for i := 0; i < values.Len(); i += 2 {
			counts[domain.ID(values.At(i).Int())] = int(values.At(i + 1).Int())
		}
	}
	return counts, nil
}
