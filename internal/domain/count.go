package domain

import "strconv"

// Count returns a number and the noun that it counts, in the singular for 1:
// "1 row", "0 rows".
func Count(n int, one, many string) string {
	if n == 1 {
		return "1 " + one
	}
	return strconv.Itoa(n) + " " + many
}
