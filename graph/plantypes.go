package graph

import (
	"reflect"
	"strings"
	"time"

	"github.com/vektah/gqlparser/v2/ast"

	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/generated"
	"github.com/redthread-api/redthread/graph/plan"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// planTypes returns how plans read the types of the schema. A field without a resolver is
// the column of that name. A field with a resolver is listed below, and must say the same
// as its resolver; what is not listed is not known to plans.
func (r *Resolver) planTypes(schema *ast.Schema) plan.Types {
	types := plan.Types{
		"Report": planType(schema, "Report", catalog.Reports, plan.Fields{
			"displayName":   plan.Column{Name: "title", Write: plan.StringOrEmpty},
			"summary":       plan.Text{Column: "summary", Plain: true, Nullable: true},
			"body":          plan.Text{Column: "body"},
			"contributions": toList(catalog.ReportContributions),
			"footnotes":     toList(catalog.ReportFootnotes),
			"hero":          toOne(catalog.ReportHero),
			"attachments":   toList(catalog.ReportAttachments),
			"tags":          toList(catalog.ReportTags),
			"entities":      toPage(catalog.ReportEntities),
			"mentions":      toPage(catalog.ReportMentions),
			"narratives":    toPage(catalog.ReportNarratives),
		}),
		"Narrative": planType(schema, "Narrative", catalog.Narratives, plan.Fields{
			"displayName":  plan.Column{Name: "title", Write: plan.StringOrEmpty},
			"description":  markdownText("description"),
			"assessment":   markdownText("assessment"),
			"parent":       toOne(catalog.NarrativeParent),
			"children":     toPage(catalog.NarrativeChildren),
			"targets":      toPage(catalog.NarrativeTargets),
			"amplifiers":   toPage(catalog.NarrativeAmplifiers),
			"tags":         toList(catalog.NarrativeTags),
			"observations": toPage(catalog.NarrativeObservations),
			"reports":      toPage(catalog.NarrativeReports),
		}),
		"Entity": planType(schema, "Entity", catalog.Entities, plan.Fields{
			"displayName": plan.Column{Name: "name", Write: plan.StringOrEmpty},
			"description": markdownText("description"),
			"names":       toList(catalog.EntityNames),
			"identifiers": toList(catalog.EntityIdentifiers),
			"listings":    toList(catalog.EntityListings),
			"tags":        toList(catalog.EntityTags),
			"relationships": plan.Page{Relation: func(arguments map[string]any) *read.Relation {
				direction, _ := arguments["direction"].(string)
				return &catalog.RelationshipsOf(direction, textsOf(arguments["kinds"])).Relation
			}},
			"reports":     toPage(catalog.EntityReports),
			"mentionedIn": toPage(catalog.EntityMentionedIn),
			"contributedTo": plan.Page{Relation: func(arguments map[string]any) *read.Relation {
				return &catalog.ContributedTo(textsOf(arguments["roles"])).Relation
			}},
			"targetedBy": toPage(catalog.EntityTargetedBy),
			"amplifies":  toPage(catalog.EntityAmplifies),
			"editions":   toPage(catalog.EntityEditions),
		}),
		"Relationship": planType(schema, "Relationship", catalog.Relationships, plan.Fields{
			"from":        toOne(catalog.RelationshipFrom),
			"to":          toOne(catalog.RelationshipTo),
			"description": markdownText("description"),
			"citations":   toList(catalog.RelationshipCitations),
		}),
		"Tag": planType(schema, "Tag", catalog.Tags, plan.Fields{
			"displayName": plan.Column{Name: "label", Write: plan.StringOrEmpty},
			"description": markdownText("description"),
			"parent":      toOne(catalog.TagParent),
			"children":    toPage(catalog.TagChildren),
			"reports":     toPage(catalog.TagReports),
			"entities":    toPage(catalog.TagEntities),
			"narratives":  toPage(catalog.TagNarratives),
			"editions":    toPage(catalog.TagEditions),
		}),
		"Source": planType(schema, "Source", catalog.Sources, plan.Fields{
			"displayName": plan.Column{Name: "title", Write: plan.StringOrEmpty},
			"reports":     toPage(catalog.SourceReports),
		}),
		"Edition": planType(schema, "Edition", catalog.Editions, plan.Fields{
			"displayName": plan.Through{
				Relation: &catalog.EditionSeries.Relation, Of: []string{"title"}, Columns: []string{"number", "title"},
				Value: func(of, v []read.Value) string { return editionName(string(of[0].Text), v[0].Int(), string(v[1].Text)) },
			},
			"series": toOne(catalog.EditionSeries),
			"seriesTitle": plan.Through{
				Relation: &catalog.EditionSeries.Relation, Of: []string{"title"},
				Value: func(of, _ []read.Value) string { return string(of[0].Text) },
			},
			"introduction": markdownText("introduction"),
			"items":        toList(catalog.EditionItems),
		}),
		"Asset": planType(schema, "Asset", catalog.Assets, plan.Fields{
			"displayName": plan.Computed{Columns: []string{"title", "url", "slug"}, Value: func(v []read.Value) (string, bool) {
				if v[0].Kind == store.Text {
					return string(v[0].Text), true
				}
				return assetName(string(v[1].Text), string(v[2].Text)), true
			}},
		}),
		"Series": planType(schema, "Series", catalog.Series, plan.Fields{
			"displayName": plan.Column{Name: "title", Write: plan.StringOrEmpty},
			"description": markdownText("description"),
			"editions":    toPage(catalog.SeriesEditions),
			"nextNumber":  plan.DeskOnly{},
			"nextPeriod":  plan.DeskOnly{},
		}),
		"Footnote":         planType(schema, "Footnote", catalog.Footnotes, plan.Fields{"source": toOne(catalog.FootnoteSource)}),
		"Contribution":     planType(schema, "Contribution", catalog.Contributions, plan.Fields{"entity": toOne(catalog.ContributionEntity)}),
		"Citation":         planType(schema, "Citation", catalog.Citations, plan.Fields{"source": toOne(catalog.CitationSource)}),
		"EntityName":       planType(schema, "EntityName", catalog.Names, nil),
		"EntityIdentifier": planType(schema, "EntityIdentifier", catalog.Identifiers, nil),
		"Listing": planType(schema, "Listing", catalog.Listings, plan.Fields{
			"anchor":    anchorOf("listing"),
			"citations": toList(catalog.ListingCitations),
		}),
		"Observation": planType(schema, "Observation", catalog.Observations, plan.Fields{
			"anchor":    anchorOf("observation"),
			"narrative": toOne(catalog.ObservationNarrative),
			"platform":  toOne(catalog.ObservationPlatform),
			"citations": toList(catalog.ObservationCitations),
		}),
		"EditionItem": planType(schema, "EditionItem", catalog.Items, plan.Fields{
			"anchor":    anchorOf("item"),
			"origin":    plan.Column{Name: "origin", Write: plan.String, Desk: true},
			"summary":   plan.Text{Column: "summary"},
			"analysis":  markdownText("analysis"),
			"entities":  toList(catalog.ItemEntities),
			"tags":      toList(catalog.ItemTags),
			"citations": toList(catalog.ItemCitations),
			"edition":   toOne(catalog.ItemEdition),
		}),
	}
	query := &plan.Type{Fields: plan.Fields{}}
	for name, t := range types {
		if !t.Table.Document.IsDocument() {
			continue
		}
		r.documentFields(t)
		query.Fields[strings.ToLower(name[:1])+name[1:]] = plan.Find{Type: name}
	}
	for _, f := range schema.Query.Fields {
		if nodes := schema.Types[f.Type.Name()].Fields.ForName("nodes"); nodes != nil {
			if t := types[nodes.Type.Name()]; t != nil && t.Table.Document.IsDocument() {
				query.Fields[f.Name] = plan.All{Type: nodes.Type.Name()}
			}
		}
	}
	types[schema.Query.Name] = query
	return types
}

// documentFields adds what documentResolver resolves.
func (r *Resolver) documentFields(t *plan.Type) {
	t.Fields["createdBy"] = plan.Column{Name: "created_by", Write: plan.String, Desk: true}
	t.Fields["updatedBy"] = plan.Column{Name: "updated_by", Write: plan.String, Desk: true}
	t.Fields["liveVersion"] = plan.Column{Name: "live_version", Write: plan.Int, Desk: true}
	for _, name := range []string{"formerSlugs", "revisions", "liveDiff"} {
		t.Fields[name] = plan.DeskOnly{}
	}
	if _, ok := t.Fields["url"]; !ok { // sources and assets have a column
		document := t.Table.Document
		t.Fields["url"] = plan.Computed{Columns: []string{"slug"}, Value: func(v []read.Value) (string, bool) {
			page := r.site.Page(document, string(v[0].Text))
			return page, page != ""
		}}
	}
}

func anchorOf(what string) plan.Computed {
	return plan.Computed{Columns: []string{"id"}, Value: func(v []read.Value) (string, bool) {
		return anchor(what, domain.ID(v[0].Int())), true
	}}
}

func markdownText(column string) plan.Text { return plan.Text{Column: column, Nullable: true} }

func toOne[P, C any](e *read.EdgeOf[P, C]) plan.One   { return plan.One{Relation: &e.Relation} }
func toList[P, C any](e *read.EdgeOf[P, C]) plan.List { return plan.List{Relation: &e.Relation} }
func toPage[P, C any](e *read.EdgeOf[P, C]) plan.Page {
	return plan.Page{Relation: func(map[string]any) *read.Relation { return &e.Relation }}
}

// textsOf returns a list of texts that was coerced; nil for null.
func textsOf(v any) []string {
	list, ok := v.([]any)
	if !ok {
		return nil
	}
	texts := make([]string, len(list))
	for i, e := range list {
		texts[i], _ = e.(string)
	}
	return texts
}

// planType adds the fields without a resolver to those that are listed.
func planType[T any](schema *ast.Schema, name string, t *read.Type[T], fields plan.Fields) *plan.Type {
	out := &plan.Type{Table: t.Table, Fields: plan.Fields{}}
	resolved := resolvedFields(name)
	for _, f := range schema.Types[name].Fields {
		if known, ok := fields[f.Name]; ok {
			out.Fields[f.Name] = known
			continue
		}
		if resolved[strings.ToLower(f.Name)] || len(f.Arguments) > 0 {
			continue
		}
		column, typ, ok := t.ColumnOf(f.Name)
		if write := columnWriter(typ); ok && write != nil {
			out.Fields[f.Name] = plan.Column{Name: column, Write: write}
		}
	}
	return out
}

// resolvedFields returns the names of the fields of a type that have a resolver, in lower
// case.
func resolvedFields(name string) map[string]bool {
	names := map[string]bool{}
	m, ok := reflect.TypeFor[generated.ResolverRoot]().MethodByName(name)
	if !ok {
		return names
	}
	resolver := m.Type.Out(0)
	for i := range resolver.NumMethod() {
		names[strings.ToLower(resolver.Method(i).Name)] = true
	}
	return names
}

// columnWriter returns the writer for a column by the type of its field in package db,
// which decides how the executor writes it; nil where there is none.
func columnWriter(typ reflect.Type) plan.Writer {
	switch typ {
	case reflect.TypeFor[domain.ID]():
		return plan.ID
	case reflect.TypeFor[string]():
		return plan.StringOrEmpty
	case reflect.TypeFor[*string]():
		return plan.String
	case reflect.TypeFor[int](), reflect.TypeFor[int64]():
		return plan.IntOrZero
	case reflect.TypeFor[*int](), reflect.TypeFor[*int64]():
		return plan.Int
	case reflect.TypeFor[time.Time](), reflect.TypeFor[*time.Time]():
		return plan.DateTime
	case reflect.TypeFor[domain.Date]():
		return plan.Date
	case reflect.TypeFor[domain.Marking]():
		return plan.Marking
	case reflect.TypeFor[*domain.Share]():
		return plan.Share
	case reflect.TypeFor[[]string]():
		return plan.Strings
	}
	return nil
}
