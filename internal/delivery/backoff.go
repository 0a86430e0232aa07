package delivery

import (
	"net/http"
	"strconv"
	"time"
)

// When a delivery is attempted again: after a random time between nothing and
// a bound, which begins at firstPause and grows threefold up to longestPause.
// The last attempt is at giveUpAfter from the first one.
const (
	firstPause   = 10 * time.Second
	longestPause = 4 * time.Hour
	giveUpAfter  = 24 * time.Hour
	// longestWish is how long a receiver may ask to be left alone.
	longestWish = time.Hour
)

// pauseBound is the longest pause after so many attempts.
func pauseBound(tries int) time.Duration {
	bound := firstPause
	for range tries - 1 {
		if bound *= 3; bound >= longestPause {
			return longestPause
		}
	}
	return bound
}

// nextAttempt is when to attempt again what has failed for the nth time. since
// is when it was attempted first, wish how long the receiver asked to be left
// alone. It reports false where enough was tried.
func (w *Webhooks) nextAttempt(at, since time.Time, tries int, wish time.Duration) (time.Time, bool) {
	last := since.Add(giveUpAfter)
	if !at.Before(last) {
		return time.Time{}, false
	}
	next := at.Add(max(w.upTo(pauseBound(tries)), min(wish, longestWish))).Truncate(time.Microsecond)
	if next.After(last) {
		next = last
	}
	return next, true
}

// wishOf reads for how long an answer asks to be left alone.
func wishOf(r *http.Response, at time.Time) time.Duration {
	if r.StatusCode != http.StatusTooManyRequests && r.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	text := r.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(min(max(seconds, 0), int(longestWish/time.Second))) * time.Second
	}
	if when, err := http.ParseTime(text); err == nil {
		return max(when.Sub(at), 0)
	}
	return 0
}
