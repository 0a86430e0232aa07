package feeds

import (
	"context"
	"errors"
	"iter"
	"log/slog"
	"net/http"
	"net/url"
	"slices"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/redthread-api/redthread/graph"
	"github.com/redthread-api/redthread/internal/exchange/feeds"
	"github.com/redthread-api/redthread/internal/exchange/site"
	"github.com/redthread-api/redthread/internal/projection"
)

// Config configures the handler of feeds and sitemaps.
type Config struct {
	Content Executor
	// Site is the publisher's website, to which items link. Its URL must be
	// set.
	Site site.Site
	// PublicURL is the URL of this server, without a slash at the end.
	PublicURL string
	// SitemapSize is how many pages a sitemap may have before it is split into
	// parts; DefaultSitemapSize where it is 0. At most feeds.MaxSitemap.
	SitemapSize int
	Changes     Changes
	// Started is when the process began. Settings and the program version change
	// responses, so no Last-Modified is before that.
	Started time.Time
	// Refuse writes an error response in the common form of the server.
	Refuse func(w http.ResponseWriter, r *http.Request, status int, code, message string)
	Log    *slog.Logger
}

// DefaultSitemapSize is a fifth of the maximum size of a sitemap: so many pages can be
// read within a second.
const DefaultSitemapSize = feeds.MaxSitemap / 5

// The number of items of a page of a feed.
const (
	DefaultItems = 20
	MaxItems     = 50
)

// Changes is the change feed, for the Last-Modified of responses.
type Changes interface {
	// LastChange returns the position after all changes that the viewer of ctx can
	// see.
	LastChange(ctx context.Context) (projection.Position, error)
}

type handler struct{ Config }

// serve makes the response to a request. file is the value of {file} in the route's path.
type serve func(h *handler, r *http.Request, file string) (*response, error)

// response is a document, or a redirect to it.
type response struct {
	media    string // without a charset, which is UTF-8
	body     []byte
	location string
	policy   string // the content security policy of a page that is one
	queries  *queryRunner
}

// route is a path of this package.
type route struct {
	path  string
	serve serve
}

func routes() []route {
	return []route{
		{"/feeds", (*handler).index},
		{"/feeds/{file}", reportsFeed},
		{"/feeds/tags/{file}", feedOf("Tag")},
		{"/feeds/entities/{file}", feedOf("Entity")},
		{"/feeds/narratives/{file}", feedOf("Narrative")},
		{"/feeds/series/{file}", (*handler).series},
		{"/sitemap.xml", (*handler).sitemap},
		{"/sitemaps/{file}", (*handler).sitemapPart},
	}
}

// Paths returns the paths that [Handler] serves, as patterns of http.ServeMux.
func Paths() []string {
	var paths []string
	for _, r := range routes() {
		paths = append(paths, r.path)
	}
	return paths
}

// Handler serves feeds and sitemaps, for GET and HEAD; the caller refuses other
// methods. The contexts of its requests must carry a viewer.
func Handler(c Config) http.Handler {
	h := &handler{c}
	if h.SitemapSize <= 0 || h.SitemapSize > feeds.MaxSitemap {
		h.SitemapSize = DefaultSitemapSize
	}
	mux := http.NewServeMux()
	for _, route := range routes() {
		mux.HandleFunc(route.path, func(w http.ResponseWriter, r *http.Request) {
			// Before the content is read: with a change in between, Last-Modified
			// is too old, and not too new.
			last, unknown := h.Changes.LastChange(r.Context())
			a, err := route.serve(h, r, r.PathValue("file"))
			if err == nil && unknown != nil {
				h.Log.WarnContext(r.Context(), "the time of the last change cannot be read", "path", r.URL.Path, "error", unknown)
			}
			modified := last.At()
			if modified.Before(h.Started) {
				modified = h.Started
			}
			h.write(w, r, a, modified, err)
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) { h.refuse(w, r, errNotFound) })
	return mux
}

func (h *handler) write(w http.ResponseWriter, r *http.Request, a *response, modified time.Time, err error) {
	if err != nil {
		refused, ok := errors.AsType[*refusal](err)
		if !ok {
			h.Log.ErrorContext(r.Context(), "a feed cannot be written", "path", r.URL.Path, "error", err)
			refused = &refusal{status: http.StatusInternalServerError, code: "INTERNAL", message: "internal error"}
		}
		h.refuse(w, r, refused)
		return
	}
	header := w.Header()
	header.Set(graph.MarkingHeader, markingPrefix+a.queries.marking.Label())
	if a.location != "" {
		header.Set("Location", a.location)
		w.WriteHeader(http.StatusMovedPermanently)
		return
	}
	header.Set("Content-Type", a.media+"; charset=utf-8")
	if a.policy != "" {
		header.Set("Content-Security-Policy", a.policy)
	}
	header.Set("Content-Length", strconv.Itoa(len(a.body)))
	if !modified.IsZero() {
		header.Set("Last-Modified", modified.UTC().Format(http.TimeFormat))
	}
	_, _ = w.Write(a.body) // the client may have disconnected
}

// window is the requested part of a list.
type window struct {
	first int
	after string // empty for the start
}

// readWindow reads the parameters of a feed's address.
func readWindow(r *http.Request) (window, error) {
	win := window{first: DefaultItems}
	given, err := parameters(r, "first", "after")
	if err != nil {
		return win, err
	}
	if text, ok := given["first"]; ok {
		if win.first, err = strconv.Atoi(text); err != nil || win.first < 1 || win.first > MaxItems {
			return win, badRequest("first: want a whole number from 1 to %d", MaxItems)
		}
	}
	text, ok := given["after"]
	if ok && text == "" {
		return win, badRequest("after: want the cursor of a page, or leave it out")
	}
	win.after = text
	return win, nil
}

// parameters returns the named parameters of a request's URL; others are ignored. A
// repeated parameter is an error.
func parameters(r *http.Request, names ...string) (map[string]string, error) {
	given := map[string]string{}
	for name, text := range pairs(r.URL.RawQuery) {
		if !slices.Contains(names, name) {
			continue
		}
		value, err := url.QueryUnescape(text)
		if err != nil {
			return nil, badRequest("%s: the value is not encoded correctly", name)
		}
		if _, twice := given[name]; twice {
			return nil, badRequest("%s: give it once", name)
		}
		given[name] = value
	}
	return given, nil
}

// pairs iterates over the names of a query string and their values, which are still
// encoded.
func pairs(query string) iter.Seq2[string, string] {
	return func(yield func(name, value string) bool) {
		for pair := range strings.SplitSeq(query, "&") {
			name, value, _ := strings.Cut(pair, "=")
			if name, err := url.QueryUnescape(name); err == nil && !yield(name, value) {
				return
			}
		}
	}
}

// IgnoreUnknown is middleware that removes unknown parameters from the URL. Feed readers
// and shared links have parameters of their own (utm_source): the response is the same,
// and the response cache behind this needs only one entry.
func IgnoreUnknown(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.RawQuery != "" {
			var known []string
			for name, value := range pairs(r.URL.RawQuery) {
				if name == "first" || name == "after" {
					known = append(known, name+"="+value)
				}
			}
			u := *r.URL
			u.RawQuery = strings.Join(known, "&")
			r = r.WithContext(r.Context())
			r.URL = &u
		}
		next.ServeHTTP(w, r)
	})
}

// variables returns the variables of a query for a list.
func (w window) variables(name string) map[string]any {
	v := map[string]any{"first": w.first}
	if name != "" {
		v["name"] = name
	}
	if w.after != "" {
		v["after"] = w.after
	}
	return v
}

// query returns the window as a query string, in one canonical form.
func (w window) query() string {
	v := url.Values{}
	if w.first != DefaultItems {
		v.Set("first", strconv.Itoa(w.first))
	}
	if w.after != "" {
		v.Set("after", w.after)
	}
	if len(v) == 0 {
		return ""
	}
	return "?" + v.Encode()
}

// split splits a file's name at its last dot.
func split(file string) (name, ext string, ok bool) {
	i := strings.LastIndexByte(file, '.')
	if i <= 0 {
		return "", "", false
	}
	return file[:i], file[i+1:], true
}

// formatOf returns the name and the format of a feed by its file's name. A name that is
// not valid text is not found.
func formatOf(file string) (name string, format feeds.Format, err error) {
	name, ext, ok := split(file)
	ok = ok && utf8.ValidString(name) && !strings.ContainsFunc(name, unicode.IsControl)
	for _, f := range feeds.Formats() {
		if ok && f.Ext == ext {
			return name, f, nil
		}
	}
	return "", feeds.Format{}, errNotFound
}
