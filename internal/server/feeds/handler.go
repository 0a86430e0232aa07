package feeds

import (
	"log/slog"
	"net/http"
	"net/url"
	"strconv"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/redthread-api/redthread/internal/exchange/feeds"
	"github.com/redthread-api/redthread/internal/exchange/site"
	"github.com/redthread-api/redthread/internal/server/content"
)

// Config configures the handler of feeds and sitemaps.
type Config struct {
	Content content.Executor
	// Site is the publisher's website, to which items link. Its URL must be
	// set.
	Site site.Site
	// PublicURL is the URL of this server, without a slash at the end.
	PublicURL string
	// SitemapSize is how many pages a sitemap may have before it is split into
	// parts; DefaultSitemapSize where it is 0. At most feeds.MaxSitemap.
	SitemapSize int
	Changes     content.Changes
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

type handler struct{ Config }

// serve makes the response to a request. file is the value of {file} in the route's path.
type serve func(h *handler, r *http.Request, file string) (*response, error)

// response is a document, or a redirect to it.
type response = content.Response

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
	out := &content.Writer{Changes: h.Changes, Started: h.Started, Refuse: h.Refuse, Log: h.Log}
	mux := http.NewServeMux()
	for _, route := range routes() {
		mux.HandleFunc(route.path, func(w http.ResponseWriter, r *http.Request) {
			out.Serve(w, r, func(r *http.Request) (*response, error) { return route.serve(h, r, r.PathValue("file")) })
		})
	}
	mux.HandleFunc("/", func(w http.ResponseWriter, r *http.Request) {
		out.Serve(w, r, func(*http.Request) (*response, error) { return nil, content.ErrNotFound })
	})
	return mux
}

// window is the requested part of a list.
type window struct {
	first int
	after string // empty for the start
}

// readWindow reads the parameters of a feed's address.
func readWindow(r *http.Request) (window, error) {
	win := window{first: DefaultItems}
	given, err := content.Parameters(r, "first", "after")
	if err != nil {
		return win, err
	}
	if text, ok := given["first"]; ok {
		if win.first, err = strconv.Atoi(text); err != nil || win.first < 1 || win.first > MaxItems {
			return win, content.BadRequest("first: want a whole number from 1 to %d", MaxItems)
		}
	}
	text, ok := given["after"]
	if ok && text == "" {
		return win, content.BadRequest("after: want the cursor of a page, or leave it out")
	}
	win.after = text
	return win, nil
}

// IgnoreUnknown is middleware that removes the parameters from the URL that feeds do not
// have.
func IgnoreUnknown(next http.Handler) http.Handler {
	return content.KeepParameters("first", "after")(next)
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
	return "", feeds.Format{}, content.ErrNotFound
}
