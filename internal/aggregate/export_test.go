package aggregate

import (
	"slices"
)

// UnshapedTables are the owned tables that the model says nothing of.
func UnshapedTables() []string {
	var missing []string
	var walk func(t *Table, sets []ListSpec)
	walk = func(t *Table, sets []ListSpec) {
		for _, o := range t.Owned {
			i := slices.IndexFunc(sets, func(s ListSpec) bool { return s.Table == o.Name })
			if i < 0 || sets[i].Name+sets[i].DiffName == "" {
				missing = append(missing, t.Name+"."+o.Name)
				continue
			}
			walk(o.Table, sets[i].Lists)
		}
	}
	for t, s := range specs {
		walk(TableOf(t), s.Lists)
	}
	return missing
}

// DecodeByValues is [DecodeSnapshot] by way of JSON values.
func DecodeByValues(raw []byte) (*Snapshot, error) { return decodeEarlier(raw) }

// Dictionary1 is the dictionary of compressed snapshots.
var Dictionary1 = dictionary1

// Compress compresses a snapshot, from a base unless its number is 0, and returns the
// number of the base that was used.
func Compress(text, baseText []byte, number int) (compressed []byte, used int) {
	var from *base
	if number != 0 {
		from = &base{number, baseText}
	}
	compressed = compress(text, from)
	return compressed, baseOf(compressed)
}

// Decompress is the opposite of Compress.
func Decompress(compressed, baseText []byte) ([]byte, error) { return decompress(compressed, baseText) }
