package diagnose_test

import (
	"context"
	"errors"
	"log/slog"
	"net/http"
	"net/http/httptest"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	"github.com/penstock-run/penstock/host/diagnose"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/partition"
	"github.com/penstock-run/penstock/host/queue"
	"github.com/penstock-run/penstock/host/store/boltstore"
	"github.com/penstock-run/penstock/host/workspace"
)

type clock struct{}

func (clock) Now() time.Time                         { return time.Now() }
func (clock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// nobody starts workers and answers nothing, so that runs stay STARTING.
type nobody struct{ starts chan host.RunID }

func (n nobody) Start(_ context.Context, r host.StartRequest) (host.StartOutcome, error) {
	n.starts <- r.Run
	return host.StartOutcome{}, nil
}

func (nobody) Cancel(context.Context, string, host.RunID, uint32, time.Duration, bool) (host.WorkerState, error) {
	return host.WorkerState{}, nil
}

func (nobody) Attempt(context.Context, string, host.RunID, uint32) (host.WorkerState, error) {
	return host.WorkerState{Phase: host.WorkerRunning}, nil
}

// fixture is what a doctor looks at, from the store to code locations that are peers.
type fixture struct {
	t         *testing.T
	workspace *workspace.Workspace
	changes   *workspace.Subscription
	queue     *queue.Queue
	store     *boltstore.Store
	options   diagnose.Options
	starts    chan host.RunID
}

func newFixture(t *testing.T, limit int, locations ...host.LocationConfig) *fixture {
	t.Helper()
	f := &fixture{t: t, starts: make(chan host.RunID, 10)}
	log, feed := slog.New(slog.DiscardHandler), &host.Feed{}
	var err error
	f.workspace, err = workspace.New(workspace.Options{Locations: locations, Clock: clock{}, ProbeInterval: 20 * time.Millisecond})
	f.must(err)
	f.changes = f.workspace.Watch()
	f.must(f.workspace.Start(t.Context()))
	t.Cleanup(func() { f.changes.Close(); f.workspace.Stop() })
	path := filepath.Join(t.TempDir(), "data")
	f.store, err = boltstore.Open(path, &boltstore.Options{Clock: clock{}, Logger: log, OnChange: feed.Publish})
	f.must(err)
	t.Cleanup(func() {
		if err := f.store.Close(); err != nil {
			t.Error(err)
		}
	})
	launcher := nobody{f.starts}
	sessions := attempt.New(attempt.Options{Store: f.store, Launcher: launcher, Clock: clock{}, Logger: log})
	f.must(sessions.Start(t.Context()))
	t.Cleanup(sessions.Stop)
	f.queue = queue.New(queue.Options{
		Store: f.store, Feed: feed, Planner: launch.NewPlanner(f.workspace, f.store, partition.NewSource(f.store, clock{}, log)), Launcher: launcher, Sessions: sessions,
		CodeChanged: make(chan struct{}), Clock: clock{}, Logger: log, MaxInProgress: limit,
	})
	f.must(f.queue.Start(t.Context()))
	t.Cleanup(f.queue.Stop)
	f.options = diagnose.Options{
		Store: f.store, Workspace: f.workspace, Queue: f.queue, Clock: clock{}, StartedAt: time.Now(), Directory: path,
		Facts: func() (diagnose.StoreFacts, error) { s, err := f.store.Facts(); return diagnose.StoreFacts(s), err },
		Space: space(100 << 30),
	}
	return f
}

func (f *fixture) must(err error) {
	f.t.Helper()
	if err != nil {
		f.t.Fatal(err)
	}
}

func space(free uint64) func(string) (diagnose.Space, error) {
	return func(string) (diagnose.Space, error) { return diagnose.Space{Free: free, Total: 200 << 30}, nil }
}

// await waits until the location is as wanted.
func (f *fixture) await(name string, ok func(workspace.Location) bool) {
	f.t.Helper()
	for {
		l, err := f.workspace.Location(name)
		f.must(err)
		if ok(l) {
			return
		}
		select {
		case <-f.changes.Ready():
			f.changes.Take()
		case <-time.After(20 * time.Second):
			f.t.Fatalf("after 20 s the location is %+v", l)
		}
	}
}

func ready(l workspace.Location) bool { return l.State == host.LocationReady }

// want demands exactly these checks of an area, each "LEVEL text": the text is a part of the message.
func (f *fixture) want(area string, wants ...string) {
	f.t.Helper()
	compare(f.t, diagnose.New(f.options).Checks(f.t.Context()), area, wants...)
}

func compare(t *testing.T, all []diagnose.Check, area string, wants ...string) {
	t.Helper()
	levels := map[diagnose.Level]string{diagnose.OK: "OK", diagnose.Warning: "WARNING", diagnose.Error: "ERROR"}
	var of []diagnose.Check
	for _, c := range all {
		if c.Area == area {
			of = append(of, c)
		}
		if (c.Level == diagnose.OK) != (c.Remedy == "") {
			t.Errorf("%s %s: %q has the remedy %q", levels[c.Level], c.Area, c.Message, c.Remedy)
		}
	}
	if len(of) != len(wants) {
		t.Fatalf("area %s is %+v, want %d: %q", area, of, len(wants), wants)
	}
	for i, want := range wants {
		level, text, _ := strings.Cut(want, " ")
		if levels[of[i].Level] != level || !strings.Contains(of[i].Message, text) {
			t.Errorf("check %d of %s is %s %q, want %s", i, area, levels[of[i].Level], of[i].Message, want)
		}
	}
}

func TestDisk(t *testing.T) {
	f := newFixture(t, 10)
	f.want("disk", "OK 100.0 GiB of 200.0 GiB are free in "+f.options.Directory)
	f.options.Space = space(1 << 30)
	f.want("disk", "WARNING 1.0 GiB of 200.0 GiB are free")
	f.options.Space = space(100 << 20)
	f.want("disk", "ERROR the disk is almost full: 100 MiB")
	f.options.Space = func(string) (diagnose.Space, error) { return diagnose.Space{}, errors.ErrUnsupported }
	f.want("disk", "WARNING cannot be found out")
}

func TestClock(t *testing.T) {
	f := newFixture(t, 10)
	f.want("clock", "OK has not jumped")
	f.options.Uptime = func() time.Duration { return time.Hour }
	f.want("clock", "WARNING set back by 1h")
	f.options.Uptime = func() time.Duration { return -time.Minute }
	f.want("clock", "WARNING set forward by 1m")
	f.options.Uptime = nil
	f.options.Facts = func() (diagnose.StoreFacts, error) {
		return diagnose.StoreFacts{LastCreated: time.Now().Add(time.Hour)}, nil
	}
	f.want("clock", "WARNING the newest run was created 1h in the future")
}

func TestClockOfALocation(t *testing.T) {
	b := hosttest.Current()
	b.StartedAt = time.Now().Add(time.Hour)
	f := newFixture(t, 10, host.LocationConfig{Name: "code", Address: hosttest.Start(t, b).Address()})
	f.await("code", ready)
	f.want("clock", "WARNING the clock of the server of code location code at")
}

func TestStore(t *testing.T) {
	f := newFixture(t, 10)
	f.want("store", "OK 0 runs ever")
	f.options.Facts = func() (diagnose.StoreFacts, error) { return diagnose.StoreFacts{ID: "x", Bytes: 19 << 30}, nil }
	f.want("store", "WARNING it is made for 20.0 GiB and 10000000 runs")
	f.options.Facts = func() (diagnose.StoreFacts, error) { return diagnose.StoreFacts{ID: "x", Runs: 9_000_000}, nil }
	f.want("store", "WARNING 9000000 runs ever")
	f.options.Facts = func() (diagnose.StoreFacts, error) {
		return diagnose.StoreFacts{}, &host.Error{Message: "the store takes no more writes", Remedy: "start again"}
	}
	f.want("store", "ERROR takes no more writes")
	f.options.Facts, f.options.Store = nil, damagedStore{f.store}
	f.want("store", "ERROR a run is damaged", "ERROR a location is damaged")
}

// damagedStore has records that cannot be read.
type damagedStore struct{ host.Store }

func (damagedStore) OpenRuns(context.Context) ([]host.Run, error) {
	return nil, host.Damage{errors.New("a run is damaged")}
}

func (damagedStore) KnownLocations(context.Context) ([]host.KnownLocation, error) {
	return nil, host.Damage{errors.New("a location is damaged")}
}

func TestAddress(t *testing.T) {
	answer := http.StatusOK
	server := httptest.NewServer(http.HandlerFunc(func(w http.ResponseWriter, r *http.Request) {
		if r.Method != http.MethodGet || !strings.HasPrefix(r.URL.Path, "/grpc.health.v1.Health/Check") {
			http.Error(w, "what?", http.StatusNotFound)
			return
		}
		w.WriteHeader(answer)
		_, _ = w.Write([]byte(`{"status":"SERVING"}`))
	}))
	defer server.Close()
	f := newFixture(t, 10, host.LocationConfig{Name: "near", Address: "127.0.0.1:1"})
	f.want("address")
	f.options.Advertised = server.URL
	f.want("address", "OK answers from here")
	answer = http.StatusBadGateway
	f.want("address", "ERROR HTTP status 502")
	f.options.Advertised = "http://127.0.0.1:1"
	f.want("address", "ERROR connection refused")
	secure := httptest.NewTLSServer(server.Config.Handler)
	defer secure.Close()
	answer = http.StatusOK
	f.options.Advertised = secure.URL
	f.want("address", "WARNING with a certificate that this machine does not trust")
	away := newFixture(t, 10, host.LocationConfig{Name: "far", Address: "192.0.2.1:4266", Insecure: true})
	away.options.Advertised = server.URL
	away.want("address", "ERROR that concerns far")
}

func TestConfig(t *testing.T) {
	f := newFixture(t, 10)
	f.want("config")
	file, there := diagnose.ConfigFile{Path: "penstock.yaml"}, false
	f.options.Config = func() (diagnose.ConfigFile, bool) { return file, there }
	f.want("config")
	there = true
	f.want("config", "OK penstock.yaml is in use")
	file.Error, file.ErrorSince = "line 3: what?", time.Now()
	f.want("config", "ERROR line 3: what?")
}

func TestQueue(t *testing.T) {
	f := newFixture(t, 0, host.LocationConfig{Name: "code", Address: hosttest.Start(t, hosttest.Current()).Address()})
	f.await("code", ready)
	submit := func(n string) host.RunID {
		run, err := f.queue.Submit(t.Context(), launch.Request{RequestID: "request-of-the-test-" + n, Job: "plain"})
		f.must(err)
		return run.ID
	}
	f.want("queue", "WARNING set to 0, so nothing starts")
	f.queue.SetMaxInProgress(1)
	f.want("queue", "OK 0 runs are in progress, 0 wait, at most 1 at a time")
	if first := submit("1"); <-f.starts != first {
		t.Fatal("another run was started")
	}
	submit("2")
	tick := time.NewTicker(time.Millisecond)
	defer tick.Stop()
	for range tick.C {
		if s := f.queue.Status(); s.InProgress == 1 && s.Queued == 1 {
			break
		}
	}
	f.want("queue", "OK all 1 slot is taken and others wait")
	f.options.Clock = later{}
	f.want("queue", "WARNING for 2h")
}

// later is a clock by which two hours have passed.
type later struct{ clock }

func (later) Now() time.Time { return time.Now().Add(2 * time.Hour) }
