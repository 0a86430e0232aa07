package render

import (
	"net/url"
	"strings"

	"golang.org/x/net/html"
)

// Warning is something in a rendering that an editor should look at.
type Warning struct {
	// Code is SIZE, LINK or TEXT.
	Code string
	// Message says what is wrong.
	Message string
}

// The codes of warnings.
const (
	WarnSize = "SIZE" // the mail is so large that clients cut it off
	WarnLink = "LINK" // a link leads nowhere
	WarnText = "TEXT" // a text is missing
)

// Check returns what is wrong in a rendering. content is a page or the HTML of a mail
// (isHTML), or plain text.
func (e *Edition) Check(content string, isHTML, isMail bool) []Warning {
	var all []Warning
	add := func(code, message string) { all = append(all, Warning{code, message}) }
	if isMail && isHTML && len(content) > MaxMail {
		add(WarnSize, "the mail has "+itoa(len(content))+" bytes; mail clients cut it off after "+itoa(MaxMail)+": leave out items, or shorten texts")
	}
	if len(e.Items) == 0 {
		add(WarnText, "items: the edition has none")
	}
	if e.Introduction.IsZero() {
		add(WarnText, "introduction: there is none")
	}
	for i, it := range e.Items {
		if it.Analysis.IsZero() {
			add(WarnText, "items["+itoa(i)+"].analysis: there is none")
		}
		if len(it.Notes) == 0 {
			add(WarnText, "items["+itoa(i)+"].citations: there is none")
		}
	}
	for _, n := range e.Notes {
		if n.URL == "" && n.ArchiveURL == "" {
			add(WarnLink, "the source "+n.source+" has no address")
		}
	}
	if isHTML {
		for _, link := range deadLinks(content) {
			add(WarnLink, link+" leads nowhere")
		}
	}
	return all
}

// deadLinks returns the links in a page that lead nowhere: to an id that is not in it,
// or to an address without a host.
func deadLinks(page string) []string {
	ids := map[string]bool{"": true}
	mapTags(page, func(t *html.Token) bool {
		for _, a := range t.Attr {
			if a.Key == "id" && t.Type != html.EndTagToken {
				ids[a.Val] = true
			}
		}
		return false
	})
	var dead []string
	for _, link := range links(page) {
		if fragment, ok := strings.CutPrefix(link, "#"); ok {
			if name, err := url.PathUnescape(fragment); err != nil || !ids[name] && !ids[fragment] {
				dead = append(dead, link)
			}
			continue
		}
		if to, err := url.Parse(link); err != nil || to.Host == "" && to.Scheme != "mailto" {
			dead = append(dead, link)
		}
	}
	return dead
}
