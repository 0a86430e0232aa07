//go:build unix

package pgtemp

import (
	"errors"
	"fmt"
	"os"
	"os/exec"
	osuser "os/user"
	"path/filepath"
	"strconv"
	"syscall"
)

// user is the account that the server runs as if this process is root, because
// PostgreSQL refuses to run as root. nil means the process's own account.
type user struct {
	uid, gid uint32
}

func serverUser() (*user, error) {
	if os.Geteuid() != 0 {
		return nil, nil
	}
	var errs []error
	for _, name := range []string{"postgres", "nobody"} {
		account, err := osuser.Lookup(name)
		if err != nil {
			errs = append(errs, err)
			continue
		}
		uid, uidErr := strconv.ParseUint(account.Uid, 10, 32)
		gid, gidErr := strconv.ParseUint(account.Gid, 10, 32)
		if err := errors.Join(uidErr, gidErr); err != nil {
			errs = append(errs, err)
			continue
		}
		return &user{uid: uint32(uid), gid: uint32(gid)}, nil
	}
	return nil, fmt.Errorf("find an account that PostgreSQL can run as in place of root: %w", errors.Join(errs...))
}

func (u *user) own(dir string) error {
	if u == nil {
		return nil
	}
	return os.Chown(dir, int(u.uid), int(u.gid))
}

func (u *user) run(cmd *exec.Cmd) {
	cmd.SysProcAttr = &syscall.SysProcAttr{}
	if u != nil {
		cmd.SysProcAttr.Credential = &syscall.Credential{Uid: u.uid, Gid: u.gid}
	}
}

// quit requests PostgreSQL's immediate shutdown: the server ends its backends,
// frees its shared memory, and writes no checkpoint.
func quit(process *os.Process) error {
	err := process.Signal(syscall.SIGQUIT)
	if errors.Is(err, os.ErrProcessDone) {
		return nil
	}
	return err
}

// lockFolder marks the folder as in use by this process. It fails when another
// process holds it.
func lockFolder(dir string) (*os.File, error) {
	file, err := os.OpenFile(filepath.Join(dir, "lock"), os.O_RDWR|os.O_CREATE, 0o600)
	if err != nil {
		return nil, err
	}
	if err := syscall.Flock(int(file.Fd()), syscall.LOCK_EX|syscall.LOCK_NB); err != nil {
		return nil, errors.Join(err, file.Close())
	}
	return file, nil
}
