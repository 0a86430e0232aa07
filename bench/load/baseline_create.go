package main

import (
	"crypto/sha256"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/collation"
	"github.com/redthread-api/redthread/internal/domain"
)

// storedReport is a report that the baseline writes: what it consists of, resolved.
type storedReport struct {
	*newReport
	id                         domain.ID
	at                         time.Time
	tags, entities, narratives []int64
	snapshot                   []byte
}

// inOrder returns the ids in the order of the slugs; 0 for those that were not found.
func inOrder(slugs []string, found map[string]int64) []int64 {
	ids := make([]int64, len(slugs))
	for i, slug := range slugs {
		ids[i] = found[slug]
	}
	return ids
}

// prepareReport resolves the slugs in a new report.
func prepareReport(r *newReport, find func(table string, slugs []string) ([]int64, error)) (*storedReport, error) {
	at := time.Now().UTC().Truncate(time.Microsecond)
	s := &storedReport{newReport: r, id: domain.NewID(domain.Report, at), at: at}
	var err error
	for _, list := range []struct {
		table string
		slugs []string
		into  *[]int64
	}{{"tags", r.Tags, &s.tags}, {"entities", r.Entities, &s.entities}, {"narratives", r.Narratives, &s.narratives}} {
		if *list.into, err = find(list.table, list.slugs); err != nil {
			return nil, err
		}
		for i, id := range *list.into {
			if id == 0 {
				return nil, fmt.Errorf("%s[%d]: there is no %q", list.table, i, list.slugs[i])
			}
		}
	}
	s.snapshot, err = json.Marshal(struct {
		ID                         string
		CreatedAt                  time.Time
		Report                     *newReport
		Tags, Entities, Narratives []int64
	}{s.id.String(), at, r, s.tags, s.entities, s.narratives})
	return s, err
}

// sqlText is a statement with its arguments.
type sqlText struct {
	text string
	args []any
}

// statements returns the statements that store the report. parameter returns the
// placeholder of parameter n, from 1.
func (s *storedReport) statements(parameter func(n int) string) []sqlText {
	const author = "baseline"
	insert := func(head string, columns int, args ...any) sqlText {
		var b strings.Builder
		b.WriteString("INSERT INTO " + head + " VALUES ")
		for i := range args {
			switch {
			case i%columns != 0:
				b.WriteString(", ")
			case i > 0:
				b.WriteString("), (")
			default:
				b.WriteByte('(')
			}
			b.WriteString(parameter(i + 1))
		}
		b.WriteByte(')')
		return sqlText{b.String(), args}
	}
	links := func(table, column string, targets []int64) sqlText {
		args := make([]any, 0, 4*len(targets))
		for i, target := range targets {
			args = append(args, int64(domain.NewID(domain.Row, s.at)), i, int64(s.id), target)
		}
		return insert(table+" (id, position, report_id, "+column+")", 4, args...)
	}
	words := len(strings.Fields(s.Body))
	sum := sha256.Sum256(s.snapshot)
	return []sqlText{
		insert("reports (id, slug, marking, version, effective_marking, created_at, created_by, updated_at, updated_by, kind, title, title_key, summary, language, body, word_count, reading_minutes)", 17,
			int64(s.id), s.Slug, 0, 1, int(domain.Unseen), s.at, author, s.at, author, s.Kind, s.Title, collation.Key(s.Title), s.Summary, s.Language, s.Body, words, words/230+1),
		links("report_tags", "tag_id", s.tags),
		links("report_entities", "entity_id", s.entities),
		links("report_narratives", "narrative_id", s.narratives),
		insert("revisions (id, document_id, number, snapshot, hash, author, created_at)", 7,
			int64(domain.NewID(domain.Revision, s.at)), int64(s.id), 1, string(s.snapshot), hex.EncodeToString(sum[:]), author, s.at),
		insert("name_keys (id, document_id, type, name)", 4,
			int64(domain.NewID(domain.Row, s.at)), int64(s.id), int(domain.Report), " "+strings.ToLower(s.Title)),
	}
}
