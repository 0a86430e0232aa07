package delivery

import (
	"net/http"
	"strconv"
	"time"
)

// The back-off of a delivery, with full jitter: the pause is a random time between
// 0 and a bound, which begins at minBackoff and triples up to maxBackoff. The last
// attempt is giveUpAfter after the first one.
const (
	minBackoff  = 10 * time.Second
	maxBackoff  = 4 * time.Hour
	giveUpAfter = 24 * time.Hour
	// maxRetryAfter bounds the Retry-After header of a receiver.
	maxRetryAfter = time.Hour
)

// backoffBound returns the longest pause after so many attempts.
func backoffBound(attempts int) time.Duration {
	bound := minBackoff
	for range attempts - 1 {
		if bound *= 3; bound >= maxBackoff {
			return maxBackoff
		}
	}
	return bound
}

// nextAttempt returns the time of the next attempt of a delivery that has failed
// attempts times, the first time at since. retryAfter is the receiver's
// Retry-After. It returns false if there is no further attempt.
func (w *Webhooks) nextAttempt(at, since time.Time, attempts int, retryAfter time.Duration) (time.Time, bool) {
	last := since.Add(giveUpAfter)
	if !at.Before(last) {
		return time.Time{}, false
	}
	next := at.Add(max(w.jitter(backoffBound(attempts)), min(retryAfter, maxRetryAfter))).Truncate(time.Microsecond)
	if next.After(last) {
		next = last
	}
	return next, true
}

// parseRetryAfter returns the Retry-After of a response with status 429 or 503;
// else 0.
func parseRetryAfter(r *http.Response, at time.Time) time.Duration {
	if r.StatusCode != http.StatusTooManyRequests && r.StatusCode != http.StatusServiceUnavailable {
		return 0
	}
	text := r.Header.Get("Retry-After")
	if seconds, err := strconv.Atoi(text); err == nil {
		return time.Duration(min(max(seconds, 0), int(maxRetryAfter/time.Second))) * time.Second
	}
	if when, err := http.ParseTime(text); err == nil {
		return max(when.Sub(at), 0)
	}
	return 0
}
