package feeds

import (
	"bytes"
	"encoding/xml"
	"net/http"
	"time"
)

// The elements of RSS 2.0. encoding/xml writes names as they are, so the names of
// elements of other namespaces have their prefixes.
type (
	rss struct {
		XMLName xml.Name `xml:"rss"`
		Version string   `xml:"version,attr"`
		Atom    string   `xml:"xmlns:atom,attr"`
		Content string   `xml:"xmlns:content,attr"`
		DC      string   `xml:"xmlns:dc,attr"`
		Channel rssChannel
	}
	rssChannel struct {
		XMLName     xml.Name  `xml:"channel"`
		Title       string    `xml:"title"`
		Link        string    `xml:"link"`
		Description string    `xml:"description"`
		Language    string    `xml:"language,omitempty"`
		Built       string    `xml:"lastBuildDate"`
		Generator   string    `xml:"generator"`
		Docs        string    `xml:"docs"`
		Links       []rssLink `xml:"atom:link"`
		Items       []rssItem `xml:"item"`
	}
	rssLink struct {
		Href string `xml:"href,attr"`
		Rel  string `xml:"rel,attr"`
		Type string `xml:"type,attr"`
	}
	rssItem struct {
		Title       string        `xml:"title"`
		Link        string        `xml:"link,omitempty"`
		GUID        rssGUID       `xml:"guid"`
		Published   string        `xml:"pubDate"`
		Creators    []string      `xml:"dc:creator"`
		Contributor []string      `xml:"dc:contributor"`
		Categories  []string      `xml:"category"`
		Language    string        `xml:"dc:language,omitempty"`
		Description string        `xml:"description,omitempty"`
		Content     string        `xml:"content:encoded,omitempty"`
		Enclosure   *rssEnclosure `xml:"enclosure"`
	}
	rssGUID struct {
		PermaLink bool   `xml:"isPermaLink,attr"`
		ID        string `xml:",chardata"`
	}
	rssEnclosure struct {
		URL    string `xml:"url,attr"`
		Length int64  `xml:"length,attr"`
		Type   string `xml:"type,attr"`
	}
)

const generator = "Redthread"

// RSS writes the feed as RSS 2.0, with full texts as content:encoded, authors as
// dc:creator (an author of RSS itself is an e-mail address), and the links of
// Atom. An item has one enclosure at most, as readers expect: the first of its files
// whose type and size are known, or else its picture.
func (f Feed) RSS() ([]byte, error) {
	const media = "application/rss+xml"
	c := rssChannel{
		Title: oneLine(f.Title), Link: f.Home, Description: oneLine(f.Description), Language: f.Language,
		Built: rfc822(f.Updated), Generator: generator, Docs: "https://www.rssboard.org/rss-specification",
		Links: []rssLink{{f.Self, "self", media}},
	}
	if c.Description == "" {
		c.Description = c.Title
	}
	if f.First != "" {
		c.Links = append(c.Links, rssLink{f.First, "first", media})
	}
	if f.Next != "" {
		c.Links = append(c.Links, rssLink{f.Next, "next", media})
	}
	for _, it := range f.Items {
		item := rssItem{
			Title: oneLine(it.Title), Link: it.URL, GUID: rssGUID{ID: it.ID}, Published: rfc822(it.Published),
			Creators: names(it.Authors), Contributor: names(it.Contributors), Language: it.Language,
			Description: clean(it.Summary), Content: clean(it.HTML), Enclosure: it.enclosure(),
		}
		if item.Description == "" && item.Content != "" {
			item.Description = item.Title // for readers that do not know content:encoded
		}
		for _, category := range it.Categories {
			item.Categories = append(item.Categories, oneLine(category.Label))
		}
		c.Items = append(c.Items, item)
	}
	return writeXML(rss{
		Version: "2.0", Atom: atomNamespace, Content: "http://purl.org/rss/1.0/modules/content/",
		DC: "http://purl.org/dc/elements/1.1/", Channel: c,
	})
}

func (it Item) enclosure() *rssEnclosure {
	files := it.Files
	if it.Image != nil {
		files = append(files[:len(files):len(files)], *it.Image)
	}
	for _, file := range files {
		if file.URL != "" && file.Type != "" && file.Size > 0 {
			return &rssEnclosure{file.URL, file.Size, file.Type}
		}
	}
	return nil
}

func names(authors []Author) []string {
	var all []string
	for _, a := range authors {
		all = append(all, oneLine(a.Name))
	}
	return all
}

// rfc822 formats a time as RSS requires.
func rfc822(t time.Time) string { return t.UTC().Format(http.TimeFormat) }

// writeXML writes a document in UTF-8.
func writeXML(v any) ([]byte, error) {
	var b bytes.Buffer
	b.WriteString(xml.Header)
	e := xml.NewEncoder(&b)
	e.Indent("", "  ")
	if err := e.Encode(v); err != nil {
		return nil, err
	}
	b.WriteByte('\n')
	return b.Bytes(), nil
}
