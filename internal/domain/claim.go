package domain

import "strconv"

// The names of claims in their documents, in lists of what rests on a source.

// ListingName is the name of a place on a list: "OFAC, SDN".
func ListingName(authority, programme string) string { return withComma(authority, programme) }

// ObservationName is the name of a sighting by its day and its platform, which may be unknown: "2024-05-02, forum".
func ObservationName(on Date, platform string) string {
	if on == "" && platform == "" {
		return "a sighting"
	}
	return withComma(string(on), platform)
}

// FootnoteName is the name of a footnote: "note 3".
func FootnoteName(number int) string { return "note " + strconv.Itoa(number) }

func withComma(a, b string) string {
	if a == "" || b == "" {
		return a + b
	}
	return a + ", " + b
}
