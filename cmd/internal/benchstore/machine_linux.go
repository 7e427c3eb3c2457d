package main

import (
	"bufio"
	"bytes"
	"fmt"
	"os"
	"strings"
	"syscall"

	"golang.org/x/sys/unix"
)

func syncData(f *os.File) error { return unix.Fdatasync(int(f.Fd())) }

// blocks are the bytes that a file takes on the disk.
func blocks(info os.FileInfo) int64 {
	if s, ok := info.Sys().(*syscall.Stat_t); ok {
		return s.Blocks * 512
	}
	return info.Size()
}

// bytesWritten is what this process wrote to the disk so far.
func bytesWritten() (n int64, err error) {
	text, err := os.ReadFile("/proc/self/io")
	if err != nil {
		return 0, err
	}
	for line := range strings.Lines(string(text)) {
		if _, err := fmt.Sscanf(line, "write_bytes: %d", &n); err == nil {
			return n, nil
		}
	}
	return 0, fmt.Errorf("/proc/self/io says nothing of write_bytes")
}

// forget asks the kernel to drop what it has cached of a file.
func forget(path string) error {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	return first(unix.Fadvise(int(f.Fd()), 0, 0, unix.FADV_DONTNEED), f.Close())
}

// memory is what a process uses in MB: its own, and with the pages of files that it has mapped.
func memory(pid int) (own, all float64, err error) {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", pid))
	if err != nil {
		return 0, 0, err
	}
	lines := bufio.NewScanner(bytes.NewReader(text))
	for lines.Scan() {
		var kb float64
		if _, err := fmt.Sscanf(lines.Text(), "RssAnon: %f kB", &kb); err == nil {
			own = kb / 1000
		}
		if _, err := fmt.Sscanf(lines.Text(), "VmRSS: %f kB", &kb); err == nil {
			all = kb / 1000
		}
	}
	return own, all, lines.Err()
}
