// Package analysis makes search terms of texts, of any language and script, and
// finds again where they stand: it has the tokens of the search index, the terms
// that a query asks for, and the highlights and snippets of what was found.
//
// A text becomes tokens in these steps:
//
//   - It is brought to Unicode NFKC, with a map back to the bytes of the original.
//   - It is divided into words by the rules of UAX #29, which are tailored: words
//     end at points, colons, underscores and hyphens too (example.com is two words),
//     except in acronyms (U.S. is "us"), in numbers, and where a hyphen follows a
//     single letter or separates letters from digits (e-mail, DF-21). Apostrophes
//     are removed (Xi'an is "xian"), with what is no word before or after them
//     (l'accord, China's). Invisible characters inside words are ignored.
//   - Words are folded: letter case in all scripts, accents of Latin and Greek
//     letters, the points of Hebrew and Arabic. Other marks distinguish letters (й,
//     ガ) and stay.
//   - Words are stemmed by the text's language. American and British spelling meet.
//     The stems of different languages are different terms (haus~de).
//   - Runs of Han, kana and Hangul, and of Thai, Lao, Khmer and Burmese, have no
//     spaces between words, or particles attached to them. They become one term for
//     each pair of neighbouring characters, and one for the last character. Han
//     characters are replaced by their simplified form.
//
// The language of a query is not known, so each of its words asks for the terms
// that any of the stemmers makes of it. See [Query].
//
// The package knows no database, and keeps no state but a bounded cache of stems.
package analysis

// Version is the version of the terms. It changes whenever the same text would
// become other tokens; an index stores the version that it was made with.
const Version = 1

// A Token is a term at its place in a text.
type Token struct {
	// Term is the normal form of the word, or of the pair of characters.
	Term string
	// Position counts the words of the text, from 0. Tokens at the same position
	// are other forms of one word.
	Position int
	// Start and End delimit the token in the original text, in bytes.
	Start, End int
}
