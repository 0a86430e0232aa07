package mail

import (
	"bytes"
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"net/url"
	"regexp"
	"strings"
	"time"
	"unicode/utf8"

	"golang.org/x/text/language"

	"github.com/redthread-api/redthread/internal/domain"
)

// Message is a message to one recipient, in parts.
type Message struct {
	From    Address
	To      Address
	ReplyTo Address // none where Addr is empty

	Subject string
	Date    time.Time
	// ID is the Message-ID without angle brackets: local@domain, with a domain of the
	// publisher's. It must be the same when a message is composed again.
	ID string
	// Language is a BCP 47 tag, for Content-Language; empty for none.
	Language string

	// List is set for newsletters, and nil for a message to one person, such as the
	// confirmation of a subscription.
	List *List
	// AutoSubmitted is for messages that are no newsletter: "auto-generated" (RFC 3834
	// section 5), so that an absent reader's program does not reply. Empty for none.
	AutoSubmitted string

	// Text and HTML are the two forms of the same content. Text must not be empty.
	Text string
	HTML string
	// Pictures are attached to the HTML, which refers to them by cid: addresses.
	Pictures []Picture
}

// List has what a message says of the list that it is sent to.
type List struct {
	Name string // for people
	// ID is the List-Id without angle brackets, in ASCII: report.news.example.org. See
	// RFC 2919.
	ID string
	// UnsubscribeURL takes the POST of RFC 8058. It begins with "https://", and is the only URL in
	// the message that needs no confirmation.
	UnsubscribeURL string
	// UnsubscribeMail is a mailto: address for programs that know no other way; empty for none.
	UnsubscribeMail string
}

// Picture is a picture in a message.
type Picture struct {
	ID   string // as in cid:ID
	Type string // image/png, image/jpeg, image/gif or image/webp
	Data []byte
}

// Limits of a message.
const (
	maxSubject  = 300 // characters
	maxURL      = maxLine - len("List-Unsubscribe: <>,")
	maxPictures = 20
	// MaxSize is the greatest number of bytes of a message that Bytes composes.
	MaxSize = 10 << 20
)

var (
	idPattern      = regexp.MustCompile(`^[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+(\.[A-Za-z0-9!#$%&'*+/=?^_{|}~-]+)*@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)*$`)
	listPattern    = regexp.MustCompile(`^[A-Za-z0-9_-]+(\.[A-Za-z0-9_-]+)+$`)
	picturePattern = regexp.MustCompile(`^[A-Za-z0-9._-]{1,64}(@[A-Za-z0-9.-]{1,100})?$`)
)

// Validate returns an error of domain.KindInvalid that lists all that is wrong with the
// message. It quotes no address.
func (m *Message) Validate() error {
	var p domain.Problems
	m.From.check("from", &p)
	if canonical, err := Canonical(m.From.Addr); err == nil && NeedsUTF8(canonical) {
		p.Add("from", "want ASCII before the @: many servers refuse others")
	}
	m.To.check("to", &p)
	if m.ReplyTo.Addr != "" || m.ReplyTo.Name != "" {
		m.ReplyTo.check("replyTo", &p)
	}
	checkText("subject", m.Subject, maxSubject, &p)
	if strings.TrimSpace(m.Subject) == "" {
		p.Add("subject", "must not be empty")
	}
	if m.Date.IsZero() {
		p.Add("date", "must be set")
	}
	if len(m.ID) > 250 || !idPattern.MatchString(m.ID) {
		p.Add("id", "want local@domain in ASCII, at most 250 bytes")
	}
	if m.Language != "" {
		if _, err := language.Parse(m.Language); err != nil {
			p.Add("language", "want a BCP 47 tag, such as en or zh-Hant")
		}
	}
	if m.AutoSubmitted != "" && m.AutoSubmitted != "auto-generated" {
		p.Add("autoSubmitted", "want auto-generated, or nothing")
	}
	if m.List != nil {
		m.List.check(&p)
	}
	m.checkContent(&p)
	return p.Err("the message cannot be composed")
}

func (m *Message) checkContent(p *domain.Problems) {
	if strings.TrimSpace(m.Text) == "" {
		p.Add("text", "must not be empty: it is what programs without HTML show")
	}
	for _, part := range []struct{ path, content string }{{"text", m.Text}, {"html", m.HTML}} {
		if !utf8.ValidString(part.content) {
			p.Add(part.path, "want valid UTF-8")
		}
		if strings.ContainsRune(part.content, 0) {
			p.Add(part.path, "want no NUL")
		}
	}
	if len(m.Pictures) > maxPictures {
		p.Add("pictures", "want at most %d", maxPictures)
	}
	seen := map[string]bool{}
	size := len(m.Text) + len(m.HTML)
	for i, picture := range m.Pictures {
		path := fmt.Sprintf("pictures[%d]", i)
		if !picturePattern.MatchString(picture.ID) {
			p.Add(path+".id", "want 1 to 64 letters, digits, dots, hyphens and underscores, with or without @domain")
		}
		if seen[picture.ID] {
			p.Add(path+".id", "is the same as another's")
		}
		seen[picture.ID] = true
		switch picture.Type {
		case "image/png", "image/jpeg", "image/gif", "image/webp":
		default:
			p.Add(path+".type", "want image/png, image/jpeg, image/gif or image/webp")
		}
		size += len(picture.Data)
	}
	if len(m.Pictures) > 0 && m.HTML == "" {
		p.Add("pictures", "have no HTML that shows them")
	}
	if size > MaxSize/2 {
		p.Add("size", "want at most %d bytes of text, HTML and pictures together, not %d", MaxSize/2, size)
	}
}

func (l *List) check(p *domain.Problems) {
	checkText("list.name", l.Name, 200, p)
	if len(l.ID) > 255 || !listPattern.MatchString(l.ID) {
		p.Add("list.id", "want names with dots between them in ASCII, such as report.news.example.org, at most 255 bytes")
	}
	// Some programs look for "https:" in lower case, and split at commas.
	u, err := url.Parse(l.UnsubscribeURL)
	if err != nil || !strings.HasPrefix(l.UnsubscribeURL, "https://") || u.Host == "" || !isPrintable(l.UnsubscribeURL) {
		p.Add("list.unsubscribeURL", "want an address that begins with https://, in ASCII, without spaces, commas and angle brackets")
	} else if len(l.UnsubscribeURL) > maxURL {
		p.Add("list.unsubscribeURL", "want at most %d bytes, so that the line of List-Unsubscribe has at most %d; not %d", maxURL, maxLine, len(l.UnsubscribeURL))
	}
	if l.UnsubscribeMail == "" {
		return
	}
	if !strings.HasPrefix(l.UnsubscribeMail, "mailto:") || !isPrintable(l.UnsubscribeMail) || len(l.UnsubscribeMail) > maxURL {
		p.Add("list.unsubscribeMail", "want an address that begins with mailto:, in ASCII, without spaces, commas and angle brackets, at most %d bytes", maxURL)
	}
}

// isPrintable reports whether s can be in angle brackets in a list of URLs.
func isPrintable(s string) bool {
	for i := range len(s) {
		if s[i] <= ' ' || s[i] >= 0x7f || strings.IndexByte(`,<>"`, s[i]) >= 0 {
			return false
		}
	}
	return true
}

// Bytes composes the message, with CRLF at the end of lines. The same message has the same bytes.
// The error is one of Validate, or names a header with a line that is too long.
func (m *Message) Bytes() ([]byte, error) {
	if err := m.Validate(); err != nil {
		return nil, err
	}
	var b bytes.Buffer
	b.Grow(4<<10 + len(m.Text)*5/4 + len(m.HTML)*5/4)
	if err := m.writeHeaders(&b); err != nil {
		return nil, &domain.Error{Kind: domain.KindInvalid, Message: "the message cannot be composed: " + err.Error()}
	}
	m.writeBody(&b)
	return b.Bytes(), nil
}

func (m *Message) writeHeaders(b *bytes.Buffer) error {
	type field struct {
		name   string
		tokens []string
	}
	var fields []field
	add := func(name string, tokens ...string) { fields = append(fields, field{name, tokens}) }

	add("Date", m.Date.UTC().Format("Mon, 02 Jan 2006 15:04:05 -0700"))
	for _, a := range []struct {
		name    string
		address Address
	}{{"From", m.From}, {"To", m.To}, {"Reply-To", m.ReplyTo}} {
		if a.address.Addr == "" {
			continue
		}
		tokens, err := a.address.tokens()
		if err != nil {
			return fmt.Errorf("%s: %w", a.name, err)
		}
		add(a.name, tokens...)
	}
	add("Subject", textTokens(m.Subject)...)
	add("Message-ID", "<"+m.ID+">")
	if l := m.List; l != nil {
		add("List-Id", append(phraseTokens(l.Name), "<"+l.ID+">")...)
		// https first: some programs look at the first only.
		if l.UnsubscribeMail != "" {
			add("List-Unsubscribe", "<"+l.UnsubscribeURL+">,", "<"+l.UnsubscribeMail+">")
		} else {
			add("List-Unsubscribe", "<"+l.UnsubscribeURL+">")
		}
		add("List-Unsubscribe-Post", "List-Unsubscribe=One-Click")
		add("Precedence", "bulk")
	}
	if m.AutoSubmitted != "" {
		add("Auto-Submitted", m.AutoSubmitted)
	}
	if m.Language != "" {
		add("Content-Language", m.Language)
	}
	add("MIME-Version", "1.0")
	for _, f := range fields {
		if err := writeHeader(b, f.name, f.tokens...); err != nil {
			return err
		}
	}
	return nil
}

// token is derived from the Message-ID, so that a message that is composed again is the same.
func (m *Message) token() string {
	sum := sha256.Sum256([]byte(m.ID))
	return hex.EncodeToString(sum[:8])
}
