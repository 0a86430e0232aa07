package query

import (
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search/analysis"
)

// The limits of a query.
const (
	MaxBytes     = 1024 // of its text
	MaxItems     = 64   // terms and filters
	MaxPositions = 128  // of all terms together
)

// A Query is what a search asks for. The zero Query asks for nothing.
type Query struct {
	// All are the clauses, each of which must hold.
	All []Clause
	// Filters must hold, and Excluded must not.
	Filters, Excluded Filters
	// Truncated says that a part of the text was left out.
	Truncated bool
}

// A Clause holds for documents in which any of its terms stands, or with Not for
// those in which its only term does not.
type Clause struct {
	Any []Term
	Not bool
}

// A Term is a word or phrase.
type Term struct {
	// Text is the word or phrase as it was written, in NFKC and without its marks.
	Text string
	// Phrase says that it stood in quotation marks.
	Phrase bool
	// Prefix says that the last word is the beginning of a word.
	Prefix bool
	// Positions are what must stand one after another. There is at least one.
	Positions []analysis.Position
}

// Filters are conditions on other things than words. Each list has the values in
// the order of the text, without duplicates.
type Filters struct {
	Tags, Entities []string // slugs or labels; a document needs all of them
	Types          []string // names of types, or [Item], any of them; an edition stands for its items too
	Kinds          []string // of reports and entities, statuses of narratives, vocabularies of tags; any of them
	Languages      []string // BCP 47, any of them
	// After is the first day, Before the day after the last. They have the precision
	// of a day, or are empty.
	After, Before domain.Date
}

// IsZero reports whether there is no condition.
func (f Filters) IsZero() bool {
	return len(f.Tags)+len(f.Entities)+len(f.Types)+len(f.Kinds)+len(f.Languages) == 0 && f.After == "" && f.Before == ""
}

// IsZero reports whether the query asks for nothing.
func (q Query) IsZero() bool {
	return len(q.All) == 0 && q.Filters.IsZero() && q.Excluded.IsZero()
}

// Groups returns the positions of each term that is to be found, for highlights.
func (q Query) Groups() [][]analysis.Position {
	var groups [][]analysis.Position
	for _, c := range q.All {
		if c.Not {
			continue
		}
		for _, t := range c.Any {
			groups = append(groups, t.Positions)
		}
	}
	return groups
}

// String returns the normal form of the query: its clauses in their order, then its
// filters. [Parse] of it gives the same query, if it is within the limits.
func (q Query) String() string {
	var items []string
	for _, c := range q.All {
		terms := make([]string, len(c.Any))
		for i, t := range c.Any {
			terms[i] = t.String()
		}
		item := strings.Join(terms, " OR ")
		if c.Not {
			item = "-" + item
		}
		items = append(items, item)
	}
	items = q.Filters.items(items, "")
	items = q.Excluded.items(items, "-")
	return strings.Join(items, " ")
}

// String returns the term as it is written in a query.
func (t Term) String() string {
	text := t.Text
	if t.Phrase {
		text = `"` + text + `"`
	}
	if t.Prefix {
		text += "*"
	}
	return text
}

func (f Filters) items(items []string, sign string) []string {
	for _, field := range [...]struct {
		name   string
		values []string
	}{
		{"tag", f.Tags}, {"entity", f.Entities}, {"type", f.Types}, {"kind", f.Kinds}, {"lang", f.Languages},
		{"after", dates(f.After)}, {"before", dates(f.Before)},
	} {
		for _, v := range field.values {
			if !isBare(v) {
				v = `"` + v + `"`
			}
			items = append(items, sign+field.name+":"+v)
		}
	}
	return items
}

func dates(d domain.Date) []string {
	if d == "" {
		return nil
	}
	return []string{string(d)}
}

// isBare reports whether a value needs no quotation marks.
func isBare(value string) bool {
	return !strings.ContainsFunc(value, func(r rune) bool { return isSpace(r) || isQuote(r) })
}

// add appends a value unless it is there.
func add(values []string, value string) []string {
	if slices.Contains(values, value) {
		return values
	}
	return append(values, value)
}
