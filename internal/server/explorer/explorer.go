// Package explorer serves GraphiQL, with which people try queries in a browser, embedded, so that it works without the internet and under a
// content security policy that allows no inline script or style.
//
// The vendored files in dist are made by vendor.sh, and gzipped as they are mostly sent; those in assets are ours.
// The package knows nothing of the API but its URL. The
// page is public and holds no secrets; the API checks visibility.
package explorer

import (
	"bytes"
	"compress/gzip"
	"crypto/sha256"
	"embed"
	"encoding/hex"
	"encoding/json"
	"fmt"
	"html/template"
	"io"
	"io/fs"
	"mime"
	"net/http"
	"net/url"
	"path"
	"strconv"
	"strings"
	"sync"
	"time"

	"github.com/redthread-api/redthread/internal/server/page"
)

//go:embed assets dist
var files embed.FS

//go:embed page.html
var pageText string

// Example is a query that the page opens in a tab of its own for people who
// have not been there before. The tab is named after the query's operation, so
// Name is put above the query as a comment.
type Example struct {
	Name      string
	Query     string
	Variables string // a JSON object, or empty
}

// Config configures the page.
type Config struct {
	// Endpoint is the URL of the GraphQL API, as the browser sees it.
	Endpoint string
	// Examples open in tabs; the first is also what new tabs start with.
	Examples []Example
	// DemoKey is the key that the page offers to use; empty: it offers none.
	DemoKey string
	// Messages is the address of the pages of messages, relative to the page; empty: there are none.
	Messages string
	// NotFound serves all other paths.
	NotFound http.Handler
}

// Handler serves the page at / and what it loads at /explorer/, for GET and
// HEAD; every other path is not found.
//
// The files that the page loads have a hash of their content in their names
// and may be cached forever; they are gzipped for clients that accept that.
// Nothing of it is read or made before the first request for the page.
func Handler(c Config) http.Handler {
	assets := sync.OnceValue(func() map[string]*asset { return assetsOf(c) })
	demo := demoKey(c.DemoKey, c.NotFound)
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.URL.Path == "/"+demoKeyPath {
			demo.ServeHTTP(w, r)
			return
		}
		if r.URL.Path != "/" && !strings.HasPrefix(r.URL.Path, "/explorer/") {
			c.NotFound.ServeHTTP(w, r)
			return
		}
		a, ok := assets()[r.URL.Path]
		if !ok {
			c.NotFound.ServeHTTP(w, r)
			return
		}
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			http.Error(w, "method not allowed", http.StatusMethodNotAllowed)
			return
		}
		a.ServeHTTP(w, r)
	})
}

// assetsOf returns the page and what it loads, by path.
func assetsOf(c Config) map[string]*asset {
	assets := map[string]*asset{}
	names := map[string]string{}
	add := func(name string, open func() io.ReadSeeker) *asset {
		a := newAsset(name, open)
		a.cacheControl = "public, max-age=31536000, immutable"
		extension := path.Ext(name)
		url := "explorer/" + strings.TrimSuffix(name, extension) + "." + a.hash[:12] + extension
		names[name] = url
		assets["/"+url] = a
		return a
	}
	for _, dir := range []string{"assets", "dist"} {
		entries, err := fs.ReadDir(files, dir)
		if err != nil {
			panic(err) // embedded files can be read
		}
		for _, entry := range entries {
			content, err := files.ReadFile(path.Join(dir, entry.Name()))
			if err != nil {
				panic(err) // as above
			}
			name, isCompressed := strings.CutSuffix(entry.Name(), ".gz")
			if !isCompressed {
				add(name, func() io.ReadSeeker { return bytes.NewReader(content) })
				continue
			}
			add(name, func() io.ReadSeeker { return bytes.NewReader(decompress(content)) }).gzipped = func() []byte { return content }
		}
	}
	add("page.css", func() io.ReadSeeker { return strings.NewReader(page.Style) })
	html := render(names, c)
	index := newAsset("index.html", func() io.ReadSeeker { return bytes.NewReader(html) })
	index.cacheControl = "no-cache"
	index.policy = policy(c.Endpoint)
	assets["/"] = index
	return assets
}

// render returns the page. URLs of assets are relative, so that the page works
// behind a proxy that serves it under a path.
func render(names map[string]string, c Config) []byte {
	type tab struct {
		Query     string `json:"query"`
		Variables string `json:"variables,omitempty"`
	}
	tabs := make([]tab, len(c.Examples))
	for i, example := range c.Examples {
		tabs[i] = tab{Query: example.Query, Variables: example.Variables}
		if example.Name != "" {
			// A name is one line, whatever it holds.
			name := strings.Join(strings.Fields(example.Name), " ")
			tabs[i].Query = "# " + name + "\n" + example.Query
		}
	}
	encoded, err := json.Marshal(tabs)
	if err != nil {
		panic(err) // strings can be encoded
	}
	asset := func(name string) (string, error) {
		if url, ok := names[name]; ok {
			return url, nil
		}
		return "", fmt.Errorf("no asset %q", name)
	}
	var extra template.HTML
	if c.DemoKey != "" {
		extra = demoButton
	}
	if c.Messages != "" {
		extra += template.HTML(`<a href="` + template.HTMLEscapeString(c.Messages) + `">Messages</a>` + "\n")
	}
	var b bytes.Buffer
	err = template.Must(template.New("page").Funcs(template.FuncMap{"asset": asset}).Parse(pageText)).
		Execute(&b, map[string]any{"Endpoint": c.Endpoint, "Examples": string(encoded), "Header": page.Header("", page.Explorer, extra)})
	if err != nil {
		panic(err) // the page and its assets are constants
	}
	return b.Bytes()
}

// dialogStyle is the hash of the one style element that GraphiQL's dialogs put
// into the page, to keep what is behind them from scrolling. The page doesn't
// scroll anyway; without the hash the browser only complains in its console.
const dialogStyle = "'sha256-nzTgYzXYDNe6BAHiiI7NNlfK8n/auuOAhh2t92YvuXo='"

// policy is the page's content security policy: everything comes from the
// page's own origin. data: is for the fonts and the pictures that GraphiQL's
// style sheet carries in itself.
func policy(endpoint string) string {
	connect := "'self'"
	if u, err := url.Parse(endpoint); err == nil && u.Host != "" {
		connect = u.Scheme + "://" + u.Host
	}
	return "default-src 'none'; script-src 'self'; style-src 'self' " + dialogStyle + "; " +
		"img-src 'self' data:; font-src 'self' data:; connect-src " + connect + "; " +
		"base-uri 'none'; form-action 'none'; frame-ancestors 'none'"
}

// asset is a response that never changes.
type asset struct {
	open         func() io.ReadSeeker // not compressed
	contentType  string
	hash         string
	cacheControl string
	policy       string
	gzipped      func() []byte
}

func newAsset(name string, open func() io.ReadSeeker) *asset {
	hash := sha256.New()
	_, _ = io.Copy(hash, open()) // it is in memory
	return &asset{
		open:        open,
		contentType: contentType(name),
		hash:        hex.EncodeToString(hash.Sum(nil)[:16]),
		gzipped:     sync.OnceValue(func() []byte { return compress(open()) }),
	}
}

func (a *asset) ServeHTTP(w http.ResponseWriter, r *http.Request) {
	content, etag := a.open(), a.hash
	header := w.Header()
	header.Set("Content-Type", a.contentType)
	header.Set("Cache-Control", a.cacheControl)
	header.Set("X-Content-Type-Options", "nosniff")
	header.Set("Referrer-Policy", "no-referrer")
	header.Add("Vary", "Accept-Encoding")
	if a.policy != "" {
		header.Set("Content-Security-Policy", a.policy)
	}
	if acceptsGzip(r.Header.Values("Accept-Encoding")) {
		content, etag = bytes.NewReader(a.gzipped()), etag+"-gzip"
		header.Set("Content-Encoding", "gzip")
	}
	header.Set("ETag", `"`+etag+`"`)
	// ServeContent handles conditional requests, HEAD and ranges.
	http.ServeContent(w, r, "", time.Time{}, content)
}

// contentType doesn't use the system's tables of types, which differ.
func contentType(name string) string {
	switch path.Ext(name) {
	case ".html":
		return "text/html; charset=utf-8"
	case ".js":
		return "text/javascript; charset=utf-8"
	case ".css":
		return "text/css; charset=utf-8"
	case ".svg":
		return "image/svg+xml"
	case ".txt":
		return "text/plain; charset=utf-8"
	}
	return "application/octet-stream"
}

func compress(content io.Reader) []byte {
	var b bytes.Buffer
	// Neither the level nor a buffer in memory can be refused.
	w, _ := gzip.NewWriterLevel(&b, gzip.BestCompression)
	_, _ = io.Copy(w, content)
	_ = w.Close()
	return b.Bytes()
}

// decompress is for clients that do not accept gzip.
func decompress(content []byte) []byte {
	r, err := gzip.NewReader(bytes.NewReader(content))
	if err != nil {
		panic(err) // vendor.sh has made it
	}
	all, err := io.ReadAll(r)
	if err != nil {
		panic(err) // as above
	}
	return all
}

// acceptsGzip reads Accept-Encoding: gzip or * is named, and not with a weight
// of 0.
func acceptsGzip(values []string) bool {
	weights := map[string]float64{}
	for coding := range strings.SplitSeq(strings.Join(values, ","), ",") {
		name, params, err := mime.ParseMediaType(strings.TrimSpace(coding))
		if err != nil {
			continue
		}
		weight := 1.0
		if q, ok := params["q"]; ok {
			if weight, err = strconv.ParseFloat(q, 64); err != nil {
				continue
			}
		}
		weights[name] = weight
	}
	if weight, ok := weights["gzip"]; ok {
		return weight > 0
	}
	return weights["*"] > 0
}
