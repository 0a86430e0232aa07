package searchpage

import (
	_ "embed" // the query and the script
	"encoding/json"
	"net/http"
	"slices"
	"strconv"
	"strings"
	"unicode"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/server/content"
)

// SuggestionsPath is the path of suggestions.
const SuggestionsPath = "/search/suggestions"

const (
	maxPrefix      = 512 // bytes
	maxSuggestions = 8
)

//go:embed suggest.graphql
var suggestions string

//go:embed suggest.js
var script string

// suggestion is a name or title, with the type of what has it.
type suggestion struct {
	Text string `json:"text"`
	Type string `json:"type"`
}

type suggestionsHandler struct{ Config }

// Suggestions serves suggestions for the script of the page, for GET and HEAD: names and titles with words that
// begin as the parameter prefix does. The caller refuses other methods.
func Suggestions(c Config) http.Handler { return suggestionsHandler{c} }

func (h suggestionsHandler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	found, status := []suggestion{}, http.StatusOK
	if prefix := prefixOf(r.URL.Query().Get("prefix")); prefix != "" {
		resp := h.Executor.Execute(r.Context(), transport.Request{
			Document: suggestions, Operation: "Suggestions", Variables: map[string]any{"prefix": prefix, "first": maxSuggestions},
		})
		content.CopyHeader(w, resp)
		var data struct {
			Suggest []struct {
				Text string
				Node struct {
					Typename string `json:"__typename"`
				}
			}
		}
		if len(resp.Errors) > 0 {
			status = content.StatusOf(resp.Errors[0])
		} else if err := json.Unmarshal(resp.Data, &data); err != nil {
			h.Log.ErrorContext(r.Context(), "the search page could not read its suggestions", "error", err)
			status = http.StatusInternalServerError
		}
		for _, s := range data.Suggest {
			same := func(other suggestion) bool { return other.Text == s.Text }
			if !slices.ContainsFunc(found, same) && len(found) < maxSuggestions {
				found = append(found, suggestion{s.Text, typeOf(s.Node.Typename)})
			}
		}
	}
	body, err := json.Marshal(map[string][]suggestion{"suggestions": found})
	if err != nil {
		panic(err) // it has strings only
	}
	write(w, r, status, "application/json", append(body, '\n'))
}

// prefixOf returns what was typed so far, without what is no text; empty where that is nothing, or too long to be the
// beginning of a name. A space at the end remains: it ends a word.
func prefixOf(text string) string {
	if len(text) > maxPrefix {
		return ""
	}
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, strings.ToValidUTF8(text, " "))
	if strings.TrimSpace(text) == "" {
		return ""
	}
	return text
}

// typeOf names a type as the page shows it.
func typeOf(typename string) string {
	if typename == "EditionItem" {
		return "item"
	}
	return strings.ToLower(typename)
}

// write writes a response for GET or HEAD.
func write(w http.ResponseWriter, r *http.Request, status int, media string, body []byte) {
	header := w.Header()
	if header.Get("Retry-After") == "" && (status == http.StatusTooManyRequests || status == http.StatusServiceUnavailable) {
		header.Set("Retry-After", retryAfter)
	}
	header.Set("Content-Type", media)
	header.Set("Content-Length", strconv.Itoa(len(body)))
	w.WriteHeader(status)
	if r.Method != http.MethodHead {
		_, _ = w.Write(body) // the client may have disconnected
	}
}

// retryAfter is the default of Retry-After, in seconds.
const retryAfter = "10"
