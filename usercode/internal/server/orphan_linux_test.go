package server

import (
	"os/exec"
	"strconv"
	"strings"
	"syscall"
	"testing"

	"golang.org/x/sys/unix"
)

// What workers leave behind is waited for by the server that inherits it; what somebody here has started is not.
func TestOrphansAreAdopted(t *testing.T) {
	if err := unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 1, 0, 0, 0); err != nil {
		t.Skipf("this process cannot inherit others: %v", err)
	}
	t.Cleanup(func() { _ = unix.Prctl(unix.PR_SET_CHILD_SUBREAPER, 0, 0, 0, 0) })
	s := serve(t, repositories(), Options{Last: true})
	own := exec.Command("true")
	if err := own.Start(); err != nil {
		t.Fatal(err)
	}
	worker := exec.Command("sh", "-c", "sleep 0.1 >/dev/null & echo $!")
	worker.SysProcAttr = &syscall.SysProcAttr{Setsid: true}
	text, err := worker.Output()
	if err != nil {
		t.Fatal(err)
	}
	orphan, err := strconv.Atoi(strings.TrimSpace(string(text)))
	if err != nil {
		t.Fatal(err)
	}
	eventually(t, "the orphan is gone", func() bool { return syscall.Kill(orphan, 0) != nil })
	if err := own.Wait(); err != nil {
		t.Errorf("a child of this process was waited for by somebody else: %v", err)
	}
	s.stop()
}
