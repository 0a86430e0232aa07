package render

import (
	"html/template"
	"slices"
	"strings"
	"time"

	"golang.org/x/text/language"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange/site"
)

// Edition is the model of an edition, as templates get it.
type Edition struct {
	ID   string // such as edn_01hv…
	Slug string
	// URL is the address of the edition's page; empty where the site has none.
	URL    string
	Series Series
	// Number is the number in the series.
	Number int
	Title  string
	// Language is the BCP 47 tag of the language it is written in, and Dir the
	// direction of its script: ltr or rtl.
	Language, Dir string
	// PeriodStart and PeriodEnd are the first and last day that it covers, as
	// 2026-04-13; empty where they are not known. The function date writes them
	// for readers, and period both.
	PeriodStart, PeriodEnd string
	// Published and Updated are zero for a draft that was never published.
	Published, Updated time.Time
	Introduction       Text
	Items              []Item
	// Notes are the citations of all items, each once, in the order of their
	// numbers.
	Notes []*Note
}

// Series is the series of an edition.
type Series struct {
	Slug, Title string
	URL         string // of its page; empty where the site has none
	Description string // plain text
}

// Item is an event or policy that an edition reports.
type Item struct {
	// Anchor is the id of the item in HTML, and URL the address of the item in the
	// edition's page; empty where that has none.
	Anchor, URL string
	Position    int // from 1
	Headline    string
	// OccurredOn is when it happened, as precise as known: 2014, 2023-04 or
	// 2023-04-26; empty where it is not known.
	OccurredOn string
	Summary    Text // what happened
	Analysis   Text // why it matters
	Entities   []Link
	Tags       []Link
	// Notes are the notes of the item's citations, by number.
	Notes []*Note
}

// Link is a document that an item refers to.
type Link struct {
	Text     string
	Kind     string // of an entity: COMPANY, PERSON
	Language string // of the text, where it is known
	URL      string // empty where the site has no page about it
}

// Note is a citation, with its number in the edition.
type Note struct {
	Number int
	// Anchor is the id of the note in HTML.
	Anchor                            string
	Title, URL, ArchiveURL, Publisher string
	Language                          string // of the source
	Date                              string // of the source, as precise as known
	Locator                           string // a page or paragraph
	Quote                             string
	Items                             []string // the anchors of the items that cite it
	source                            string
}

// Text is a text of the edition.
type Text struct {
	HTML template.HTML // sanitised
}

// Plain returns the text without markup, its paragraphs separated by empty lines.
func (t Text) Plain() string {
	return strings.TrimSpace(plainText(string(t.HTML), nil))
}

// IsZero reports whether there is no text.
func (t Text) IsZero() bool { return t.HTML == "" }

// New makes the model of an edition. Links lead to the pages of s.
func New(d Document, s site.Site) *Edition {
	e := &Edition{
		ID: d.ID, Slug: d.Slug, URL: s.Page(domain.Edition, d.Slug), Number: d.Number, Title: d.Title,
		Language: d.Language, Dir: direction(d.Language), PeriodStart: d.PeriodStart, PeriodEnd: d.PeriodEnd,
		Published: d.PublishedAt, Updated: later(d.PublishedAt, d.UpdatedAt),
	}
	if d.Series != nil {
		e.Series = Series{Slug: d.Series.Slug, Title: d.Series.Title, URL: s.Page(domain.Series, d.Series.Slug), Description: d.Series.Description}
	}
	base := e.URL
	if base == "" {
		base = s.Home()
	}
	e.Introduction = Text{adapt(d.Introduction, adaption{base: base, prefix: "introduction", headings: 1})}
	for i, it := range d.Items {
		anchor := it.anchor(i + 1)
		item := Item{
			Anchor: anchor, Position: i + 1, Headline: it.Headline, OccurredOn: it.OccurredOn,
			Summary:  Text{adapt(it.Summary, adaption{base: base, prefix: anchor, headings: 2})},
			Analysis: Text{adapt(it.Analysis, adaption{base: base, prefix: anchor + "-analysis", headings: 2})},
		}
		if e.URL != "" {
			item.URL = e.URL + "#" + anchor
		}
		for _, x := range it.Entities {
			item.Entities = append(item.Entities, Link{Text: x.Name, Kind: x.Kind, Language: x.Language, URL: s.Page(domain.Entity, x.Slug)})
		}
		for _, x := range it.Tags {
			item.Tags = append(item.Tags, Link{Text: x.Label, URL: s.Page(domain.Tag, x.Slug)})
		}
		for _, c := range it.Citations {
			n := e.note(c)
			if !slices.Contains(item.Notes, n) {
				item.Notes = append(item.Notes, n)
				n.Items = append(n.Items, anchor)
			}
		}
		slices.SortFunc(item.Notes, func(a, b *Note) int { return a.Number - b.Number })
		e.Items = append(e.Items, item)
	}
	return e
}

// note returns the note of a citation, a new one unless an item has cited the same place
// of the same source in the same words.
func (e *Edition) note(c DocumentCitation) *Note {
	for _, n := range e.Notes {
		if n.source == c.Source.Slug && n.Locator == c.Locator && n.Quote == c.Quote {
			return n
		}
	}
	n := &Note{
		Number: len(e.Notes) + 1, Title: c.Source.Title, URL: c.Source.URL, ArchiveURL: c.Source.ArchiveURL, Publisher: c.Source.Publisher,
		Language: c.Source.Language, Date: c.Source.Date, Locator: c.Locator, Quote: c.Quote, source: c.Source.Slug,
	}
	n.Anchor = "note-" + itoa(n.Number)
	e.Notes = append(e.Notes, n)
	return n
}

// later is when an edition changed for its readers: one that was saved before it was
// published changed when it was published.
func later(published, updated time.Time) time.Time {
	if published.After(updated) {
		return published
	}
	return updated
}

// rightToLeft are the scripts that run from right to left.
var rightToLeft = []string{"Arab", "Hebr", "Syrc", "Thaa", "Nkoo", "Adlm", "Rohg", "Samr", "Mand"}

// direction returns the direction of the script of a language.
func direction(tag string) string {
	script, _ := language.Make(tag).Script()
	if slices.Contains(rightToLeft, script.String()) {
		return "rtl"
	}
	return "ltr"
}
