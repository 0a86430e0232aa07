package query

import (
	"strings"
	"unicode"
	"unicode/utf8"

	"golang.org/x/text/unicode/norm"
)

// clean returns the text in NFKC, without control characters, cut to the limit, and
// whether it was cut.
func clean(text string) (string, bool) {
	text, cut := clip(text)
	text = strings.ToValidUTF8(text, " ")
	text = strings.Map(func(r rune) rune {
		if unicode.IsControl(r) {
			return ' '
		}
		return r
	}, text)
	text, cutAgain := clip(gershayim(norm.NFKC.String(text)))
	return text, cut || cutAgain
}

// gershayim replaces quotation marks inside Hebrew words, which mark abbreviations
// there, by the sign that they stand for.
func gershayim(text string) string {
	if !strings.Contains(text, `"`) {
		return text
	}
	runes := []rune(text)
	for i := 1; i+1 < len(runes); i++ {
		if runes[i] == '"' && unicode.Is(unicode.Hebrew, runes[i-1]) && unicode.Is(unicode.Hebrew, runes[i+1]) {
			runes[i] = '״'
		}
	}
	return string(runes)
}

// Cut returns as much of a text as is read of a query.
func Cut(text string) string {
	text, _ = clip(text)
	return text
}

// clip cuts a text to the limit, at the beginning of a character.
func clip(text string) (string, bool) {
	if len(text) <= MaxBytes {
		return text, false
	}
	end := MaxBytes
	for end > 0 && !utf8.RuneStart(text[end]) {
		end--
	}
	return text[:end], true
}

// A lexer divides a text in NFKC into items.
type lexer struct{ text string }

// A lexeme is an item of the text, or a part of it.
type lexeme struct {
	text   string // without its marks
	not    bool   // a minus stood before it
	phrase bool   // it stood in quotation marks
	prefix bool   // an asterisk stood after it
	field  string // the field before it, which is followed by a colon
}

// next returns the next item, and false at the end.
func (l *lexer) next() (lexeme, bool) {
	var x lexeme
	for l.text != "" {
		r, n := utf8.DecodeRuneInString(l.text)
		if isSpace(r) {
			x = lexeme{}
			l.text = l.text[n:]
			continue
		}
		if isMinus(r) {
			// One minus excludes; more of them are text that has no words in it.
			x.not = true
			l.text = l.text[n:]
			continue
		}
		if isQuote(r) {
			if text, rest, ok := quoted(l.text); ok {
				x.text, x.phrase = text, true
				l.text = rest
				l.asterisks(&x)
				return x, true
			}
			l.text = l.text[n:]
			continue
		}
		if field, rest, ok := l.field(); ok {
			x.field, l.text = field, rest
			r, _ := utf8.DecodeRuneInString(rest)
			if text, rest, ok := quoted(rest); ok {
				x.text, x.phrase = text, true
				l.text = rest
				return x, true
			} else if isQuote(r) {
				x.text, x.field = field+":", ""
				return x, true
			}
			x.text = l.word()
			return x, true
		}
		x.text = l.word()
		if text := strings.TrimRight(x.text, "*"); text != x.text {
			x.text, x.prefix = text, true
		}
		return x, true
	}
	return x, false
}

// word consumes the characters up to a space or a corner bracket.
func (l *lexer) word() string {
	end := strings.IndexFunc(l.text, func(r rune) bool { return isSpace(r) || isCorner(r) })
	if end < 0 {
		end = len(l.text)
	}
	word := l.text[:end]
	l.text = l.text[end:]
	return word
}

// asterisks consumes the asterisks after a phrase.
func (l *lexer) asterisks(x *lexeme) {
	if rest := strings.TrimLeft(l.text, "*"); rest != l.text {
		x.prefix, l.text = true, rest
	}
}

// field returns the name of the field that the text begins with, and the value after
// it, which is not empty.
func (l *lexer) field() (name, rest string, ok bool) {
	name, rest, ok = strings.Cut(l.text, ":")
	if !ok || len(name) > 8 {
		return "", "", false
	}
	name = strings.ToLower(name)
	switch name {
	case "tag", "entity", "type", "kind", "lang", "after", "before":
	default:
		return "", "", false
	}
	r, _ := utf8.DecodeRuneInString(rest)
	return name, rest, rest != "" && !isSpace(r)
}

// quoted returns the text between the quotation mark at the beginning and the one
// that closes it, and what follows that.
func quoted(text string) (inside, rest string, ok bool) {
	open, n := utf8.DecodeRuneInString(text)
	closes := ""
	switch {
	case open == '"' || '“' <= open && open <= '‟':
		closes = "\"“”„‟"
	case open == '«' || open == '»':
		closes = "«»"
	case open == '「' || open == '『':
		closes = "」』"
	default:
		return "", "", false
	}
	end := strings.IndexAny(text[n:], closes)
	if end < 0 {
		return "", "", false
	}
	_, width := utf8.DecodeRuneInString(text[n+end:])
	return text[n : n+end], text[n+end+width:], true
}

func isSpace(r rune) bool { return unicode.IsSpace(r) }

func isMinus(r rune) bool { return r == '-' || r == '−' }

func isQuote(r rune) bool {
	return r == '"' || '“' <= r && r <= '‟' || r == '«' || r == '»' || isCorner(r)
}

func isCorner(r rune) bool { return '「' <= r && r <= '』' }
