package mail

import (
	"bytes"
	"encoding/base64"
	"fmt"
	"strings"
	"unicode/utf8"
)

// Lengths of lines in octets without CRLF: RFC 5322 section 2.1.1.
const (
	maxLine  = 998 // must not be longer
	goodLine = 76  // should not be longer: with encoded words 76, RFC 2047 section 2
)

// writeHeader writes a header field and folds it between tokens. It is an error if a line of it
// is too long all the same.
func writeHeader(b *bytes.Buffer, name string, tokens ...string) error {
	b.WriteString(name)
	b.WriteByte(':')
	used := len(name) + 1
	for i, token := range tokens {
		// The first token stays on the line of the name: a first line with nothing after the
		// colon is allowed, but some servers take it for an empty field.
		if i > 0 && used+1+len(token) > goodLine {
			b.WriteString("\r\n")
			used = 0
		}
		used += 1 + len(token)
		if used > maxLine {
			return fmt.Errorf("%s: a line would have %d bytes; want at most %d", name, used, maxLine)
		}
		b.WriteByte(' ')
		b.WriteString(token)
	}
	b.WriteString("\r\n")
	return nil
}

// textTokens returns a text as tokens of an unstructured header: as it is where that is
// ASCII, otherwise as encoded words (RFC 2047).
func textTokens(text string) []string {
	// An encoded word at the beginning of a long token would be decoded, and runs of spaces
	// would not survive folding.
	if !isASCII(text) || strings.Contains(text, "=?") || strings.Contains(text, "  ") || strings.TrimSpace(text) != text {
		return encodeWords(text)
	}
	return strings.Split(text, " ")
}

// maxEncoded is how many characters of an encoded word are text: an encoded word has at
// most 75, and 12 are around the text. Eight less leave room for "Subject:" before the first.
const maxEncoded = 75 - len("=?utf-8?q??=") - 8

// encodeWords returns a text as encoded words, each with whole characters: as
// quoted-printable where most of it is ASCII, otherwise as base64.
func encodeWords(text string) []string {
	foreign := 0
	for i := range len(text) {
		if text[i] >= utf8.RuneSelf {
			foreign++
		}
	}
	var words []string
	if foreign*3 > len(text) {
		for rest := text; rest != ""; {
			n := cut(rest, func(s string) int { return base64.StdEncoding.EncodedLen(len(s)) })
			words = append(words, "=?utf-8?b?"+base64.StdEncoding.EncodeToString([]byte(rest[:n]))+"?=")
			rest = rest[n:]
		}
		return words
	}
	for rest := text; rest != ""; {
		n := cut(rest, func(s string) int { return len(encodeQ(s)) })
		words = append(words, "=?utf-8?q?"+encodeQ(rest[:n])+"?=")
		rest = rest[n:]
	}
	return words
}

// cut returns the length of the longest beginning of s whose encoded size fits into an
// encoded word. It is at least one character.
func cut(s string, size func(string) int) int {
	end := 0
	for i, c := range s {
		next := i + utf8.RuneLen(c)
		if end > 0 && size(s[:next]) > maxEncoded {
			break
		}
		end = next
	}
	return end
}

// encodeQ is the encoding "Q" with the characters that are allowed in phrases, too: RFC
// 2047 section 5.
func encodeQ(s string) string {
	var b strings.Builder
	for i := range len(s) {
		switch c := s[i]; {
		case c == ' ':
			b.WriteByte('_')
		case isAlphanumeric(rune(c)) || strings.IndexByte("!*+-/", c) >= 0:
			b.WriteByte(c)
		default:
			fmt.Fprintf(&b, "=%02X", c)
		}
	}
	return b.String()
}
