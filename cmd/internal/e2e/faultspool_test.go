package e2e

import (
	"errors"
	"os"
	"path/filepath"
	"syscall"
	"testing"
	"time"
)

// spoolBytes is the size of the disk that workers spool into. One of them fills it when the host is away.
const spoolBytes = 12 << 20

// spoolDisk is a small disk of its own.
type spoolDisk struct{ dir string }

// newSpoolDisk mounts a disk, or answers nil when that is not allowed here.
func newSpoolDisk(t testing.TB, dir string) *spoolDisk {
	t.Helper()
	if err := os.Mkdir(dir, 0o700); err != nil {
		t.Fatal(err)
	}
	if err := mountMemory(dir, spoolBytes); err != nil {
		t.Logf("no disk is filled: a small one cannot be mounted here: %v", err)
		return nil
	}
	t.Cleanup(func() {
		if err := unmount(dir); err != nil {
			t.Errorf("unmount %s: %v", dir, err)
		}
	})
	return &spoolDisk{dir}
}

func (d *spoolDisk) filler() string { return filepath.Join(d.dir, "filler") }

// fill leaves so much of the disk.
func (d *spoolDisk) fill(leave int64) error {
	f, err := os.Create(d.filler())
	if err != nil {
		return err
	}
	zeros := make([]byte, 64<<10)
	for err == nil && freeBytes(d.dir) > leave {
		_, err = f.Write(zeros[:min(int64(len(zeros)), freeBytes(d.dir)-leave)])
	}
	if errors.Is(err, syscall.ENOSPC) { // a worker was quicker
		err = nil
	}
	return errors.Join(err, f.Close())
}

// fillSpool lets a run write more than there is room for on the disk of its spool, while the host is away.
func (f *faultWorld) fillSpool() {
	f.t.Helper()
	if f.spool == nil {
		return
	}
	r := f.someRun()
	r.lines, r.bytes, r.pause = 600, 4<<10, 0 // 20 MB in all: more than a worker keeps in memory, and than the disk has
	r.fails, r.cancels, r.retried = "", false, false
	f.launchFaulty(r)
	if f.awaitWorker(r) == 0 {
		return
	}
	away := f.random.IntN(3)
	switch away {
	case 0:
		f.server.kill()
	case 1:
		f.stand(f.server.cmd.Process.Pid)
	default:
		f.toHost.freeze()
	}
	if err := f.spool.fill(f.random.Int64N(4 << 20)); err != nil {
		f.t.Fatalf("fill the disk of the spool: %v", err)
	}
	what := "the disk of the spool was nearly full"
	for end := time.Now().Add(5 * time.Second); time.Now().Before(end); f.pause(100 * time.Millisecond) {
		if freeBytes(f.spool.dir) < 8<<10 {
			what = "the disk of the spool was full"
			f.pause(2 * time.Second)
			break
		}
	}
	free := func() {
		if err := os.Remove(f.spool.filler()); err != nil {
			f.t.Fatal(err)
		}
		f.pause(1500 * time.Millisecond)
	}
	first := f.random.IntN(2) == 0
	if first {
		free()
	}
	if away == 0 {
		f.startHost()
	}
	f.thaw()
	if !first {
		f.pause(1500 * time.Millisecond)
		free()
	}
	f.happened(what)
}
