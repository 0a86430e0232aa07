// Package query parses the text of a search box: words, phrases, exclusions,
// alternatives, beginnings of words, and filters. No text is an error: what is
// malformed is searched literally.
//
// The grammar, in EBNF, of the text in Unicode NFKC, so that full-width characters
// are the common ones:
//
//	query   = { space | item } ;
//	item    = group | [ minus ] ( term | filter ) ;
//	group   = term, { space, "OR", space, term } ;
//	term    = ( word | phrase ), [ "*" ] ;
//	phrase  = open, { any character but its close }, close ;
//	word    = ( any character but space, minus and open ), { any character but space and corner bracket } ;
//	filter  = field, ":", ( word | phrase ) ;
//	field   = "tag" | "entity" | "type" | "kind" | "lang" | "after" | "before" ;
//	minus   = "-" | "−" ;
//
// The marks that open a phrase are " “ ” „ ‟, which any of these closes, « and »,
// which either of these closes, and 「 『, which 」 and 』 close. A mark that nothing
// closes is left out. Within a word only corner brackets are marks.
//
// Meaning:
//
//   - All items must hold. A word or phrase must stand in the document, the words of
//     a phrase one after another. A word that the analyser divides (joint-venture,
//     国家安全) is a phrase.
//   - With a minus, the word or phrase must not stand in it. A query of nothing but
//     exclusions finds everything else.
//   - OR binds more tightly than the conjunction of items: "a b OR c" is a and
//     (b or c). Next to an exclusion, at either end of the query, and in lower case
//     it is a word. A filter next to it is searched as text: there is no "one of two
//     filters". "AND" between two items is left out.
//   - An asterisk after a word or phrase says that its last word is the beginning of
//     a word.
//   - tag:, entity: with a slug or a label, which must all hold. type:, kind: and
//     lang: with a name of the type or kind, in any letter case, or a language tag; a
//     document has one of each, so several mean any of them. type:item, or
//     type:edition_item, is items of editions, and type:edition finds both. The kind of
//     a narrative is its status, and that of a tag its vocabulary.
//   - after: with a date, a month or a year, means on its first day or later; before:
//     earlier than its first day. Of several the strictest counts.
//   - A minus before a filter excludes what the filter finds: -after: is what is
//     earlier, -before: the rest. Several of them all exclude.
//   - An unknown field, or a value that the field cannot have, is searched as text:
//     https://example.org, note:x, after:yesterday.
//
// Text, items and words of items past the limits are left out, and the query says
// that it is truncated.
package query
