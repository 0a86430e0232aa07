//go:build !linux

package app

// unmapStart does nothing where it is not known how.
func unmapStart() {}
