package respcache

import (
	"slices"
	"strings"

	"github.com/redthread-api/redthread/internal/dependency"
)

// The headers with cache tags, in the canonical form of Go. CDNs read one or the other.
const (
	cacheTag     = "Cache-Tag"
	surrogateKey = "Surrogate-Key"
)

// maxTags is the greatest number of tags of a response, each of at most 13 bytes. It is the
// lowest of the limits that CDNs document: CloudFront ignores more than 50, Akamai more than
// 128, and Cloudflare and Fastly take 16 KB.
const maxTags = 50

// tags are the values of the headers with cache tags.
type tags struct{ commas, spaces []string }

// addTags adds what the entry depends on as tags, for those of its uses that are public. The
// entry must not be shared yet.
func (e *entry) addTags() {
	keys := dependency.Distinct(slices.Clone(e.dependsOn), maxTags)
	if len(keys) == 0 {
		return
	}
	names := make([]string, len(keys))
	for i, key := range keys {
		names[i] = key.String()
	}
	e.tags = &tags{[]string{strings.Join(names, ",")}, []string{strings.Join(names, " ")}}
	e.weight += uint32(2 * len(e.tags.commas[0]))
}
