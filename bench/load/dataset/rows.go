package dataset

import (
	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
)

// written is a document as it is written to the stores.
type written struct {
	Document
	row *aggregate.Row
}

// rowIDs makes the ids of rows: each one once, in order.
type rowIDs struct{ made int }

// next returns a new id of a type.
func (r *rowIDs) next(t domain.Type) domain.ID {
	n := r.made
	r.made++
	return domain.ID(int64(n>>10)<<22 | int64(t)<<14 | int64(n&1023)<<4)
}

// each calls yield with all documents of a type, in order.
func (s *Set) each(t domain.Type, ids *rowIDs, yield func(written) bool) {
	count, make := s.makerOf(t)
	for n := range count {
		if !yield(make(n, ids)) {
			return
		}
	}
}

// count returns how many documents of a type the set has.
func (s *Set) count(t domain.Type) int {
	count, _ := s.makerOf(t)
	return count
}

func (s *Set) makerOf(t domain.Type) (int, func(int, *rowIDs) written) {
	switch t {
	case domain.Tag:
		return s.Tags, s.tagRow
	case domain.Source:
		return s.Sources, s.sourceRow
	case domain.Narrative:
		return s.Narratives, s.narrativeRow
	case domain.Entity:
		return s.Entities, s.entityRow
	case domain.Relationship:
		return s.Relationships, s.relationshipRow
	case domain.Report:
		return s.Reports, s.reportRow
	}
	return 0, nil
}

// idOf returns the id of document n of a type.
func (s *Set) idOf(t domain.Type, n int) domain.ID { return s.document(t, n, s.count(t), 0).ID }

func newRow(d *Document) *aggregate.Row {
	row := aggregate.NewRow()
	row.ID = d.ID
	row.Set("slug", d.Slug)
	row.Set("marking", int64(d.Marking))
	return row
}

func set(row *aggregate.Row, columns ...string) {
	for i := 0; i < len(columns); i += 2 {
		row.Set(columns[i], columns[i+1])
	}
}

// link adds rows that refer to documents.
func (s *Set) link(row *aggregate.Row, ids *rowIDs, table, column string, t domain.Type, targets []int) {
	for _, n := range targets {
		owned := aggregate.NewRow()
		owned.ID = ids.next(domain.Row)
		owned.Set(column, s.idOf(t, n))
		row.Owned[table] = append(row.Owned[table], owned)
	}
}

func (s *Set) tagRow(n int, _ *rowIDs) written {
	t := s.Tag(n)
	row := newRow(&t.Document)
	set(row, "label", t.Label, "vocabulary", t.Vocabulary)
	return written{t.Document, row}
}

func (s *Set) sourceRow(n int, _ *rowIDs) written {
	r := s.Source(n)
	row := newRow(&r.Document)
	set(row, "title", r.Title, "url", r.URL, "publisher", r.Publisher)
	return written{r.Document, row}
}

func (s *Set) narrativeRow(n int, _ *rowIDs) written {
	r := s.Narrative(n)
	row := newRow(&r.Document)
	set(row, "title", r.Title, "claim", r.Claim, "status", r.Status)
	return written{r.Document, row}
}

func (s *Set) entityRow(n int, ids *rowIDs) written {
	e := s.Entity(n)
	row := newRow(&e.Document)
	set(row, "name", e.Name, "kind", e.Kind, "country", e.Country, "description", e.Description)
	s.link(row, ids, "entity_tags", "tag_id", domain.Tag, e.Tags)
	return written{e.Document, row}
}

func (s *Set) relationshipRow(n int, ids *rowIDs) written {
	r := s.Relationship(n)
	row := newRow(&r.Document)
	row.Set("from_id", s.idOf(domain.Entity, r.From))
	row.Set("to_id", s.idOf(domain.Entity, r.To))
	set(row, "kind", r.Kind, "confidence", r.Confidence, "role", r.Role)
	s.link(row, ids, "citations", "source_id", domain.Source, r.Sources)
	return written{r.Document, row}
}

// countWords returns the number of words of an ASCII text.
func countWords(text string) int {
	n, inWord := 0, false
	for i := range len(text) {
		now := text[i] > ' '
		if now && !inWord {
			n++
		}
		inWord = now
	}
	return n
}

func (s *Set) reportRow(n int, ids *rowIDs) written {
	r := s.Report(n)
	row := newRow(&r.Document)
	body := s.Body(n)
	words := countWords(body)
	set(row, "title", r.Title, "kind", r.Kind, "language", r.Language, "summary", r.Summary, "body", body)
	row.Set("word_count", int64(words))
	row.Set("reading_minutes", int64(words/230+1))
	s.link(row, ids, "report_tags", "tag_id", domain.Tag, r.Tags)
	s.link(row, ids, "report_entities", "entity_id", domain.Entity, r.Entities)
	s.link(row, ids, "report_narratives", "narrative_id", domain.Narrative, r.Narratives)
	return written{r.Document, row}
}
