// Package canonical normalises texts to the form in which they are stored. A text
// that is compared with a stored one, in a filter, a parameter or a key, must be
// normalised too: otherwise a name that was typed with a combining accent would
// not be found.
package canonical

import (
	"mime"
	"strings"

	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// Form is a form in which texts are stored.
type Form int

// The forms. Those after the first are for values that have several notations.
const (
	Text      Form = iota // Unicode NFC, without space around it
	Language              // a language tag, BCP 47: "zh-Hans"
	Country               // a country code, ISO 3166-1 alpha-2: "JP"
	MediaType             // a media type, RFC 6838: "image/png"
)

// Of returns the text in the form. A text that is not a value of the kind, such as
// one that is no language tag, gets the form of [Text]: no stored value equals it.
func (f Form) Of(text string) string {
	text = Of(text)
	value, ok := "", false
	switch f {
	case Language:
		value, ok = ParseLanguage(text)
	case Country:
		value, ok = ParseCountry(text)
	case MediaType:
		value, ok = ParseMediaType(text)
	}
	if ok {
		return value
	}
	return text
}

// Prefix returns the beginning of a text in the form. Space at its end stays: it
// may separate two words.
func (f Form) Prefix(text string) string {
	text = strings.TrimLeft(norm.NFC.String(text), spaces)
	switch f {
	case Language:
		return languagePrefix(text)
	case Country:
		return strings.ToUpper(text)
	case MediaType:
		return strings.ToLower(text)
	}
	return text
}

// spaces are the white space of Unicode, the same that [strings.TrimSpace] removes.
const spaces = "\t\n\v\f\r \u0085\u00a0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"

// Of returns the text in the form of [Text].
func Of(text string) string { return strings.TrimSpace(norm.NFC.String(text)) }

// ParseLanguage parses a language tag and returns it in the form of BCP 47, with
// deprecated codes replaced. ok is false if the text is no language tag.
func ParseLanguage(text string) (tag string, ok bool) {
	parsed, err := language.Parse(text)
	return parsed.String(), err == nil && parsed != language.Und
}

// ParseCountry parses a country code of two letters. ok is false if the text is
// none.
func ParseCountry(text string) (code string, ok bool) {
	region, err := language.ParseRegion(text)
	if err != nil || !region.IsCountry() || len(text) != 2 {
		return "", false
	}
	return region.String(), true
}

// ParseMediaType parses a media type. ok is false if the text is none.
func ParseMediaType(text string) (mediaType string, ok bool) {
	parsed, params, err := mime.ParseMediaType(text)
	if err != nil || !strings.Contains(parsed, "/") {
		return "", false
	}
	return mime.FormatMediaType(parsed, params), true
}

// languagePrefix returns the beginning of a language tag, whose last part may be
// incomplete, in the letter case of BCP 47: "zh-Hans-TW".
func languagePrefix(text string) string {
	if tag, ok := ParseLanguage(text); ok {
		return tag
	}
	parts := strings.Split(strings.ToLower(strings.ReplaceAll(text, "_", "-")), "-")
	for i, part := range parts {
		switch {
		case i == 0 || part == "":
		case len(part) == 2 && i < len(parts)-1:
			parts[i] = strings.ToUpper(part)
		case len(part) <= 4:
			parts[i] = strings.ToUpper(part[:1]) + part[1:]
		}
	}
	return strings.Join(parts, "-")
}
