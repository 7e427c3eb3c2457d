//go:build !unix

package child

import (
	"io/fs"
	"os"
	"os/exec"
)

func ownGroup(*exec.Cmd) {}

// signalGroup ends the command at once: there are no groups, and no gentler signal that every system has.
func signalGroup(p *os.Process, _ os.Signal) { _ = p.Kill() }

func mayRun(info fs.FileInfo) bool { return info.Mode().IsRegular() }
