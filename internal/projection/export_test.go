package projection

import (
	"time"
)

// NextPause is nextPause.
func NextPause(last time.Duration, failed bool) time.Duration { return nextPause(last, failed) }

// SetPauses makes Run rest for as long as f says instead. Call it before Run.
func (l *Live) SetPauses(f func(time.Duration) time.Duration) { l.pauses = f }

// SetStaged sets of how many entries of the log a rebuild stages the documents at once: in a transaction
// of their own, unless live is lost and d is longer than that takes.
func (l *Live) SetStaged(n int, d time.Duration) { l.staged, l.stagingTime = n, d }
