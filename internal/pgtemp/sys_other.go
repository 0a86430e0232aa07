//go:build !unix

package pgtemp

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	"runtime"
)

type user struct{}

func serverUser() (*user, error) {
	return nil, fmt.Errorf("%w: clusters are not started on %s", ErrNoServer, runtime.GOOS)
}

func (*user) own(string) error { return nil }

func (*user) run(*exec.Cmd) {}

func quit(process *os.Process) error { return process.Kill() }

func endWithParent(*exec.Cmd) {}

func lockFolder(string) (*os.File, error) { return nil, errors.ErrUnsupported }

func memoryFolder() string { return "" }
