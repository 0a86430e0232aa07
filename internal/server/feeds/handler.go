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

// Config is what feeds are made of.
type Config struct {
	Content Executor
	// Site is where the publisher's pages are, which items lead to. Its URL has
	// to be there.
	Site site.Site
	// PublicURL is where clients find this server, without a slash at the end.
	PublicURL string
	// SitemapSize is how many pages a sitemap may have before it is cut into
	// parts; DefaultSitemapSize where it is 0. At most feeds.MaxSitemap.
	SitemapSize int
	Changes     Changes
	// Started is when the process began. Settings and the program itself make a
	// difference to answers, so none is older than that.
	Started time.Time
	// Refuse answers with an error, in the form that the server has for all.
	Refuse func(w http.ResponseWriter, r *http.Request, status int, code, message string)
	Log    *slog.Logger
}

// DefaultSitemapSize is a fifth of what a sitemap may have: so many pages are
// read within a second.
const DefaultSitemapSize = feeds.MaxSitemap / 5

// The number of items of a page of a feed.
const (
	DefaultItems = 20
	MaxItems     = 50
)

// Changes is the change feed, by which answers are dated.
type Changes interface {
	// LastChange is the position behind all changes that the viewer of ctx saw.
	LastChange(ctx context.Context) (projection.Position, error)
}

type handler struct{ Config }

// serve answers a request, with file being what {file} stands for in the
// route's path.
type serve func(h *handler, r *http.Request, file string) (*answer, error)

// answer is a document, or the address that has it.
type answer struct {
	media  string // without a charset, which is UTF-8
	body   []byte
	moved  string
	policy string // the content security policy of a page that is one
	talk   *talk
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

// Paths are what [Handler] serves, as patterns of http.ServeMux.
func Paths() []string {
	var paths []string
	for _, r := range routes() {
		paths = append(paths, r.path)
	}
	return paths
}

// Handler serves feeds and sitemaps, to GET and HEAD; other methods are the
// caller's to refuse. The contexts of its requests must carry a viewer.
func Handler(c Config) http.Handler {
	h := &handler{c}
	if h.SitemapSize <= 0 || h.SitemapSize > feeds.MaxSitemap {
		h.SitemapSize = DefaultSitemapSize
	}
	mux := http.NewServeMux()
	for _, route := range routes() {
		mux.HandleFunc(route.path, func(w http.ResponseWriter, r *http.Request) {
			// Before the content is read: what changes in between makes the
			// answer seem older than it is, and not newer.
			last, unknown := h.Changes.LastChange(r.Context())
			a, err := route.serve(h, r, r.PathValue("file"))
			if err == nil && unknown != nil {
				h.Log.WarnContext(r.Context(), "a feed has no time of its last change", "path", r.URL.Path, "error", unknown)
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

func (h *handler) write(w http.ResponseWriter, r *http.Request, a *answer, modified time.Time, err error) {
	if err != nil {
		refused, ok := errors.AsType[*refusal](err)
		if !ok {
			h.Log.ErrorContext(r.Context(), "a feed could not be made", "path", r.URL.Path, "error", err)
			refused = &refusal{status: http.StatusInternalServerError, code: "INTERNAL", message: "internal error"}
		}
		h.refuse(w, r, refused)
		return
	}
	header := w.Header()
	header.Set(graph.MarkingHeader, markingPrefix+a.talk.marking.Label())
	if a.moved != "" {
		header.Set("Location", a.moved)
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
	_, _ = w.Write(a.body) // the client may have gone
}

// window is the part of a list that is asked for.
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

// parameters are those of a request's address that are named; others are
// ignored. One that is there twice is refused.
func parameters(r *http.Request, names ...string) (map[string]string, error) {
	given := map[string]string{}
	for name, text := range pairs(r.URL.RawQuery) {
		if !slices.Contains(names, name) {
			continue
		}
		value, err := url.QueryUnescape(text)
		if err != nil {
			return nil, badRequest("%s: the value is not encoded as it should be", name)
		}
		if _, twice := given[name]; twice {
			return nil, badRequest("%s: give it once", name)
		}
		given[name] = value
	}
	return given, nil
}

// pairs are the names of a query string with their values, which are still
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

// IgnoreUnknown takes off an address what means nothing to a feed. Feed readers
// and those who share links put their own parameters there (utm_source): the
// answer is the same, and so the response cache behind this has it once.
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

// variables are those of a question about a list.
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

// query is the window in an address, in one form only.
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

// split cuts a file's name into what comes before its last dot, and after it.
func split(file string) (name, ext string, ok bool) {
	i := strings.LastIndexByte(file, '.')
	if i <= 0 {
		return "", "", false
	}
	return file[:i], file[i+1:], true
}

// formatOf finds the format of a feed by its file's name. Nothing has a name
// that is not text.
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
