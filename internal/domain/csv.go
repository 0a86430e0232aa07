package domain

import (
	"strings"
	"unicode"
)

// formulaSigns begin what spreadsheets take for a formula. Some of them read the full-width forms as the others, and line breaks
// and tabs as the end of a cell.
const formulaSigns = "=+-@\t\r\n＝＋－＠"

// IsFormula reports whether a spreadsheet may take a text for a formula: also behind spaces and invisible characters, which some
// drop.
func IsFormula(text string) bool {
	if text != "" && strings.ContainsAny(text[:1], "\t\r\n") {
		return true
	}
	text = strings.TrimLeftFunc(text, func(c rune) bool { return unicode.IsSpace(c) || unicode.Is(unicode.Cf, c) })
	for _, first := range text {
		return strings.ContainsRune(formulaSigns, first)
	}
	return false
}

// Cell returns a text as it stands in a cell of CSV: with an apostrophe in front where a spreadsheet may take it for a formula. All
// CSV that the program writes goes through it.
func Cell(text string) string {
	if IsFormula(text) {
		return "'" + text
	}
	return text
}
