//go:build !(linux || darwin || freebsd)

package app

import "io/fs"

// These are not known on this system.

func freeSpace(string) (free uint64, known bool) { return 0, false }
func fileHandles() (limit uint64, known bool)    { return 0, false }
func ownedByOther(fs.FileInfo) bool              { return false }
func writable(string) bool                       { return true }
