package demo_test

import (
	"encoding/xml"
	"net/http"
	"net/http/httptest"
	"strconv"
	"strings"
	"testing"

	"github.com/redthread-api/redthread/internal/demo"
	"github.com/redthread-api/redthread/internal/store"
	"github.com/redthread-api/redthread/internal/store/storetest"
)

// fetch requests a path of the demo's files.
func fetch(t *testing.T, path string) *http.Response {
	t.Helper()
	w := httptest.NewRecorder()
	demo.Files(http.NotFoundHandler()).ServeHTTP(w, httptest.NewRequestWithContext(t.Context(), http.MethodGet, path, nil))
	return w.Result()
}

// Each asset of the demo can be fetched at its URL, and has its media type and size.
func TestAssetsCanBeFetched(t *testing.T) {
	t.Parallel()
	for _, a := range mutations(t)["createAsset"] {
		address := a["url"].(string)
		path, ok := strings.CutPrefix(address, "https://demo.example")
		if !ok {
			t.Errorf("%s: want an address that LoadAt moves to where the server is", address)
		}
		r := fetch(t, path)
		if r.StatusCode != http.StatusOK || r.Header.Get("Content-Type") != a["mediaType"] || r.Header.Get("Content-Length") != strconv.FormatInt(a["size"].(int64), 10) {
			t.Errorf("%s: got %d, %s, %s bytes, want %s of %v bytes", path, r.StatusCode,
				r.Header.Get("Content-Type"), r.Header.Get("Content-Length"), a["mediaType"], a["size"])
		}
		if a["altText"] == nil {
			t.Errorf("%s: no alternative text", path)
		}
		if strings.HasSuffix(path, ".svg") {
			checkPicture(t, path, r)
		}
		if h := r.Header; h.Get("X-Content-Type-Options") != "nosniff" || h.Get("ETag") == "" || !strings.Contains(h.Get("Content-Security-Policy"), "frame-ancestors 'none'") {
			t.Errorf("%s: got headers %v", path, h)
		}
	}
}

// checkPicture checks that a picture is an SVG of the size of a hero, with a background
// of its own, so that it can be shown on any page, and without scripts and links.
func checkPicture(t *testing.T, path string, r *http.Response) {
	t.Helper()
	if !strings.HasPrefix(r.Header.Get("Content-Security-Policy"), "default-src 'none'") {
		t.Errorf("%s: got the policy %q", path, r.Header.Get("Content-Security-Policy"))
	}
	harmless := map[string]bool{"svg": true, "title": true, "rect": true, "circle": true, "line": true, "path": true, "text": true}
	decoder, first, ground := xml.NewDecoder(r.Body), true, false
	for {
		token, err := decoder.Token()
		if err != nil {
			break
		}
		element, ok := token.(xml.StartElement)
		if !ok {
			continue
		}
		attributes := map[string]string{}
		for _, a := range element.Attr {
			attributes[a.Name.Local] = a.Value
			if strings.HasPrefix(a.Name.Local, "on") || a.Name.Local == "href" || a.Name.Local == "style" {
				t.Errorf("%s: <%s> has %s", path, element.Name.Local, a.Name.Local)
			}
		}
		if !harmless[element.Name.Local] {
			t.Errorf("%s has <%s>", path, element.Name.Local)
		}
		if first && (attributes["width"] != "1200" || attributes["height"] != "630" || attributes["viewBox"] != "0 0 1200 630") {
			t.Errorf("%s: got %v, want 1200 by 630", path, attributes)
		}
		if element.Name.Local == "rect" && attributes["width"] == "1200" && attributes["height"] == "630" {
			ground = true
		}
		first = false
	}
	if first || !ground {
		t.Errorf("%s: no picture, or none with a ground", path)
	}
}

func TestOtherPathsAreNotFound(t *testing.T) {
	t.Parallel()
	for _, path := range []string{"/demo/", "/demo/none.svg", "/demo/../load.go", "/demo/files", "/demo/quay.SVG", "/demo/quay.svg/"} {
		if r := fetch(t, path); r.StatusCode != http.StatusNotFound {
			t.Errorf("%s: got %d, want 404", path, r.StatusCode)
		}
	}
}

// heroes returns the URLs of the heroes of all reports on the desk, by slug.
func heroes(t *testing.T, exec demo.Exec) map[string]string {
	t.Helper()
	var d struct {
		Reports struct {
			Nodes []struct {
				Slug string
				Hero *struct{ URL string }
			}
		}
	}
	ask(editor(t.Context()), t, exec, `query @inContext(stage: DESK) { reports(first: 100) { nodes { slug hero { url } } } }`, &d)
	all := map[string]string{}
	for _, r := range d.Reports.Nodes {
		if r.Hero == nil {
			t.Errorf("%s has no hero", r.Slug)
			continue
		}
		all[r.Slug] = r.Hero.URL
	}
	return all
}

// UpdateURLs sets the URLs of the files to the new URL of the server; changes of staff
// stay.
func TestUpdateURLs(t *testing.T) {
	t.Parallel()
	storetest.Each(t, func(t *testing.T, s *store.Stores) {
		exec := newExec(t, s)
		const before, after = "http://127.0.0.1:8080", "https://api.site.example/redthread"
		if err := demo.LoadAt(editor(t.Context()), before, exec); err != nil {
			t.Fatal(err)
		}
		for slug, address := range heroes(t, exec) {
			if !strings.HasPrefix(address, before+demo.Path) {
				t.Errorf("%s: got %s, want it at %s", slug, address, before)
			}
		}
		ask(editor(t.Context()), t, exec, `mutation {
			elsewhere: updateAsset(input: {id: "one-half", url: "https://cdn.example/one-half.svg"}) { changed }
			titled: updateAsset(input: {id: "two-chairs", title: "Three chairs"}) { changed }
		}`, &struct{}{})
		for range 2 { // the second time there is nothing to do
			if err := demo.UpdateURLs(editor(t.Context()), after, exec); err != nil {
				t.Fatal(err)
			}
		}
		for slug, address := range heroes(t, exec) {
			want := after + demo.Path
			if slug == "reading-a-chain-of-owners" {
				want = "https://cdn.example/one-half.svg"
			}
			if !strings.HasPrefix(address, want) {
				t.Errorf("%s: got %s, want %s", slug, address, want)
			}
		}
		var d struct {
			Asset struct {
				URL     string
				Version int
			}
			Pdf, Titled struct{ URL, Title string }
		}
		ask(editor(t.Context()), t, exec, `query { asset(slug: "three-strands") { url version } pdf: asset(slug: "harborlight-pdf") { url }
			titled: asset(slug: "two-chairs") { title url } }`, &d)
		if d.Asset.URL != after+"/demo/three-strands.svg" || d.Asset.Version != 2 || d.Pdf.URL != after+"/demo/who-owns-harborlight-mining.pdf" ||
			d.Titled.URL != after+"/demo/two-chairs.svg" || d.Titled.Title != "Three chairs" {
			t.Errorf("live: got %+v", d)
		}
	})
}
