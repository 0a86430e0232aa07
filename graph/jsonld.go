package graph

import (
	"context"
	"encoding/json"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/bounded"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/graph/read"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange/schemaorg"
	"github.com/redthread-api/redthread/internal/markdown"
)

// JSON-LD is made from a document and the documents that it refers to. They are
// read through the same edges as the fields of the schema, for the whole batch at
// once and behind the same fence, so they count for the response's marking too.

func (r *Resolver) publisher() schemaorg.Publisher {
	return schemaorg.Publisher{Name: r.site.Title(), URL: r.site.Home()}
}

// linked returns JSON-LD, or an error where the response would be too large.
func linked(ctx context.Context, text json.RawMessage, err error) (json.RawMessage, error) {
	if err != nil {
		return nil, err
	}
	return text, bounded.CountText(ctx, len(text))
}

func (r *Resolver) reportLinked(ctx context.Context, row *db.Report) (json.RawMessage, error) {
	whole, err := read.WithFieldColumns(ctx, catalog.Reports, row, "jsonLd")
	if err != nil {
		return nil, err
	}
	out := schemaorg.Report{
		ID: whole.ID.String(), URL: r.site.Page(domain.Report, whole.Slug), Title: whole.Title, Subtitle: deref(whole.Subtitle),
		Kind: whole.Kind, Language: whole.Language,
		Published: whole.PublishedAt, Updated: whole.UpdatedAt, Words: whole.WordCount, Minutes: whole.ReadingMinutes,
	}
	summary, err := reportSummary.renderPlain(ctx, r.texts, row, formatText)
	if err != nil {
		return nil, err
	}
	out.Summary = deref(summary)
	if out.Tags, err = labels(ctx, catalog.ReportTags, row); err != nil {
		return nil, err
	}
	if out.About, err = things(ctx, r, catalog.ReportEntities, row); err != nil {
		return nil, err
	}
	if out.Mentions, err = things(ctx, r, catalog.ReportMentions, row); err != nil {
		return nil, err
	}
	narratives, err := catalog.ReportNarratives.List(ctx, row)
	if err != nil {
		return nil, err
	}
	for _, n := range narratives {
		out.Narratives = append(out.Narratives, r.named(n))
	}
	if out.Contributions, err = r.contributions(ctx, row); err != nil {
		return nil, err
	}
	if out.Sources, err = sources(ctx, row); err != nil {
		return nil, err
	}
	hero, err := catalog.ReportHero.One(ctx, row)
	if err != nil {
		return nil, err
	}
	if hero != nil {
		out.Hero = new(file(hero))
	}
	attachments, err := catalog.ReportAttachments.List(ctx, row)
	if err != nil {
		return nil, err
	}
	for _, a := range attachments {
		out.Files = append(out.Files, file(a))
	}
	text, err := r.publisher().Report(out)
	return linked(ctx, text, err)
}

func (r *Resolver) narrativeLinked(ctx context.Context, row *db.Narrative) (json.RawMessage, error) {
	whole, err := read.WithFieldColumns(ctx, catalog.Narratives, row, "jsonLd")
	if err != nil {
		return nil, err
	}
	out := r.named(whole)
	out.ID, out.Published, out.Updated = whole.ID.String(), whole.PublishedAt, whole.UpdatedAt
	assessment, err := narrativeAssessment.render(ctx, r.texts, row, formatText, markdown.Whole)
	if err != nil {
		return nil, err
	}
	out.Assessment = deref(assessment)
	if out.Tags, err = labels(ctx, catalog.NarrativeTags, row); err != nil {
		return nil, err
	}
	if out.Targets, err = things(ctx, r, catalog.NarrativeTargets, row); err != nil {
		return nil, err
	}
	if out.Amplifiers, err = things(ctx, r, catalog.NarrativeAmplifiers, row); err != nil {
		return nil, err
	}
	parent, err := catalog.NarrativeParent.One(ctx, row)
	if err != nil {
		return nil, err
	}
	if parent != nil {
		out.Parent = new(r.named(parent))
	}
	observations, err := catalog.NarrativeObservations.List(ctx, row)
	if err != nil {
		return nil, err
	}
	for _, o := range observations {
		platform, err := catalog.ObservationPlatform.One(ctx, o)
		if err != nil {
			return nil, err
		}
		name := ""
		if platform != nil {
			name = platform.Name
		}
		out.Sightings = append(out.Sightings, schemaorg.Sighting{
			URL: deref(o.URL), Platform: name, Language: deref(o.Language), Date: o.ObservedOn,
		})
	}
	text, err := r.publisher().Narrative(out)
	return linked(ctx, text, err)
}

// named returns the URL, the title and the claim of a narrative, for JSON-LD.
func (r *Resolver) named(n *db.Narrative) schemaorg.Narrative {
	return schemaorg.Narrative{URL: r.site.Page(domain.Narrative, n.Slug), Title: n.Title, Claim: n.Claim}
}

// labels returns the labels of the tags of a row.
func labels[P any](ctx context.Context, edge *read.EdgeOf[P, db.Tag], row *P) ([]string, error) {
	tags, err := edge.List(ctx, row)
	var all []string
	for _, t := range tags {
		all = append(all, t.Label)
	}
	return all, err
}

// things returns the JSON-LD of the entities of a row, with their identifiers.
func things[P any](ctx context.Context, r *Resolver, edge *read.EdgeOf[P, db.Entity], row *P) ([]schemaorg.Thing, error) {
	entities, err := edge.List(ctx, row)
	if err != nil {
		return nil, err
	}
	var all []schemaorg.Thing
	for _, e := range entities {
		t, err := r.thing(ctx, e)
		if err != nil {
			return nil, err
		}
		all = append(all, t)
	}
	return all, nil
}

func (r *Resolver) thing(ctx context.Context, e *db.Entity) (schemaorg.Thing, error) {
	identifiers, err := catalog.EntityIdentifiers.List(ctx, e)
	t := schemaorg.Thing{
		Kind: e.Kind, URL: r.site.Page(domain.Entity, e.Slug), Name: e.Name, Homepage: deref(e.Homepage), Start: e.StartDate, End: e.EndDate,
	}
	for _, id := range identifiers {
		t.Identifiers = append(t.Identifiers, schemaorg.Identifier{Scheme: id.Scheme, Value: id.Value})
	}
	return t, err
}

func (r *Resolver) contributions(ctx context.Context, row *db.Report) ([]schemaorg.Contribution, error) {
	contributions, err := catalog.ReportContributions.List(ctx, row)
	if err != nil {
		return nil, err
	}
	var all []schemaorg.Contribution
	for _, c := range contributions {
		e, err := catalog.ContributionEntity.One(ctx, c)
		if err != nil {
			return nil, err
		}
		if e == nil {
			continue // it was removed between two statements
		}
		by, err := r.thing(ctx, e)
		if err != nil {
			return nil, err
		}
		all = append(all, schemaorg.Contribution{Role: c.Role, By: by})
	}
	return all, nil
}

// sources returns the sources of the footnotes, each once.
func sources(ctx context.Context, row *db.Report) ([]schemaorg.Source, error) {
	footnotes, err := catalog.ReportFootnotes.List(ctx, row)
	if err != nil {
		return nil, err
	}
	var all []schemaorg.Source
	seen := map[domain.ID]bool{}
	for _, f := range footnotes {
		s, err := catalog.FootnoteSource.One(ctx, f)
		if err != nil {
			return nil, err
		}
		if s == nil || seen[s.ID] {
			continue
		}
		seen[s.ID] = true
		all = append(all, schemaorg.Source{
			Title: s.Title, URL: deref(s.URL), ArchiveURL: deref(s.ArchiveURL), Publisher: deref(s.Publisher),
			Language: deref(s.Language), Date: s.Date,
		})
	}
	return all, nil
}

func file(a *db.Asset) schemaorg.File {
	f := schemaorg.File{URL: a.URL, Type: a.MediaType, Title: deref(a.Title), Alt: deref(a.AltText)}
	if a.Size != nil {
		f.Size = *a.Size
	}
	return f
}

// deref returns the text that a pointer points to; "" for nil.
func deref(s *string) string {
	if s == nil {
		return ""
	}
	return *s
}
