package render

import (
	"crypto/sha256"
	"encoding/base64"
	"html/template"
	"time"

	"github.com/redthread-api/redthread/internal/exchange/site"
)

// Feed is a feed that a page links to.
type Feed struct{ Title, Type, URL string }

// Page is what page.html gets.
type Page struct {
	*Edition
	Words *Words
	Site  SiteName
	// Previous and Next are the editions beside this one in the series; nil for none.
	Previous, Next *Neighbour
	// Editions is the address of the list of editions; empty for none.
	Editions string
	// Subscribe is the address of the form for readers; empty for none.
	Subscribe  string
	Feeds      []Feed
	Preview    bool // a draft
	Style      template.CSS
	LinkedData template.JS // JSON-LD
}

// SiteName is the publisher's site.
type SiteName struct{ Name, URL string }

// NameOf returns the name and the address of a site.
func NameOf(s site.Site) SiteName { return SiteName{s.Title(), s.Home()} }

// Neighbour is the edition before or after another one.
type Neighbour struct {
	Title, URL string
	Number     int
}

// List is what list.html gets: the editions of each series.
type List struct {
	Words  *Words
	Site   SiteName
	Series []ListedSeries
	Feeds  []Feed
	// Subscribe is the address of the form for readers; empty for none.
	Subscribe string
	Style     template.CSS
}

// ListedSeries is a series and its editions in a list, newest first.
type ListedSeries struct {
	Series
	Language, Dir string
	Editions      []ListedEdition
	Feeds         []Feed
	More          string // the address of older ones; empty for none
}

// ListedEdition is an edition in a list.
type ListedEdition struct {
	Title, URL, Language   string
	Dir                    string
	Number                 int
	PeriodStart, PeriodEnd string
	Published              time.Time
	Headlines              []string
}

// Page returns the page of an edition. Words and Style are filled in.
func (t *Templates) Page(p Page) ([]byte, error) {
	p.Words, p.Style = WordsFor(p.Language), template.CSS(t.style)
	if p.LinkedData == "" && !p.Preview {
		data, err := linkedData(p)
		if err != nil {
			return nil, err
		}
		p.LinkedData = template.JS(data)
	}
	return run(t.page, p)
}

// List returns the page that lists editions. Words and Style are filled in: the words are
// in the language of the series where that is one, and else in English.
func (t *Templates) List(l List) ([]byte, error) {
	l.Words = english
	for i, s := range l.Series {
		w := WordsFor(s.Language)
		if i > 0 && w != l.Words {
			w = english
		}
		if i == 0 || w == english {
			l.Words = w
		}
		if i > 0 && w == english {
			break
		}
	}
	l.Style = template.CSS(t.style)
	return run(t.list, l)
}

// Policy returns the content security policy of the pages: their style, by its hash,
// and pictures over HTTPS. There are no scripts and nothing is embedded.
func (t *Templates) Policy() string {
	sum := sha256.Sum256([]byte(t.style))
	return "default-src 'none'; style-src 'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'; img-src 'self' https: data:; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// Direction returns the direction of the script of a language: ltr or rtl.
func Direction(tag string) string { return direction(tag) }
