package names

import "strings"

// A unit is a character of a name in another script with the Latin spellings that it
// may have, the usual one first.
type unit []string

// maxSpelling is how long a Latin name may be, in bytes, to be read by units.
const maxSpelling = 63

// spells reports whether the units, one after another, can be spelt as the text.
func spells(units []unit, text string) bool {
	if len(text) == 0 || len(text) > maxSpelling || len(units) == 0 {
		return false
	}
	at := uint64(1) // the set of positions that the units so far can end at
	for _, u := range units {
		next := uint64(0)
		for p := 0; p <= len(text); p++ {
			if at>>p&1 == 0 {
				continue
			}
			rest := text[p:]
			for _, s := range u {
				if strings.HasPrefix(rest, s) {
					next |= 1 << (p + len(s))
				}
			}
		}
		if at = next; at == 0 {
			return false
		}
	}
	return at>>len(text)&1 == 1
}

// spellsAround is spells for the units in their order, and with the first n of them
// (the family name) at the end. It reports which it was.
func spellsAround(units []unit, n int, text string) (ok, moved bool) {
	if spells(units, text) {
		return true, false
	}
	if n <= 0 || n >= len(units) || len(text) > maxSpelling {
		return false, false
	}
	var buf [16]unit
	if len(units) > len(buf) {
		return false, false
	}
	around := append(append(buf[:0], units[n:]...), units[:n]...)
	return spells(around, text), true
}

// usual joins the usual spellings of units.
func usual(units []unit) string { return nth(units, 0) }

// nth joins the spellings at a place, or the last before it.
func nth(units []unit, i int) string {
	var b strings.Builder
	for _, u := range units {
		if len(u) > 0 {
			b.WriteString(u[min(i, len(u)-1)])
		}
	}
	return b.String()
}

// add appends spellings that are not there yet.
func (u unit) add(spellings ...string) unit {
next:
	for _, s := range spellings {
		if s == "" {
			continue
		}
		for _, has := range u {
			if has == s {
				continue next
			}
		}
		u = append(u, s)
	}
	return u
}
