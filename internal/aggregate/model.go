package aggregate

import (
	"cmp"
	"fmt"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
)

// Limits on text, in characters.
const (
	shortText = 300
	LongText  = 5_000
	proseText = 100_000
	bodyText  = 1_000_000
)

// Every document has these.
var (
	slugField    = FieldSpec{Name: "slug", Kind: KindSlug}
	markingField = FieldSpec{Name: "marking", Kind: KindMarking}
)

func links(name, table string, target domain.Type) ListSpec {
	return ListSpec{Name: name, Table: table, Target: target, Max: 1000}
}

var citations = ListSpec{Name: "citations", Table: "citations", Max: 100, Fields: []FieldSpec{
	{Name: "source", Kind: KindLink, Target: domain.Source, Required: true},
	{Name: "locator", Kind: KindLine, Max: shortText},
	{Name: "quote", Kind: KindPlain, Max: LongText},
}}

// specs is the content model: every field that can be written, per type.
var specs = withTypes(map[domain.Type]*Spec{
	domain.Report: {
		Table: "reports", NameColumn: "title", LogOrder: 4,
		Names: func(r *Row) []ScopedName { return []ScopedName{{"title", "", r.Text("title")}} },
		Fields: []FieldSpec{
			slugField,
			{Name: "kind", Kind: KindEnum, Values: domain.ReportKinds, Required: true},
			{Name: "title", Kind: KindLine, Max: shortText, Required: true},
			{Name: "subtitle", Kind: KindLine, Max: shortText},
			{Name: "summary", Kind: KindPlain, Max: LongText, NamesEntities: true},
			{Name: "question", Kind: KindLine, Max: LongText},
			{Name: "keyFindings", Kind: KindLineList, Max: 50},
			{Name: "methods", Kind: KindEnumList, Values: domain.ResearchMethods, Max: 20},
			{Name: "language", Kind: KindLanguage, Required: true},
			{Name: "body", Kind: KindProse, Max: bodyText, Footnotes: true},
			{Name: "hero", Kind: KindLink, Target: domain.Asset},
			markingField,
		},
		Lists: []ListSpec{
			links("tags", "report_tags", domain.Tag),
			links("entities", "report_entities", domain.Entity),
			links("narratives", "report_narratives", domain.Narrative),
			links("attachments", "report_attachments", domain.Asset),
			{Name: "contributions", Table: "contributions", Max: 200, Fields: []FieldSpec{
				{Name: "entity", Kind: KindLink, Target: domain.Entity, Required: true},
				{Name: "role", Kind: KindEnum, Values: domain.ContributionRoles, Required: true},
			}},
			{Table: "footnotes", DiffName: "footnotes"},
			{Table: "report_mentions", DiffName: "mentions"},
		},
		Title: textOf("title"),
		Complete: func(r *Row, p *domain.Problems) {
			need(r, p, "summary", "a published report has a summary")
			need(r, p, "body", "a published report has a body")
		},
	},

	domain.Narrative: {
		Table: "narratives", NameColumn: "title", LogOrder: 2,
		Names: func(r *Row) []ScopedName { return []ScopedName{{"title", "", r.Text("title")}} },
		Fields: []FieldSpec{
			slugField,
			{Name: "title", Kind: KindLine, Max: shortText, Required: true},
			{Name: "claim", Kind: KindLine, Max: LongText, Required: true},
			{Name: "description", Kind: KindProse, Max: proseText},
			{Name: "assessment", Kind: KindProse, Max: proseText},
			{Name: "status", Kind: KindEnum, Values: domain.NarrativeStatuses, Required: true},
			{Name: "firstObserved", Kind: KindDate, Past: true},
			{Name: "lastObserved", Kind: KindDate, Past: true},
			{Name: "parent", Kind: KindLink, Target: domain.Narrative},
			markingField,
		},
		Lists: []ListSpec{
			links("targets", "narrative_targets", domain.Entity),
			links("amplifiers", "narrative_amplifiers", domain.Entity),
			links("tags", "narrative_tags", domain.Tag),
			{Name: "observations", Table: "observations", Max: 2000, Identified: true, Cited: true,
				Fields: []FieldSpec{
					{Name: "observedOn", Kind: KindDate, Required: true, Past: true},
					{Name: "platform", Kind: KindLink, Target: domain.Entity, TargetKind: "PLATFORM"},
					{Name: "url", Kind: KindURL},
					{Name: "language", Kind: KindLanguage},
					{Name: "description", Kind: KindPlain, Max: LongText, Required: true},
					{Name: "reach", Kind: KindNumber, Max: 1<<53 - 1},
				},
				Lists: []ListSpec{citations}},
		},
		Title: textOf("title"),
		Rules: func(r *Row, p *domain.Problems) { period(r, p, "", "firstObserved", "lastObserved") },
	},

	domain.Entity: {
		Table: "entities", NameColumn: "name", LogOrder: 1,
		Names: func(r *Row) []ScopedName {
			kind := r.Text("kind")
			names := []ScopedName{{"name", kind, r.Text("name")}}
			for i, row := range r.Owned["entity_names"] {
				names = append(names, ScopedName{fmt.Sprintf("names[%d]", i), kind, row.Text("text")})
			}
			return names
		},
		Fields: []FieldSpec{
			slugField,
			{Name: "kind", Kind: KindEnum, Values: domain.EntityKinds, Required: true},
			{Name: "name", Kind: KindLine, Max: shortText, Required: true},
			{Name: "language", Kind: KindLanguage},
			{Name: "country", Kind: KindCountry},
			{Name: "description", Kind: KindProse, Max: proseText},
			{Name: "startDate", Kind: KindDate},
			{Name: "endDate", Kind: KindDate},
			{Name: "homepage", Kind: KindURL},
			markingField,
		},
		Lists: []ListSpec{
			links("tags", "entity_tags", domain.Tag),
			{Name: "names", Table: "entity_names", Max: 200, Fields: []FieldSpec{
				{Name: "text", Kind: KindLine, Max: shortText, Required: true},
				{Name: "language", Kind: KindLanguage},
				{Name: "kind", Kind: KindEnum, Values: domain.NameKinds, Required: true},
			}},
			{Name: "identifiers", Table: "entity_identifiers", Max: 200, Fields: []FieldSpec{
				{Name: "scheme", Kind: KindLine, Max: 50, Required: true},
				{Name: "value", Kind: KindLine, Max: shortText, Required: true},
			}},
			{Name: "listings", Table: "listings", Max: 200, Identified: true, Cited: true,
				Fields: []FieldSpec{
					{Name: "authority", Kind: KindLine, Max: shortText, Required: true},
					{Name: "programme", Kind: KindLine, Max: shortText},
					{Name: "listId", Kind: KindLine, Max: shortText},
					{Name: "since", Kind: KindDate},
					{Name: "until", Kind: KindDate},
				},
				Lists: []ListSpec{citations}},
		},
		Title: textOf("name"),
		Rules: func(r *Row, p *domain.Problems) {
			period(r, p, "", "startDate", "endDate")
			for i, l := range r.Owned["listings"] {
				period(l, p, fmt.Sprintf("listings[%d].", i), "since", "until")
			}
			identifiers(r, p)
		},
		Complete: func(r *Row, p *domain.Problems) {
			for i, l := range r.Owned["listings"] {
				cited(l, p, fmt.Sprintf("listings[%d].", i), "listing")
			}
		},
	},

	domain.Relationship: {
		Table: "relationships", LogOrder: 3, Ends: []string{"from_id", "to_id"},
		Fields: []FieldSpec{
			slugField,
			{Name: "from", Kind: KindLink, Target: domain.Entity, Required: true},
			{Name: "to", Kind: KindLink, Target: domain.Entity, Required: true},
			{Name: "kind", Kind: KindEnum, Values: domain.RelationshipKinds, Required: true},
			{Name: "share", Kind: KindShare},
			{Name: "shareMin", Kind: KindShare},
			{Name: "shareMax", Kind: KindShare},
			{Name: "role", Kind: KindLine, Max: shortText},
			{Name: "since", Kind: KindDate},
			{Name: "until", Kind: KindDate},
			{Name: "confidence", Kind: KindEnum, Values: domain.Confidences, Required: true},
			{Name: "description", Kind: KindProse, Max: proseText},
			markingField,
		},
		Lists: []ListSpec{citations},
		Title: func(r *Row, name func(domain.ID) string) string {
			return name(r.Ref("from_id")) + " " + r.Text("kind") + " " + name(r.Ref("to_id"))
		},
		Rules: func(r *Row, p *domain.Problems) {
			period(r, p, "", "since", "until")
			if from, to := r.Ref("from_id"), r.Ref("to_id"); from != 0 && from == to {
				p.Add("to", "a relationship ties two different entities")
			}
			shares(r, p)
		},
		Complete: func(r *Row, p *domain.Problems) { cited(r, p, "", "relationship") },
	},

	domain.Tag: {
		Table: "tags", NameColumn: "label",
		Names: func(r *Row) []ScopedName { return []ScopedName{{"label", r.Text("vocabulary"), r.Text("label")}} },
		Fields: []FieldSpec{
			slugField,
			{Name: "label", Kind: KindLine, Max: shortText, Required: true},
			{Name: "description", Kind: KindProse, Max: LongText},
			{Name: "vocabulary", Kind: KindEnum, Values: domain.TagVocabularies, Required: true},
			{Name: "parent", Kind: KindLink, Target: domain.Tag},
			markingField,
		},
		Title: textOf("label"),
	},

	domain.Source: {
		Table: "sources", NameColumn: "title",
		Fields: []FieldSpec{
			slugField,
			{Name: "title", Kind: KindLine, Max: shortText, Required: true},
			{Name: "url", Kind: KindURL},
			{Name: "publisher", Kind: KindLine, Max: shortText},
			{Name: "date", Kind: KindDate},
			{Name: "accessed", Kind: KindDate, Past: true},
			{Name: "archiveUrl", Kind: KindURL},
			{Name: "language", Kind: KindLanguage},
			{Name: "reliability", Kind: KindEnum, Values: domain.SourceReliabilities},
			{Name: "credibility", Kind: KindNumber, Min: 1, Max: 6},
			markingField,
		},
		Title: textOf("title"),
	},

	domain.Edition: {
		Table: "editions", NameColumn: "title", LogOrder: 5, Ends: []string{"series_id"},
		Names: func(r *Row) []ScopedName { return []ScopedName{{"title", "", r.Text("title")}} },
		Fields: []FieldSpec{
			slugField,
			{Name: "series", Kind: KindLink, Target: domain.Series, Required: true},
			{Name: "number", Kind: KindNumber, Min: 1, Max: 1_000_000, Required: true},
			{Name: "title", Kind: KindLine, Max: shortText, Required: true},
			{Name: "introduction", Kind: KindProse, Max: proseText},
			{Name: "language", Kind: KindLanguage, Required: true},
			{Name: "periodStart", Kind: KindDate},
			{Name: "periodEnd", Kind: KindDate},
			markingField,
		},
		Lists: []ListSpec{
			{Name: "items", Table: "edition_items", Max: 200, Identified: true,
				Fields: []FieldSpec{
					{Name: "headline", Kind: KindLine, Max: shortText, Required: true},
					{Name: "occurredOn", Kind: KindDate},
					{Name: "summary", Kind: KindProse, Max: proseText, Required: true},
					{Name: "analysis", Kind: KindProse, Max: proseText},
				},
				Lists: []ListSpec{
					links("entities", "item_entities", domain.Entity),
					links("tags", "item_tags", domain.Tag),
					citations,
				}},
		},
		Title: func(r *Row, name func(domain.ID) string) string {
			return name(r.Ref("series_id")) + " " + fmt.Sprint(r.Int("number"))
		},
		Rules: func(r *Row, p *domain.Problems) { period(r, p, "", "periodStart", "periodEnd") },
		Complete: func(r *Row, p *domain.Problems) {
			if len(r.Owned["edition_items"]) == 0 {
				p.Add("items", "a published edition has at least one item")
			}
		},
	},

	domain.Series: {
		Table: "series", NameColumn: "title",
		Names: func(r *Row) []ScopedName { return []ScopedName{{"title", "", r.Text("title")}} },
		Fields: []FieldSpec{
			slugField,
			{Name: "title", Kind: KindLine, Max: shortText, Required: true},
			{Name: "description", Kind: KindProse, Max: LongText},
			{Name: "cadence", Kind: KindEnum, Values: domain.Cadences, Required: true},
			{Name: "language", Kind: KindLanguage, Required: true},
			markingField,
		},
		Title: textOf("title"),
	},

	domain.Asset: {
		Table: "assets", NameColumn: "title",
		Fields: []FieldSpec{
			slugField,
			{Name: "url", Kind: KindURL, Required: true},
			{Name: "mediaType", Kind: KindMediaType, Required: true},
			{Name: "size", Kind: KindNumber, Max: 1<<53 - 1},
			{Name: "altText", Kind: KindLine, Max: LongText},
			{Name: "title", Kind: KindLine, Max: shortText},
			markingField,
		},
		Complete: func(r *Row, p *domain.Problems) {
			if IsPicture(r) && !Describes(r.Text("alt_text")) {
				p.Add("altText", "a published picture has an alternative text: say what it shows, for those who cannot see it")
			}
		},
		Title: func(r *Row, _ func(domain.ID) string) string {
			if title := r.Text("title"); title != "" {
				return title
			}
			return fileName(r.Text("url"))
		},
	},
})

// withTypes sets the type of each spec.
func withTypes(all map[domain.Type]*Spec) map[domain.Type]*Spec {
	for t, s := range all {
		s.Type = t
	}
	return all
}

func textOf(column string) func(*Row, func(domain.ID) string) string {
	return func(r *Row, _ func(domain.ID) string) string { return r.Text(column) }
}

// period checks that one date is not certainly after the other.
func period(r *Row, p *domain.Problems, prefix, from, to string) {
	since, until := r.Date(snake(from)), r.Date(snake(to))
	if since.After(until) {
		p.Add(prefix+to, "%s is before %s (%s)", until, from, since)
	}
}

// shares checks how much of the end of a relationship its start owns: one share, or the least, the most or both.
func shares(r *Row, p *domain.Problems) {
	_, exact := r.Fields["share"]
	for _, field := range []string{"share", "shareMin", "shareMax"} {
		if _, has := r.Fields[snake(field)]; !has {
			continue
		}
		if r.Text("kind") != "OWNS" {
			p.Add(field, "only a relationship of kind OWNS has a share")
		} else if exact && field != "share" {
			p.Add(field, "give share where it is known exactly, or else shareMin and shareMax; null clears the one that is not meant")
		}
	}
	low, hasLow := r.Fields["share_min"].(int64)
	high, hasHigh := r.Fields["share_max"].(int64)
	switch {
	case !hasLow || !hasHigh:
	case low > high:
		p.Add("shareMax", "%s is less than shareMin (%s)", domain.Share(high), domain.Share(low))
	case low == high:
		p.Add("shareMax", "it is equal to shareMin: give share: %s instead of both", domain.Share(low))
	}
}

func need(r *Row, p *domain.Problems, field, message string) {
	if r.Text(snake(field)) == "" {
		p.Add(field, "%s", message)
	}
}

func cited(r *Row, p *domain.Problems, prefix, what string) {
	if len(r.Owned["citations"]) == 0 {
		p.Add(prefix+"citations", "a published %s cites at least one source", what)
	}
}

// identifiers refuses the same identifier twice.
func identifiers(r *Row, p *domain.Problems) {
	seen := map[string]bool{}
	for i, row := range r.Owned["entity_identifiers"] {
		key := row.Text("scheme") + " " + row.Text("value")
		if seen[key] {
			p.Add(fmt.Sprintf("identifiers[%d]", i), "%s is given twice", key)
		}
		seen[key] = true
	}
}

// IsPicture reports whether the row of an asset is one of a picture.
func IsPicture(r *Row) bool {
	return strings.HasPrefix(strings.ToLower(r.Text("media_type")), "image/")
}

// MaxTreeDepth bounds trees of tags and narratives.
const MaxTreeDepth = 100

// SpecOf is the content model of a type of document.
func SpecOf(t domain.Type) *Spec { return specs[t] }

// LogOrder is all types in the order of a release: a type comes before those that
// refer to it.
func LogOrder() []domain.Type {
	return slices.SortedStableFunc(slices.Values(domain.Types()), func(a, b domain.Type) int {
		return cmp.Compare(specs[a].LogOrder, specs[b].LogOrder)
	})
}
