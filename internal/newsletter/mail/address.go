package mail

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"

	"github.com/redthread-api/redthread/internal/domain"
)

// Address is an e-mail address with the name that mail programs display for it.
type Address struct {
	Name string // may be empty
	Addr string // local@domain
}

// Limits of addresses, RFC 5321 section 4.5.3.1. A path is at most 256 octets with
// its angle brackets.
const (
	maxLocal   = 64
	maxAddress = 254
)

// Canonical returns an address as it is written in messages and commands: its domain in
// ASCII (A-labels, RFC 5891) and lower case, its local part as it is. The local part may
// have letters outside of ASCII, see [NeedsUTF8]. Quoted local parts and addresses with
// an IP address for a domain are refused. Errors never quote the address.
func Canonical(addr string) (string, error) {
	if !utf8.ValidString(addr) {
		return "", fmt.Errorf("want valid UTF-8")
	}
	at := strings.LastIndexByte(addr, '@')
	if at <= 0 || at == len(addr)-1 {
		return "", fmt.Errorf("want an address such as name@example.org")
	}
	local, host := addr[:at], addr[at+1:]
	if len(local) > maxLocal {
		return "", fmt.Errorf("want at most %d bytes before the @", maxLocal)
	}
	if !isDotAtom(local) {
		return "", fmt.Errorf("want letters, digits, single dots and !#$%%&'*+-/=?^_`{|}~ before the @")
	}
	host, err := canonicalDomain(host)
	if err != nil {
		return "", err
	}
	addr = local + "@" + host
	if len(addr) > maxAddress {
		return "", fmt.Errorf("want at most %d bytes", maxAddress)
	}
	return addr, nil
}

// canonicalDomain returns a domain of an address in A-labels. It must have a dot, or
// be localhost.
func canonicalDomain(host string) (string, error) {
	profile := idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.StrictDomainName(true), idna.VerifyDNSLength(true))
	ascii, err := profile.ToASCII(host)
	if err != nil || strings.HasSuffix(ascii, ".") || !strings.Contains(ascii, ".") && ascii != "localhost" {
		return "", fmt.Errorf("want a domain such as example.org after the @")
	}
	for _, c := range ascii {
		if !isAlphanumeric(c) && c != '-' && c != '.' {
			return "", fmt.Errorf("want a domain such as example.org after the @")
		}
	}
	return ascii, nil
}

// NeedsUTF8 reports whether an address can only be sent to by servers with the extension
// SMTPUTF8 (RFC 6531): its local part is not ASCII.
func NeedsUTF8(addr string) bool { return !isASCII(addr) }

// isDotAtom reports whether s is a dot-atom (RFC 5322 section 3.2.3), also with characters
// outside of ASCII (RFC 6532 section 3.2).
func isDotAtom(s string) bool {
	for atom := range strings.SplitSeq(s, ".") {
		if atom == "" || strings.ContainsFunc(atom, func(c rune) bool { return !isAtext(c) }) {
			return false
		}
	}
	return true
}

func isAtext(c rune) bool {
	if c >= utf8.RuneSelf {
		return unicode.IsGraphic(c) && !unicode.IsSpace(c)
	}
	return isAlphanumeric(c) || strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", c)
}

func isAlphanumeric(c rune) bool {
	return c >= '0' && c <= '9' || c >= 'A' && c <= 'Z' || c >= 'a' && c <= 'z'
}

func isASCII(s string) bool {
	for i := range len(s) {
		if s[i] >= utf8.RuneSelf {
			return false
		}
	}
	return true
}

// check adds the problems of an address to p.
func (a Address) check(path string, p *domain.Problems) {
	if _, err := Canonical(a.Addr); err != nil {
		p.Add(path, "%s", err)
	}
	checkText(path+".name", a.Name, 200, p)
}

// checkText adds a problem to p if a text for a header is too long, is not valid, or has
// control characters: a line break in it could begin another header.
func checkText(path, text string, most int, p *domain.Problems) {
	switch {
	case !utf8.ValidString(text):
		p.Add(path, "want valid UTF-8")
	case strings.ContainsFunc(text, func(c rune) bool { return unicode.IsControl(c) || c == '\u2028' || c == '\u2029' }):
		p.Add(path, "want no line breaks and no control characters")
	case utf8.RuneCountInString(text) > most:
		p.Add(path, "want at most %d characters", most)
	}
}

// tokens returns the address as a header has it, in tokens between which it may be folded.
func (a Address) tokens() ([]string, error) {
	addr, err := Canonical(a.Addr)
	if err != nil {
		return nil, err
	}
	if a.Name == "" {
		return []string{addr}, nil
	}
	return append(phraseTokens(a.Name), "<"+addr+">"), nil
}

// phraseTokens returns a name as the tokens of a phrase (RFC 5322 section 3.2.5).
func phraseTokens(name string) []string {
	switch {
	case name == "":
		return nil
	case !isASCII(name) || strings.Contains(name, "=?"):
		return encodeWords(name)
	}
	// Quoted in one token: a space in a quoted string could be folded, but some programs
	// show the break.
	return []string{`"` + strings.NewReplacer(`\`, `\\`, `"`, `\"`).Replace(name) + `"`}
}
