//go:build unix && !linux

package pgtemp

import "os/exec"

// endWithParent does nothing here: only Linux ends a child with its parent. A
// server that is left over stops within a minute of the removal of its folder
// by a later Start.
func endWithParent(*exec.Cmd) {}
