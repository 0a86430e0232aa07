package app

import (
	"context"
	"io/fs"
	"math"
	"os"
	"path"
	"runtime"
	"runtime/debug"
	"runtime/metrics"
	"strconv"
	"strings"
	"time"
)

// The heap grows by headroom between two collections, but by at most maxGCPercent of
// what is live and at least minGCPercent.
//
// What requests hold is small, some ten megabytes, so that the default of 100 percent
// would collect every few requests and double their cost. The response cache is not
// small, but its bytes have no pointers and cost a collection little: with it in the live
// heap a fixed percentage would let garbage grow to several times the cache.
const (
	headroom     = 24 << 20
	maxGCPercent = 400
	minGCPercent = 30
)

// gcPercent returns the GOGC for a live heap of so many bytes.
func gcPercent(live uint64) int {
	return max(minGCPercent, min(maxGCPercent, int(100*headroom/max(live, 1))))
}

// tuneMemory sets GOGC as gcPercent says, after each collection anew, and GOMEMLIMIT to
// three quarters of the memory of the machine or the container, unless the environment
// sets them.
func tuneMemory(getenv func(string) string) {
	if getenv("GOGC") == "" {
		debug.SetGCPercent(maxGCPercent)
		afterCollections(maxGCPercent)
	}
	if getenv("GOMEMLIMIT") == "" {
		if memory := availableMemory(os.DirFS("/")); memory > 0 {
			debug.SetMemoryLimit(memory / 4 * 3)
		}
	}
}

// afterCollections sets GOGC anew after each garbage collection. The percentage is that of
// now.
func afterCollections(percent int) {
	live := []metrics.Sample{{Name: "/gc/heap/live:bytes"}}
	metrics.Read(live)
	if want := gcPercent(live[0].Value.Uint64()); want < percent*9/10 || want > percent*11/10 {
		debug.SetGCPercent(want)
		percent = want
	}
	// The next collection finds this object unreachable.
	runtime.AddCleanup(new([16]byte), afterCollections, percent)
}

// startSettles is how long after the start all that runs at intervals has run once.
const startSettles = 10 * time.Second

// releaseStart gives back what the start needed and serving does not.
func releaseStart() { debug.FreeOSMemory() }

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

// cacheSize returns how many bytes the response cache may take: what is configured, and at most half of the memory limit
// of the process, or the cache would leave too little for the requests.
func (a *App) cacheSize(ctx context.Context, configured Bytes) int64 {
	size, half := int64(configured), debug.SetMemoryLimit(-1)/2
	if size <= half {
		return size
	}
	a.log.WarnContext(ctx, "the response cache takes half of the memory limit, and not what --cache-size says", "bytes", half, "cache_size", size)
	return half
}
