package schemaorg

import (
	"bytes"
	"encoding/json"
	"fmt"
	"regexp"
	"slices"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
)

// Publisher is the publisher of the documents.
type Publisher struct {
	Name string
	URL  string // of the site's front page
}

// Report is a report, with those documents it refers to that the reader may see.
type Report struct {
	ID, URL, Title, Subtitle, Summary, Kind, Language string

	Published *time.Time
	Updated   time.Time
	Words     int
	Minutes   int // reading time

	Tags            []string
	About, Mentions []Thing
	Narratives      []Narrative
	Contributions   []Contribution
	Sources         []Source
	Hero            *File
	Files           []File
}

// Contribution is the part of a person or organisation in a report.
type Contribution struct {
	Role string // one of domain.ContributionRoles
	By   Thing
}

// Source is a source that a report cites.
type Source struct {
	Title, URL, ArchiveURL, Publisher, Language string
	Date                                        domain.Date
}

// File is a picture or another file to download.
type File struct {
	URL, Type, Title, Alt string
	Size                  int64 // in bytes; 0 if it is not known
}

// object is a node of JSON-LD. encoding/json writes its members in the order of their
// names.
type object map[string]any

// put sets a member, unless it is empty.
func (o object) put(name string, value any) object {
	switch v := value.(type) {
	case string:
		if v == "" {
			return o
		}
	case domain.Date:
		return o.put(name, string(v))
	case *time.Time:
		if v == nil {
			return o
		}
		value = formatTime(*v)
	case int:
		if v == 0 {
			return o
		}
	case []object:
		if len(v) == 0 {
			return o
		}
	case []string:
		if len(v) == 0 {
			return o
		}
	case object:
		if v == nil {
			return o
		}
	}
	o[name] = value
	return o
}

func formatTime(t time.Time) string { return t.UTC().Format(time.RFC3339) }

// node returns an object of a type. A URL is also its @id, so that the same thing is
// one node in all places.
func node(kind, url string) object {
	return object{"@type": kind}.put("@id", url).put("url", url)
}

// document returns a node as a document of JSON-LD, safe in an HTML script element.
func document(o object) (json.RawMessage, error) {
	o["@context"] = "https://schema.org"
	var b bytes.Buffer
	if err := json.NewEncoder(&b).Encode(escapeScript(o)); err != nil { // which escapes <, >, &, U+2028 and U+2029
		return nil, fmt.Errorf("write JSON-LD: %w", err)
	}
	return bytes.TrimSpace(b.Bytes()), nil
}

// scriptSequences are the sequences that end or confuse an HTML script element.
var scriptSequences = regexp.MustCompile(`(?i)<!--|<(/?script)|--!?>`)

// escapeScript escapes, in all texts of a value, the sequences that would end the
// script element in which JSON-LD is embedded, as section 7.3 of JSON-LD 1.1
// specifies. Escapes of JSON are not enough: a client that parses a response and
// writes a member of it into a page writes the member without them.
func escapeScript(v any) any {
	switch v := v.(type) {
	case string:
		return scriptSequences.ReplaceAllStringFunc(v, func(s string) string {
			return strings.NewReplacer("<", "&lt;", ">", "&gt;").Replace(s)
		})
	case []string:
		texts := make([]string, len(v)) // the list is the caller's
		for i, s := range v {
			texts[i] = escapeScript(s).(string)
		}
		return texts
	case []object:
		for _, o := range v {
			escapeScript(o)
		}
	case object:
		for name, member := range v {
			v[name] = escapeScript(member)
		}
	}
	return v
}

func (p Publisher) node() object { return node("Organization", p.URL).put("name", p.Name) }

func (p Publisher) site() object {
	if p.URL == "" {
		return nil
	}
	return object{"@type": "WebSite"}.put("url", p.URL).put("name", p.Name)
}

// Report writes a report as schema.org's Report, which is an Article.
func (p Publisher) Report(r Report) (json.RawMessage, error) {
	o := node("Report", r.URL)
	o.put("identifier", r.ID).put("name", r.Title).put("headline", r.Title).put("alternativeHeadline", r.Subtitle)
	o.put("abstract", r.Summary).put("genre", genres[r.Kind]).put("inLanguage", r.Language)
	o.put("datePublished", r.Published).put("dateModified", formatTime(r.Updated)).put("wordCount", r.Words)
	if r.Minutes > 0 {
		o["timeRequired"] = fmt.Sprintf("PT%dM", r.Minutes)
	}
	o.put("keywords", r.Tags).put("publisher", p.node()).put("isPartOf", p.site())
	o.contributions(r.Contributions, p)

	about := things(r.About)
	for _, n := range r.Narratives {
		about = append(about, n.claim())
	}
	about = unique(about) // these are left out of mentions
	o.put("about", about).put("mentions", unique(slices.Concat(about, things(r.Mentions)))[len(about):])
	var citations []object
	for _, s := range r.Sources {
		citations = append(citations, s.node())
	}
	o.put("citation", citations)
	if r.Hero != nil {
		o.put("image", r.Hero.node("ImageObject"))
	}
	var files []object
	for _, f := range r.Files {
		files = append(files, f.node("MediaObject"))
	}
	o.put("encoding", files)
	return document(o)
}

// genres has the names of the kinds of report, for people.
var genres = map[string]string{
	"RESEARCH": "Research", "BRIEF": "Brief", "CASE_STUDY": "Case study",
	"TYPOLOGY": "Typology", "LEGAL_ANALYSIS": "Legal analysis",
}

// contributions sets author, editor and contributor. An editor of schema.org is a
// Person, so an organisation that edited is a contributor. The author of a report
// without an author is the publisher.
func (o object) contributions(all []Contribution, p Publisher) {
	parts := map[string][]object{}
	for _, c := range all {
		part := "contributor"
		switch {
		case c.Role == "AUTHOR" || c.Role == "ANALYST":
			part = "author"
		case c.Role == "EDITOR" && c.By.Kind == "PERSON":
			part = "editor"
		}
		parts[part] = append(parts[part], c.By.node())
	}
	if parts["author"] == nil {
		parts["author"] = []object{p.node()}
	}
	for part, people := range parts {
		o.put(part, unique(people))
	}
}

// unique returns the nodes without repeats: who both wrote and analysed a report is
// one author.
func unique(nodes []object) []object {
	seen := map[string]bool{}
	var once []object
	for _, n := range nodes {
		key := fmt.Sprint(n["@type"], n["@id"], n["name"])
		if !seen[key] {
			seen[key] = true
			once = append(once, n)
		}
	}
	return once
}

func (s Source) node() object {
	o := object{"@type": "CreativeWork"}.put("name", s.Title).put("url", s.URL).put("archivedAt", s.ArchiveURL)
	o.put("datePublished", s.Date).put("inLanguage", s.Language)
	if s.Publisher != "" {
		o["publisher"] = object{"@type": "Organization", "name": s.Publisher}
	}
	return o
}

func (f File) node(kind string) object {
	o := object{"@type": kind}.put("contentUrl", f.URL).put("encodingFormat", f.Type).put("name", f.Title).put("caption", f.Alt)
	if kind != "ImageObject" {
		delete(o, "caption") // only an ImageObject has one
		o.put("description", f.Alt)
	}
	if f.Size > 0 {
		o["contentSize"] = fmt.Sprintf("%d B", f.Size)
	}
	return o
}
