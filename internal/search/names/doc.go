// Package names compares names of people, companies and places, in any script and
// romanisation, for the screening of lists. It has no database.
//
//	p := names.Prepare("Wong Siu Ming")
//	m := p.Compare([]names.PreparedName{names.PrepareName(names.Name{Text: "黄小明"})})
//	// m.Score is 0.97, m.Reason is TRANSLITERATION
//
// An index of names stores [Keys] of each, and [Forms] for search and suggestions. The
// candidates for a name are the entities that share keys with its [QueryKeys], those with
// the most, and the rarest, first. [Evidence.Weigh] then takes into account what else is
// known.
//
// # How names are compared
//
// Both names are brought to one form: NFKC, lower case, without accents on Latin
// letters, apostrophes and punctuation, in simplified characters. The legal form at the
// end or in front is set aside (data/legalforms.txt, after ISO 20275). The rest is split
// into words; names of organisations in Han and Hangul are split at generic words
// (data/generic.txt). A word weighs 1, a place 0.5, an initial 0.4, a word of an
// industry (Mining, 矿业) 0.35, a word such as Group 0.2, and "of" 0.05.
//
// The words of the two names are matched one to one: equal words, words that the other
// name joins or splits, then the most alike, and initials. That is the comparison of
// Monge and Elkan (1996) with a greedy assignment instead of the best partner for each
// word, so that no word is used twice, and with weights. The score is the weight of the
// matched words on both sides, times how alike they are, of the weight of all words:
//
//	Σ alike(v, w) · (weight(v) + weight(w)) / Σ weight
//
// Words of four letters and more are alike if they have few edits: one up to seven
// letters, two up to twelve, three beyond. Edits are those of Damerau (1964) and
// Levenshtein (1966), as optimal string alignment. How alike is the mean of the
// similarity of Jaro and Winkler (1990) and of the share of letters without an edit, less
// for words of four (0.65) and five letters (0.75), and 0.95 for words that sound alike.
// All of it compares characters, not bytes. Two words that are both in pinyin are
// different syllables, however alike they are spelt, and numbers are equal or different.
// Han and Hangul are compared by syllable, of which one that sounds alike counts half.
//
// Scripts meet in Latin letters. Each character of another script has the spellings that
// it may have in some romanisation, and a Latin word is that name if it can be read as
// one spelling after another (0.97). So mixed and customary romanisations are known
// without a list of them. Two Latin names are romanisations of one name (0.92) if one is
// in pinyin and the other its Wade-Giles, if both begin or end with spellings of a Korean
// family name and the given names can be one in Hangul, or if they look like Cyrillic and
// are the same but for what romanisations write differently (0.97). Pinyin and Cantonese
// meet through characters that are common in names (0.88).
//
// The score is then multiplied, for each that applies: words in another order 0.97; a
// word that is joined or split 0.98; legal forms of a kind in different words 0.99, one
// missing 0.97 (0.99 across scripts), different ones 0.95; a number that only one name has 0.8. Names that share
// only generic words, and have others, score 0.5 at most, or 0.82 if a letter at the
// beginning stands for the one word that is not generic (H Mining). A name that is the
// initials of all words of the other, in one word or with dots, scores 0.8, of five
// letters and more 0.9. They may go on with the words of the legal form.
//
// # Reasons
//
// Names that are equal score 1: EXACT for the primary name, FORMER for a former one,
// TRANSLITERATION for one that is marked so, ALIAS for others. For names that differ the
// reason is the greatest difference: SPELLING, then INITIALS, WORD_ORDER, TRANSLITERATION
// and LEGAL_FORM. Match.Name tells which name it was, and its kind.
//
// # Limits
//
// A score of 0.85 is a fair threshold: on the judged pairs (testdata/judged.txt) almost
// all above it are the same and all below it different. Names that differ in a letter of a
// longer word (Hartley, Harley) score above it. Japanese names in kanji are read as
// Chinese, since their readings take a dictionary. Hangul is romanised syllable by
// syllable. Arabic, Hebrew, Greek and Indic scripts are compared within the script only.
// Twelve words and 400 bytes of a name are looked at.
package names
