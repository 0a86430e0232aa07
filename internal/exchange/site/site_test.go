package site_test

import (
	"testing"

	"github.com/redthread-api/redthread/internal/domain"
	"github.com/redthread-api/redthread/internal/exchange/site"
)

func TestPage(t *testing.T) {
	t.Parallel()
	s := site.Site{URL: "https://site.example/press", Pages: map[domain.Type]string{
		domain.Report: "/r/{slug}.html", domain.Entity: "https://wiki.example/{slug}", domain.Tag: site.None, domain.Edition: "",
	}}
	for _, row := range []struct {
		t    domain.Type
		want string
	}{
		{domain.Report, "https://site.example/r/a%2Fb%20c.html"}, {domain.Entity, "https://wiki.example/a%2Fb%20c"}, {domain.Tag, ""},
		{domain.Edition, "https://site.example/editions/a%2Fb%20c"}, {domain.Narrative, "https://site.example/narratives/a%2Fb%20c"}, {domain.Source, ""},
	} {
		if got := s.Page(row.t, "a/b c"); got != row.want || s.HasPages(row.t) != (row.want != "") {
			t.Errorf("%v: got %q, want %q", row.t, got, row.want)
		}
	}
	if got := s.Home(); got != "https://site.example/press/" {
		t.Errorf("the front page is %s", got)
	}
	if got := (site.Site{}).Page(domain.Report, "a"); got != "/reports/a" {
		t.Errorf("without a site: got %s", got)
	}
	if got := (site.Site{}).Title() + (site.Site{Name: "N"}).Title(); got != "RedthreadN" {
		t.Errorf("the names are %s", got)
	}
}

func TestValid(t *testing.T) {
	t.Parallel()
	for pattern, want := range map[string]bool{
		"/r/{slug}": true, "https://a.example/{slug}": true, "http://a.example/?x={slug}": true,
		"": false, "r/{slug}": false, "//a.example/{slug}": false, "/r": false, "/{slug}/{slug}": false, "javascript:{slug}": false, "https:{slug}": false, "none": false,
	} {
		if got := site.ValidPattern(pattern); got != want {
			t.Errorf("pattern %q: got %v, want %v", pattern, got, want)
		}
	}
	for base, want := range map[string]bool{
		"https://a.example": true, "http://127.0.0.1:8080": true, "https://a.example/press/": true,
		"": false, "a.example": false, "/press": false, "ftp://a.example": false, "https://u@a.example": false, "https://a.example/?": false, "https://a.example/#": false,
	} {
		if got := site.ValidBase(base); got != want {
			t.Errorf("base %q: got %v, want %v", base, got, want)
		}
	}
}
