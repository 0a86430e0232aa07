package names

// A Name is a name as an entity has it.
type Name struct {
	Text     string
	Language string // a BCP 47 tag, or ""
	Kind     string // one of domain.NameKinds, or "" for the primary name
}

// A Reason says what a match rests on. See the package comment for their order.
type Reason string

// The reasons of matches.
const (
	None            Reason = ""                // no word in common
	Exact           Reason = "EXACT"           // the primary name, but for letter case, accents and punctuation
	Alias           Reason = "ALIAS"           // an alias, abbreviation or translation, likewise
	Former          Reason = "FORMER"          // a former name, likewise
	Transliteration Reason = "TRANSLITERATION" // the same name in another script or romanisation
	LegalForm       Reason = "LEGAL_FORM"      // the legal form or a word such as Group differs or is missing
	WordOrder       Reason = "WORD_ORDER"      // the same words in another order
	Initials        Reason = "INITIALS"        // letters that stand for words
	Spelling        Reason = "SPELLING"        // words that are spelt alike, or words that only one name has
)

// A Match is the best of an entity's names for the name that was looked for.
type Match struct {
	Score  float64 // from 0 to 1
	Reason Reason
	Name   Name
}
