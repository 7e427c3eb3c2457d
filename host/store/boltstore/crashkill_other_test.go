//go:build !linux

package boltstore

import "os/exec"

// killable lets a command be killed.
func killable(cmd *exec.Cmd) (kill func() error) {
	return func() error { return cmd.Process.Kill() }
}
