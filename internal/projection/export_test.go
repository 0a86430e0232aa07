package projection

import (
	"time"
)

// NextPause is nextPause.
func NextPause(last time.Duration, failed bool) time.Duration { return nextPause(last, failed) }

// SetPauses makes Run rest for as long as f says instead. Call it before Run.
func (d *Live) SetPauses(f func(time.Duration) time.Duration) { d.pauses = f }

// SetStaged sets of how many entries of the log a rebuild stages the documents in one transaction.
func (d *Live) SetStaged(n int) { d.staged, d.stagingTime = n, 0 }
