//go:build unix && !linux

package worker

import "syscall"

// adoptDescendants has no counterpart here: processes that leave their parent are found by their group alone.
func adoptDescendants() error { return nil }

// killDescendants leaves it to the server, which ends the group when it learns that the worker has ended.
func killDescendants() {}

// KillSession ends every process in the group that pid leads, pid included. The leader must not have been waited
// for, so that no other process can have its number.
func KillSession(pid int) { _ = syscall.Kill(-pid, syscall.SIGKILL) }
