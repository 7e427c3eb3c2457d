package e2e

import (
	"fmt"
	"net/http"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"
	"github.com/google/uuid"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
)

// The benchmarks of launching: host, user-code server and workers are processes, and every write is on disk before it is
// answered. Each iteration is a whole experiment, so one is enough. cmd/internal/benchtable knows the goals.

// speed is a host and a server of speedcode.
type speed struct {
	*world

	b      *testing.B
	runs   hostv1connect.RunServiceClient
	about  hostv1connect.HostServiceClient
	server *process
}

func newSpeed(b *testing.B, hostArgs ...string) *speed {
	b.Helper()
	w := newWorld(b, append(hostArgs, "--log-level", "warn")...)
	s := &speed{world: w, b: b}
	s.server = w.serve(speedcode)
	client := connect.NewClient(connecthttp.NewTransport(&http.Client{Transport: &http.Transport{MaxIdleConnsPerHost: 64}}, "http://"+w.host))
	s.runs, s.about = hostv1connect.NewRunServiceClient(client), hostv1connect.NewHostServiceClient(client)
	return s
}

func (s *speed) launch(job, config string) *hostv1.Run {
	s.b.Helper()
	res, err := s.runs.LaunchRun(s.b.Context(), &hostv1.LaunchRunRequest{RequestId: uuid.NewString(), Job: job, ConfigYaml: config})
	if err != nil {
		s.b.Fatal(err)
	}
	return res.GetRun()
}

// follow waits for the run's end, and answers when its worker was asked for.
func (s *speed) follow(id string) (run *hostv1.Run, starting time.Time) {
	s.b.Helper()
	stream, err := s.runs.WatchRunEvents(s.b.Context(), &hostv1.WatchRunEventsRequest{RunId: id})
	if err != nil {
		s.b.Fatal(err)
	}
	defer func() { _ = stream.Close() }()
	for {
		m, err := stream.Receive()
		if err != nil {
			break
		}
		for _, e := range m.GetEvents() {
			if e.GetEvent().GetKind() == "run_starting" {
				starting = e.GetEvent().GetTime().AsTime()
			}
		}
		if m.GetRun() != nil {
			run = m.GetRun()
		}
	}
	s.succeeded(run)
	return run, starting
}

func (s *speed) succeeded(run *hostv1.Run) {
	s.b.Helper()
	if run.GetStatus() != hostv1.RunStatus_RUN_STATUS_SUCCESS {
		s.b.Fatalf("run %s is %s: %s", run.GetId(), run.GetStatus(), run.GetStatusReason())
	}
}

// await waits until no run is open, and returns the n runs that there are, which ended well, oldest first.
func (s *speed) await(n int) []*hostv1.Run {
	s.b.Helper()
	tick := time.NewTicker(50 * time.Millisecond) // who asks takes CPU from what is measured
	defer tick.Stop()
	for end := time.After(5 * patience); ; {
		res, err := s.about.GetHost(s.b.Context(), &hostv1.GetHostRequest{})
		if err != nil {
			s.b.Fatal(err)
		}
		open := res.GetHost().GetQueue().GetInProgress() + res.GetHost().GetQueue().GetQueued()
		if open == 0 {
			break
		}
		select {
		case <-tick.C:
			continue
		case <-end:
			s.b.Fatalf("%d runs are still open", open)
		}
	}
	res, err := s.runs.ListRuns(s.b.Context(), &hostv1.ListRunsRequest{PageSize: 1000})
	if err != nil {
		s.b.Fatal(err)
	}
	runs := res.GetRuns()
	for _, r := range runs {
		s.succeeded(r)
	}
	if len(runs) != n {
		s.b.Fatalf("%d runs ended, want %d", len(runs), n)
	}
	slices.Reverse(runs)
	return runs
}

// span is from when the first run was created until the last one ended.
func span(runs []*hostv1.Run) time.Duration {
	var last time.Time
	for _, r := range runs {
		if end := r.GetEndedAt().AsTime(); end.After(last) {
			last = end
		}
	}
	return last.Sub(runs[0].GetCreatedAt().AsTime())
}

// quantile is the value that a part of the samples does not exceed, in milliseconds.
func quantile(samples []time.Duration, part float64) float64 {
	slices.Sort(samples)
	return ms(samples[min(int(float64(len(samples))*part), len(samples)-1)])
}

func ms(d time.Duration) float64 { return float64(d) / float64(time.Millisecond) }

// report reports metrics by unit, and that the time of an iteration says nothing.
func report(b *testing.B, metrics map[string]float64) {
	b.Helper()
	b.ReportMetric(0, "ns/op")
	for unit, n := range metrics {
		b.ReportMetric(n, unit)
	}
}

// BenchmarkSpeedLaunch is from when a run of one op that does nothing was created until it ended, one at a time on a host
// that is idle, and the part of it until its worker was asked for.
func BenchmarkSpeedLaunch(b *testing.B) {
	s := newSpeed(b)
	s.follow(s.launch("noop", "").GetId()) // the first one finds everything cold
	var whole, dispatch, granted, ran []time.Duration
	for b.Loop() {
		for range 200 {
			run, starting := s.follow(s.launch("noop", "").GetId())
			created, started := run.GetCreatedAt().AsTime(), run.GetStartedAt().AsTime()
			whole = append(whole, run.GetEndedAt().AsTime().Sub(created))
			dispatch = append(dispatch, starting.Sub(created))
			granted = append(granted, started.Sub(starting))
			ran = append(ran, run.GetEndedAt().AsTime().Sub(started))
		}
	}
	report(b, map[string]float64{
		"p50-ms": quantile(whole, 0.5), "p95-ms": quantile(whole, 0.95),
		"dispatch-p50-ms": quantile(dispatch, 0.5), "dispatch-p95-ms": quantile(dispatch, 0.95),
		"start-p50-ms": quantile(granted, 0.5), "run-p50-ms": quantile(ran, 0.5),
	})
}

// BenchmarkSpeedOps is from the grant of a run until its end, with the outputs of all its ops stored, one op after the other.
func BenchmarkSpeedOps(b *testing.B) {
	for _, n := range []int{40, 200} {
		b.Run(fmt.Sprintf("ops=%d", n), func(b *testing.B) {
			s := newSpeed(b)
			s.follow(s.launch("noop", "").GetId())
			var took []time.Duration
			for b.Loop() {
				for range 20 {
					run, _ := s.follow(s.launch(fmt.Sprintf("ops_%d", n), "").GetId())
					took = append(took, run.GetEndedAt().AsTime().Sub(run.GetStartedAt().AsTime()))
				}
			}
			p50 := quantile(took, 0.5)
			report(b, map[string]float64{"p50-ms": p50, "p95-ms": quantile(took, 0.95), "ms-per-op": p50 / float64(n)})
		})
	}
}

// BenchmarkSpeedBatch is 100 runs of 10 ops, queued at once, 10 at a time, and the CPU time of all processes for them.
func BenchmarkSpeedBatch(b *testing.B) {
	for b.Loop() {
		s := newSpeed(b, "--max-in-progress", "10")
		s.follow(s.launch("noop", "").GetId())
		before := s.cpu()
		for range 100 {
			s.launch("ops_10", "")
		}
		runs := s.await(101)[1:]
		report(b, map[string]float64{"wall-s": span(runs).Seconds(), "cpu-s": (s.cpu() - before).Seconds()})
	}
}

// BenchmarkSpeedSustained is runs of one op that does nothing, as many as there are, each in a process of its own.
func BenchmarkSpeedSustained(b *testing.B) {
	for b.Loop() {
		const n = 500
		s := newSpeed(b, "--max-in-progress", "10")
		s.follow(s.launch("noop", "").GetId())
		host, code := cpuOf(b, s.world.server), cpuOf(b, s.server)
		for range n {
			s.launch("noop", "")
		}
		runs := s.await(n + 1)[1:]
		first := runs[0].GetStartedAt().AsTime()
		report(b, map[string]float64{
			"runs/s":           n / (span(runs) - first.Sub(runs[0].GetCreatedAt().AsTime())).Seconds(),
			"host-cpu-ms/run":  ms(cpuOf(b, s.world.server)-host) / n,
			"other-cpu-ms/run": ms(cpuOf(b, s.server)-code) / n,
		})
	}
}

// BenchmarkSpeedAccept is how many runs are accepted into the queue, by 64 clients, while nothing starts.
func BenchmarkSpeedAccept(b *testing.B) {
	for b.Loop() {
		const clients, each = 64, 100
		s := newSpeed(b, "--max-in-progress", "0")
		s.launch("noop", "")
		var group sync.WaitGroup
		began := time.Now()
		for range clients {
			group.Go(func() {
				for range each {
					if _, err := s.runs.LaunchRun(b.Context(), &hostv1.LaunchRunRequest{RequestId: uuid.NewString(), Job: "noop"}); err != nil {
						b.Error(err)
						return
					}
				}
			})
		}
		group.Wait()
		report(b, map[string]float64{"runs/s": clients * each / time.Since(began).Seconds()})
	}
}

// BenchmarkSpeedEvents is events of 64 workers that are processes: from when all begin to log until the last run has ended.
func BenchmarkSpeedEvents(b *testing.B) {
	for b.Loop() {
		const workers, lines = 64, 10_000
		s := newSpeed(b, "--max-in-progress", "64")
		gate := filepath.Join(s.dir, "open")
		for range workers {
			s.launch("chatter", fmt.Sprintf("config: {chatter: {open: %s, lines: %d}}", gate, lines))
		}
		eventually(b, "all workers run", func() bool {
			res, err := s.runs.ListRuns(b.Context(), &hostv1.ListRunsRequest{
				Filter: &hostv1.RunFilter{Statuses: []hostv1.RunStatus{hostv1.RunStatus_RUN_STATUS_STARTED}}, PageSize: workers,
			})
			return err == nil && len(res.GetRuns()) == workers
		})
		began := time.Now()
		if err := os.WriteFile(gate, nil, 0o600); err != nil {
			b.Fatal(err)
		}
		runs := s.await(workers)
		took := runs[0].GetCreatedAt().AsTime().Add(span(runs)).Sub(began)
		report(b, map[string]float64{"events/s": workers * lines / took.Seconds()})
	}
}

// BenchmarkSpeedIdle is the memory of a host and of a server with 100 jobs that nobody asks anything, and how long each
// takes until it answers.
func BenchmarkSpeedIdle(b *testing.B) {
	var host, code []time.Duration
	var hostMB, codeMB float64
	for b.Loop() {
		for range 10 {
			w := &world{t: b, dir: b.TempDir(), host: freeAddress(3000), code: freeAddress(4266)}
			began := time.Now()
			server := run(b, w.dir, speedcode, "serve", "--listen", w.code)
			answers(b, w.code)
			code = append(code, time.Since(began))
			began = time.Now()
			h := run(b, w.dir, penstock, "serve", "--listen", w.host, "--data", filepath.Join(w.dir, "data"), "--location", "code="+w.code)
			answers(b, w.host)
			host = append(host, time.Since(began))
			w.awaitState("READY")
			hostMB, codeMB = residentMB(b, h), residentMB(b, server)
			h.stop()
			server.kill()
		}
	}
	report(b, map[string]float64{
		"host-MB": hostMB, "code-MB": codeMB, "host-start-ms": quantile(host, 0.5), "code-start-ms": quantile(code, 0.5),
	})
}
