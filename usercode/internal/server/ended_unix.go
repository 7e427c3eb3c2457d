//go:build unix && !linux

package server

import (
	"os/exec"
	"strconv"
	"strings"
)

// hasEnded asks ps, because there is no portable way to look without taking the process out of the table.
func hasEnded(pid int) bool {
	state, err := exec.Command("ps", "-o", "state=", "-p", strconv.Itoa(pid)).Output()
	return err != nil || strings.HasPrefix(strings.TrimSpace(string(state)), "Z")
}
