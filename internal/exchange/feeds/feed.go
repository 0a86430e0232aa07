package feeds

import (
	"crypto/sha1"
	"fmt"
	"strings"
	"time"
	"unicode/utf8"
)

// Feed is a list of items, the newest first. All its URLs must be absolute.
type Feed struct {
	ID          string // an IRI that never changes; see [URN]
	Title       string
	Description string // optional
	Language    string // of all items; empty if they differ
	Home        string // the page with the same content
	Self        string // the URL of the feed
	First, Next string // the URLs of the first and of the next page; empty if there is none
	Updated     time.Time
	Publisher   Author
	Items       []Item
}

// Item is a document of a feed.
type Item struct {
	ID        string // an IRI that never changes; see [URN]
	URL       string // the document's page; optional
	Title     string
	Summary   string // plain text; optional
	HTML      string // the full text, without relative URLs; see [Portable]
	Language  string
	Published time.Time
	Updated   time.Time

	Authors      []Author
	Contributors []Author
	Categories   []Category
	Image        *File  // the picture at its head
	Files        []File // attachments
}

// Author is a person or an organisation.
type Author struct {
	Name string
	URL  string // optional
}

// Category is a term that classifies an item.
type Category struct {
	Term  string // for machines
	Label string // for people
}

// File is a file to download.
type File struct {
	URL   string
	Type  string // the media type
	Size  int64  // in bytes; 0 if it is not known
	Title string // optional
}

// Format is a format of feeds.
type Format struct {
	Ext   string // the extension of the URL of the feed
	Type  string // the media type
	Title string // for people
	Write func(Feed) ([]byte, error)
}

// Formats returns all formats of feeds.
func Formats() []Format {
	return []Format{
		{"rss", "application/rss+xml", "RSS 2.0", Feed.RSS},
		{"atom", "application/atom+xml", "Atom", Feed.Atom},
		{"json", "application/feed+json", "JSON Feed", Feed.JSON},
	}
}

// namespace is the namespace of the UUIDs of this program, made at random.
var namespace = [16]byte{0x5b, 0x1c, 0x9e, 0x0a, 0x6f, 0x43, 0x4d, 0x37, 0x9a, 0x52, 0xc8, 0x1e, 0x70, 0xd3, 0x2b, 0x94}

// URN returns an IRI for a name: always the same for the same name, and a different
// one for each name. It is a UUID of version 5 (RFC 9562), so that it contains no URL
// that could change.
func URN(name string) string {
	hash := sha1.New()
	hash.Write(namespace[:])
	hash.Write([]byte(name))
	u := hash.Sum(nil)[:16]
	u[6] = u[6]&0x0f | 0x50
	u[8] = u[8]&0x3f | 0x80
	return fmt.Sprintf("urn:uuid:%x-%x-%x-%x-%x", u[:4], u[4:6], u[6:8], u[8:10], u[10:])
}

// clean removes the characters that XML 1.0 cannot represent, not even escaped:
// control characters, surrogates and noncharacters; and the control characters that
// it advises against. Bytes that are not UTF-8 become U+FFFD.
func clean(s string) string {
	if utf8.ValidString(s) && strings.IndexFunc(s, unwritable) < 0 {
		return s
	}
	return strings.Map(func(r rune) rune {
		if unwritable(r) {
			return -1
		}
		return r
	}, s)
}

// unwritable reports whether a character is not a Char of XML 1.0, or one that it
// advises against.
func unwritable(r rune) bool {
	switch {
	case r == '\t', r == '\n', r == '\r':
		return false
	case r < 0x20, r >= 0x7F && r <= 0x9F, r == 0xFFFE, r == 0xFFFF:
		return true
	}
	return r >= 0xD800 && r <= 0xDFFF
}

// oneLine returns a text without line breaks, for titles and names.
func oneLine(s string) string { return strings.Join(strings.Fields(clean(s)), " ") }
