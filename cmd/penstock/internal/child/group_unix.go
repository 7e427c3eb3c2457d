//go:build unix

package child

import (
	"io/fs"
	"os"
	"os/exec"
	"syscall"
)

// ownGroup keeps the terminal's Ctrl-C from the command, and lets all that it starts be ended together.
func ownGroup(cmd *exec.Cmd) { cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true} }

// signalGroup sends SIGTERM for os.Interrupt and SIGKILL for os.Kill. The group's number cannot belong to another group
// while one of its processes lives; that none does is no error.
func signalGroup(p *os.Process, sig os.Signal) {
	number := syscall.SIGTERM
	if sig == os.Kill {
		number = syscall.SIGKILL
	}
	_ = syscall.Kill(-p.Pid, number)
}

func mayRun(info fs.FileInfo) bool { return info.Mode().IsRegular() && info.Mode()&0o111 != 0 }
