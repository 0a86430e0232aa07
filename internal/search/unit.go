package search

import (
	"encoding/binary"
	"hash/fnv"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/aggregate"
	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/search/analysis"
	"github.com/redthread-api/redthread/internal/search/names"
)

// Document is a document as it is written to the index.
type Document struct {
	Root    *aggregate.Row
	Type    domain.Type
	Marking domain.Marking // that decides who finds it
	// KeepMarking says that a document which is in the index keeps the marking that it has there, until
	// [Writer.Mark].
	KeepMarking bool
	New         bool      // it is not in the index
	Published   time.Time // or, on the desk, when it was saved if it is not published
}

// Types returns the types of what can be found. domain.Row stands for an item of an edition.
func Types() []domain.Type {
	return []domain.Type{domain.Report, domain.Narrative, domain.Entity, domain.Tag, domain.Edition, domain.Row, domain.Source}
}

// Indexed reports whether documents of a type are in the index.
func Indexed(t domain.Type) bool { return t != domain.Row && slices.Contains(Types(), t) }

// unit is what is indexed of a document, or of an item of an edition.
type unit struct {
	unitMeta
	owner domain.ID
	texts []unitText
	names []names.Name // of an entity
}

// unitText is a text of a unit.
type unitText struct {
	field    int
	language string
	text     string
	// called says that the text is a name or title: the beginnings of its words are suggested, and
	// a query that is equal to it finds it first.
	called bool
}

// defaultLanguage is the language of texts that have none: the words of another one are then found as
// they stand.
const defaultLanguage = "en"

// unitsOf returns what is indexed of a document.
func unitsOf(d *Document) []unit {
	r := d.Root
	u := unit{owner: r.ID, unitMeta: unitMeta{
		ID: r.ID, Type: d.Type, Marking: d.Marking, Published: d.Published.UnixMicro(), Day: int32(d.Published.Unix() / 86400),
	}}
	language := r.Text("language")
	add := func(field int, text string) {
		if text != "" {
			u.texts = append(u.texts, unitText{field: field, language: language, text: text})
		}
	}
	name := func(field int, language, text string) {
		if text != "" {
			u.texts = append(u.texts, unitText{field: field, language: language, text: text, called: true})
		}
	}
	link := func(table, column string) {
		for _, row := range r.Owned[table] {
			if id := row.Ref(column); id != 0 && !slices.Contains(u.Links, id) {
				u.Links = append(u.Links, id)
			}
		}
	}
	switch d.Type {
	case domain.Report:
		u.Kind, u.Language = r.Text("kind"), language
		name(fieldTitle, language, r.Text("title"))
		add(fieldSummary, r.Text("subtitle"))
		add(fieldSummary, r.Text("summary"))
		add(fieldSummary, r.Text("question"))
		findings, _ := r.Fields["key_findings"].([]string)
		for _, f := range findings {
			add(fieldSummary, f)
		}
		add(fieldBody, r.Text("body"))
		link("report_tags", "tag_id")
		link("report_entities", "entity_id")
		link("contributions", "entity_id")
	case domain.Narrative:
		u.Kind = r.Text("status")
		name(fieldTitle, language, r.Text("title"))
		add(fieldSummary, r.Text("claim"))
		add(fieldBody, r.Text("description"))
		add(fieldBody, r.Text("assessment"))
		for _, o := range r.Owned["observations"] {
			u.texts = append(u.texts, unitText{field: fieldBody, language: o.Text("language"), text: o.Text("description")})
		}
		link("narrative_tags", "tag_id")
		link("narrative_targets", "entity_id")
		link("narrative_amplifiers", "entity_id")
	case domain.Entity:
		u.Kind = r.Text("kind")
		name(fieldTitle, language, r.Text("name"))
		u.names = []names.Name{{Text: r.Text("name"), Language: language}}
		for _, n := range r.Owned["entity_names"] {
			name(fieldNames, n.Text("language"), n.Text("text"))
			u.names = append(u.names, names.Name{Text: n.Text("text"), Language: n.Text("language"), Kind: n.Text("kind")})
		}
		for _, i := range r.Owned["entity_identifiers"] {
			u.texts = append(u.texts, unitText{field: fieldNames, text: i.Text("value")})
		}
		language = ""
		add(fieldSummary, r.Text("description"))
		link("entity_tags", "tag_id")
	case domain.Tag:
		u.Kind = r.Text("vocabulary")
		name(fieldTitle, language, r.Text("label"))
		add(fieldSummary, r.Text("description"))
	case domain.Source:
		u.Language = language
		name(fieldTitle, language, r.Text("title"))
		add(fieldNames, r.Text("publisher"))
		add(fieldBody, r.Text("url"))
		u.setDay(r.Date("date"))
	case domain.Edition:
		u.Language = language
		name(fieldTitle, language, r.Text("title"))
		add(fieldSummary, r.Text("introduction"))
		u.setDay(r.Date("period_end"))
	}
	units := []unit{u}
	if d.Type == domain.Edition {
		for _, item := range r.Owned["edition_items"] {
			units = append(units, itemOf(&u, language, item))
		}
	}
	return units
}

func itemOf(edition *unit, language string, row *aggregate.Row) unit {
	i := unit{owner: edition.owner, unitMeta: edition.unitMeta}
	i.ID, i.Type, i.Links = row.ID, domain.Row, nil
	i.Day = int32(time.UnixMicro(edition.Published).Unix() / 86400)
	i.setDay(row.Date("occurred_on"))
	i.texts = []unitText{
		{field: fieldTitle, language: language, text: row.Text("headline"), called: true},
		{field: fieldSummary, language: language, text: row.Text("summary")},
		{field: fieldBody, language: language, text: row.Text("analysis")},
	}
	for table, column := range map[string]string{"item_tags": "tag_id", "item_entities": "entity_id"} {
		for _, link := range row.Owned[table] {
			i.Links = append(i.Links, link.Ref(column))
		}
	}
	slices.Sort(i.Links)
	return i
}

// setDay sets the date that a unit is of, if it is known: the first day of a month or year.
func (u *unit) setDay(date domain.Date) {
	if day, ok := dayOf(string(date)); ok {
		u.Day = day
	}
}

// dayOf returns a date as days since 1970.
func dayOf(date string) (int32, bool) {
	if len(date) < 4 || len(date) > 10 {
		return 0, false
	}
	t, err := time.Parse("2006-01-02", date+"-01-01"[len(date)-4:])
	return int32(t.Unix() / 86400), err == nil
}

// lastDayOf returns the last day of a date, of a month or of a year.
func lastDayOf(date string) int32 {
	t, err := time.Parse("2006-01-02", date+"-01-01"[min(max(len(date)-4, 0), 6):])
	switch {
	case err != nil:
		return math.MaxInt32
	case len(date) == len("2006"):
		t = t.AddDate(1, 0, -1)
	case len(date) == len("2006-01"):
		t = t.AddDate(0, 1, -1)
	}
	return int32(t.Unix() / 86400)
}

// hash is a hash of what is indexed of a unit, and of the version of the analyser.
func (u *unit) hash() int64 {
	h := fnv.New64a()
	var b []byte
	add := func(s string) {
		b = binary.AppendUvarint(b[:0], uint64(len(s)))
		_, _ = h.Write(b) // a hash takes every write
		_, _ = h.Write([]byte(s))
	}
	add(string(binary.AppendUvarint(nil, uint64(indexVersion))))
	for _, t := range u.texts {
		add(string(rune('0' + t.field)))
		add(t.language)
		add(t.text)
	}
	for _, n := range u.names {
		add(n.Kind)
	}
	add("links")
	for _, id := range u.Links {
		b = binary.AppendUvarint(b[:0], uint64(id))
		_, _ = h.Write(b)
	}
	return int64(h.Sum64())
}

// indexVersion changes whenever the same documents would give another index.
const indexVersion = analysis.Version<<16 | names.Version<<8 | 3

// The namespaces of terms. Words have none: the analyser gives no control characters.
const (
	spaceLink   = "\x01" // the id of a tag or entity, 8 bytes
	spaceCalled = "\x02" // a whole name or title, its words separated by spaces
	spaceWord   = "\x03" // a word of a name or title, as it stands
	spaceStart  = "\x04" // the first one to three characters of such a word
	spaceFuzzy  = "\x05" // a key of package names
	spaceNamed  = "\x06" // the slug of an entity that a text names
)

// startChars is the longest beginning of a word that has a term of its own.
const startChars = 3

func linkTerm(id domain.ID) string {
	return string(binary.BigEndian.AppendUint64([]byte(spaceLink), uint64(id)))
}

// calledTerm is the term of a whole name.
func calledTerm(words []analysis.Token) string {
	var b strings.Builder
	b.WriteString(spaceCalled)
	for i, w := range words {
		if i > 0 {
			b.WriteByte(' ')
		}
		b.WriteString(w.Term)
	}
	return b.String()
}

// fieldGap is the distance between texts of the same field, so that no phrase reaches from one into the
// next.
const fieldGap = 16

// collect adds all terms of a unit to dst, and sets the lengths of its fields.
func (u *unit) collect(dst *occurrences, number uint32) {
	var at [fields]uint32
	var tokens []analysis.Token
	put := func(term string, field int, position uint32) { dst.add(term, number, field, position) }
	flat := map[string]bool{} // terms without positions, each once
	once := func(term string, field int) {
		if !flat[term] {
			flat[term] = true
			put(term, field, 0)
		}
	}
	var lengths [fields]int
	index := func(t *unitText) {
		language := t.language
		if language == "" {
			language = defaultLanguage
		}
		text := t.text
		if t.field >= fieldSummary {
			for _, slug := range slugsNamed(text) {
				once(spaceNamed+slug, fieldBody)
			}
			text = stripMarkup(text)
		}
		tokens = analysis.Analyze(tokens[:0], text, language)
		for _, token := range tokens {
			put(token.Term, t.field, at[t.field]+uint32(token.Position))
		}
		if n := len(tokens); n > 0 {
			lengths[t.field] += n
			at[t.field] += uint32(tokens[n-1].Position) + fieldGap
		}
	}
	called := func(text string, field int) {
		words := analysis.Words(text)
		if len(words) == 0 {
			return
		}
		once(calledTerm(words), field)
		for _, w := range words {
			once(spaceWord+w.Term, field)
			chars := 0
			for i := range w.Term {
				if chars > 0 && chars <= startChars {
					once(spaceStart+w.Term[:i], field)
				}
				chars++
			}
			if chars <= startChars {
				once(spaceStart+w.Term, field)
			}
		}
	}
	for i := range u.texts {
		t := &u.texts[i]
		index(t)
		if t.called {
			called(t.text, t.field)
		}
	}
	for _, n := range u.names {
		for _, form := range append(names.Forms(n), names.Pinyin(n)...) {
			index(&unitText{field: fieldNames, text: form})
			called(form, fieldNames)
		}
		for _, key := range names.Keys(n) {
			once(spaceFuzzy+key, fieldNames)
		}
	}
	for _, id := range u.Links {
		once(linkTerm(id), fieldBody)
	}
	for f, n := range lengths {
		u.Lengths[f] = uint16(min(n, 1<<16-1))
	}
}
