package mail

import (
	"bytes"
	"fmt"
	"io"
	netmail "net/mail"
	"net/url"
	"regexp"
	"slices"
	"strings"

	"github.com/emersion/go-msgauth/dkim"
	"golang.org/x/net/html"
)

// Finding is one thing that was checked.
type Finding struct {
	Level Level
	Text  string
}

// Level says how bad a finding is.
type Level string

// The levels.
const (
	OK      Level = "ok"
	Warning Level = "warning"
	Problem Level = "problem" // some receivers refuse such mail, or a rule is broken
)

type findings []Finding

func (all *findings) ok(format string, args ...any) {
	*all = append(*all, Finding{OK, fmt.Sprintf(format, args...)})
}

func (all *findings) warn(format string, args ...any) {
	*all = append(*all, Finding{Warning, fmt.Sprintf(format, args...)})
}

func (all *findings) problem(format string, args ...any) {
	*all = append(*all, Finding{Problem, fmt.Sprintf(format, args...)})
}

// clipSize is how many bytes of HTML Gmail shows; it cuts off the rest, with the link to unsubscribe.
const clipSize = 100 << 10

// readParts is a message as the checks need it.
type readParts struct {
	header     netmail.Header
	text, html string
	hasText    bool
	hasHTML    bool
}

func readMessage(raw []byte) readParts {
	var m readParts
	parsed, err := netmail.ReadMessage(bytes.NewReader(raw))
	if err != nil {
		return m
	}
	m.header = parsed.Header
	body, _ := io.ReadAll(parsed.Body)
	for _, p := range partsOf(parsed.Header.Get("Content-Type"), parsed.Header.Get("Content-Transfer-Encoding"), "", body, 0) {
		switch {
		case p.media == "text/plain" && !m.hasText:
			m.text, m.hasText = string(p.content), true
		case p.media == "text/html" && !m.hasHTML:
			m.html, m.hasHTML = string(p.content), true
		}
	}
	return m
}

// LookupTXT finds the keys of signatures.
type LookupTXT func(name string) ([]string, error)

// Check checks a message as it is sent, or as it arrived: its headers, lines, one-click unsubscription, signatures,
// parts and size. lookup finds keys that are not among the configured ones; nil for none.
func Check(raw []byte, keys []Key, lookup LookupTXT) []Finding {
	var all findings
	if !bytes.Contains(raw, []byte("\r\n")) {
		all.ok("lines end in LF, as in a file; they are read as CRLF")
		raw = bytes.ReplaceAll(raw, []byte("\n"), []byte("\r\n"))
	}
	m := readMessage(raw)
	if m.header == nil {
		all.problem("it is no message: the header cannot be read")
		return all
	}
	all.checkHeaders(m.header)
	all.checkLines(raw)
	all.checkList(m.header)
	all.checkSignatures(raw, m.header, keys, lookup)
	all.checkParts(m, len(raw))
	return all
}

func (all *findings) checkHeaders(h netmail.Header) {
	before := len(*all)
	for _, name := range []string{"Date", "From", "To", "Subject", "Message-Id", "Mime-Version", "Content-Type"} {
		switch n := len(h[name]); {
		case n == 0:
			all.problem("%s is missing", name)
		case n > 1:
			all.problem("%s is there %d times; want once", name, n)
		}
	}
	if from := h.Get("From"); from != "" {
		if list, err := h.AddressList("From"); err != nil || len(list) != 1 {
			all.problem("From is not one address")
		}
	}
	if _, err := h.Date(); err != nil && h.Get("Date") != "" {
		all.problem("Date cannot be read")
	}
	if id := h.Get("Message-Id"); id != "" && !idPattern.MatchString(strings.TrimSuffix(strings.TrimPrefix(id, "<"), ">")) {
		all.problem("Message-ID is not <local@domain>")
	}
	for _, name := range []string{"User-Agent", "X-Mailer"} {
		if h.Get(name) != "" {
			all.warn("%s names the program that sent it; leave it out", name)
		}
	}
	if len(*all) == before {
		all.ok("the headers that are wanted are there, each once")
	}
}

func (all *findings) checkLines(raw []byte) {
	before := len(*all)
	head, body, _ := bytes.Cut(raw, []byte("\r\n\r\n"))
	name := ""
	for line := range bytes.SplitSeq(head, []byte("\r\n")) {
		if field, _, ok := bytes.Cut(line, []byte(":")); ok && len(line) > 0 && line[0] != ' ' && line[0] != '\t' {
			name = strings.ToValidUTF8(string(field), "\uFFFD")
		}
		if len(line) > maxLine {
			all.problem("a line of %s has %d bytes; want at most %d", shorten(name), len(line), maxLine)
		}
		if slices.ContainsFunc(line, func(c byte) bool { return c >= 0x80 }) {
			all.warn("%s has bytes outside of ASCII: servers without SMTPUTF8 refuse it", shorten(name))
		}
	}
	number, eightBit := 0, false
	for line := range bytes.SplitSeq(body, []byte("\r\n")) {
		number++
		eightBit = eightBit || slices.ContainsFunc(line, func(c byte) bool { return c >= 0x80 })
		switch {
		case len(line) > maxLine:
			all.problem("line %d of the body has %d bytes; want at most %d", number, len(line), maxLine)
		case bytes.ContainsAny(line, "\r\n"):
			all.problem("line %d of the body has a CR or an LF alone", number)
		case bytes.HasPrefix(line, []byte("From ")):
			all.warn("line %d of the body begins with \"From \": some servers put > before it, which breaks the signature", number)
		}
		if len(*all) > before+20 {
			break
		}
	}
	if eightBit {
		all.warn("the body has bytes outside of ASCII: a server without 8BITMIME recodes it, which breaks the signature")
	}
	if len(*all) == before {
		all.ok("no line is over %d bytes, and all are ASCII", maxLine)
	}
}

// checkList checks the headers of lists: RFC 2369, RFC 2919, RFC 8058.
func (all *findings) checkList(h netmail.Header) {
	if h.Get("List-Id") == "" && h.Get("List-Unsubscribe") == "" && !strings.EqualFold(h.Get("Precedence"), "bulk") {
		all.ok("it is no newsletter: it has neither List-Id nor List-Unsubscribe")
		return
	}
	before := len(*all)
	id := h.Get("List-Id")
	if i := strings.LastIndexByte(id, '<'); i < 0 || !strings.HasSuffix(id, ">") || !listPattern.MatchString(id[i+1:len(id)-1]) {
		all.problem("List-Id is not Name <id.domain> with an id in ASCII")
	}
	first, _, _ := strings.Cut(h.Get("List-Unsubscribe"), ",")
	switch first = strings.TrimSpace(first); {
	case first == "":
		all.problem("List-Unsubscribe is missing")
	case !strings.HasPrefix(first, "<https://") || !strings.HasSuffix(first, ">"):
		all.problem("the first address of List-Unsubscribe is not <https://…>: some programs look at the first only")
	}
	if !strings.Contains(h.Get("List-Unsubscribe"), "<mailto:") {
		all.warn("List-Unsubscribe has no <mailto:…>: some programs know nothing else")
	}
	if h.Get("List-Unsubscribe-Post") != "List-Unsubscribe=One-Click" {
		all.problem("List-Unsubscribe-Post is not List-Unsubscribe=One-Click")
	}
	if !strings.EqualFold(h.Get("Precedence"), "bulk") {
		all.warn("Precedence is not bulk")
	}
	if len(*all) == before {
		all.ok("readers can unsubscribe with one click")
	}
}

// maxSignatures is how many signatures are verified.
const maxSignatures = 10

func (all *findings) checkSignatures(raw []byte, h netmail.Header, keys []Key, lookup LookupTXT) {
	if len(h["Dkim-Signature"]) == 0 {
		all.problem("there is no DKIM-Signature")
		return
	}
	verified, err := dkim.VerifyWithOptions(bytes.NewReader(raw), &dkim.VerifyOptions{MaxVerifications: maxSignatures, LookupTXT: func(name string) ([]string, error) {
		for _, key := range keys {
			if strings.HasPrefix(strings.ToLower(name), strings.ToLower(key.Selector)+"._domainkey.") {
				return []string{key.Record()}, nil
			}
		}
		if lookup != nil {
			return lookup(name)
		}
		return nil, fmt.Errorf("%s is not configured, and was not looked up", shorten(name))
	}})
	if err != nil && len(verified) == 0 {
		all.problem("the signatures cannot be read: %v", err)
		return
	}
	from := fromDomain(h)
	for _, v := range verified {
		name := shorten(v.Domain)
		if v.Err != nil {
			all.problem("the signature of %s: %s", name, strings.TrimPrefix(v.Err.Error(), "dkim: "))
			continue
		}
		all.ok("the signature of %s is valid", name)
		if from != v.Domain && !strings.HasSuffix(from, "."+v.Domain) && !strings.HasSuffix(v.Domain, "."+from) {
			all.problem("the signature is of %s, and From is of %s: DMARC wants the same", name, from)
		}
		for _, header := range []string{"List-Unsubscribe", "List-Unsubscribe-Post"} {
			signed := slices.ContainsFunc(v.HeaderKeys, func(key string) bool { return strings.EqualFold(key, header) })
			if h.Get(header) != "" && !signed {
				all.problem("%s is not signed, which one-click unsubscription wants", header)
			}
		}
	}
}

// fromDomain returns the domain of the From header.
func fromDomain(h netmail.Header) string {
	list, err := h.AddressList("From")
	if err != nil || len(list) == 0 {
		return ""
	}
	return strings.ToLower(list[0].Address[strings.LastIndexByte(list[0].Address, '@')+1:])
}

func (all *findings) checkParts(m readParts, size int) {
	if !m.hasText {
		all.problem("there is no part of type text/plain")
	}
	if !m.hasHTML {
		all.ok("there is no HTML, and %d bytes in all", size)
		return
	}
	if len(m.html) > clipSize {
		all.problem("the HTML has %d bytes: Gmail shows the first %d only", len(m.html), clipSize)
	} else {
		all.ok("the HTML has %d bytes, the message %d", len(m.html), size)
	}
	if !m.hasText {
		return
	}
	before := len(*all)
	links, pictures := linksOf(m.html)
	for _, link := range links {
		if !strings.Contains(m.text, link) {
			all.warn("the text does not have the link %s", shorten(withoutQuery(link)))
		}
		if len(*all) > before+20 {
			break
		}
	}
	for _, picture := range pictures {
		all.warn("the HTML loads a picture, which tells when it is read: %s", shorten(withoutQuery(picture)))
		if len(*all) > before+40 {
			break
		}
	}
	if len(*all) == before {
		all.ok("text and HTML have the same links: %d", len(links))
	}
}

// withoutQuery returns a link without what may be a reader's token.
func withoutQuery(link string) string {
	u, err := url.Parse(link)
	if err != nil {
		return "(an address that cannot be read)"
	}
	u.RawQuery, u.Fragment, u.User = "", "", nil
	return u.String()
}

var webPattern = regexp.MustCompile(`(?i)^https?://`)

// linksOf returns the addresses on the web that HTML links to, each once, and those of pictures that it loads.
func linksOf(document string) (links, pictures []string) {
	z := html.NewTokenizer(strings.NewReader(document))
	for {
		switch z.Next() {
		case html.ErrorToken:
			return links, pictures
		case html.StartTagToken, html.SelfClosingTagToken:
			token := z.Token()
			for _, a := range token.Attr {
				switch {
				case !webPattern.MatchString(a.Val):
				case token.Data == "a" && a.Key == "href" && !slices.Contains(links, a.Val):
					links = append(links, a.Val)
				case token.Data == "img" && a.Key == "src" && !slices.Contains(pictures, a.Val):
					pictures = append(pictures, a.Val)
				}
			}
		}
	}
}
