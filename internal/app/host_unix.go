//go:build linux || darwin || freebsd

package app

import (
	"io/fs"
	"os"
	"syscall"
)

// freeSpace returns how many bytes of the file system of a folder this process may still take.
func freeSpace(folder string) (free uint64, known bool) {
	var s syscall.Statfs_t
	if err := syscall.Statfs(folder, &s); err != nil {
		return 0, false
	}
	return uint64(s.Bavail) * uint64(s.Bsize), true
}

// fileHandles returns how many files this process may have open.
func fileHandles() (limit uint64, known bool) {
	var r syscall.Rlimit
	if err := syscall.Getrlimit(syscall.RLIMIT_NOFILE, &r); err != nil {
		return 0, false
	}
	return uint64(r.Cur), true
}

// ownedByOther reports whether a file belongs to another user than this process's.
func ownedByOther(info fs.FileInfo) bool {
	s, ok := info.Sys().(*syscall.Stat_t)
	return ok && int(s.Uid) != os.Geteuid()
}

// writable reports whether this process may write a file or into a folder.
func writable(name string) bool { return syscall.Access(name, 2 /* W_OK */) == nil }
