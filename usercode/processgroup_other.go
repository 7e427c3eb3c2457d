//go:build unix && !linux

package usercode

import "syscall"

// dieWithParent does nothing where the kernel has no such wish.
func dieWithParent(*syscall.SysProcAttr) {}
