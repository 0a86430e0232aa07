package content

import (
	"iter"
	"net/http"
	"net/url"
	"slices"
	"strings"
)

// Parameters returns the named parameters of a request's URL; others are ignored. A
// repeated parameter is an error.
func Parameters(r *http.Request, names ...string) (map[string]string, error) {
	given := map[string]string{}
	for name, text := range pairs(r.URL.RawQuery) {
		if !slices.Contains(names, name) {
			continue
		}
		value, err := url.QueryUnescape(text)
		if err != nil {
			return nil, BadRequest("%s: the value is not encoded correctly", name)
		}
		if _, twice := given[name]; twice {
			return nil, BadRequest("%s: give it once", name)
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

// KeepParameters returns middleware that removes all parameters but some from the URL.
// Feed readers and shared links have parameters of their own (utm_source): the response is
// the same, and the response cache behind this needs only one entry.
func KeepParameters(names ...string) func(http.Handler) http.Handler {
	return func(next http.Handler) http.Handler {
		return http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
			if r.URL.RawQuery != "" {
				var known []string
				for name, value := range pairs(r.URL.RawQuery) {
					if slices.Contains(names, name) {
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
}
