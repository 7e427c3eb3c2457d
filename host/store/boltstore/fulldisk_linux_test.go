package boltstore

import (
	"crypto/rand"
	"os"
	"os/exec"
	"path/filepath"
	"strings"
	"syscall"
	"testing"

	"github.com/penstock-run/penstock/host"
)

// fullDisk names the directory on which a process mounts its own small disk, in its environment.
const fullDisk = "BOLTSTORE_FULL_DISK"

// TestFullDisk fills the disk under a store: what was answered stays, the answer names the cause, reads go on.
func TestFullDisk(t *testing.T) {
	if dir := os.Getenv(fullDisk); dir != "" {
		fillDisk(t, dir)
		return
	}
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	cmd := exec.CommandContext(t.Context(), self, "-test.run=^TestFullDisk$", "-test.v")
	cmd.Env = append(os.Environ(), fullDisk+"="+t.TempDir())
	cmd.SysProcAttr = &syscall.SysProcAttr{
		Cloneflags:  syscall.CLONE_NEWUSER | syscall.CLONE_NEWNS,
		UidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getuid(), Size: 1}},
		GidMappings: []syscall.SysProcIDMap{{ContainerID: 0, HostID: os.Getgid(), Size: 1}},
	}
	out, err := cmd.CombinedOutput()
	switch text := string(out); {
	case err != nil && len(out) == 0:
		t.Skipf("this machine gives no process a mount of its own: %v", err)
	case strings.Contains(text, "--- SKIP"):
		t.Skip(text)
	case err != nil || !strings.Contains(text, "--- PASS"):
		t.Errorf("%v\n%s", err, out)
	}
}

func fillDisk(t *testing.T, dir string) {
	if err := syscall.Mount("tmpfs", dir, "tmpfs", 0, "size=2m"); err != nil {
		t.Skipf("mount a small disk: %v", err)
	}
	path := filepath.Join(dir, "store")
	fatal := make(chan error, 1)
	s := open(t, path, &Options{OnFatal: func(err error) { fatal <- err }})
	var answered []host.RunID
	var err error
	for len(answered) < 1000 {
		var run host.Run
		n := newRun()
		for range 1000 {
			n.Run.ConfigYAML += rand.Text() // which cannot be compressed much
		}
		if run, _, err = s.CreateRun(t.Context(), n); err != nil {
			break
		}
		answered = append(answered, run.ID)
	}
	if err == nil {
		t.Fatalf("%d runs fit on a disk of 2 MiB", len(answered))
	}
	wantReason(t, "CreateRun on a full disk", err, host.Unavailable, reasonUnknown)
	if !strings.Contains(err.Error(), "the disk is full") {
		t.Errorf("CreateRun on a full disk: %v, want the cause", err)
	}
	wantReason(t, "OnFatal", <-fatal, host.Unavailable, reasonUnknown)
	_, _, err = s.CreateRun(t.Context(), newRun())
	wantReason(t, "CreateRun afterwards", err, host.Unavailable, reasonStopped)
	have(t, s, answered)
	if err := s.Close(); err != nil {
		t.Error(err)
	}

	if err := syscall.Mount("", dir, "", syscall.MS_REMOUNT, "size=64m"); err != nil {
		t.Fatalf("make room: %v", err)
	}
	again := open(t, path, nil)
	defer again.Close()
	have(t, again, answered)
	create(t, again)
}

// have wants runs to be in the store.
func have(t *testing.T, s *Store, ids []host.RunID) {
	t.Helper()
	for _, id := range ids {
		if run, err := s.Run(t.Context(), id); err != nil || run.ID != id {
			t.Fatalf("run %s was answered and now is %v, %v", id, run.ID, err)
		}
	}
}
