package feeds

import "encoding/json"

// The objects of JSON Feed 1.1.
type (
	jsonFeed struct {
		Version     string       `json:"version"`
		Title       string       `json:"title"`
		Home        string       `json:"home_page_url,omitempty"`
		Self        string       `json:"feed_url,omitempty"`
		Description string       `json:"description,omitempty"`
		Next        string       `json:"next_url,omitempty"`
		Authors     []jsonAuthor `json:"authors,omitempty"`
		Language    string       `json:"language,omitempty"`
		Items       []jsonItem   `json:"items"`
	}
	jsonItem struct {
		ID          string       `json:"id"`
		URL         string       `json:"url,omitempty"`
		Title       string       `json:"title"`
		HTML        string       `json:"content_html"`
		Summary     string       `json:"summary,omitempty"`
		Image       string       `json:"image,omitempty"`
		Published   string       `json:"date_published"`
		Modified    string       `json:"date_modified"`
		Authors     []jsonAuthor `json:"authors,omitempty"`
		Tags        []string     `json:"tags,omitempty"`
		Language    string       `json:"language,omitempty"`
		Attachments []jsonFile   `json:"attachments,omitempty"`
	}
	jsonAuthor struct {
		Name string `json:"name"`
		URL  string `json:"url,omitempty"`
	}
	jsonFile struct {
		URL   string `json:"url"`
		Type  string `json:"mime_type"`
		Title string `json:"title,omitempty"`
		Size  int64  `json:"size_in_bytes,omitempty"`
	}
)

// JSON writes the feed as JSON Feed 1.1. That has no contributors besides authors, so
// they are left out.
func (f Feed) JSON() ([]byte, error) {
	out := jsonFeed{
		Version: "https://jsonfeed.org/version/1.1", Title: oneLine(f.Title), Home: f.Home, Self: f.Self,
		Description: oneLine(f.Description), Next: f.Next, Authors: jsonAuthors([]Author{f.Publisher}), Language: f.Language,
		Items: []jsonItem{},
	}
	for _, it := range f.Items {
		item := jsonItem{
			ID: it.ID, URL: it.URL, Title: oneLine(it.Title), HTML: clean(it.HTML), Summary: clean(it.Summary),
			Published: rfc3339(it.Published), Modified: rfc3339(it.Updated), Authors: jsonAuthors(it.Authors), Language: it.Language,
		}
		if it.Image != nil {
			item.Image = it.Image.URL
		}
		for _, c := range it.Categories {
			item.Tags = append(item.Tags, oneLine(c.Label))
		}
		for _, file := range it.Files {
			if file.Type != "" {
				item.Attachments = append(item.Attachments, jsonFile{file.URL, file.Type, oneLine(file.Title), file.Size})
			}
		}
		out.Items = append(out.Items, item)
	}
	text, err := json.MarshalIndent(out, "", "  ")
	return append(text, '\n'), err
}

func jsonAuthors(authors []Author) []jsonAuthor {
	var all []jsonAuthor
	for _, a := range authors {
		all = append(all, jsonAuthor{oneLine(a.Name), a.URL})
	}
	return all
}
