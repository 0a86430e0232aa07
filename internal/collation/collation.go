// Package collation orders names and titles as people expect them: by the root
// collation of Unicode (UTS #10 with the table of CLDR), in which Äpfel comes
// before Banana and Łódź between L and M, whatever the language.
//
// The table is that of golang.org/x/text, from CLDR 23 and Unicode 6.2: letters
// and signs that were added to Unicode after 2012 sort after all others, in the
// order of their code points.
//
// Databases have that order in differing versions, or not at all. So the order is
// stored as a key of bytes beside each text, which both engines compare in the
// same way.
package collation

import (
	"sync"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// MaxKey is the greatest length of a key, in bytes. A row of a PostgreSQL index
// has 2,700 bytes at most, and holds an id beside the key. The keys of 300 Latin
// letters (1,504 bytes) and of 300 ideographs (1,804) are shorter; of Hangul, and
// of the few letters that stand for whole words, some 200 characters fit. The text
// after them is not compared.
const MaxKey = 2000

// Version names the version of the order. Keys of different versions cannot be
// compared.
const Version = "root, CLDR " + collate.CLDRVersion + ", Unicode " + collate.UnicodeVersion

// sorter makes keys. It is for one goroutine at a time.
type sorter struct {
	collator *collate.Collator
	buffer   collate.Buffer
}

var sorters = sync.Pool{New: func() any { return &sorter{collator: collate.New(language.Und)} }}

// Key returns the sort key of a text: bytes that compare as the texts do. Texts
// that differ only in what the collation ignores have the same key. The key of the
// empty text comes before all others; it is not empty, since some drivers do not
// distinguish an empty value from null.
func Key(text string) []byte {
	if text == "" {
		return []byte{0}
	}
	s := sorters.Get().(*sorter)
	defer sorters.Put(s)
	s.buffer.Reset()
	// The collator treats й with a dot below it as another letter if it is
	// decomposed. So the text is composed first.
	key := s.collator.KeyFromString(&s.buffer, norm.NFC.String(text))
	return append([]byte{}, key[:min(len(key), MaxKey)]...)
}
