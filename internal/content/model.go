package content

import (
	"fmt"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
)

// Limits on text, in characters.
const (
	shortText = 300
	longText  = 5_000
	proseText = 100_000
	bodyText  = 1_000_000
)

// Every document has these.
var (
	slugField    = fieldShape{name: "slug", kind: slug}
	markingField = fieldShape{name: "marking", kind: marking}
)

func links(name, table string, target domain.Type) setShape {
	return setShape{name: name, table: table, target: target, max: 1000}
}

var citations = setShape{name: "citations", table: "citations", max: 100, fields: []fieldShape{
	{name: "source", kind: link, target: domain.Source, required: true},
	{name: "locator", kind: line, max: shortText},
	{name: "quote", kind: plain, max: longText},
}}

// shapes is the content model: every field that can be written, per type.
var shapes = withTypes(map[domain.Type]*shape{
	domain.Report: {
		fields: []fieldShape{
			slugField,
			{name: "kind", kind: enum, values: domain.ReportKinds, required: true},
			{name: "title", kind: line, max: shortText, required: true},
			{name: "subtitle", kind: line, max: shortText},
			{name: "summary", kind: plain, max: longText, names: true},
			{name: "question", kind: line, max: longText},
			{name: "keyFindings", kind: lineList, max: 50},
			{name: "methods", kind: enumList, values: domain.ResearchMethods, max: 20},
			{name: "language", kind: language, required: true},
			{name: "body", kind: prose, max: bodyText},
			{name: "hero", kind: link, target: domain.Asset},
			markingField,
		},
		sets: []setShape{
			links("tags", "report_tags", domain.Tag),
			links("entities", "report_entities", domain.Entity),
			links("narratives", "report_narratives", domain.Narrative),
			links("attachments", "report_attachments", domain.Asset),
			{name: "contributions", table: "contributions", max: 200, fields: []fieldShape{
				{name: "entity", kind: link, target: domain.Entity, required: true},
				{name: "role", kind: enum, values: domain.ContributionRoles, required: true},
			}},
			{table: "footnotes", shown: "footnotes"},
			{table: "report_mentions", shown: "mentions"},
		},
		title: textOf("title"),
		complete: func(r *Row, p *domain.Problems) {
			need(r, p, "summary", "a published report has a summary")
			need(r, p, "body", "a published report has a body")
		},
	},

	domain.Narrative: {
		fields: []fieldShape{
			slugField,
			{name: "title", kind: line, max: shortText, required: true},
			{name: "claim", kind: line, max: longText, required: true},
			{name: "description", kind: prose, max: proseText},
			{name: "assessment", kind: prose, max: proseText},
			{name: "status", kind: enum, values: domain.NarrativeStatuses, required: true},
			{name: "firstObserved", kind: calendar},
			{name: "lastObserved", kind: calendar},
			{name: "parent", kind: link, target: domain.Narrative},
			markingField,
		},
		sets: []setShape{
			links("targets", "narrative_targets", domain.Entity),
			links("amplifiers", "narrative_amplifiers", domain.Entity),
			links("tags", "narrative_tags", domain.Tag),
			{name: "observations", table: "observations", max: 2000, cited: true,
				fields: []fieldShape{
					{name: "observedOn", kind: calendar, required: true},
					{name: "platform", kind: line, max: shortText},
					{name: "url", kind: webAddress},
					{name: "language", kind: language},
					{name: "description", kind: plain, max: longText, required: true},
					{name: "reach", kind: number, max: 1 << 53},
				},
				sets: []setShape{citations}},
		},
		title: textOf("title"),
		rules: func(r *Row, p *domain.Problems) { period(r, p, "", "firstObserved", "lastObserved") },
	},

	domain.Entity: {
		fields: []fieldShape{
			slugField,
			{name: "kind", kind: enum, values: domain.EntityKinds, required: true},
			{name: "name", kind: line, max: shortText, required: true},
			{name: "language", kind: language},
			{name: "country", kind: country},
			{name: "description", kind: prose, max: proseText},
			{name: "startDate", kind: calendar},
			{name: "endDate", kind: calendar},
			{name: "homepage", kind: webAddress},
			markingField,
		},
		sets: []setShape{
			links("tags", "entity_tags", domain.Tag),
			{name: "names", table: "entity_names", max: 200, fields: []fieldShape{
				{name: "text", kind: line, max: shortText, required: true},
				{name: "language", kind: language},
				{name: "kind", kind: enum, values: domain.NameKinds, required: true},
			}},
			{name: "identifiers", table: "entity_identifiers", max: 200, fields: []fieldShape{
				{name: "scheme", kind: line, max: 50, required: true},
				{name: "value", kind: line, max: shortText, required: true},
			}},
			{name: "listings", table: "listings", max: 200, cited: true,
				fields: []fieldShape{
					{name: "authority", kind: line, max: shortText, required: true},
					{name: "programme", kind: line, max: shortText},
					{name: "listId", kind: line, max: shortText},
					{name: "since", kind: calendar},
					{name: "until", kind: calendar},
				},
				sets: []setShape{citations}},
		},
		title: textOf("name"),
		rules: func(r *Row, p *domain.Problems) {
			period(r, p, "", "startDate", "endDate")
			for i, l := range r.Owned["listings"] {
				period(l, p, fmt.Sprintf("listings[%d].", i), "since", "until")
			}
			identifiers(r, p)
		},
		complete: func(r *Row, p *domain.Problems) {
			for i, l := range r.Owned["listings"] {
				cited(l, p, fmt.Sprintf("listings[%d].", i), "listing")
			}
		},
	},

	domain.Relationship: {
		fields: []fieldShape{
			slugField,
			{name: "from", kind: link, target: domain.Entity, required: true},
			{name: "to", kind: link, target: domain.Entity, required: true},
			{name: "kind", kind: enum, values: domain.RelationshipKinds, required: true},
			{name: "share", kind: percentage},
			{name: "role", kind: line, max: shortText},
			{name: "since", kind: calendar},
			{name: "until", kind: calendar},
			{name: "confidence", kind: enum, values: domain.Confidences, required: true},
			{name: "description", kind: prose, max: proseText},
			markingField,
		},
		sets: []setShape{citations},
		title: func(r *Row, name func(domain.ID) string) string {
			return name(r.id("from_id")) + " " + r.text("kind") + " " + name(r.id("to_id"))
		},
		rules: func(r *Row, p *domain.Problems) {
			period(r, p, "", "since", "until")
			if from, to := r.id("from_id"), r.id("to_id"); from != 0 && from == to {
				p.Add("to", "a relationship ties two different entities")
			}
			if _, has := r.Fields["share"]; has && r.text("kind") != "OWNS" {
				p.Add("share", "only a relationship of kind OWNS has a share")
			}
		},
		complete: func(r *Row, p *domain.Problems) { cited(r, p, "", "relationship") },
	},

	domain.Tag: {
		fields: []fieldShape{
			slugField,
			{name: "label", kind: line, max: shortText, required: true},
			{name: "description", kind: prose, max: longText},
			{name: "vocabulary", kind: enum, values: domain.TagVocabularies, required: true},
			{name: "parent", kind: link, target: domain.Tag},
			markingField,
		},
		title: textOf("label"),
	},

	domain.Source: {
		fields: []fieldShape{
			slugField,
			{name: "title", kind: line, max: shortText, required: true},
			{name: "url", kind: webAddress},
			{name: "publisher", kind: line, max: shortText},
			{name: "date", kind: calendar},
			{name: "accessed", kind: calendar},
			{name: "archiveUrl", kind: webAddress},
			{name: "language", kind: language},
			{name: "reliability", kind: enum, values: domain.SourceReliabilities},
			{name: "credibility", kind: number, min: 1, max: 6},
			markingField,
		},
		title: textOf("title"),
	},

	domain.Edition: {
		fields: []fieldShape{
			slugField,
			{name: "series", kind: line, max: shortText, required: true},
			{name: "number", kind: number, min: 1, max: 1_000_000, required: true},
			{name: "title", kind: line, max: shortText, required: true},
			{name: "introduction", kind: prose, max: proseText},
			{name: "language", kind: language, required: true},
			{name: "periodStart", kind: calendar},
			{name: "periodEnd", kind: calendar},
			markingField,
		},
		sets: []setShape{
			{name: "items", table: "edition_items", max: 200,
				fields: []fieldShape{
					{name: "headline", kind: line, max: shortText, required: true},
					{name: "occurredOn", kind: calendar},
					{name: "summary", kind: prose, max: proseText, required: true},
					{name: "analysis", kind: prose, max: proseText},
				},
				sets: []setShape{
					links("entities", "item_entities", domain.Entity),
					links("tags", "item_tags", domain.Tag),
					citations,
				}},
		},
		title: func(r *Row, _ func(domain.ID) string) string {
			return r.text("series") + " " + fmt.Sprint(r.int("number"))
		},
		rules: func(r *Row, p *domain.Problems) { period(r, p, "", "periodStart", "periodEnd") },
		complete: func(r *Row, p *domain.Problems) {
			if len(r.Owned["edition_items"]) == 0 {
				p.Add("items", "a published edition has at least one item")
			}
		},
	},

	domain.Asset: {
		fields: []fieldShape{
			slugField,
			{name: "url", kind: webAddress, required: true},
			{name: "mediaType", kind: mediaType, required: true},
			{name: "size", kind: number, max: 1 << 53},
			{name: "altText", kind: line, max: longText},
			{name: "title", kind: line, max: shortText},
			markingField,
		},
		complete: func(r *Row, p *domain.Problems) {
			if isPicture(r) && !describes(r.text("alt_text")) {
				p.Add("altText", "a published picture has an alternative text: say what it shows, for those who cannot see it")
			}
		},
		title: func(r *Row, _ func(domain.ID) string) string {
			if title := r.text("title"); title != "" {
				return title
			}
			return fileName(r.text("url"))
		},
	},
})

// withTypes tells each shape its type.
func withTypes(all map[domain.Type]*shape) map[domain.Type]*shape {
	for t, s := range all {
		s.doc = t
	}
	return all
}

func textOf(column string) func(*Row, func(domain.ID) string) string {
	return func(r *Row, _ func(domain.ID) string) string { return r.text(column) }
}

// period checks that one date is not certainly after the other.
func period(r *Row, p *domain.Problems, prefix, from, to string) {
	since, until := r.date(snake(from)), r.date(snake(to))
	if since.After(until) {
		p.Add(prefix+to, "%s is before %s (%s)", until, from, since)
	}
}

func need(r *Row, p *domain.Problems, field, message string) {
	if r.text(snake(field)) == "" {
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
		key := row.text("scheme") + " " + row.text("value")
		if seen[key] {
			p.Add(fmt.Sprintf("identifiers[%d]", i), "%s is given twice", key)
		}
		seen[key] = true
	}
}

// isPicture reports whether the row of an asset is one of a picture.
func isPicture(r *Row) bool {
	return strings.HasPrefix(strings.ToLower(r.text("media_type")), "image/")
}

// maxTreeDepth bounds trees of tags and narratives.
const maxTreeDepth = 100
