package domain

import (
	"io"
	"slices"
	"strconv"
	"strings"
)

// Marking is a Traffic Light Protocol 2.0 label (https://www.first.org/tlp/).
// A higher marking is visible to fewer viewers.
type Marking int

// The labels of TLP 2.0, in order of restriction.
const (
	Clear       Marking = 0
	Green       Marking = 1
	Amber       Marking = 2
	AmberStrict Marking = 3
	Red         Marking = 4

	// Unseen is above every clearance. It is the effective marking until one
	// is computed, so that a row without one is hidden.
	Unseen Marking = 99
)

// Markings lists the names of the labels, lowest first.
var Markings = []string{"CLEAR", "GREEN", "AMBER", "AMBER_STRICT", "RED"}

// ParseMarking returns the label with the name.
func ParseMarking(s string) (Marking, bool) {
	i := slices.Index(Markings, s)
	return Marking(i), i >= 0
}

// Valid reports whether m is a label of TLP 2.0.
func (m Marking) Valid() bool { return m >= Clear && m <= Red }

func (m Marking) String() string {
	if !m.Valid() {
		return "UNSEEN"
	}
	return Markings[m]
}

// Label returns the label as TLP 2.0 writes it: "AMBER+STRICT".
func (m Marking) Label() string { return strings.Replace(m.String(), "_", "+", 1) }

// MarshalText returns the label's name.
func (m Marking) MarshalText() ([]byte, error) { return []byte(m.String()), nil }

// UnmarshalText parses the label's name.
func (m *Marking) UnmarshalText(b []byte) error {
	v, ok := ParseMarking(string(b))
	if !ok {
		return Invalid("%q is no TLP marking: want one of %v", clip(string(b), 40), Markings)
	}
	*m = v
	return nil
}

// MarshalGQL writes the label as a GraphQL enum value.
func (m Marking) MarshalGQL(w io.Writer) { _, _ = io.WriteString(w, strconv.Quote(m.String())) }

// UnmarshalGQL reads a GraphQL enum value.
func (m *Marking) UnmarshalGQL(v any) error {
	s, _ := v.(string)
	return m.UnmarshalText([]byte(s))
}
