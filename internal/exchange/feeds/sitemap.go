package feeds

import (
	"encoding/xml"
	"time"
)

// MaxSitemap is the greatest number of URLs in a sitemap.
const MaxSitemap = 50_000

// Page is a URL in a sitemap, or of a sitemap in an index.
type Page struct {
	URL     string
	Updated time.Time // zero if it is not known
}

type (
	urlSet struct {
		XMLName   xml.Name `xml:"urlset"`
		Namespace string   `xml:"xmlns,attr"`
		Pages     []mapped `xml:"url"`
	}
	sitemapIndex struct {
		XMLName   xml.Name `xml:"sitemapindex"`
		Namespace string   `xml:"xmlns,attr"`
		Pages     []mapped `xml:"sitemap"`
	}
	mapped struct {
		URL     string `xml:"loc"`
		Updated string `xml:"lastmod,omitempty"`
	}
)

const sitemapNamespace = "http://www.sitemaps.org/schemas/sitemap/0.9"

// Sitemap writes a sitemap of at most [MaxSitemap] pages.
func Sitemap(pages []Page) ([]byte, error) {
	return writeXML(urlSet{Namespace: sitemapNamespace, Pages: mapAll(pages)})
}

// SitemapIndex writes an index of sitemaps.
func SitemapIndex(sitemaps []Page) ([]byte, error) {
	return writeXML(sitemapIndex{Namespace: sitemapNamespace, Pages: mapAll(sitemaps)})
}

func mapAll(pages []Page) []mapped {
	all := make([]mapped, len(pages))
	for i, p := range pages {
		all[i].URL = p.URL
		if !p.Updated.IsZero() {
			all[i].Updated = rfc3339(p.Updated)
		}
	}
	return all
}
