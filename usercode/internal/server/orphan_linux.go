package server

import (
	"bytes"
	"os"
	"strconv"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

// adopt takes out of the table of processes those that have ended and that this process did not start: process 1 of a
// container inherits what others leave behind, and nobody else waits for them. What this process starts is in its own
// session, or is a worker, which begins one; neither is touched.
func adopt() {
	self := os.Getpid()
	own, err := unix.Getsid(self)
	if err != nil {
		return
	}
	entries, err := os.ReadDir("/proc")
	if err != nil {
		return
	}
	for _, e := range entries {
		pid, err := strconv.Atoi(e.Name())
		if err != nil {
			continue
		}
		text, err := os.ReadFile("/proc/" + e.Name() + "/stat")
		if err != nil {
			continue // it is gone
		}
		// The name of the program, in parentheses, may hold anything.
		stat := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
		if len(stat) < 4 || stat[0] != "Z" || stat[1] != strconv.Itoa(self) {
			continue
		}
		if session, err := strconv.Atoi(stat[3]); err == nil && session != own && session != pid {
			_, _ = syscall.Wait4(pid, nil, syscall.WNOHANG, nil)
		}
	}
}
