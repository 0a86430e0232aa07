package mail

import "time"

// PlacesAt returns how far away the next places are at a rate.
func PlacesAt(rate float64, now func() time.Time) func() time.Duration {
	return newPacer(rate, now).reserve
}

// WithoutAddresses is for tests of what is stored of a server's reply.
func WithoutAddresses(text string) string { return withoutAddresses(text) }
