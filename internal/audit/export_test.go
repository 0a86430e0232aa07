package audit

import "time"

// SetAfter gives a buffer another clock to wait by.
func SetAfter(b *Buffer, after func(time.Duration) <-chan time.Time) { b.entries.SetAfter(after) }

// Waiting returns how many different entries wait to be written.
func Waiting(b *Buffer) int { return b.entries.Len() }
