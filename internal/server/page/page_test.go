package page_test

import (
	"crypto/sha256"
	"encoding/base64"
	"regexp"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/server/page"
)

func TestHeader(t *testing.T) {
	t.Parallel()
	got := string(page.Header("../", page.Feeds, "<i>extra</i>"))
	for _, want := range []string{
		`class="brand" href=".././"`, `<a href=".././">Explorer</a>`, `<a href="../v1">JSON</a>`,
		`<a href="../feeds" aria-current="page">Feeds</a>`, `<a href="../docs">Docs</a>`, "<i>extra</i>",
	} {
		if !strings.Contains(got, want) {
			t.Errorf("got %s, want it with %s", got, want)
		}
	}
	if strings.Count(got, "aria-current") != 1 {
		t.Errorf("got %s: want one current page", got)
	}
}

// The links of the page that is not there lead to the server's root from
// wherever it stands, and what the policy allows is what the page has.
func TestMissing(t *testing.T) {
	t.Parallel()
	for path, docs := range map[string]string{"/x": `href="docs"`, "/a/b": `href="../docs"`, "/feeds/tags/": `href="../../docs"`, "": `href="docs"`} {
		body, policy := page.Missing(path)
		if !strings.Contains(string(body), docs) {
			t.Errorf("%q: no %s in %s", path, docs, body)
		}
		style := regexp.MustCompile(`(?s)<style>(.*)</style>`).FindSubmatch(body)
		sum := sha256.Sum256(style[1])
		if !strings.Contains(policy, base64.StdEncoding.EncodeToString(sum[:])) {
			t.Errorf("the policy %s is not that of the style", policy)
		}
		if strings.Contains(string(body), path) && len(path) > 3 {
			t.Errorf("the page repeats %s", path)
		}
	}
}
