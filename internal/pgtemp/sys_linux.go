package pgtemp

import (
	"os/exec"
	"syscall"
)

// memoryFolder is a folder in memory that all users may write to; "" where there is
// none, or little room in it. A database of the tests is some 900 files: on a disk most
// of the time of a test went into making and removing them.
func memoryFolder() string {
	const folder, tmpfs, room = "/dev/shm", 0x01021994, 4 << 30
	var info syscall.Statfs_t
	if err := syscall.Statfs(folder, &info); err != nil || info.Type != tmpfs || int64(info.Bavail)*info.Bsize < room {
		return ""
	}
	return folder
}

// endWithParent makes the kernel stop the server when the thread that started it
// ends, and so when this process is killed; see [server.run].
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT
}
