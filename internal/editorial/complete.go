package editorial

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/markdown"
	"github.com/redthread-api/redthread/internal/projection"
	"github.com/redthread-api/redthread/internal/store"
)

// incomplete returns a problem for each thing that a document lacks to be published.
func incomplete(s *aggregate.Spec, r *aggregate.Row) []domain.FieldError {
	var p domain.Problems
	if s.Complete != nil {
		s.Complete(r, &p)
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
func undescribed(s *aggregate.Spec, r *aggregate.Row) []picture {
	var all []picture
	eachProse(s, r, func(path, text string) {
		if !strings.Contains(text, "![") {
			return
		}
		for _, image := range markdown.Parse(text).Images() {
			if !aggregate.Describes(image.Alt) {
				all = append(all, picture{path, image.Line})
			}
		}
	})
	return all
}

// eachProse calls fn for each Markdown text of a document.
func eachProse(s *aggregate.Spec, r *aggregate.Row, fn func(path, text string)) {
	for _, f := range aggregate.ProseFields(s.Fields) {
		fn(f.Name, r.Text(f.ColumnName()))
	}
	for _, set := range s.Lists {
		for i, row := range r.Owned[set.Table] {
			for _, f := range aggregate.ProseFields(set.Fields) {
				fn(fmt.Sprintf("%s[%d].%s", set.Name, i, f.Name), row.Text(f.ColumnName()))
			}
		}
	}
}

// checkSupporting checks the rules for supporting documents that go live, and those
// for all pictures that the published documents refer to.
func checkSupporting(ctx context.Context, db store.Rows, targets []domain.ID, going []projection.Entry, path func(domain.ID) string, p *domain.Problems) error {
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
	for t, ids := range aggregate.GroupByType(slices.Compact(ids)) {
		if t == domain.Source {
			continue // it lacks nothing
		}
		for batch := range slices.Chunk(ids, aggregate.MaxBatch) {
			rows, err := aggregate.Load(ctx, db, t, batch)
			if err != nil {
				return err
			}
			for _, id := range batch {
				row := rows[id]
				if row == nil {
					continue
				}
				for _, f := range incomplete(aggregate.SpecOf(t), row) {
					p.Add(path(id), "%s:%s: %s: %s", t, row.Text("slug"), f.Path, f.Message)
				}
			}
		}
	}
	return nil
}
