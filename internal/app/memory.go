package app

import (
	"io/fs"
	"math"
	"os"
	"path"
	"runtime/debug"
	"strconv"
	"strings"
)

// gcPercent lets the heap grow to five times the live heap. The live heap is
// small, some ten megabytes, so that the default would collect every few requests
// and double their cost.
const gcPercent = 400

// tuneMemory sets GOGC to gcPercent and GOMEMLIMIT to three quarters of the memory
// of the machine or the container, unless the environment sets them.
func tuneMemory(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(gcPercent)
	}
	if getenv("GOMEMLIMIT") == "" {
		if memory := availableMemory(os.DirFS("/")); memory > 0 {
			debug.SetMemoryLimit(memory / 4 * 3)
		}
	}
}

// availableMemory returns how many bytes of memory this process may use according
// to Linux; 0 if unknown.
func availableMemory(root fs.FS) int64 {
	least := int64(math.MaxInt64)
	read := func(file, prefix, unit string) {
		body, err := fs.ReadFile(root, file)
		if err != nil {
			return
		}
		for line := range strings.Lines(string(body)) {
			value, ok := strings.CutPrefix(strings.TrimSpace(line), prefix)
			if !ok {
				continue
			}
			n, err := strconv.ParseInt(strings.TrimSpace(strings.TrimSuffix(value, unit)), 10, 64)
			if err != nil || n <= 0 {
				continue // "max"
			}
			if unit == "kB" {
				n *= 1024
			}
			least = min(least, n)
		}
	}
	read("proc/meminfo", "MemTotal:", "kB")
	read("sys/fs/cgroup/memory/memory.limit_in_bytes", "", "") // cgroup v1
	// cgroup v2: the limit of any group above the process's own holds as well.
	group := "/"
	if body, err := fs.ReadFile(root, "proc/self/cgroup"); err == nil {
		for line := range strings.Lines(string(body)) {
			if own, ok := strings.CutPrefix(strings.TrimSpace(line), "0::"); ok {
				group = path.Clean("/" + own)
			}
		}
	}
	for {
		read(path.Join("sys/fs/cgroup", group, "memory.max"), "", "")
		if group == "/" {
			break
		}
		group = path.Dir(group)
	}
	if least == math.MaxInt64 {
		return 0
	}
	return least
}
