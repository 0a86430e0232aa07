package pgtemp

import (
	"os/exec"
	"syscall"
)

// endWithParent makes the kernel stop the server when the thread that started it
// ends, and so when this process is killed; see [server.run].
func endWithParent(cmd *exec.Cmd) {
	cmd.SysProcAttr.Pdeathsig = syscall.SIGQUIT
}
