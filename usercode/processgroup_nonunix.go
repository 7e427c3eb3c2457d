//go:build !unix

package usercode

import (
	"os/exec"
	"time"
)

// processGroup is the program alone where there are no process groups: what it starts is its own affair.
type processGroup struct{ cmd *exec.Cmd }

func newProcessGroup(cmd *exec.Cmd) *processGroup { return &processGroup{cmd: cmd} }

func (g *processGroup) started(time.Duration) {}

func (g *processGroup) terminate() error { return g.cmd.Process.Kill() }

func (g *processGroup) end() {}
