//go:build unix && !linux

package local

import "syscall"

// interruptWithParent does nothing here: only Linux has a parent-death signal. The next start ends what a killed
// program has left running.
func interruptWithParent(*syscall.SysProcAttr) {}
