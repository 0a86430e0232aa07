package render

import (
	"bytes"
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange/site"
)

// sampleSite is the site of the samples.
var sampleSite = site.Site{Name: "Harbour Press", URL: "https://site.example"}

// samples returns editions that have all that the model can have, one in each language
// of the words and one that runs from right to left, and one that has nothing but what
// every edition has.
func samples() []Document {
	var all []Document
	for i, language := range []string{"en", "ja", "zh-Hant", "zh-Hans", "ar"} {
		item := DocumentItem{
			Headline: "The quay & the <crane>", OccurredOn: []string{"2026-04-13", "2026-04", "2026"}[i%3],
			Summary:  `<p>What <em>happened</em>, see <a class="entity" href="/entities/crane-works">Crane Works</a>.<sup id="fnref-1"><a href="#fn-1" class="footnote-ref" role="doc-noteref">1</a></sup></p><section class="footnotes" role="doc-endnotes"><ol><li id="fn-1"><p>A note. <a href="#fnref-1" class="footnote-backref" role="doc-backlink">↩</a></p></li></ol></section>`,
			Analysis: `<p>Why it matters.</p><ul><li>one</li><li>two</li></ul><blockquote><p>Said.</p></blockquote><p><img src="/crane.png" alt="A crane"></p>`,
			Entities: []DocumentEntity{{Slug: "crane-works", Kind: "COMPANY", Name: "Crane Works", Language: "en"}, {Slug: "quay", Kind: "PLACE", Name: "海岸"}},
			Tags:     []DocumentTag{{Slug: "ports", Label: "Ports"}},
			Citations: []DocumentCitation{
				{Locator: "p. 4", Quote: "It is so.", Source: DocumentSource{Slug: "register", Title: "A register", URL: "https://register.example/?a=1&b=2", ArchiveURL: "https://archive.example/1", Publisher: "An office", Date: "2026-04", Language: "en"}},
				{Source: DocumentSource{Slug: "hearsay", Title: "Hearsay"}},
			},
		}
		bare := DocumentItem{Headline: "Nothing but a headline", Summary: "<p>And a summary.</p>"}
		published := time.Date(2026, 4, 27, 9, 0, 0, 0, time.UTC)
		all = append(all, Document{
			ID: "edn_0000000000001", Slug: "sample-" + language, Title: "A title", Language: language, Number: 7,
			PeriodStart: "2026-04-13", PeriodEnd: "2026-04-26", PublishedAt: published, UpdatedAt: published.Add(time.Hour),
			Series:       &DocumentSeries{Slug: "tides", Title: "Tides", Description: "What the sea does."},
			Introduction: "<p>This time: a quay.</p>", Items: []DocumentItem{item, bare, item},
		})
	}
	return append(all, Document{ID: "edn_0000000000002", Slug: "bare", Title: "Bare", Language: "en", Number: 1, Series: &DocumentSeries{Slug: "tides", Title: "Tides"}})
}

// try runs all templates on samples.
func (t *Templates) try() error {
	var errs []error
	for i, d := range samples() {
		s := sampleSite
		if i == len(samples())-1 {
			s.Pages = map[domain.Type]string{domain.Edition: site.None, domain.Tag: site.None, domain.Series: site.None}
		}
		e := New(d, s)
		page := Page{Edition: e, Site: NameOf(s)}
		list := List{Site: NameOf(s), Series: []ListedSeries{{Series: e.Series, Language: e.Language, Dir: e.Dir, Editions: []ListedEdition{{
			Title: e.Title, URL: e.URL, Language: e.Language, Dir: e.Dir, Number: e.Number, PeriodStart: e.PeriodStart, PeriodEnd: e.PeriodEnd, Published: e.Published,
		}}}}}
		if i == 0 {
			feed := []Feed{{Title: "Atom", Type: "application/atom+xml", URL: "https://site.example/feeds/series/tides.atom"}}
			page.Previous, page.Next = &Neighbour{"Before", "https://site.example/editions/6", 6}, &Neighbour{"After", "https://site.example/editions/8", 8}
			page.Editions, page.Subscribe, page.Feeds = "https://site.example/editions", "https://site.example/subscribe", feed
			list.Subscribe, list.Series[0].Feeds, list.Series[0].More = page.Subscribe, feed, "https://site.example/editions?after=x"
			list.Series[0].Editions[0].Headlines = []string{"One", "Two"}
		}
		_, err := t.Page(page)
		errs = append(errs, err)
		page.Preview = true
		_, err = t.Page(page)
		errs = append(errs, err)
		_, err = t.List(list)
		errs = append(errs, err)
		mail, err := t.Mail(e, s)
		errs = append(errs, err)
		if err == nil {
			errs = append(errs, mail.complete())
		}
	}
	errs = slices.DeleteFunc(errs, func(err error) bool { return err == nil })
	return errors.Join(distinct(errs)...)
}

// complete checks that a mail has the links without which it must not be sent.
func (r *Rendered) complete() error {
	links := MailLinks{Unsubscribe: "https://site.example/unsubscribe/x", Preferences: "https://site.example/preferences/x"}
	var errs []error
	for file, text := range map[string]string{mailHTMLFile: r.HTML(links), mailTextFile: r.Text(links)} {
		for name, link := range map[string]string{"Unsubscribe": links.Unsubscribe, "Preferences": links.Preferences} {
			if !strings.Contains(text, link) {
				errs = append(errs, fmt.Errorf("templates: %s: there is no link to {{.%s}}, which each mail needs", file, name))
			}
		}
	}
	slices.SortFunc(errs, func(a, b error) int { return bytes.Compare([]byte(a.Error()), []byte(b.Error())) })
	return errors.Join(errs...)
}
