package newsletter

import (
	"net/netip"
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/net/idna"
	"golang.org/x/text/unicode/norm"
)

// The lengths of RFC 5321, section 4.5.3.1, in octets. A path of 256 octets has two angle
// brackets, so an address has 254.
const (
	maxLocalPart = 64
	maxAddress   = 254
)

// address is an e-mail address that was checked.
type address struct {
	typed string // without surrounding space; mails go to it
	// compared is the form in which addresses are compared: in lower case, in Unicode's NFC,
	// and with the domain in A-labels. The local part of typed is left as it is, because a
	// mail server may tell its letter cases apart (RFC 5321, section 2.4).
	compared string
}

// parseAddress checks an e-mail address. If it is none, problem says what would be right.
// Quoted local parts and literal IP addresses, which are legal and not in use, are refused.
func parseAddress(text string) (a address, problem string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return address{}, "must not be empty: want an address such as reader@example.org"
	}
	if len(text) > maxAddress {
		return address{}, "is too long: an address has at most 254 bytes"
	}
	if !utf8.ValidString(text) {
		return address{}, "is not valid UTF-8"
	}
	at := strings.LastIndexByte(text, '@')
	if at < 1 || at == len(text)-1 {
		return address{}, "want an address such as reader@example.org"
	}
	local, domainName := text[:at], text[at+1:]
	if len(local) > maxLocalPart {
		return address{}, "is too long before the @: at most 64 bytes"
	}
	if !validLocalPart(local) {
		return address{}, "has a character or a dot before the @ that is not allowed there; quoted local parts are not supported"
	}
	ascii, err := domainProfile.ToASCII(norm.NFC.String(domainName))
	if err != nil || !validDomain(ascii) {
		return address{}, "has no valid domain after the @: want one such as example.org"
	}
	if len(local)+1+len(ascii) > maxAddress {
		return address{}, "is too long: an address has at most 254 bytes"
	}
	return address{typed: text, compared: norm.NFC.String(strings.ToLower(local)) + "@" + strings.ToLower(ascii)}, ""
}

// domainProfile is that of lookups in the DNS, and checks lengths.
var domainProfile = idna.New(idna.MapForLookup(), idna.BidiRule(), idna.Transitional(false), idna.StrictDomainName(true), idna.VerifyDNSLength(true))

// validLocalPart reports whether a local part is a dot-string of RFC 5321, extended to
// letters outside of ASCII by RFC 6531.
func validLocalPart(local string) bool {
	for atom := range strings.SplitSeq(local, ".") {
		if atom == "" {
			return false
		}
		for _, r := range atom {
			switch {
			case r >= utf8.RuneSelf:
				if !unicode.IsGraphic(r) || unicode.IsSpace(r) {
					return false
				}
			case 'a' <= r && r <= 'z', 'A' <= r && r <= 'Z', '0' <= r && r <= '9':
			case strings.ContainsRune("!#$%&'*+-/=?^_`{|}~", r):
			default:
				return false
			}
		}
	}
	return true
}

// validDomain reports whether a domain in A-labels has two labels or more and is no IP
// address.
func validDomain(ascii string) bool {
	if _, err := netip.ParseAddr(ascii); err == nil {
		return false
	}
	dot := strings.LastIndexByte(ascii, '.')
	return dot > 0 && dot < len(ascii)-1 && strings.Trim(ascii[dot+1:], "0123456789") != ""
}

// mask returns an address for a page: its first letter and its domain. A page can be seen
// by others who have the link.
func mask(email string) string {
	at := strings.LastIndexByte(email, '@')
	if at < 1 {
		return "…"
	}
	_, size := utf8.DecodeRuneInString(email)
	return email[:size] + "…" + email[at:]
}
