package workspace

import (
	"bufio"
	"context"
	"fmt"
	"io"
	"math/rand/v2"
	"os"
	"os/exec"
	"strings"
	"syscall"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
)

// peersVariable makes this test binary serve that many peers instead of testing:
// what they cost is not to be counted.
const peersVariable = "PENSTOCK_TEST_PEERS"

// servePeers listens, prints the addresses, and goes on until its input ends.
func servePeers(out io.Writer, count string) error {
	n := 0
	if _, err := fmt.Sscan(count, &n); err != nil {
		return err
	}
	b := hosttest.Current()
	for range n {
		p, err := hosttest.Listen("127.0.0.1:0", b)
		if err != nil {
			return err
		}
		defer p.Stop()
		if _, err := fmt.Fprintln(out, p.Address()); err != nil {
			return err
		}
	}
	_, err := io.Copy(io.Discard, os.Stdin)
	return err
}

// startPeers starts n peers in another process for the length of a test.
func startPeers(t testing.TB, n int) (addresses []string) {
	t.Helper()
	self, err := os.Executable()
	if err != nil {
		t.Fatal(err)
	}
	c := exec.Command(self)
	c.Env = append(os.Environ(), fmt.Sprintf("%s=%d", peersVariable, n))
	c.Stderr = os.Stderr
	in, err := c.StdinPipe()
	if err != nil {
		t.Fatal(err)
	}
	out, err := c.StdoutPipe()
	if err != nil {
		t.Fatal(err)
	}
	if err := c.Start(); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		_ = in.Close()
		_ = c.Wait()
	})
	for lines := bufio.NewScanner(out); len(addresses) < n && lines.Scan(); {
		addresses = append(addresses, strings.TrimSpace(lines.Text()))
	}
	if len(addresses) < n {
		t.Fatalf("%d of %d peers listen", len(addresses), n)
	}
	return addresses
}

// BenchmarkProbe1000Locations is what it costs to watch a thousand locations at
// rest, probed every second: the metric cores is seconds of CPU for each second.
func BenchmarkProbe1000Locations(b *testing.B) {
	const window = 10 * time.Second
	var configs []host.LocationConfig
	for i, address := range startPeers(b, 1_000) {
		configs = append(configs, host.LocationConfig{Name: fmt.Sprint("l", i), Address: address})
	}
	w, err := New(Options{Clock: systemClock{}, Jitter: rand.Float64, Locations: configs})
	if err != nil {
		b.Fatal(err)
	}
	changes := w.Watch()
	defer changes.Close()
	if err := w.Start(context.Background()); err != nil {
		b.Fatal(err)
	}
	defer w.Stop()
	started := time.Now()
	for ready := 0; ready < len(configs); {
		<-changes.Ready()
		for _, name := range changes.Take() {
			if l, err := w.Location(name); err != nil || l.State != host.LocationReady {
				b.Fatal(l.State, l.Fault, err)
			}
			ready++
		}
	}
	b.ReportMetric(time.Since(started).Seconds(), "s-until-ready")
	// A location that was just met gets new connections for a while: that is not rest.
	<-time.After(window)
	var used, passed time.Duration
	for b.Loop() {
		before, since := cpu(b), time.Now()
		<-time.After(window)
		used, passed = used+cpu(b)-before, passed+time.Since(since)
	}
	if taken := changes.Take(); len(taken) > 0 {
		b.Errorf("%d locations at rest have changed", len(taken))
	}
	b.ReportMetric(used.Seconds()/passed.Seconds(), "cores")
}

// cpu is the time that this process has used.
func cpu(t testing.TB) time.Duration {
	t.Helper()
	var u syscall.Rusage
	if err := syscall.Getrusage(syscall.RUSAGE_SELF, &u); err != nil {
		t.Fatal(err)
	}
	return time.Duration(u.Utime.Nano() + u.Stime.Nano())
}
