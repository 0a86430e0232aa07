package searchpage

import (
	"bytes"
	_ "embed" // the page, its style and its query
	"encoding/json"
	"html/template"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"

	"github.com/redthread-api/redthread/graph/transport"
	"github.com/redthread-api/redthread/internal/server/content"
	"github.com/redthread-api/redthread/internal/server/page"
)

// Path is the path of the page.
const Path = "/search"

//go:embed search.graphql
var document string

//go:embed page.html
var pageText string

//go:embed page.css
var pageStyle string

// scriptElement is known by the hash of its text, so nothing may be added to it.
var scriptElement = template.HTML("<script>" + script + "</script>")

var pageTemplate = template.Must(template.New("search").Parse(pageText))

// Config is what the page consists of.
type Config struct {
	Executor content.Executor
	Log      *slog.Logger
	// HasPage reports whether the URL of a document leads to a page. A result without one leads to its JSON. Nil: all
	// lead to pages.
	HasPage func(url string) bool
}

type handler struct{ Config }

// Handler serves the page for GET and HEAD; the caller refuses other methods.
func Handler(c Config) http.Handler { return handler{c} }

// The data of the template.
type (
	link struct {
		Label, Link string
		Count       int
	}
	hidden struct{ Name, Value string }
	result struct {
		Title, Link, About string
		Snippets           []template.HTML
	}
	facet struct {
		Name   string
		Values []link
	}
	shown struct {
		Style                         template.CSS
		Icon                          template.URL
		Header, Script                template.HTML
		Query, Problem, Count, Next   string
		Notes                         []string
		Asked, Approximate, Truncated bool
		DidYouMean                    *link
		Hidden                        []hidden
		Chosen, Orders                []link
		Results                       []result
		Facets                        []facet
	}
)

func (h handler) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	q, notes := parameters(r.URL.Query())
	style := page.Style + pageStyle
	s := &shown{Style: template.CSS(style), Icon: page.Icon, Script: scriptElement, Header: page.Header("", page.Search, ""), Query: q.Get("q"), Notes: notes}
	status := http.StatusOK
	s.Asked = s.Query != "" || count(q) > 0
	if s.Asked {
		resp := h.Executor.Execute(r.Context(), transport.Request{Document: document, Operation: "SearchPage", Variables: variables(q)})
		content.CopyHeader(w, resp)
		if len(resp.Errors) > 0 {
			status, s.Problem = content.StatusOf(resp.Errors[0]), resp.Errors[0].Message
		} else if err := h.fill(s, q, resp.Data); err != nil {
			h.Log.ErrorContext(r.Context(), "the search page could not read its response", "error", err)
			status, s.Problem = http.StatusInternalServerError, "internal error"
		}
	}
	var body bytes.Buffer
	if err := pageTemplate.Execute(&body, s); err != nil {
		panic(err) // the page is a constant
	}
	w.Header().Set("Content-Security-Policy", page.ScriptPolicy(style, script))
	write(w, r, status, "text/html; charset=utf-8", body.Bytes())
}

// variables returns the variables of the query for the parameters of a page.
func variables(q url.Values) map[string]any {
	filter := map[string]any{}
	for _, n := range narrowings {
		given := q[n.name]
		switch {
		case len(given) == 0:
		case n.member == "":
			filter["from"], filter["to"] = given[0], given[0]
		default:
			list := make([]any, len(given))
			for i, v := range given {
				list[i] = v
			}
			filter[n.member] = list
		}
	}
	v := map[string]any{"query": q.Get("q"), "filter": filter, "orderBy": "RELEVANCE"}
	if q.Has("by") {
		v["orderBy"] = "NEWEST"
	}
	if after := q.Get("after"); after != "" {
		v["after"] = after
	}
	return v
}

// with returns the address of the page with other parameters, from its beginning.
func with(q url.Values, change func(url.Values)) string {
	next := url.Values{}
	for name, values := range q {
		if name != "after" {
			next[name] = slices.Clone(values)
		}
	}
	change(next)
	return "search?" + next.Encode()
}

type node struct {
	Typename                              string `json:"__typename"`
	Slug, DisplayName, URL, PublishedAt   string
	Kind, Country, ReportKind, Language   string
	Address, Publisher                    string
	Anchor, Headline, OccurredOn, Marking string
	Edition                               *struct{ Slug, DisplayName, URL string }
}

type facetValue struct {
	Value, Label string
	Count        int
}

// fill fills the page from the response to its query.
func (h handler) fill(s *shown, q url.Values, data []byte) error {
	var response struct {
		Search struct {
			TotalCount             int
			Approximate, Truncated bool
			DidYouMean             string
			PageInfo               struct {
				HasNextPage bool
				EndCursor   string
			}
			Edges []struct {
				Snippets []struct{ Field, HTML string }
				Node     node
			}
			Facets map[string][]facetValue
		}
	}
	if err := json.Unmarshal(data, &response); err != nil {
		return err
	}
	found := response.Search
	s.Count = "Nothing was found"
	switch {
	case found.TotalCount == 1:
		s.Count = "1 result"
	case found.TotalCount > 1:
		s.Count = strconv.Itoa(found.TotalCount) + " results"
	}
	s.Approximate, s.Truncated = found.Approximate, found.Truncated
	if found.DidYouMean != "" {
		s.DidYouMean = &link{Label: found.DidYouMean, Link: with(q, func(q url.Values) { q.Set("q", found.DidYouMean) })}
	}
	if found.PageInfo.HasNextPage {
		s.Next = with(q, func(q url.Values) { q.Set("after", found.PageInfo.EndCursor) })
	}
	for _, e := range found.Edges {
		r := h.resultOf(e.Node)
		for _, snippet := range e.Snippets {
			if snippet.Field != "TITLE" || len(e.Snippets) == 1 {
				r.Snippets = append(r.Snippets, template.HTML(snippet.HTML)) // the API promises that it is safe
			}
		}
		s.Results = append(s.Results, r)
	}
	s.narrow(q, found.Facets, found.TotalCount)
	return nil
}

// narrow adds the links that narrow what is found, and those that widen it again.
func (s *shown) narrow(q url.Values, facets map[string][]facetValue, total int) {
	if q.Get("by") != "" {
		s.Hidden = append(s.Hidden, hidden{"by", q.Get("by")})
	}
	full := count(q) == maxValues
	for _, n := range narrowings {
		given := q[n.name]
		for _, v := range given {
			s.Hidden = append(s.Hidden, hidden{n.name, v})
			label := v
			if n.name == "type" || n.name == "kind" {
				label = words(v)
			}
			s.Chosen = append(s.Chosen, link{Label: n.label + ": " + label, Link: with(q, func(q url.Values) {
				q[n.name] = slices.DeleteFunc(q[n.name], func(other string) bool { return other == v })
			})})
		}
		member := n.member
		if member == "" {
			member = "years"
		}
		add := n.name == "tag" || n.name == "entity" // all must hold
		f := facet{Name: n.title}
		for _, v := range facets[member] {
			if slices.Contains(given, v.Value) || v.Count == total && n.name != "type" {
				continue // it narrows nothing
			}
			if full && (add || len(given) == 0) {
				continue // it would be ignored
			}
			f.Values = append(f.Values, link{Label: v.Label, Count: v.Count, Link: with(q, func(q url.Values) {
				if add {
					q.Add(n.name, v.Value)
				} else {
					q.Set(n.name, v.Value)
				}
			})})
		}
		if len(f.Values) > 0 {
			s.Facets = append(s.Facets, f)
		}
	}
	if total < 2 {
		return
	}
	for _, o := range []struct{ label, by string }{{"Best first", ""}, {"Newest first", "newest"}} {
		l := link{Label: o.label}
		if q.Get("by") != o.by {
			l.Link = with(q, func(q url.Values) {
				q.Del("by")
				if o.by != "" {
					q.Set("by", o.by)
				}
			})
		}
		s.Orders = append(s.Orders, l)
	}
}

// page returns the URL of a document if it leads to a page, and is empty otherwise.
func (h handler) page(url string) string {
	if url != "" && h.HasPage != nil && !h.HasPage(url) {
		return ""
	}
	return url
}

// resultOf returns what the page shows of a result. It leads to the page on the publisher's site, or else
// to its JSON.
func (h handler) resultOf(n node) result {
	r := result{Title: n.DisplayName, Link: h.page(n.URL)}
	about := []string{typeOf(n.Typename)}
	path := map[string]string{"Report": "reports", "Narrative": "narratives", "Entity": "entities", "Tag": "tags", "Edition": "editions"}[n.Typename]
	if n.Typename == "EditionItem" {
		r.Title = n.Headline
		if n.Edition != nil {
			about = append(about, n.Edition.DisplayName)
			r.Link = "v1/editions/" + url.PathEscape(n.Edition.Slug)
			if url := h.page(n.Edition.URL); url != "" {
				r.Link = url + "#" + n.Anchor
			}
		}
	}
	if n.Typename == "Source" {
		r.Link = n.Address
	}
	if r.Link == "" && path != "" {
		r.Link = "v1/" + path + "/" + url.PathEscape(n.Slug)
	}
	for _, text := range []string{words(n.Kind), words(n.ReportKind), n.Country, n.Language, n.Publisher, n.OccurredOn} {
		if text != "" {
			about = append(about, text)
		}
	}
	if day, _, ok := strings.Cut(n.PublishedAt, "T"); ok {
		about = append(about, day)
	}
	if n.Marking != "" && n.Marking != "CLEAR" {
		about = append(about, "TLP:"+strings.ReplaceAll(n.Marking, "_", "+"))
	}
	r.About = strings.Join(about, " · ")
	return r
}

// words makes words of a value of an enum.
func words(value string) string { return strings.ToLower(strings.ReplaceAll(value, "_", " ")) }
