package render

import (
	"bytes"
	_ "embed" // the template
	"fmt"
	"html/template"
)

//go:embed templates/feed.html
var feedSource string

// feedTemplate is the full text of an edition in a feed. It cannot be replaced: feed
// readers give it their own style.
var feedTemplate = template.Must(template.New("feed.html").Parse(feedSource))

// FeedHTML returns the full text of the edition for a feed.
func (e *Edition) FeedHTML() (string, error) {
	var out bytes.Buffer
	err := feedTemplate.Execute(&out, struct {
		*Edition
		Words *Words
	}{e, WordsFor(e.Language)})
	if err != nil {
		return "", fmt.Errorf("write the edition %s for a feed: %w", e.Slug, err)
	}
	return out.String(), nil
}
