//go:build unix && !linux

package pgtemp

import "os/exec"

// endWithParent does nothing: only Linux ends a child with its parent. A server
// that is left running stops within a minute after a later Start has removed its
// folder.
func endWithParent(*exec.Cmd) {}

func memoryFolder() string { return "" }
