package e2e

import (
	"bytes"
	"fmt"
	"net"
	"os"
	"os/exec"
	"path/filepath"
	"runtime"
	"strconv"
	"strings"
	"testing"
	"time"
)

// BenchmarkSpeedMachine is what the machine itself takes, at the time of the other benchmarks, so that theirs can be taken
// as ratios: a write of a page that is synced, and a process that does nothing.
func BenchmarkSpeedMachine(b *testing.B) {
	var sync, spawn []time.Duration
	for b.Loop() {
		f, err := os.Create(filepath.Join(b.TempDir(), "page"))
		if err != nil {
			b.Fatal(err)
		}
		page := make([]byte, 4096)
		for range 200 {
			began := time.Now()
			if _, err := f.WriteAt(page, 0); err != nil {
				b.Fatal(err)
			}
			if err := f.Sync(); err != nil {
				b.Fatal(err)
			}
			sync = append(sync, time.Since(began))
		}
		if err := f.Close(); err != nil {
			b.Fatal(err)
		}
		for range 200 {
			began := time.Now()
			if err := exec.Command("true").Run(); err != nil {
				b.Fatal(err)
			}
			spawn = append(spawn, time.Since(began))
		}
	}
	report(b, map[string]float64{"fsync-p50-ms": quantile(sync, 0.5), "spawn-p50-ms": quantile(spawn, 0.5), "cpus": float64(runtime.NumCPU())})
}

// BenchmarkSpeedWorkerStart is how long a binary of user code takes before its main function: the initialisation of the
// packages that every worker links, by Go's own account, and beside it a process that only prints its commands.
func BenchmarkSpeedWorkerStart(b *testing.B) {
	var inits, whole []time.Duration
	var allocated int
	for b.Loop() {
		for range 50 {
			total, bytes := initTrace(b)
			inits, allocated = append(inits, total), bytes
			began := time.Now()
			if err := exec.Command(speedcode, "help").Run(); err != nil {
				b.Fatal(err)
			}
			whole = append(whole, time.Since(began))
		}
	}
	report(b, map[string]float64{"init-p50-ms": quantile(inits, 0.5), "init-KB": float64(allocated) / 1024, "process-p50-ms": quantile(whole, 0.5)})
}

// initTrace adds up what GODEBUG=inittrace=1 tells: "init NAME @0.1 ms, 0.02 ms clock, 1234 bytes, 5 allocs".
func initTrace(b *testing.B) (total time.Duration, allocated int) {
	b.Helper()
	cmd := exec.Command(speedcode, "help")
	cmd.Env = append(os.Environ(), "GODEBUG=inittrace=1")
	var trace bytes.Buffer
	cmd.Stderr = &trace
	if err := cmd.Run(); err != nil {
		b.Fatal(err)
	}
	for line := range strings.Lines(trace.String()) {
		var at, took float64
		var size, allocs int
		var name string
		if n, _ := fmt.Sscanf(line, "init %s @%g ms, %g ms clock, %d bytes, %d allocs", &name, &at, &took, &size, &allocs); n == 5 {
			total += time.Duration(took * float64(time.Millisecond))
			allocated += size
		}
	}
	if total == 0 {
		b.Fatalf("no package is in the trace:\n%s", trace.String())
	}
	return total, allocated
}

// cpu is the CPU time of the host and of the server, with the workers that it started and that have ended.
func (s *speed) cpu() time.Duration { return cpuOf(s.b, s.world.server) + cpuOf(s.b, s.server) }

// cpuOf is the CPU time of a process and its children that have ended.
func cpuOf(b *testing.B, p *process) time.Duration {
	b.Helper()
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/stat", p.cmd.Process.Pid))
	if err != nil {
		b.Skip("the kernel does not tell the CPU time of a process: ", err)
	}
	// After the name, which is in parentheses: state is field 3, utime, stime, cutime and cstime are 14 to 17.
	fields := strings.Fields(string(text[bytes.LastIndexByte(text, ')')+1:]))
	ticks := 0
	for _, f := range fields[14-3 : 18-3] {
		n, err := strconv.Atoi(f)
		if err != nil {
			b.Fatal(err)
		}
		ticks += n
	}
	const perSecond = 100 // USER_HZ of Linux on every platform that Go runs on
	return time.Duration(ticks) * time.Second / perSecond
}

// answers waits until the address accepts connections.
func answers(b *testing.B, address string) {
	b.Helper()
	for end := time.Now().Add(patience); ; {
		c, err := net.Dial("tcp", address)
		if err == nil {
			_ = c.Close()
			return
		}
		if time.Now().After(end) {
			b.Fatal(err)
		}
	}
}
