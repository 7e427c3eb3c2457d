//go:build unix

package usercode

import (
	"os/exec"
	"syscall"
	"time"
)

// processGroup is a program and what it started, as far as that stays in its group.
type processGroup struct {
	cmd     *exec.Cmd
	kill    chan struct{} // closed: SIGTERM was sent, count down
	done    chan struct{} // closed: the program has ended
	stopped chan struct{} // closed: nothing will be sent anymore
}

func newProcessGroup(cmd *exec.Cmd) *processGroup {
	cmd.SysProcAttr = &syscall.SysProcAttr{Setpgid: true}
	dieWithParent(cmd.SysProcAttr)
	return &processGroup{cmd: cmd, kill: make(chan struct{}), done: make(chan struct{}), stopped: make(chan struct{})}
}

// started begins to wait for terminate.
func (g *processGroup) started(grace time.Duration) {
	go func() {
		defer close(g.stopped)
		select {
		case <-g.done:
			return
		case <-g.kill:
		}
		timer := time.NewTimer(grace)
		defer timer.Stop()
		select {
		case <-g.done:
		case <-timer.C:
			_ = g.signal(syscall.SIGKILL) // it may have ended this moment
		}
	}()
}

// terminate is called once, by the exec package, when the context ends.
func (g *processGroup) terminate() error {
	close(g.kill)
	return g.signal(syscall.SIGTERM)
}

// end kills what the program has left behind.
func (g *processGroup) end() {
	close(g.done)
	<-g.stopped
	_ = g.signal(syscall.SIGKILL) // mostly there is nothing left
}

func (g *processGroup) signal(s syscall.Signal) error { return syscall.Kill(-g.cmd.Process.Pid, s) }
