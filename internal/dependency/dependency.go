// Package dependency names what a response to a query of live depends on, and what a
// release changes, so that the two can be compared.
//
// A [Key] is a hash: two things may share one. A response is then dropped without need,
// and never served when it should not be. What a key stands for can be found out by
// trying, so the keys of a response must stand for nothing that its viewer may not see.
//
// What is recorded for a response (package graph/read), and what a release changes
// (package projection):
//
//   - [Document], a document with all the rows that it owns and its effective marking. A
//     release changes it also where a document that it refers to became visible or
//     invisible, and under its former ids.
//   - [Name], which document of a type a slug is of, present or former, and that document.
//   - [List], all documents of a type.
//   - [Referring] and [ReferringToName], the documents of a type that refer to a document.
//   - [Everything], which each release changes.
package dependency

import (
	"slices"
	"strconv"

	"github.com/redthread-api/redthread/internal/domain"
)

// Key identifies something that a response may depend on. Its highest eight bits are the
// type of document, and 0 for [Everything].
type Key uint64

// Everything is the key of what cannot be described: each release changes it.
const Everything Key = 0

const typeShift = 56

// The kinds of key.
const (
	document = iota + 1
	name
	referring
	referringToName
)

// List returns the key of all documents of a type.
func List(t domain.Type) Key { return Key(t) << typeShift }

// Document returns the key of a document.
func Document(id domain.ID) Key { return hashed(id.Type(), document, uint64(id)) }

// Name returns the key of the document of a type that has a slug, or had it before.
func Name(t domain.Type, slug string) Key { return hashed(t, name, text(slug)) }

// Referring returns the key of the documents of a type that refer to a document.
func Referring(t domain.Type, to domain.ID) Key { return hashed(t, referring, uint64(to)) }

// ReferringToName returns the key of the documents of a type that refer to the document
// of the type to that has a slug, or had it before.
func ReferringToName(t, to domain.Type, slug string) Key {
	return hashed(t, referringToName|uint64(to)<<8, text(slug))
}

// Type returns the type of document that a key is about; 0 for [Everything].
func (k Key) Type() domain.Type { return domain.Type(k >> typeShift) }

// Whole returns the key of all documents of the type of a key. What changes a key
// changes it as well.
func (k Key) Whole() Key { return k >> typeShift << typeShift }

// String returns the key as a cache tag: "everything", the name of a type for all of its
// documents ("report"), and else letters in lower case and digits. Some caches take tags
// that differ in case for the same.
func (k Key) String() string {
	switch k {
	case Everything:
		return "everything"
	case k.Whole():
		return k.Type().String()
	}
	return strconv.FormatUint(uint64(k), 36)
}

// hashed returns the key of a type with a hash of the rest in the lower bits.
func hashed(t domain.Type, kind, n uint64) Key {
	return List(t) | Key(mix(mix(n)+kind)>>(64-typeShift)|1)
}

// mix is the finalizer of SplitMix64: each bit of n changes half of the result.
func mix(n uint64) uint64 {
	n = (n ^ n>>30) * 0xbf58476d1ce4e5b9
	n = (n ^ n>>27) * 0x94d049bb133111eb
	return n ^ n>>31
}

// text is the FNV-1a hash of a text.
func text(s string) uint64 {
	h := uint64(14695981039346656037)
	for i := range len(s) {
		h = (h ^ uint64(s[i])) * 1099511628211
	}
	return h
}

// Distinct returns the keys in order, each once, and without those of a type of which all
// documents are there. If more than limit are left, it takes all documents for the types
// with the most keys: that is less exact, and still right. The result may share memory with
// keys.
func Distinct(keys []Key, limit int) []Key {
	slices.Sort(keys)
	keys = slices.Compact(keys)
	if len(keys) > 0 && keys[0] == Everything {
		return keys[:1]
	}
	// The key of all documents of a type is the lowest of the type.
	var whole Key
	keys = slices.DeleteFunc(keys, func(k Key) bool {
		if k == k.Whole() {
			whole = k
			return false
		}
		return k.Whole() == whole
	})
	for len(keys) > limit {
		most, ok := most(keys)
		if !ok {
			break
		}
		first := slices.IndexFunc(keys, func(k Key) bool { return k.Whole() == most })
		keys[first] = most
		keys = slices.DeleteFunc(keys, func(k Key) bool { return k != most && k.Whole() == most })
	}
	return keys
}

// most returns the key of all documents of the type that has the most keys; ok is false
// where no type has several.
func most(keys []Key) (whole Key, ok bool) {
	count, highest := 0, 1
	for i, k := range keys {
		if i == 0 || k.Whole() != keys[i-1].Whole() {
			count = 0
		}
		if count++; count > highest {
			whole, highest = k.Whole(), count
		}
	}
	return whole, highest > 1
}
