package render

import (
	"bytes"
	"fmt"
	"html/template"
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/exchange/site"
)

// MaxMail is the size of the HTML of a mail, in bytes, above which clients cut it off:
// Gmail does so at 102 kB.
const MaxMail = 100_000

// MailLinks are the addresses in a mail that differ from reader to reader.
type MailLinks struct {
	Unsubscribe, Preferences string
}

// PreviewLinks are the addresses in a preview, which lead nowhere.
var PreviewLinks = MailLinks{Unsubscribe: "https://preview.invalid/unsubscribe", Preferences: "https://preview.invalid/preferences"}

// Mail is what mail.html and mail.txt get.
type Mail struct {
	*Edition
	MailLinks
	Words *Words
	Site  SiteName
	// Preheader is the text that clients show after the subject in a list of mails.
	Preheader string

	links *linkNumbers
}

// Rendered is a mail without the addresses that differ from reader to reader.
type Rendered struct {
	// Subject is the subject: the series, the number and the title.
	Subject    string
	html, text []piece
}

// piece is a part of a rendering: a text, or one of the addresses.
type piece struct {
	text string
	link func(MailLinks) string // nil: it is text
}

// The addresses that stand for those of a reader while the templates run. No host has
// such a name (RFC 2606, section 2).
var standIns = []struct {
	text string
	link func(MailLinks) string
}{
	{"https://reader.invalid/unsubscribe", func(l MailLinks) string { return l.Unsubscribe }},
	{"https://reader.invalid/preferences", func(l MailLinks) string { return l.Preferences }},
}

// Mail renders an edition as mail, once for all readers. The words are in the language
// of the edition.
func (t *Templates) Mail(e *Edition, s site.Site) (*Rendered, error) {
	m := Mail{
		Edition: e, MailLinks: MailLinks{Unsubscribe: standIns[0].text, Preferences: standIns[1].text},
		Words: WordsFor(e.Language), Site: NameOf(s), Preheader: e.beginning(maxPreheader), links: newLinkNumbers(e),
	}
	body, err := run(t.mailHTML, m)
	if err != nil {
		return nil, err
	}
	var text bytes.Buffer
	if err := t.mailText.Execute(&text, &m); err != nil {
		return nil, templateError(err)
	}
	return &Rendered{Subject: e.FullTitle(), html: split(string(body)), text: split(tidy(text.String()))}, nil
}

// HTML returns the HTML of the mail to a reader.
func (r *Rendered) HTML(l MailLinks) string { return join(r.html, l, template.HTMLEscapeString) }

// Text returns the plain text of the mail to a reader.
func (r *Rendered) Text(l MailLinks) string {
	return join(r.text, l, func(s string) string { return s })
}

// split splits a rendering at the stand-ins.
func split(text string) []piece {
	var all []piece
	for text != "" {
		at, found := len(text), -1
		for i, s := range standIns {
			if j := strings.Index(text, s.text); j >= 0 && j < at {
				at, found = j, i
			}
		}
		if at > 0 {
			all = append(all, piece{text: text[:at]})
		}
		if found < 0 {
			break
		}
		all = append(all, piece{link: standIns[found].link})
		text = text[at+len(standIns[found].text):]
	}
	return all
}

func join(pieces []piece, l MailLinks, escape func(string) string) string {
	var out strings.Builder
	for _, p := range pieces {
		if p.link == nil {
			out.WriteString(p.text)
		} else {
			out.WriteString(escape(p.link(l)))
		}
	}
	return out.String()
}

// FullTitle returns the title with the series and the number: The Red Report 83: The list.
func (e *Edition) FullTitle() string {
	if e.Series.Title == "" {
		return fmt.Sprintf("%d: %s", e.Number, e.Title)
	}
	return fmt.Sprintf("%s %d: %s", e.Series.Title, e.Number, e.Title)
}

// maxPreheader is how many characters of a preheader clients show at most.
const maxPreheader = 140

// Description returns the beginning of an edition, for descriptions of its page.
func (e *Edition) Description() string { return e.beginning(maxDescription) }

// maxDescription is how many characters of a description search engines show.
const maxDescription = 200

// beginning returns the beginning of an edition: of its introduction or, without one, of
// the headlines.
func (e *Edition) beginning(limit int) string {
	text := e.Introduction.Plain()
	if text == "" {
		var headlines []string
		for _, it := range e.Items {
			headlines = append(headlines, it.Headline)
		}
		text = strings.Join(headlines, " · ")
	}
	text = strings.Join(strings.Fields(text), " ")
	runes := []rune(text)
	if len(runes) <= limit {
		return text
	}
	text = string(runes[:limit])
	if i := strings.LastIndexByte(text, ' '); i > limit/2 {
		text = text[:i]
	}
	return text + "…"
}

// linkNumbers numbers the links of a plain text, after the notes of the edition.
type linkNumbers struct {
	numbers map[string]int
	next    int
	recent  []NumberedLink
}

// NumberedLink is a link in plain text, with the number by which the text refers to it.
type NumberedLink struct {
	Number int
	URL    string
}

func newLinkNumbers(e *Edition) *linkNumbers {
	return &linkNumbers{numbers: map[string]int{}, next: len(e.Notes) + 1}
}

func (l *linkNumbers) mark(url string) string {
	if url == "" {
		return ""
	}
	n, ok := l.numbers[url]
	if !ok {
		n = l.next
		l.numbers[url] = n
		l.next++
	}
	if link := (NumberedLink{n, url}); !slices.Contains(l.recent, link) {
		l.recent = append(l.recent, link)
	}
	return "[" + itoa(n) + "]"
}

// Text returns a text as plain text, with a number after each link.
func (m *Mail) Text(t Text) string { return plainText(string(t.HTML), m.links.mark) }

// Mark returns the number of a link in plain text, with a space before it; nothing for no link.
func (m *Mail) Mark(url string) string {
	if mark := m.links.mark(url); mark != "" {
		return "\u00a0" + mark
	}
	return ""
}

// Named returns links as a list in plain text, with their numbers.
func (m *Mail) Named(all []Link) string {
	var out []string
	for _, l := range all {
		out = append(out, l.Text+m.Mark(l.URL))
	}
	return strings.Join(out, m.Words.comma)
}

// Links returns the links that the text has referred to since the last call.
func (m *Mail) Links() []NumberedLink {
	recent := m.links.recent
	m.links.recent = nil
	slices.SortFunc(recent, func(a, b NumberedLink) int { return a.Number - b.Number })
	return recent
}

// Rule returns a line of a character as wide as the text.
func (m *Mail) Rule(mark string) string { return strings.Repeat(mark, columns/max(textWidth(mark), 1)) }

// tidy wraps the lines of a plain text, and leaves one empty line where there are more.
func tidy(text string) string {
	var lines []string
	for line := range strings.Lines(wrap(text)) {
		line = strings.TrimRight(line, " \n")
		if line == "" && (len(lines) == 0 || lines[len(lines)-1] == "") {
			continue
		}
		lines = append(lines, line)
	}
	return strings.TrimRight(strings.Join(lines, "\n"), "\n") + "\n"
}
