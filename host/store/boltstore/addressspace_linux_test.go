package boltstore

import (
	"fmt"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"
)

// smallSpace names the store that a process with little address space opens, in its environment.
const smallSpace = "BOLTSTORE_SMALL_SPACE"

// TestOpenWithLittleAddressSpace opens a store where 64 GiB cannot be mapped: in a container with a limit, for example.
func TestOpenWithLittleAddressSpace(t *testing.T) {
	if dir := os.Getenv(smallSpace); dir != "" {
		limitAddressSpace(t)
		s := open(t, dir, nil)
		create(t, s)
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestOpenWithLittleAddressSpace$", "-test.v")
	cmd.Env = append(os.Environ(), smallSpace+"="+filepath.Join(t.TempDir(), "store"))
	if out, err := cmd.CombinedOutput(); err != nil || !strings.Contains(string(out), "--- PASS") {
		t.Errorf("%v\n%s", err, out)
	}
}

// limitAddressSpace leaves 6 GiB: a mapping of 4 GiB fits once.
func limitAddressSpace(t *testing.T) {
	t.Helper()
	statm, err := os.ReadFile("/proc/self/statm")
	if err != nil {
		t.Fatal(err)
	}
	var pages uint64
	if _, err := fmt.Sscan(string(statm), &pages); err != nil {
		t.Fatal(err)
	}
	limit := pages*uint64(os.Getpagesize()) + 6<<30
	if err := syscall.Setrlimit(syscall.RLIMIT_AS, &syscall.Rlimit{Cur: limit, Max: limit}); err != nil {
		t.Fatal(err)
	}
}
