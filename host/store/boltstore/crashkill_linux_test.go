package boltstore

import (
	"fmt"
	"math/rand/v2"
	"os/exec"
	"syscall"
	"testing"
)

// killable lets a command be killed with what it runs.
func killable(cmd *exec.Cmd) (kill func() error) {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	kill = func() error { return syscall.Kill(-cmd.Process.Pid, syscall.SIGKILL) }
	cmd.Cancel = kill
	return kill
}

// TestFailingDiskLosesNothingAnswered lets a system call of the writer fail, or kills it in one.
func TestFailingDiskLosesNothingAnswered(t *testing.T) {
	strace, err := exec.LookPath("strace")
	if err != nil {
		t.Skip("strace is not installed: make deps")
	}
	try := []string{"-f", "-qq", "-o", "/dev/null", "-e", "inject=fdatasync:error=EIO:when=1", "true"}
	if out, err := exec.CommandContext(t.Context(), strace, try...).CombinedOutput(); err != nil {
		t.Skipf("strace cannot trace here: %v\n%s", err, out)
	}
	round := 0
	crashRounds(t, 12, func(w *crash) {
		inject := []string{"pwrite64:error=EIO", "pwrite64:error=ENOSPC", "fdatasync:signal=SIGKILL", "fdatasync:error=EIO"}[round%4]
		round++
		// The number counts for each thread.
		w.under = []string{strace, "-f", "-qq", "-o", "/dev/null", "-e", fmt.Sprintf("inject=%s:when=%d", inject, 1+rand.IntN(60))}
		w.lines = 400
	})
}
