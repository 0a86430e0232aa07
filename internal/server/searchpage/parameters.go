package searchpage

import (
	"fmt"
	"net/url"
	"slices"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/redthread-api/redthread/internal/domain"
)

// The bounds of what a page repeats in each of its links.
const (
	maxQuery  = 1024 // bytes, as many as search reads
	maxValues = 10   // of all narrowings together
	maxCursor = 256  // bytes; it is in no link
	maxNotes  = 5
	maxQuoted = 60 // bytes of a value in a note
)

// narrowing is a parameter of the page that narrows what is found. Its values come in any letter case.
type narrowing struct {
	name   string
	member string // of SearchFilter; empty for years, which are a date
	title  string
	label  string
	most   int // values of it
	// normal returns the one form of a value; ok is false where there can be no such value.
	normal func(value string) (normal string, ok bool)
	reason string // why a value is ignored
}

var narrowings = []narrowing{
	{"type", "types", "Type", "type", maxValues, termOf(types), "there is no such type"},
	{"tag", "tags", "Tag", "tag", maxValues, slugOf(domain.Tag), "a slug has letters a to z, digits and hyphens"},
	{"entity", "entities", "Entity", "entity", maxValues, slugOf(domain.Entity), "a slug has letters a to z, digits and hyphens"},
	{"kind", "kinds", "Kind", "kind", maxValues, termOf(kinds), "there is no such kind"},
	{"year", "", "Year", "year", 1, yearOf, "one year of four digits counts"},
	{"lang", "languages", "Language", "language", maxValues, languageOf, "there is no such code of a language"},
}

// types are the values of the enum SearchType.
var types = []string{"REPORT", "NARRATIVE", "ENTITY", "TAG", "EDITION", "EDITION_ITEM", "SOURCE"}

// kinds are what SearchFilter.kinds takes.
var kinds = slices.Concat(domain.ReportKinds, domain.EntityKinds, domain.NarrativeStatuses, domain.TagVocabularies)

// parameters returns the parameters of a request that have a meaning, bounded and in one form, with notes on
// those that are ignored. Parameters that the page does not have are left out without a note.
func parameters(given url.Values) (q url.Values, notes []string) {
	q = url.Values{}
	set := func(name, value string) {
		if value != "" {
			q.Set(name, value)
		}
	}
	note := func(format string, args ...any) {
		if text := fmt.Sprintf(format, args...); len(notes) < maxNotes && !slices.Contains(notes, text) {
			notes = append(notes, text)
		}
	}
	text := tidy(given.Get("q"))
	if len(text) > maxQuery {
		text = cut(text, maxQuery)
		note("The query was cut, since it is too long.")
	}
	set("q", text)
	if strings.EqualFold(given.Get("by"), "newest") {
		q.Set("by", "newest")
	}
	if after := given.Get("after"); len(after) > maxCursor {
		note("The page that follows is not known: this is the first.")
	} else {
		set("after", after)
	}
	left := maxValues
	for _, n := range narrowings {
		for _, value := range given[n.name] {
			if value == "" {
				continue
			}
			normal, ok := n.normal(value)
			switch {
			case ok && slices.Contains(q[n.name], normal):
			case !ok || len(q[n.name]) == n.most:
				note("The %s “%s” is ignored: %s.", n.label, quoted(value), n.reason)
			case left == 0:
				note("At most %d conditions count; the others are ignored.", maxValues)
			default:
				q.Add(n.name, normal)
				left--
			}
		}
	}
	return q, notes
}

// count returns how many values narrow what is found.
func count(q url.Values) int {
	n := 0
	for _, of := range narrowings {
		n += len(q[of.name])
	}
	return n
}

// termOf returns the form of values of an enum: of several words, these may be apart as people write them.
func termOf(all []string) func(string) (string, bool) {
	return func(value string) (string, bool) {
		term := strings.Map(func(r rune) rune {
			if r == ' ' || r == '-' {
				return '_'
			}
			return unicode.ToUpper(r)
		}, value)
		return term, slices.Contains(all, term)
	}
}

// slugOf returns the form of slugs, and of ids of a type.
func slugOf(t domain.Type) func(string) (string, bool) {
	return func(value string) (string, bool) {
		if len(value) > domain.MaxSlug {
			return "", false
		}
		if id, err := domain.ParseID(value); err == nil {
			return id.String(), id.Type() == t
		}
		slug := strings.ToLower(value)
		return slug, domain.ValidSlug(slug)
	}
}

func yearOf(value string) (string, bool) {
	_, err := domain.ParseDate(value)
	return value, err == nil && len(value) == len("2006")
}

func languageOf(value string) (string, bool) {
	const most = 35 // RFC 5646, section 4.4.1
	if len(value) > most {
		return "", false
	}
	tag, err := language.Parse(value)
	return tag.String(), err == nil && tag != language.Und
}

// tidy returns a text without control characters, with single spaces.
func tidy(text string) string {
	return strings.Join(strings.FieldsFunc(strings.ToValidUTF8(text, " "), func(r rune) bool {
		return unicode.IsSpace(r) || unicode.IsControl(r)
	}), " ")
}

// cut returns the beginning of a text, of whole characters.
func cut(text string, most int) string {
	for most > 0 && !utf8.RuneStart(text[most]) {
		most--
	}
	return text[:most]
}

// quoted returns a client's value for a note. What cannot be shown is replaced by a mark that can.
func quoted(value string) string {
	rest := ""
	if len(value) > maxQuoted {
		value, rest = cut(value, maxQuoted), "…"
	}
	return strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(value, string(utf8.RuneError))) + rest
}
