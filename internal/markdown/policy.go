package markdown

import (
	"regexp"
	"sync"

	"github.com/microcosm-cc/bluemonday"
)

// policy is the sanitiser of all HTML that the package returns. It permits only what
// the renderer writes. It is made once, when it is first needed, and does not change.
var policy = sync.OnceValue(newPolicy)

func newPolicy() *bluemonday.Policy {
	p := bluemonday.NewPolicy()
	p.RequireParseableURLs(true)
	p.AllowRelativeURLs(true)
	p.AllowURLSchemes("http", "https", "mailto")

	p.AllowElements("h1", "h2", "h3", "h4", "h5", "h6", "p", "br", "hr", "blockquote", "pre", "code",
		"ul", "ol", "li", "table", "thead", "tbody", "tr", "th", "td", "section",
		"em", "strong", "del", "details", "summary", "abbr", "b", "bdi", "bdo", "cite", "dfn", "i",
		"ins", "kbd", "mark", "q", "rp", "rt", "ruby", "s", "samp", "small", "sub", "sup", "time",
		"u", "var", "wbr")
	p.AllowNoAttrs().OnElements("span")

	exactly := func(pattern string) *regexp.Regexp { return regexp.MustCompile(`^(?:` + pattern + `)$`) }
	p.AllowAttrs("id").Matching(exactly(`[\p{L}\p{M}\p{N}-]+`)).OnElements("h1", "h2", "h3", "h4", "h5", "h6")
	p.AllowAttrs("id").Matching(exactly(`fnref-[0-9]+(?:-[0-9]+)?`)).OnElements("sup")
	p.AllowAttrs("id").Matching(exactly(`fn-[0-9]+`)).OnElements("li")
	p.AllowAttrs("start").Matching(exactly(`[0-9]{1,9}`)).OnElements("ol")

	// The boxes of tasks. The renderer drops input elements that an author wrote.
	p.AllowAttrs("class").Matching(exactly(`task-list-item`)).OnElements("li")
	p.AllowAttrs("type").Matching(exactly(`checkbox`)).OnElements("input")
	p.AllowAttrs("disabled", "checked").Matching(exactly(``)).OnElements("input")

	p.AllowAttrs("href").OnElements("a")
	p.AllowAttrs("class").Matching(exactly(`entity|source|footnote-ref|footnote-backref`)).OnElements("a")
	p.AllowAttrs("rel").Matching(exactly(`nofollow noopener`)).OnElements("a")
	p.AllowAttrs("role").Matching(exactly(`doc-noteref|doc-backlink`)).OnElements("a")
	p.AllowAttrs("class").Matching(exactly(`footnotes`)).OnElements("section")
	p.AllowAttrs("role").Matching(exactly(`doc-endnotes`)).OnElements("section")
	p.AllowAttrs("class").Matching(exactly(`language-[a-z0-9+#.-]{1,30}`)).OnElements("code")
	p.AllowAttrs("class").Matching(exactly(`align-(?:left|center|right)`)).OnElements("th", "td")
	p.AllowAttrs("src", "alt").OnElements("img")
	p.AllowAttrs("title").OnElements("a", "img", "abbr", "dfn")

	p.AllowAttrs("lang").Matching(langPattern).Globally()
	p.AllowAttrs("dir").Matching(dirPattern).Globally()
	p.AllowAttrs("datetime").Matching(timePattern).OnElements("time")
	p.AllowAttrs("open").Matching(exactly(``)).OnElements("details")
	return p
}
