// Package page has the common parts of the server's HTML pages: the header, the style,
// and the page for paths that don't exist.
//
// URLs in it are relative to the page, so that the pages work behind a
// proxy that serves all of the server under a path.
package page

import (
	"bytes"
	"crypto/sha256"
	_ "embed" // the style and the pages
	"encoding/base64"
	"html/template"
	"strings"
)

// Style is the style of the header and the colours and letters of all pages.
//
//go:embed page.css
var Style string

//go:embed missing.html
var missing string

// mark is the drawing of the thread, on a field of 32 by 32.
const mark = "M4 24c8 4 10-6 6-10s-6 6 2 8 16-2 16-16"

// Icon is the pages' icon, as a data URL.
const Icon = template.URL("data:image/svg+xml,%3Csvg xmlns='http://www.w3.org/2000/svg' viewBox='0 0 32 32'%3E%3Cpath d='" +
	mark + "' fill='none' stroke='%23c8102e' stroke-width='3' stroke-linecap='round'/%3E%3C/svg%3E")

// Place is a page that the header links to.
type Place string

// The pages, by their paths from the server's root.
const (
	Explorer Place = "./"
	Search   Place = "search"
	JSON     Place = "v1"
	Feeds    Place = "feeds"
	Docs     Place = "docs"
)

var header = template.Must(template.New("header").Parse(
	`<a class="skip" href="#content">Skip to the content</a>
<header class="site">
<a class="brand" href="{{.Root}}./"><svg viewBox="0 0 32 32" width="28" height="28" aria-hidden="true"><path d="` + mark + `" fill="none" stroke="currentColor" stroke-width="3" stroke-linecap="round"/></svg>Redthread</a>
{{.Extra}}<nav aria-label="Pages">
{{- range .Places}}<a href="{{$.Root}}{{.Path}}"{{if eq .Path $.Here}} aria-current="page"{{end}}>{{.Name}}</a>{{end -}}
</nav>
</header>
`))

// Header is the header of a page. root leads from the page to the server's
// root: "" from the root and what is beside it, "../" from one below. here is
// the page itself; extra comes before the links.
func Header(root string, here Place, extra template.HTML) template.HTML {
	type place struct {
		Path Place
		Name string
	}
	var out bytes.Buffer
	err := header.Execute(&out, struct {
		Root   string
		Here   Place
		Extra  template.HTML
		Places []place
	}{root, here, extra, []place{{Explorer, "Explorer"}, {Search, "Search"}, {JSON, "JSON"}, {Feeds, "Feeds"}, {Docs, "Docs"}}})
	if err != nil {
		panic(err) // it is a constant
	}
	return template.HTML(out.String())
}

// Policy is the content security policy of a page that loads nothing: its one
// style is in it, and known by its hash; its icon is in it, too.
func Policy(style string) string { return policyOf(style, "'none'") }

// FormPolicy is Policy for a page with forms, which are sent to this server.
func FormPolicy(style string) string { return policyOf(style, "'self'") }

// ScriptPolicy is FormPolicy for a page with one script in it, known by its hash, which requests from this server.
func ScriptPolicy(style, script string) string {
	return FormPolicy(style) + "; script-src " + hash(script) + "; connect-src 'self'"
}

func policyOf(style, forms string) string {
	return "default-src 'none'; style-src " + hash(style) + "; img-src data:; " +
		"base-uri 'none'; form-action " + forms + "; frame-ancestors 'none'"
}

// hash is the source of a policy that allows a text.
func hash(text string) string {
	sum := sha256.Sum256([]byte(text))
	return "'sha256-" + base64.StdEncoding.EncodeToString(sum[:]) + "'"
}

var missingPage = template.Must(template.New("missing").Parse(missing))

// Missing returns the page for a path that does not exist.
func Missing(path string) (body []byte, policy string) {
	root := strings.Repeat("../", max(strings.Count(path, "/")-1, 0))
	var out bytes.Buffer
	if err := missingPage.Execute(&out, map[string]any{
		"Style": template.CSS(Style), "Icon": Icon, "Header": Header(root, "", ""), "Root": root,
	}); err != nil {
		panic(err) // as above
	}
	return out.Bytes(), Policy(Style)
}
