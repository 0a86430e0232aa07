package audit

import "time"

// SetAfter gives notes another clock to wait by.
func SetAfter(n *Notes, after func(time.Duration) <-chan time.Time) { n.writing.After = after }

// Gathered is how many kinds wait to be written.
func Gathered(n *Notes) int {
	n.mu.Lock()
	defer n.mu.Unlock()
	return len(n.noted)
}
