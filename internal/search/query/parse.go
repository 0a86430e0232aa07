package query

import (
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/canonical"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search/analysis"
)

// Item is the name of the type of items of editions, which are no documents of their own.
const Item = "item"

// types are the types of document that can be searched.
var types = []domain.Type{domain.Report, domain.Narrative, domain.Entity, domain.Tag, domain.Edition, domain.Source}

// kinds are what documents of some types have as a kind, as facets count them.
var kinds = [][]string{domain.ReportKinds, domain.EntityKinds, domain.NarrativeStatuses, domain.TagVocabularies}

// Parse parses the text of a search box.
func Parse(text string) Query {
	text, truncated := clean(text)
	p := parser{query: Query{Truncated: truncated}}
	l := lexer{text: text}
	for x, ok := l.next(); ok; x, ok = l.next() {
		p.lexemes = append(p.lexemes, x)
	}
	p.parse()
	return p.query
}

// A parser makes a query of lexemes.
type parser struct {
	lexemes   []lexeme
	query     Query
	items     int
	positions int
}

func (p *parser) parse() {
	for i := 0; i < len(p.lexemes); i++ {
		x := p.lexemes[i]
		if x.isOperator("AND") && i > 0 && i+1 < len(p.lexemes) {
			continue
		}
		if !p.joined(i+2) && p.filter(x) {
			continue
		}
		t, ok := p.term(x)
		if !ok {
			continue
		}
		clause := Clause{Any: []Term{t}, Not: x.not}
		for !x.not && p.joined(i+2) {
			i += 2
			if t, ok := p.term(p.lexemes[i]); ok {
				clause.Any = append(clause.Any, t)
			}
		}
		p.query.All = append(p.query.All, clause)
	}
}

// isOperator reports whether a lexeme is the word of an operator.
func (x lexeme) isOperator(word string) bool {
	return x == lexeme{text: word}
}

// joined reports whether a lexeme is an alternative of that before the last: between
// them is OR.
func (p *parser) joined(i int) bool {
	if i < 2 || i >= len(p.lexemes) || !p.lexemes[i-1].isOperator("OR") {
		return false
	}
	before, after := p.lexemes[i-2], p.lexemes[i]
	return before.isOperand() && after.isOperand()
}

// isOperand reports whether a lexeme can stand beside OR.
func (x lexeme) isOperand() bool {
	if x.not || x.isOperator("OR") || x.isOperator("AND") {
		return false
	}
	return len(analysis.Query(x.literal(), false)) > 0
}

// literal returns what the lexeme is as text.
func (x lexeme) literal() string {
	if x.field != "" {
		return x.field + ":" + x.text
	}
	return x.text
}

// term returns the term of a lexeme, unless nothing in it can be found, or the query
// has no room for it.
func (p *parser) term(x lexeme) (Term, bool) {
	t := Term{Text: tidy(x.literal()), Phrase: x.phrase, Prefix: x.prefix}
	t.Phrase = t.Phrase || !standsAlone(t.Text)
	t.Positions = analysis.Query(t.Text, t.Prefix)
	if len(t.Positions) == 0 {
		return Term{}, false
	}
	if p.items == MaxItems || p.positions == MaxPositions {
		p.query.Truncated = true
		return Term{}, false
	}
	if room := MaxPositions - p.positions; len(t.Positions) > room {
		t.Positions = t.Positions[:room]
		p.query.Truncated = true
	}
	p.items++
	p.positions += len(t.Positions)
	return t, true
}

// tidy returns a text with single spaces, also in the place of quotation marks.
func tidy(text string) string {
	return strings.Join(strings.FieldsFunc(text, func(r rune) bool { return isSpace(r) || isQuote(r) }), " ")
}

// standsAlone reports whether a text that is written without quotation marks is read
// as one word.
func standsAlone(text string) bool {
	l := lexer{text: text}
	x, ok := l.next()
	return ok && x == lexeme{text: text} && l.text == "" && !x.isOperator("OR") && !x.isOperator("AND")
}

// filter adds the filter of a lexeme, if it is one.
func (p *parser) filter(x lexeme) bool {
	if x.field == "" {
		return false
	}
	f := &p.query.Filters
	if x.not {
		f = &p.query.Excluded
	}
	value := tidy(x.text)
	if value == "" {
		return false
	}
	if p.items == MaxItems {
		p.query.Truncated = true
		return true
	}
	if !f.set(x.field, value, x.not) {
		return false
	}
	p.items++
	return true
}

// set sets a field to a value, if the field can have it. With not the filters are those that exclude.
func (f *Filters) set(field, value string, not bool) bool {
	switch field {
	case "tag":
		f.Tags = add(f.Tags, slug(value))
	case "entity":
		f.Entities = add(f.Entities, slug(value))
	case "type":
		name, ok := typeName(value)
		if !ok {
			return false
		}
		f.Types = add(f.Types, name)
	case "kind":
		value = strings.ToUpper(value)
		if !slices.ContainsFunc(kinds, func(of []string) bool { return slices.Contains(of, value) }) {
			return false
		}
		f.Kinds = add(f.Kinds, value)
	case "lang":
		tag, ok := canonical.ParseLanguage(value)
		if !ok {
			return false
		}
		f.Languages = add(f.Languages, tag)
	case "after", "before":
		date, err := domain.ParseDate(value)
		if err != nil {
			return false
		}
		// Of several the one counts that leaves fewer documents.
		switch date = firstDay(date); {
		case field == "after" && (f.After == "" || (date > f.After) != not):
			f.After = date
		case field == "before" && (f.Before == "" || (date < f.Before) != not):
			f.Before = date
		}
	}
	return true
}

// typeName returns the name of a type that can be searched, as [Filters] have it.
func typeName(value string) (string, bool) {
	value = strings.ToLower(value)
	if value == Item || value == "edition_item" {
		return Item, true
	}
	t, ok := domain.ParseType(value)
	return value, ok && slices.Contains(types, t)
}

// slug returns a value that is a slug in another letter case as the slug.
func slug(value string) string {
	if lower := strings.ToLower(value); domain.ValidSlug(lower) {
		return lower
	}
	return value
}

// firstDay returns the first day of a year or month.
func firstDay(d domain.Date) domain.Date {
	return d + domain.Date("0000-01-01"[len(d):])
}
