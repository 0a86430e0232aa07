package delivery

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// docMeta is the metadata of a document in a message.
type docMeta struct {
	ID      domain.ID `sql:"id"`
	Slug    string    `sql:"slug"`
	Title   string    `sql:"title"`
	Version int       `sql:"version"`
}

// kind says how to read the docMeta of a document type, and which table links it
// to tags.
type kind struct {
	scan  func(ctx context.Context, c *db.Client, modify func(*sql.Selector), into *[]docMeta) error
	title string // the column with the title; empty: none
	// links is the table that links documents to tags. Its column owner has the
	// document's id; if through is set, links refers to rows of that table, which
	// has the column owner.
	links, owner, through string
}

var kinds = map[domain.Type]kind{
	domain.Report: {title: "title", links: "report_tags", owner: "report_id",
		scan: scanner(func(c *db.Client) *db.ReportQuery { return c.Report.Query() })},
	domain.Narrative: {title: "title", links: "narrative_tags", owner: "narrative_id",
		scan: scanner(func(c *db.Client) *db.NarrativeQuery { return c.Narrative.Query() })},
	domain.Entity: {title: "name", links: "entity_tags", owner: "entity_id",
		scan: scanner(func(c *db.Client) *db.EntityQuery { return c.Entity.Query() })},
	domain.Relationship: {
		scan: scanner(func(c *db.Client) *db.RelationshipQuery { return c.Relationship.Query() })},
	domain.Tag: {title: "label",
		scan: scanner(func(c *db.Client) *db.TagQuery { return c.Tag.Query() })},
	domain.Source: {title: "title",
		scan: scanner(func(c *db.Client) *db.SourceQuery { return c.Source.Query() })},
	domain.Edition: {title: "title", links: "item_tags", owner: "edition_id", through: "edition_items",
		scan: scanner(func(c *db.Client) *db.EditionQuery { return c.Edition.Query() })},
	domain.Asset: {title: "title",
		scan: scanner(func(c *db.Client) *db.AssetQuery { return c.Asset.Query() })},
}

// scanner returns the scan function of a kind. Its query is fenced, like all
// queries of the client.
func scanner[Q interface {
	Modify(...func(*sql.Selector)) S
}, S interface {
	Scan(context.Context, any) error
}](open func(*db.Client) Q) func(context.Context, *db.Client, func(*sql.Selector), *[]docMeta) error {
	return func(ctx context.Context, c *db.Client, modify func(*sql.Selector), into *[]docMeta) error {
		return open(c).Modify(modify).Scan(ctx, into)
	}
}

// docMetas returns the metadata of those documents that are visible in live to the
// viewer of ctx. If tags is not nil, it returns only documents with one of the
// tags, where the tag is visible too.
func (w *Webhooks) docMetas(ctx context.Context, ids, tags []domain.ID) (map[domain.ID]*docMeta, error) {
	fence, err := store.Fence(ctx)
	if err != nil {
		return nil, err
	}
	found := map[domain.ID]*docMeta{}
	for t, k := range kinds {
		var ofType []any
		for _, id := range ids {
			if id.Type() == t {
				ofType = append(ofType, int64(id))
			}
		}
		if len(ofType) == 0 || tags != nil && k.links == "" && t != domain.Tag {
			continue
		}
		var rows []docMeta
		err := k.scan(ctx, w.stores.Client(ctx), func(s *sql.Selector) {
			s.Select(s.C("id"), s.C("slug"), s.C("version"))
			if k.title != "" {
				s.AppendSelectExprAs(sql.Expr("coalesce("+s.C(k.title)+", '')"), "title")
			}
			s.Where(sql.In(s.C("id"), ofType...))
			if tags != nil {
				s.Where(k.carries(s, t, tags, fence))
			}
		}, &rows)
		if err != nil {
			return nil, fmt.Errorf("read the metadata of documents: %w", err)
		}
		for _, row := range rows {
			found[row.ID] = &row
		}
	}
	return found, nil
}

// carries returns the condition that a row of s has one of the tags.
func (k kind) carries(s *sql.Selector, t domain.Type, tags []domain.ID, fence func(*sql.Selector)) *sql.Predicate {
	set := make([]any, len(tags))
	for i, id := range tags {
		set[i] = int64(id)
	}
	if t == domain.Tag {
		return sql.In(s.C("id"), set...)
	}
	b := sql.Dialect(s.Dialect())
	link, tag := b.Table(k.links).As("carried_link"), b.Table("tags").As("carried_tag")
	sub := b.Select(link.C("tag_id")).From(link)
	owner := link.C(k.owner)
	if k.through != "" {
		item := b.Table(k.through).As("carried_item")
		sub.Join(item).On(item.C("id"), link.C("item_id"))
		owner = item.C(k.owner)
	}
	visible := b.Select("id").From(tag)
	visible.Where(sql.In(visible.C("id"), set...))
	fence(visible)
	sub.Where(sql.And(sql.ColumnsEQ(owner, s.C("id")), sql.In(link.C("tag_id"), visible)))
	return sql.Exists(sub)
}

// visible reports whether a document is visible in live to the viewer of ctx.
func (w *Webhooks) visible(ctx context.Context, id domain.ID) (bool, error) {
	metas, err := w.docMetas(ctx, []domain.ID{id}, nil)
	return metas[id] != nil, err
}

// tagsOf returns the tags of a webhook; nil for all.
func tagsOf(hook *db.Webhook) []domain.ID {
	if hook.Tags == nil {
		return nil
	}
	tags := []domain.ID{}
	for _, text := range hook.Tags {
		if id, err := domain.ParseID(text); err == nil {
			tags = append(tags, id)
		}
	}
	return tags
}
