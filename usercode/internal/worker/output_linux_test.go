package worker

import (
	"bytes"
	"os"
	"path/filepath"
	"syscall"
	"testing"
)

func TestLargeOutputGivesItsDiskBack(t *testing.T) {
	f, err := os.OpenFile(filepath.Join(t.TempDir(), "output"), os.O_CREATE|os.O_RDWR|os.O_APPEND, 0o600)
	if err != nil {
		t.Fatal(err)
	}
	defer func() { _ = f.Close() }()
	line := bytes.Repeat([]byte("x"), 1<<16)
	for range 64 {
		if _, err := f.Write(line); err != nil {
			t.Fatal(err)
		}
	}
	end := []byte("the end")
	if _, err := f.Write(end); err != nil {
		t.Fatal(err)
	}
	before := blocks(t, f)
	if err := trimOutput(f, 8<<20, 1<<16); err != nil || blocks(t, f) != before {
		t.Errorf("a small file was touched: %v", err)
	}
	if err := trimOutput(f, 1<<20, 1<<16); err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil || info.Size() != 64<<16+int64(len(end)) || blocks(t, f) > 1<<20 {
		t.Errorf("size %d, on disk %d, %v", info.Size(), blocks(t, f), err)
	}
	tail := make([]byte, len(end))
	if _, err := f.ReadAt(tail, info.Size()-int64(len(end))); err != nil || !bytes.Equal(tail, end) {
		t.Errorf("the end is %q, %v", tail, err)
	}
}

func blocks(t *testing.T, f *os.File) int64 {
	t.Helper()
	if err := f.Sync(); err != nil {
		t.Fatal(err)
	}
	info, err := f.Stat()
	if err != nil {
		t.Fatal(err)
	}
	return info.Sys().(*syscall.Stat_t).Blocks * 512
}
