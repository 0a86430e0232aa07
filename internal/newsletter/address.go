package newsletter

import (
	"strings"
	"unicode/utf8"

	"github.com/redthread-api/redthread/internal/newsletter/mail"
	"golang.org/x/text/unicode/norm"
)

// address is an e-mail address that was checked.
type address struct {
	typed string // without surrounding space; mails go to it
	// compared is the form in which addresses are compared: in lower case, in Unicode's NFC,
	// and with the domain in A-labels. The local part of typed is left as it is, because a
	// mail server may tell its letter cases apart (RFC 5321, section 2.4).
	compared string
}

// parseAddress checks an e-mail address. If it is none, problem says what would be right. It accepts what
// [mail.Canonical] does, but for addresses without a domain of the DNS: at localhost, or at the numbers of an IP address.
func parseAddress(text string) (a address, problem string) {
	text = strings.TrimSpace(text)
	if text == "" {
		return address{}, "must not be empty: want an address such as reader@example.org"
	}
	canonical, err := mail.Canonical(norm.NFC.String(text))
	if err != nil {
		return address{}, err.Error()
	}
	at := strings.LastIndexByte(canonical, '@')
	local, host := canonical[:at], canonical[at+1:]
	if host == "localhost" || strings.Trim(host[strings.LastIndexByte(host, '.')+1:], "0123456789") == "" {
		return address{}, "want a domain such as example.org after the @"
	}
	return address{typed: text, compared: norm.NFC.String(strings.ToLower(local)) + "@" + host}, ""
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
