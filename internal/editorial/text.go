package editorial

import (
	"context"
	"database/sql"
	"fmt"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/markdown"
	"github.com/redthread-api/redthread/internal/store"
)

// readProse parses every Markdown field of the row that differs from old, reports
// its problems by line, and derives from a report's body the rows for footnotes
// and mentions.
func readProse(ctx context.Context, db store.Rows, parsed parsedTexts, s *aggregate.Spec, old, next *aggregate.Row, p *domain.Problems) error {
	for _, f := range aggregate.ProseFields(s.Fields) {
		text := next.Text(f.ColumnName())
		if old != nil && old.Text(f.ColumnName()) == text {
			continue
		}
		doc := parsed.parse(text)
		mentions, err := checkProse(ctx, db, doc, f.Name, p)
		if err != nil {
			return err
		}
		if f.Footnotes {
			if err := deriveBody(ctx, db, doc, mentions, next, p); err != nil {
				return err
			}
		} else {
			refuseNotes(doc, f.Name, p)
		}
	}
	for _, f := range s.Fields {
		if f.NamesEntities {
			if _, err := checkMentions(ctx, db, markdown.PlainMentions(next.Text(f.ColumnName())), f.Name, p); err != nil {
				return err
			}
		}
	}
	for _, set := range s.Lists {
		for i, row := range next.Owned[set.Table] {
			for _, f := range aggregate.ProseFields(set.Fields) {
				path := fmt.Sprintf("%s[%d].%s", set.Name, i, f.Name)
				doc := markdown.Parse(row.Text(f.ColumnName()))
				if _, err := checkProse(ctx, db, doc, path, p); err != nil {
					return err
				}
				refuseNotes(doc, path, p)
			}
		}
	}
	return nil
}

// refuseNotes refuses footnotes in a text that is not the body of a report, where
// their citations would not be stored.
func refuseNotes(doc *markdown.Document, path string, p *domain.Problems) {
	if len(doc.Footnotes()) > 0 {
		p.Add(path, "has footnotes; only the body of a report has them")
	}
}

// checkProse reports a text's problems, and returns the entities that it names.
func checkProse(ctx context.Context, db store.Rows, doc *markdown.Document, path string, p *domain.Problems) ([]domain.ID, error) {
	for _, problem := range doc.Problems() {
		p.Add(path, "line %d: %s", problem.Line, problem.Message)
	}
	return checkMentions(ctx, db, doc.Mentions(), path, p)
}

// checkMentions reports links to entities that do not exist, and returns the
// entities of the others.
func checkMentions(ctx context.Context, db store.Rows, mentions []markdown.Mention, path string, p *domain.Problems) ([]domain.ID, error) {
	if len(mentions) == 0 {
		return nil, nil
	}
	slugs := make([]string, len(mentions))
	for i, m := range mentions {
		slugs[i] = m.Slug
	}
	found, err := aggregate.Lookup(ctx, db, domain.Entity, slugs)
	if err != nil {
		return nil, err
	}
	var ids []domain.ID
	seen := map[domain.ID]bool{}
	for _, m := range mentions {
		id, ok := found[m.Slug]
		if !ok {
			if err := aggregate.AddUnknown(ctx, db, domain.Entity, m.Slug, path, fmt.Sprintf("line %d: ", m.Line), p); err != nil {
				return nil, err
			}
			continue
		}
		if !seen[id] { // two slugs can lead to one entity
			seen[id] = true
			ids = append(ids, id)
		}
	}
	return ids, nil
}

func deriveBody(ctx context.Context, db store.Rows, doc *markdown.Document, mentions []domain.ID, r *aggregate.Row, p *domain.Problems) error {
	r.Set("word_count", int64(doc.WordCount()))
	r.Set("reading_minutes", int64(doc.ReadingMinutes()))
	r.Owned["report_mentions"] = nil
	for _, id := range mentions {
		row := aggregate.NewRow()
		row.Set("entity_id", id)
		r.Owned["report_mentions"] = append(r.Owned["report_mentions"], row)
	}
	r.Owned["footnotes"] = nil
	notes := doc.Footnotes()
	var slugs, urls []string
	for _, note := range notes {
		if note.Source != "" {
			slugs = append(slugs, note.Source)
		}
		urls = append(urls, note.URLs...)
	}
	bySlug, err := aggregate.Lookup(ctx, db, domain.Source, slugs)
	if err != nil {
		return err
	}
	byURL, err := sourcesByURL(ctx, db, urls)
	if err != nil {
		return err
	}
	for _, note := range notes {
		row := aggregate.NewRow()
		row.Set("number", int64(note.Number))
		row.Set("label", note.Label)
		row.Set("anchor", note.Anchor)
		row.Set("text", note.Text)
		row.Set("locator", note.Locator)
		switch {
		case note.Source != "":
			if id, ok := bySlug[note.Source]; ok {
				row.Set("source_id", id)
			} else if err := aggregate.AddUnknown(ctx, db, domain.Source, note.Source, "body", fmt.Sprintf("line %d: ", note.Line), p); err != nil {
				return err
			}
		default:
			for _, u := range note.URLs {
				if id := byURL[u]; id != 0 {
					row.Set("source_id", id)
					break
				}
			}
		}
		r.Owned["footnotes"] = append(r.Owned["footnotes"], row)
	}
	return nil
}

// sourcesByURL finds the sources with these web addresses. An address that several
// sources have is left out.
func sourcesByURL(ctx context.Context, db store.Rows, urls []string) (map[string]domain.ID, error) {
	found := map[string]domain.ID{}
	if len(urls) == 0 {
		return found, nil
	}
	query := "SELECT url, min(id) FROM sources WHERE deleted_at IS NULL AND url" + store.InSet(db.Dialect()) +
		" GROUP BY url HAVING count(*) = 1"
	err := store.QueryRows(ctx, db, query, []any{store.TextSet(db.Dialect(), urls)}, func(rows *sql.Rows) error {
		var url string
		var id domain.ID
		if err := rows.Scan(&url, &id); err != nil {
			return err
		}
		found[url] = id
		return nil
	})
	if err != nil {
		return nil, fmt.Errorf("find sources by url: %w", err)
	}
	return found, nil
}
