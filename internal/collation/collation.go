// Package collation orders names and titles as people expect them: by the root
// collation of Unicode (UTS #10 with the table of CLDR), in which Äpfel comes
// before Banana and Łódź between L and M, whatever the language.
//
// The table is that of golang.org/x/text, of CLDR 23 and Unicode 6.2: letters
// and signs that Unicode got after 2012 come behind all others, in the order of
// their code points.
//
// Databases know that order in versions of their own, or not at all. Here it is
// a key of bytes beside each text, which both engines compare alike.
package collation

import (
	"sync"

	"golang.org/x/text/collate"
	"golang.org/x/text/language"
	"golang.org/x/text/unicode/norm"
)

// MaxKey is how long a key is at most: a row of a PostgreSQL index has 2,700
// bytes at most, and an id beside the key. The keys of 300 Latin letters (1,504
// bytes) and of 300 ideographs (1,804) are shorter; of Hangul, and of the few
// letters that stand for whole words, some 200 characters fit. What is behind
// them is not compared.
const MaxKey = 2000

// Version says which order the keys are of. Keys of different versions cannot be
// compared.
const Version = "root, CLDR " + collate.CLDRVersion + ", Unicode " + collate.UnicodeVersion

// sorter makes keys, for one goroutine at a time.
type sorter struct {
	collator *collate.Collator
	buffer   collate.Buffer
}

var sorters = sync.Pool{New: func() any { return &sorter{collator: collate.New(language.Und)} }}

// Key is what orders a text among others: bytes that compare as the texts do.
// Texts that differ only in what the collation takes no notice of have the same
// key. That of no text comes before all others; it is not empty, since not every
// driver tells an empty value from none.
func Key(text string) []byte {
	if text == "" {
		return []byte{0}
	}
	s := sorters.Get().(*sorter)
	defer sorters.Put(s)
	s.buffer.Reset()
	// The collator takes й with a dot below it for another letter where it is
	// written in parts; so it gets one way to write it.
	key := s.collator.KeyFromString(&s.buffer, norm.NFC.String(text))
	return append([]byte{}, key[:min(len(key), MaxKey)]...)
}
