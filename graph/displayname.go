package graph

import (
	"context"
	"fmt"
	"net/url"
	"path"
	"strings"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/graph/catalog"
	"github.com/redthread-api/redthread/internal/domain"
)

// The names of documents in lists of any types, and the URLs of their pages.

// URL returns the URL of a document's page on the publisher's site.
func (r documentResolver[T]) URL(_ context.Context, obj *T) (*string, error) {
	slug := r.typ.Text(obj, "slug")
	if slug == nil {
		return nil, nil
	}
	page := r.site.Page(r.typ.Document, *slug)
	if page == "" {
		return nil, nil
	}
	return &page, nil
}

func (reportResolver) DisplayName(_ context.Context, obj *db.Report) (string, error) {
	return obj.Title, nil
}

func (narrativeResolver) DisplayName(_ context.Context, obj *db.Narrative) (string, error) {
	return obj.Title, nil
}

func (entityResolver) DisplayName(_ context.Context, obj *db.Entity) (string, error) {
	return obj.Name, nil
}

func (tagResolver) DisplayName(_ context.Context, obj *db.Tag) (string, error) {
	return obj.Label, nil
}

func (sourceResolver) DisplayName(_ context.Context, obj *db.Source) (string, error) {
	return obj.Title, nil
}

// DisplayName returns the name that feeds have for an edition too. Where its series is in
// the trash it is the title.
func (editionResolver) DisplayName(ctx context.Context, obj *db.Edition) (string, error) {
	series, err := catalog.EditionSeries.One(ctx, obj)
	if err != nil || series == nil {
		return obj.Title, err
	}
	return editionName(series.Title, int64(obj.Number), obj.Title), nil
}

func editionName(series string, number int64, title string) string {
	return fmt.Sprintf("%s %d: %s", series, number, title)
}

func (seriesResolver) DisplayName(_ context.Context, obj *db.Series) (string, error) {
	return obj.Title, nil
}

// DisplayName is the title of a file; of one without, its name.
func (assetResolver) DisplayName(_ context.Context, obj *db.Asset) (string, error) {
	if obj.Title != nil {
		return *obj.Title, nil
	}
	return assetName(obj.URL, obj.Slug), nil
}

// assetName is the name of a file without a title.
func assetName(address, slug string) string {
	if u, err := url.Parse(address); err == nil {
		if name := path.Base(u.Path); name != "/" && name != "." {
			return name
		}
	}
	return slug
}

// DisplayName says what ties the ends: "Graymantle Group owns Harborlight Mining".
// Behind it, in brackets, are the role and the end of what has ended: "Orrin Vask is
// an officer of Graymantle Group (treasurer, until 2019)". Where an end of the
// relationship is in the trash it is the slug.
func (relationshipResolver) DisplayName(ctx context.Context, obj *db.Relationship) (string, error) {
	from, err := catalog.RelationshipFrom.One(ctx, obj)
	if err != nil {
		return "", err
	}
	to, err := catalog.RelationshipTo.One(ctx, obj)
	if err != nil {
		return "", err
	}
	if from == nil || to == nil {
		return obj.Slug, nil
	}
	name := from.Name + " " + domain.TieName(obj.Kind) + " " + to.Name
	var more []string
	if obj.Role != nil {
		more = append(more, *obj.Role)
	}
	if obj.Until != "" {
		more = append(more, "until "+string(obj.Until))
	}
	if len(more) > 0 {
		name += " (" + strings.Join(more, ", ") + ")"
	}
	return name, nil
}
