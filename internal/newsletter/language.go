package newsletter

import (
	"golang.org/x/text/language"
)

// Languages are the languages of the pages and of the mails of a sign-up, as BCP 47 tags. The
// first one is used where nothing else is known.
func Languages() []string { return []string{"en", "ja", "zh-Hant", "zh-Hans"} }

// IsLanguage reports whether a tag is one of [Languages].
func IsLanguage(tag string) bool {
	for _, known := range Languages() {
		if tag == known {
			return true
		}
	}
	return false
}

// MatchLanguage returns the first of [Languages] that a reader of an Accept-Language header
// reads; false if there is none. A single BCP 47 tag is such a header, too.
//
// Each tag of the header is matched by itself, in the order of preference: a matcher that is
// given all of "zh-HK,zh;q=0.9" returns Simplified Chinese.
func MatchLanguage(header string) (string, bool) {
	wanted, _, err := language.ParseAcceptLanguage(header)
	if err != nil {
		return "", false
	}
	var supported []language.Tag
	for _, tag := range Languages() {
		supported = append(supported, language.MustParse(tag))
	}
	matcher := language.NewMatcher(supported)
	for _, tag := range wanted {
		if tag == language.Und {
			continue
		}
		if _, i, confidence := matcher.Match(tag); confidence >= language.High {
			return Languages()[i], true
		}
	}
	return "", false
}
