package content

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/markdown"
	"github.com/redthread-api/redthread/internal/store"
)

// incomplete lists what a document lacks to be published.
func incomplete(s *shape, r *Row) []domain.FieldError {
	var p domain.Problems
	if s.complete != nil {
		s.complete(r, &p)
	}
	for _, pic := range undescribed(s, r) {
		p.Add(pic.path, "line %d: an image has no alternative text: %s", pic.line, describeImage)
	}
	return p.List()
}

const describeImage = "write what it shows in its square brackets, as in ![The quay at low tide](/quay.jpg)"

// picture is an image in a text.
type picture struct {
	path string // of the text
	line int
}

// undescribed lists the images in a document's texts that have no alternative
// text.
func undescribed(s *shape, r *Row) []picture {
	var all []picture
	eachProse(s, r, func(path, text string) {
		if !strings.Contains(text, "![") {
			return
		}
		for _, image := range markdown.Parse(text).Images() {
			if !describes(image.Alt) {
				all = append(all, picture{path, image.Line})
			}
		}
	})
	return all
}

// eachProse calls fn for each Markdown text of a document.
func eachProse(s *shape, r *Row, fn func(path, text string)) {
	for _, f := range proseFields(s.fields) {
		fn(f.name, r.text(f.columnName()))
	}
	for _, set := range s.sets {
		for i, row := range r.Owned[set.table] {
			for _, f := range proseFields(set.fields) {
				fn(fmt.Sprintf("%s[%d].%s", set.name, i, f.name), row.text(f.columnName()))
			}
		}
	}
}

// checkSupporting asks what must hold before supporting documents go live: of
// those that do, and of all pictures among the targets of what is published.
func checkSupporting(ctx context.Context, db store.Rows, targets []domain.ID, going []entry, path func(domain.ID) string, p *domain.Problems) error {
	var ids []domain.ID
	for _, en := range going {
		ids = append(ids, en.Document)
	}
	for _, id := range targets {
		if id.Type() == domain.Asset {
			ids = append(ids, id)
		}
	}
	slices.Sort(ids)
	for t, ids := range byType(slices.Compact(ids)) {
		if t == domain.Source {
			continue // it lacks nothing
		}
		for batch := range slices.Chunk(ids, applyBatch) {
			rows, err := load(ctx, db, t, batch)
			if err != nil {
				return err
			}
			for _, id := range batch {
				row := rows[id]
				if row == nil {
					continue
				}
				for _, f := range incomplete(shapes[t], row) {
					p.Add(path(id), "%s:%s: %s: %s", t, row.text("slug"), f.Path, f.Message)
				}
			}
		}
	}
	return nil
}
