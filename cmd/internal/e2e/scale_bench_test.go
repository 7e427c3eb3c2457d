package e2e

import (
	"bytes"
	"context"
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"strconv"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
)

// many is a server with n jobs of 10 ops, 5 metadata entries and 5 tags.
func many(n int) hosttest.Behavior {
	b := hosttest.Current()
	b.Repositories = hosttest.Many(n)
	return b
}

// BenchmarkHostStart is from the start of the process until it lists all jobs: known ones from its store, first ones
// from the server. It reports the resident memory of the host then.
func BenchmarkHostStart(b *testing.B) {
	for _, n := range []int{1, 1_000, 5_000} {
		peer := hosttest.Start(b, many(n))
		for _, known := range []bool{false, true} {
			b.Run(fmt.Sprintf("jobs=%d/known=%t", n, known), func(b *testing.B) {
				w := &world{t: b, dir: b.TempDir(), host: freeAddress(3000)}
				jobs := hostv1connect.NewJobServiceClient(w.caller())
				start := func() *process {
					p := run(b, w.dir, penstock, "serve", "--listen", w.host, "--data", filepath.Join(w.dir, "data"), "--location", "many="+peer.Address())
					listed := func() bool {
						response, err := jobs.ListJobs(b.Context(), &hostv1.ListJobsRequest{PageSize: 1})
						return err == nil && int(response.GetTotal()) == n
					}
					for end := time.Now().Add(patience); !listed(); {
						if time.Now().After(end) {
							b.Fatalf("%d jobs are never listed", n)
						}
					}
					return p
				}
				if known {
					start().stop()
				}
				var memory float64
				for b.Loop() {
					p := start()
					b.StopTimer()
					memory = residentMB(b, p)
					p.stop()
					if !known {
						if err := os.RemoveAll(filepath.Join(w.dir, "data")); err != nil {
							b.Fatal(err)
						}
					}
					b.StartTimer()
				}
				b.ReportMetric(memory, "MB")
			})
		}
	}
}

// caller calls the host's API.
func (w *world) caller() *connect.Client {
	return connect.NewClient(connecthttp.NewTransport(&http.Client{Transport: &http.Transport{}}, "http://"+w.host))
}

// residentMB is what the process holds in memory, by the kernel's account.
func residentMB(b *testing.B, p *process) float64 {
	text, err := os.ReadFile(fmt.Sprintf("/proc/%d/status", p.cmd.Process.Pid))
	if err != nil {
		b.Skip("the kernel does not tell the memory of a process: ", err)
	}
	for line := range bytes.Lines(text) {
		if rest, ok := strings.CutPrefix(string(line), "VmRSS:"); ok {
			kb, err := strconv.Atoi(strings.Fields(rest)[0])
			if err != nil {
				b.Fatal(err)
			}
			return float64(kb) / 1024
		}
	}
	b.Fatal("no VmRSS in ", string(text))
	return 0
}

// seen follows what the UI follows, and answers when it has told that the location is READY with these definitions.
func (w *world) seen(ctx context.Context, digest func() []byte) error {
	ctx, cancel := context.WithTimeout(ctx, 2*patience)
	defer cancel()
	stream, err := hostv1connect.NewLocationServiceClient(w.caller()).WatchLocations(ctx, &hostv1.WatchLocationsRequest{})
	if err != nil {
		return err
	}
	defer func() { _ = stream.Close() }()
	for {
		m, err := stream.Receive()
		if err != nil {
			return err
		}
		l := m.GetLocation()
		if l.GetState() == hostv1.LocationState_LOCATION_STATE_READY && bytes.Equal(l.GetDefinitionsDigest(), digest()) {
			return nil
		}
	}
}

// BenchmarkDeploySeen is from a deploy in place until the UI is told: the goal is 2 s.
func BenchmarkDeploySeen(b *testing.B) {
	peer := hosttest.Start(b, many(100))
	w := &world{t: b, dir: b.TempDir(), host: freeAddress(3000), code: peer.Address()}
	w.startHost()
	if err := w.seen(b.Context(), peer.DefinitionsDigest); err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		if err := peer.Become(many(101 + i)); err != nil { // never one that was there before: that would be a rollback
			b.Fatal(err)
		}
		if err := w.seen(b.Context(), peer.DefinitionsDigest); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkRollbackSeen is from the end of a rollback behind two replicas until the UI is told: the goal is 15 s.
func BenchmarkRollbackSeen(b *testing.B) {
	old := hosttest.Start(b, many(100))
	balancer := hosttest.StartBalancer(b, old)
	w := &world{t: b, dir: b.TempDir(), host: freeAddress(3000), code: balancer.Address()}
	w.startHost()
	if err := w.seen(b.Context(), old.DefinitionsDigest); err != nil {
		b.Fatal(err)
	}
	for i := 0; b.Loop(); i++ {
		b.StopTimer()
		// One that was seen a moment ago would be no deploy, but what is left of one.
		fresh := hosttest.Start(b, many(101+i))
		balancer.Add(fresh.Address())
		if err := w.seen(b.Context(), fresh.DefinitionsDigest); err != nil {
			b.Fatal(err)
		}
		b.StartTimer()
		balancer.Remove(fresh.Address())
		fresh.Stop()
		if err := w.seen(b.Context(), old.DefinitionsDigest); err != nil {
			b.Fatal(err)
		}
	}
}
