package feeds

import (
	"encoding/xml"
	"slices"
	"time"
)

const atomNamespace = "http://www.w3.org/2005/Atom"

// The elements of RFC 4287.
type (
	atomFeed struct {
		XMLName   xml.Name   `xml:"feed"`
		Namespace string     `xml:"xmlns,attr"`
		Language  string     `xml:"xml:lang,attr,omitempty"`
		ID        string     `xml:"id"`
		Title     string     `xml:"title"`
		Subtitle  string     `xml:"subtitle,omitempty"`
		Updated   string     `xml:"updated"`
		Author    atomPerson `xml:"author"`
		Generator string     `xml:"generator"`
		Links     []atomLink `xml:"link"`
		Entries   []atomEntry
	}
	atomEntry struct {
		XMLName      xml.Name       `xml:"entry"`
		Language     string         `xml:"xml:lang,attr,omitempty"`
		ID           string         `xml:"id"`
		Title        string         `xml:"title"`
		Published    string         `xml:"published"`
		Updated      string         `xml:"updated"`
		Authors      []atomPerson   `xml:"author"`
		Contributors []atomPerson   `xml:"contributor"`
		Categories   []atomCategory `xml:"category"`
		Links        []atomLink     `xml:"link"`
		Summary      string         `xml:"summary,omitempty"`
		Content      atomText       `xml:"content"`
	}
	atomPerson struct {
		Name string `xml:"name"`
		URI  string `xml:"uri,omitempty"`
	}
	atomCategory struct {
		Term  string `xml:"term,attr"`
		Label string `xml:"label,attr,omitempty"`
	}
	atomLink struct {
		Rel    string `xml:"rel,attr"`
		Href   string `xml:"href,attr"`
		Type   string `xml:"type,attr,omitempty"`
		Length int64  `xml:"length,attr,omitempty"`
		Title  string `xml:"title,attr,omitempty"`
	}
	atomText struct {
		Type string `xml:"type,attr"`
		Text string `xml:",chardata"`
	}
)

// Atom writes the feed as Atom, each page of it with the links of a paged feed
// (RFC 5005, section 3).
func (f Feed) Atom() ([]byte, error) {
	const media = "application/atom+xml"
	out := atomFeed{
		Namespace: atomNamespace, Language: f.Language, ID: f.ID, Title: oneLine(f.Title), Subtitle: oneLine(f.Description),
		Updated: rfc3339(f.Updated), Author: person(f.Publisher), Generator: generator,
		Links: []atomLink{{Rel: "self", Href: f.Self, Type: media}, {Rel: "alternate", Href: f.Home, Type: "text/html"}},
	}
	if f.First != "" {
		out.Links = append(out.Links, atomLink{Rel: "first", Href: f.First, Type: media})
	}
	if f.Next != "" {
		out.Links = append(out.Links, atomLink{Rel: "next", Href: f.Next, Type: media})
	}
	for _, it := range f.Items {
		entry := atomEntry{
			ID: it.ID, Title: oneLine(it.Title), Published: rfc3339(it.Published), Updated: rfc3339(it.Updated),
			Authors: people(it.Authors), Contributors: people(it.Contributors),
			Summary: clean(it.Summary), Content: atomText{"html", clean(it.HTML)},
		}
		if it.Language != f.Language {
			entry.Language = it.Language
		}
		for _, c := range it.Categories {
			entry.Categories = append(entry.Categories, atomCategory{oneLine(c.Term), oneLine(c.Label)})
		}
		if it.URL != "" {
			entry.Links = append(entry.Links, atomLink{Rel: "alternate", Href: it.URL, Type: "text/html"})
		}
		for _, file := range it.Files {
			entry.Links = append(entry.Links, enclosureLink(file))
		}
		if it.Image != nil && !slices.ContainsFunc(it.Files, func(f File) bool { return f.URL == it.Image.URL }) {
			entry.Links = append(entry.Links, enclosureLink(*it.Image))
		}
		out.Entries = append(out.Entries, entry)
	}
	return writeXML(out)
}

func enclosureLink(f File) atomLink {
	return atomLink{Rel: "enclosure", Href: f.URL, Type: f.Type, Length: f.Size, Title: oneLine(f.Title)}
}

func people(authors []Author) []atomPerson {
	var all []atomPerson
	for _, a := range authors {
		all = append(all, person(a))
	}
	return all
}

func person(a Author) atomPerson { return atomPerson{oneLine(a.Name), a.URL} }

// rfc3339 formats a time to the second, since feed readers differ on fractions.
func rfc3339(t time.Time) string { return t.UTC().Format(time.RFC3339) }
