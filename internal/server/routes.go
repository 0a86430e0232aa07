package server

import (
	"context"
	"net/http"
	"net/url"
	"slices"
	"strings"
	"time"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/server/content"
	"github.com/redthread-api/redthread/internal/server/editions"
	"github.com/redthread-api/redthread/internal/server/explorer"
	"github.com/redthread-api/redthread/internal/server/feeds"
	"github.com/redthread-api/redthread/internal/server/mailbox"
	"github.com/redthread-api/redthread/internal/server/newsletter"
	"github.com/redthread-api/redthread/internal/server/pictures"
	"github.com/redthread-api/redthread/internal/server/searchpage"
)

// middleware wraps a handler.
type middleware func(http.Handler) http.Handler

// wrap returns the handler with the middleware, the first outermost.
func wrap(h http.Handler, middlewares ...middleware) http.Handler {
	for _, m := range slices.Backward(middlewares) {
		h = m(h)
	}
	return h
}

func handler(c Config) http.Handler {
	api := wrap(c.GraphQL,
		noStore,
		c.sockets.count,
		findViewer(c.Authenticator, c.Log),
		limitBody(c.MaxBody, min(c.MaxBody, MaxPublicBody)),
		c.ResponseCache.Wrap,
	)
	// The endpoint is relative, so that the page works behind a proxy that
	// serves all of this under a path.
	messages := ""
	if c.Mailbox != nil {
		messages = strings.TrimPrefix(mailbox.Path, "/")
	}
	page := explorer.Handler(explorer.Config{Endpoint: "graphql", Examples: c.Examples, DemoKey: c.DemoKey, Messages: messages, NotFound: http.HandlerFunc(notFound)})

	mux := http.NewServeMux()
	mux.Handle("/graphql", api)
	if c.Schema != nil {
		mux.Handle("/schema.graphql", wrap(c.Schema(http.HandlerFunc(notFound)), noStore, findViewer(c.Authenticator, c.Log), c.ResponseCache.Wrap))
	}
	mux.Handle("/changes", onlyGet(wrap(changes{c.ChangeFeed, c.Streams, c.Quotas, c.Log}, noStore, findViewer(c.Authenticator, c.Log))))
	if c.Feeds.Content != nil {
		documents := onlyGet(wrap(feedsHandler(c), noStore, findViewer(c.Authenticator, c.Log), feeds.IgnoreUnknown, c.ResponseCache.Wrap, withTimeout(c.Timeout)))
		for _, path := range feeds.Paths() {
			mux.Handle(path, documents)
		}
		mux.Handle("/feeds/{$}", onlyGet(withoutSlash("feeds")))
		if c.Editions.Enabled {
			pages := onlyGet(wrap(editionsHandler(c), noStore, findViewer(c.Authenticator, c.Log), editions.KnownParameters, c.ResponseCache.Wrap, withTimeout(c.Timeout)))
			for _, path := range editions.Paths() {
				mux.Handle(path, pages)
			}
			mux.Handle("/editions/{$}", onlyGet(withoutSlash("editions")))
		}
	}
	if c.Subscribers != nil {
		pages := wrap(c.Subscribers, noStore, findViewer(c.Authenticator, c.Log), withTimeout(c.Timeout))
		for _, path := range newsletter.Paths() {
			mux.Handle(path, pages)
		}
	}
	if c.Bounces != nil {
		mux.Handle(newsletter.BouncesPath, wrap(c.Bounces, noStore, findViewer(c.Authenticator, c.Log), withTimeout(c.Timeout)))
	}
	mux.Handle("/{$}", onlyGet(page))
	mux.Handle("/explorer/", onlyGet(page))
	mux.Handle("/explorer/demo-key", page) // which is requested by POST
	if c.REST != nil {
		routes := wrap(c.REST, noStore, findViewer(c.Authenticator, c.Log), c.ResponseCache.Wrap)
		mux.Handle("/v1", routes)
		mux.Handle("/v1/", routes)
		mux.Handle("/v1/openapi.json", onlyGet(c.REST.Description()))
		mux.Handle("/docs", onlyGet(c.REST.Page()))
		mux.Handle("/docs/{$}", onlyGet(withoutSlash("docs")))
	}
	if c.Search != nil {
		config := searchpage.Config{Executor: c.Search, Log: c.Log, HasPage: hasPage(mux, c.OwnSite)}
		for path, h := range map[string]http.Handler{searchpage.Path: searchpage.Handler(config), searchpage.SuggestionsPath: searchpage.Suggestions(config)} {
			mux.Handle(path, onlyGet(wrap(h, noStore, findViewer(c.Authenticator, c.Log), withTimeout(c.Timeout))))
		}
	}
	if c.Search != nil {
		drawn := onlyGet(wrap(pictures.Handler(pictures.Config{Executor: c.Search, Log: c.Log, Refuse: refuseParameters}),
			noStore, findViewer(c.Authenticator, c.Log), c.ResponseCache.Wrap, withTimeout(c.Timeout)))
		for _, path := range pictures.Paths() {
			mux.Handle(path, drawn)
		}
	}
	if c.Mailbox != nil {
		pages := onlyGet(noStore(mailbox.Handler(c.Mailbox, c.Log, http.HandlerFunc(notFound))))
		mux.Handle(mailbox.Path, pages)
		mux.Handle(mailbox.Path+"/", pages)
	}
	mux.Handle("/healthz", onlyGet(noStore(http.HandlerFunc(alive))))
	mux.Handle("/readyz", onlyGet(noStore(newReadiness(c.Checks, c.Log))))
	mux.HandleFunc("/", notFound)
	if c.Files.Handler != nil {
		mux.Handle(c.Files.Path, onlyGet(c.Files.Handler(http.HandlerFunc(notFound))))
	}

	return wrap(recordRoute(mux),
		receive(c.Log, c.TrustedProxies, c.Observe, c.Tracer),
		secureHeaders,
		c.Origins.allow,
		compress(),
		recoverPanics(c.Log),
	)
}

// hasPage returns a function that reports whether the URL of a document leads to a page. Below own, which may be empty,
// there are no pages but those of mux; others are the publisher's.
func hasPage(mux *http.ServeMux, own string) func(page string) bool {
	return func(page string) bool {
		path, below := strings.CutPrefix(page, own+"/")
		if own == "" || !below {
			return true
		}
		u, err := url.Parse("/" + path)
		if err != nil {
			return false
		}
		_, pattern := mux.Handler(&http.Request{Method: http.MethodGet, URL: u})
		return pattern != "/"
	}
}

// withoutSlash redirects from a page's address with a slash at the end to the one
// without, relative as all addresses of pages.
func withoutSlash(page string) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, _ *http.Request) {
		w.Header().Set("Location", "../"+page)
		w.WriteHeader(http.StatusPermanentRedirect)
	})
}

// notFound responds to paths that don't exist.
func notFound(w http.ResponseWriter, r *http.Request) {
	refuse(w, r, refusal{status: http.StatusNotFound, code: "NOT_FOUND", message: "there is nothing at this path; the API is at /graphql, and as JSON at /v1"})
}

// feedsHandler serves feeds and sitemaps.
func feedsHandler(c Config) http.Handler {
	return feeds.Handler(feeds.Config{
		Content: c.Feeds.Content, Site: c.Feeds.Site, PublicURL: c.Feeds.PublicURL, Changes: c.ChangeFeed, Started: c.Started, Log: c.Log,
		Refuse: refuseContent,
	})
}

// editionsHandler serves the pages of editions.
func editionsHandler(c Config) http.Handler {
	return editions.Handler(editions.Config{
		Content: c.Feeds.Content, Templates: c.Editions.Templates, Site: c.Feeds.Site, PublicURL: c.Feeds.PublicURL, SubscribeURL: c.Editions.SubscribeURL,
		Writer: content.Writer{Changes: c.ChangeFeed, Started: c.Started, Log: c.Log, Refuse: refuseContent},
	})
}

// refuseContent writes an error response of the endpoints that serve documents.
func refuseContent(w http.ResponseWriter, r *http.Request, status int, code, message string) {
	refuseParameters(w, r, status, code, message)
}

// refuseParameters is refuseContent that also says what is wrong with each parameter.
func refuseParameters(w http.ResponseWriter, r *http.Request, status int, code, message string, fields ...domain.FieldError) {
	refuse(w, r, refusal{status: status, code: code, message: message, fields: fields})
}

// withTimeout sets a timeout for whole requests: a sitemap executes many operations,
// each of which has a timeout of its own.
func withTimeout(d time.Duration) middleware {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			ctx, cancel := context.WithTimeout(r.Context(), d)
			defer cancel()
			next.ServeHTTP(w, r.WithContext(ctx))
		})
	}
}

var noStoreValue = []string{"no-store"}

// noStore keeps responses out of caches, unless the handler sets Cache-Control itself.
func noStore(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		w.Header()["Cache-Control"] = noStoreValue
		next.ServeHTTP(w, r)
	})
}

func onlyGet(next http.Handler) http.Handler {
	return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet && r.Method != http.MethodHead {
			w.Header().Set("Allow", "GET, HEAD")
			refuse(w, r, refusal{status: http.StatusMethodNotAllowed, code: "METHOD_NOT_ALLOWED", message: "this path accepts GET and HEAD"})
			return
		}
		next.ServeHTTP(w, r)
	})
}
