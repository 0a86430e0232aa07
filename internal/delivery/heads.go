package delivery

import (
	"context"
	"fmt"

	"entgo.io/ent/dialect/sql"

	"github.com/redthread-api/redthread/ent/db"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/store"
)

// head is what a message tells of a document.
type head struct {
	ID      domain.ID `sql:"id"`
	Slug    string    `sql:"slug"`
	Title   string    `sql:"title"`
	Version int       `sql:"version"`
}

// kind is where the heads of a type are, and the rows that link it to tags.
type kind struct {
	scan  func(ctx context.Context, c *db.Client, modify func(*sql.Selector), into *[]head) error
	title string // the column with what it is called; empty where there is none
	// links is the table that says which tags a document carries; it has the
	// document's id in owner, or that of a row of through, which has it there.
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

// scanner makes a kind's scan. The query is fenced, as each of the client is.
func scanner[Q interface {
	Modify(...func(*sql.Selector)) S
}, S interface {
	Scan(context.Context, any) error
}](open func(*db.Client) Q) func(context.Context, *db.Client, func(*sql.Selector), *[]head) error {
	return func(ctx context.Context, c *db.Client, modify func(*sql.Selector), into *[]head) error {
		return open(c).Modify(modify).Scan(ctx, into)
	}
}

// heads reads those of the documents that the viewer of ctx sees in live. With
// tags, it is those that carry one of them, and that the viewer can see to do.
func (w *Webhooks) heads(ctx context.Context, ids, tags []domain.ID) (map[domain.ID]*head, error) {
	fence, err := store.Fence(ctx)
	if err != nil {
		return nil, err
	}
	found := map[domain.ID]*head{}
	for t, k := range kinds {
		var of []any
		for _, id := range ids {
			if id.Type() == t {
				of = append(of, int64(id))
			}
		}
		if len(of) == 0 || tags != nil && k.links == "" && t != domain.Tag {
			continue
		}
		var rows []head
		err := k.scan(ctx, w.stores.Client(ctx), func(s *sql.Selector) {
			s.Select(s.C("id"), s.C("slug"), s.C("version"))
			if k.title != "" {
				s.AppendSelectExprAs(sql.Expr("coalesce("+s.C(k.title)+", '')"), "title")
			}
			s.Where(sql.In(s.C("id"), of...))
			if tags != nil {
				s.Where(k.carries(s, t, tags, fence))
			}
		}, &rows)
		if err != nil {
			return nil, fmt.Errorf("read what is told of documents: %w", err)
		}
		for _, row := range rows {
			found[row.ID] = &row
		}
	}
	return found, nil
}

// carries is the condition that a row of s carries one of the tags.
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

// visible reports whether the viewer of ctx sees a document in live.
func (w *Webhooks) visible(ctx context.Context, id domain.ID) (bool, error) {
	found, err := w.heads(ctx, []domain.ID{id}, nil)
	return found[id] != nil, err
}

// tagsOf reads the tags of a webhook; nil for any.
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
