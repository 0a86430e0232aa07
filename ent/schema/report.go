package schema

import (
	"entgo.io/ent"
	"entgo.io/ent/schema"
	"entgo.io/ent/schema/field"
	"entgo.io/ent/schema/index"
)

// Report is a long-form publication.
type Report struct{ ent.Schema }

func (Report) Mixin() []ent.Mixin               { return []ent.Mixin{Document{}} }
func (Report) Annotations() []schema.Annotation { return table("reports") }
func (Report) Fields() []ent.Field {
	return []ent.Field{
		field.String("kind"),
		field.String("title"),
		text("subtitle"),
		text("summary"),
		text("question"),
		field.Strings("key_findings").Optional(),
		field.Strings("methods").Optional(),
		field.String("language"),
		field.Text("body").Default(""),
		field.Int("word_count").Default(0),
		field.Int("reading_minutes").Default(0),
		optionalRef("hero_id"),
		sortKey("title"),
	}
}
func (Report) Edges() []ent.Edge { return []ent.Edge{mayRefer("hero", Asset.Type)} }
func (Report) Indexes() []ent.Index {
	return []ent.Index{
		index.Fields("title", "id"), inOrder("title_key"), inOrder("word_count"),
		byValue("kind"), byValue("language"),
	}
}

// ReportTag links a report to a tag.
type ReportTag struct{ ent.Schema }

func (ReportTag) Mixin() []ent.Mixin               { return []ent.Mixin{LinkRow{}} }
func (ReportTag) Annotations() []schema.Annotation { return table("report_tags") }
func (ReportTag) Fields() []ent.Field              { return []ent.Field{ref("report_id"), ref("tag_id")} }
func (ReportTag) Edges() []ent.Edge {
	return []ent.Edge{owned("report", Report.Type), refers("tag", Tag.Type)}
}
func (ReportTag) Indexes() []ent.Index { return linkOf("report_id", "tag_id") }

// ReportEntity links a report to an entity that it is about.
type ReportEntity struct{ ent.Schema }

func (ReportEntity) Mixin() []ent.Mixin               { return []ent.Mixin{LinkRow{}} }
func (ReportEntity) Annotations() []schema.Annotation { return table("report_entities") }
func (ReportEntity) Fields() []ent.Field {
	return []ent.Field{ref("report_id"), ref("entity_id")}
}
func (ReportEntity) Edges() []ent.Edge {
	return []ent.Edge{owned("report", Report.Type), refers("entity", Entity.Type)}
}
func (ReportEntity) Indexes() []ent.Index { return linkOf("report_id", "entity_id") }

// ReportMention links a report to an entity that its text names.
type ReportMention struct{ ent.Schema }

func (ReportMention) Mixin() []ent.Mixin               { return []ent.Mixin{LinkRow{}} }
func (ReportMention) Annotations() []schema.Annotation { return table("report_mentions") }
func (ReportMention) Fields() []ent.Field {
	return []ent.Field{ref("report_id"), ref("entity_id")}
}
func (ReportMention) Edges() []ent.Edge {
	return []ent.Edge{owned("report", Report.Type), refers("entity", Entity.Type)}
}
func (ReportMention) Indexes() []ent.Index { return linkOf("report_id", "entity_id") }

// ReportNarrative links a report to a narrative that it studies.
type ReportNarrative struct{ ent.Schema }

func (ReportNarrative) Mixin() []ent.Mixin               { return []ent.Mixin{LinkRow{}} }
func (ReportNarrative) Annotations() []schema.Annotation { return table("report_narratives") }
func (ReportNarrative) Fields() []ent.Field {
	return []ent.Field{ref("report_id"), ref("narrative_id")}
}
func (ReportNarrative) Edges() []ent.Edge {
	return []ent.Edge{owned("report", Report.Type), refers("narrative", Narrative.Type)}
}
func (ReportNarrative) Indexes() []ent.Index { return linkOf("report_id", "narrative_id") }

// ReportAttachment links a report to a file that goes with it.
type ReportAttachment struct{ ent.Schema }

func (ReportAttachment) Mixin() []ent.Mixin               { return []ent.Mixin{Row{}} }
func (ReportAttachment) Annotations() []schema.Annotation { return table("report_attachments") }
func (ReportAttachment) Fields() []ent.Field {
	return []ent.Field{ref("report_id"), ref("asset_id")}
}
func (ReportAttachment) Edges() []ent.Edge {
	return []ent.Edge{owned("report", Report.Type), refers("asset", Asset.Type)}
}
func (ReportAttachment) Indexes() []ent.Index { return link("report_id", "asset_id") }

// Contribution is an entity's part in a report.
type Contribution struct{ ent.Schema }

func (Contribution) Mixin() []ent.Mixin               { return []ent.Mixin{Row{}} }
func (Contribution) Annotations() []schema.Annotation { return table("contributions") }
func (Contribution) Fields() []ent.Field {
	return []ent.Field{ref("report_id"), ref("entity_id"), field.String("role")}
}
func (Contribution) Edges() []ent.Edge {
	return []ent.Edge{owned("report", Report.Type), refers("entity", Entity.Type)}
}
func (Contribution) Indexes() []ent.Index { return link("report_id", "entity_id") }

// Footnote is a note of a report's body, made from the text on each save.
type Footnote struct{ ent.Schema }

func (Footnote) Mixin() []ent.Mixin               { return []ent.Mixin{Row{}} }
func (Footnote) Annotations() []schema.Annotation { return table("footnotes") }
func (Footnote) Fields() []ent.Field {
	return []ent.Field{
		ref("report_id"),
		field.Int("number"),
		field.String("label"),
		field.String("anchor"),
		field.Text("text"),
		text("locator"),
		optionalRef("source_id"),
	}
}
func (Footnote) Edges() []ent.Edge {
	return []ent.Edge{owned("report", Report.Type), mayRefer("source", Source.Type)}
}
func (Footnote) Indexes() []ent.Index {
	return []ent.Index{index.Fields("report_id", "position"), index.Fields("source_id", "report_id")}
}
