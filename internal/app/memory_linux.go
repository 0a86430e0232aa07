package app

import (
	"bufio"
	"os"
	"strconv"
	"strings"
	"syscall"
)

// unmapStart takes the pages of the program file that the start has touched out of the
// memory of the process. The kernel keeps the file in its cache and maps a page again when
// it is used. Only mappings that were never written are considered: what a linker or the
// runtime has changed is nowhere else.
func unmapStart() {
	executable, err := os.Readlink("/proc/self/exe")
	if err != nil {
		return
	}
	maps, err := os.Open("/proc/self/smaps")
	if err != nil {
		return
	}
	defer func() { _ = maps.Close() }() // it was only read
	var from, to uintptr                // of the last mapping that may be unmapped
	for lines := bufio.NewScanner(maps); lines.Scan(); {
		fields := strings.Fields(lines.Text())
		if len(fields) == 0 {
			continue
		}
		if first, last, ok := strings.Cut(fields[0], "-"); ok && !strings.HasSuffix(fields[0], ":") {
			from, to = 0, 0
			if len(fields) == 6 && fields[5] == executable && fields[1][1] == '-' && fields[1][3] == 'p' {
				from, to = address(first), address(last)
			}
		}
		// "Anonymous" comes after the sizes of its mapping: pages that differ from the file.
		if fields[0] == "Anonymous:" && fields[1] == "0" && from < to {
			_, _, _ = syscall.Syscall(syscall.SYS_MADVISE, from, to-from, syscall.MADV_DONTNEED)
		}
	}
}

// address reads an address of /proc; 0 if it is none.
func address(hex string) uintptr {
	n, err := strconv.ParseUint(hex, 16, 64)
	if err != nil {
		return 0
	}
	return uintptr(n)
}
