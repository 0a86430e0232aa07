package names

import "strings"

// Evidence is what is known of an entity beside its names.
type Evidence struct {
	Country     string       // ISO 3166-1 alpha-2, or ""
	Identifiers []Identifier // as many as are known
}

// An Identifier is the number of an entity in a scheme, such as LEI.
type Identifier struct{ Scheme, Value string }

// What evidence adds and takes away.
const (
	otherIdentifier = 0.10 // taken away: the scheme has one value for an entity
	sameCountry     = 0.02 // added
	otherCountry    = 0.05 // taken away
)

// Weigh returns the score of a match with the evidence for and against it:
//
//	an identifier in common            (1 + score) / 2, whatever else is known
//	an identifier that differs         score − 0.10, without one in common
//	the same country                   score + 0.02
//	another country                    score − 0.05
//
// The result is from 0 to 1, and what is unknown on either side changes nothing.
// Evidence without any likeness of the names (a score of 0) counts only if it is an
// identifier in common.
func (e Evidence) Weigh(score float64, entity Evidence) float64 {
	same, other := false, false
	for _, a := range e.Identifiers {
		for _, b := range entity.Identifiers {
			if !strings.EqualFold(strings.TrimSpace(a.Scheme), strings.TrimSpace(b.Scheme)) {
				continue
			}
			switch x, y := plainIdentifier(a.Value), plainIdentifier(b.Value); {
			case x == "" || y == "":
			case x == y:
				same = true
			default:
				other = true
			}
		}
	}
	if same {
		return min((1+score)/2, 1)
	}
	if score <= 0 {
		return 0
	}
	if other {
		score -= otherIdentifier
	}
	if e.Country != "" && entity.Country != "" {
		if strings.EqualFold(e.Country, entity.Country) {
			score += sameCountry
		} else {
			score -= otherCountry
		}
	}
	return max(0, min(score, 1))
}

// SameIdentifier reports whether two numbers of one scheme are the same.
func SameIdentifier(a, b string) bool {
	x := plainIdentifier(a)
	return x != "" && x == plainIdentifier(b)
}

// plainIdentifier returns an identifier without the spaces, hyphens and dots that
// people put into it, in capitals.
func plainIdentifier(s string) string {
	return strings.Map(func(r rune) rune {
		switch r {
		case ' ', '-', '.', '/':
			return -1
		}
		return r
	}, strings.ToUpper(s))
}
