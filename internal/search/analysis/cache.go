package analysis

import (
	"hash/maphash"
	"strings"
	"sync/atomic"
)

// A kind of piece has its own rule for the terms of it.
type kind uint8

const (
	wordTerms kind = iota
	gramTerms
)

// An entry of the cache holds the terms of a piece of text. It never changes.
type entry struct {
	kind    kind
	profile profile
	text    string
	terms   []string
}

// The cache has a place for each hash, and the newest entry with that hash in it.
// So it is bounded, needs no lock, and its entries are what the rules say whatever
// was there before.
const cacheSize = 1 << 15

// maxCached is the length of the longest piece that is cached, in bytes.
const maxCached = 40

var (
	cache [cacheSize]atomic.Pointer[entry]
	seed  = maphash.MakeSeed()
)

// cached returns the terms of a piece of text in NFKC.
func cached(k kind, p profile, text string) []string {
	if len(text) > maxCached {
		return computeTerms(k, p, text)
	}
	place := &cache[maphash.String(seed, text)%cacheSize]
	if e := place.Load(); e != nil && e.text == text && e.kind == k && e.profile == p {
		return e.terms
	}
	text = strings.Clone(text)
	terms := computeTerms(k, p, text)
	place.Store(&entry{kind: k, profile: p, text: text, terms: terms})
	return terms
}

func computeTerms(k kind, p profile, text string) []string {
	if k == gramTerms {
		return []string{foldGram(text)}
	}
	if isNumber(text) {
		return []string{number(text)}
	}
	word := lower(text)
	if word == "" {
		return nil
	}
	return p.stemmerFor(word).terms(word)
}
