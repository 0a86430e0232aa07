package respcache

import (
	"net/http"
	"strings"
	"time"
)

// hasLastModified reports whether the Last-Modified of an entry distinguishes it from
// later ones. Within the second that it names the response may change again, and
// would have the same Last-Modified (RFC 9110, 8.8.2.2).
func (e *entry) hasLastModified(now time.Time) bool {
	return !e.modified.IsZero() && !now.Before(e.modified.Add(time.Second))
}

// notModified reports whether the response that the client has is current: by its
// If-None-Match or, where there is none, by its If-Modified-Since (RFC 9110, 13.2.2).
// That must equal the Last-Modified and not be merely later: a response of a process
// whose live lagged is older than the time at which it was fetched.
func notModified(request http.Header, tag string, dated bool, modified time.Time) bool {
	if tags, ok := request["If-None-Match"]; ok {
		return matchesETag(tags, tag)
	}
	since, err := http.ParseTime(request.Get("If-Modified-Since"))
	return err == nil && dated && modified.Equal(since)
}

// matchesETag reports whether an If-None-Match names a validator, by weak comparison,
// or is "*".
func matchesETag(ifNoneMatch []string, tag string) bool {
	for _, list := range ifNoneMatch {
		for list != "" {
			list = strings.TrimLeft(list, " \t,")
			if strings.HasPrefix(list, "*") {
				return true
			}
			weak := strings.TrimPrefix(list, "W/")
			if !strings.HasPrefix(weak, `"`) {
				break // the rest is malformed
			}
			end := strings.IndexByte(weak[1:], '"')
			if end < 0 {
				break
			}
			if weak[:end+2] == tag {
				return true
			}
			list = weak[end+2:]
		}
	}
	return false
}
