package workspace

import (
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/versioncheck"
)

// changedSample is the current server after a deploy that changed a job.
func changedSample(codeVersion string) hosttest.Behavior {
	b := hosttest.Current()
	b.CodeVersion = codeVersion
	b.Repositories[0].Jobs[3].Definition.Description = "Changed by " + codeVersion + "."
	return b
}

// watched is a workspace by a clock that stands still, with what it tells.
type watched struct {
	*Workspace

	t        *testing.T
	clock    *hosttest.Clock
	log      *syncBuffer
	registry *prometheus.Registry
	changes  *Subscription
	digests  []host.Digest // of the definitions in use, each change
}

// watch opens a workspace over locations, and begins to watch.
func watch(t *testing.T, o Options) *watched {
	t.Helper()
	w := &watched{t: t, clock: hosttest.NewClock(), log: &syncBuffer{}, registry: prometheus.NewRegistry()}
	o.Clock, o.ProbeInterval, o.Metrics = w.clock, time.Second, NewMetrics()
	o.Logger = slog.New(slog.NewTextHandler(w.log, nil))
	if err := o.Metrics.Register(w.registry); err != nil {
		t.Fatal(err)
	}
	w.Workspace = open(t, o)
	w.changes = w.Watch()
	t.Cleanup(w.changes.Close)
	return w
}

func watchOne(t *testing.T, address string) *watched {
	t.Helper()
	w := watch(t, Options{Locations: []host.LocationConfig{{Name: "etl", Address: address}}})
	awaitState(t, w.Workspace, "etl", host.LocationReady)
	w.probes(1)
	return w
}

func (w *watched) location() Location {
	w.t.Helper()
	l, err := w.Location("etl")
	if err != nil {
		w.t.Fatal(err)
	}
	return l
}

// probes lets n probes pass and end, and notes each change that can be seen.
func (w *watched) probes(n int) {
	w.t.Helper()
	for range n {
		pass(w.t, w.clock, time.Second)
		if err := w.clock.AwaitWaiter(deadlineContext(w.t), time.Second); err != nil {
			w.t.Fatal(err)
		}
		l := w.location()
		if l.State != host.LocationReady {
			w.t.Fatalf("the location is %s, %+v", l.State, l.Fault)
		}
		if len(w.digests) == 0 || w.digests[len(w.digests)-1] != l.Digest {
			w.digests = append(w.digests, l.Digest)
		}
	}
}

// probesUntil lets probes pass until ok, but at most n: that a connection broke
// reaches the host in its own time.
func (w *watched) probesUntil(n int, ok func(Location) bool) {
	w.t.Helper()
	for range n {
		if w.probes(1); ok(w.location()) {
			return
		}
	}
	w.t.Fatalf("not so after %d probes: %+v", n, w.location())
}

func (w *watched) lines(text string) int { return strings.Count(w.log.String(), text) }

func TestRollingUpdate(t *testing.T) {
	old1, old2 := hosttest.Start(t, hosttest.Current()), hosttest.Start(t, hosttest.Current())
	balancer := hosttest.StartBalancer(t, old1, old2)
	w := watchOne(t, balancer.Address())
	w.probes(3) // who is new may not be alone, so the next connections are new
	if l := w.location(); len(l.Replicas) != 2 || l.Mixed || !l.Replicas[0].InUse || !l.Replicas[1].InUse {
		t.Fatalf("got %d replicas, mixed %t", len(l.Replicas), l.Mixed)
	}
	before := w.location()

	new1 := hosttest.Start(t, changedSample("def456"))
	balancer.Add(new1.Address())
	balancer.Remove(old1.Address())
	old1.Stop() // its connection breaks, so that the next probe takes a new one, long before it is its time
	w.probesUntil(20, func(l Location) bool { return l.Mixed && len(l.Replicas) == 2 })
	l := w.location()
	if l.Digest == before.Digest || l.Server.GetServerId() != new1.ServerID() {
		t.Fatalf("the server is %v", l.Server)
	}
	if v := find(t, w.Workspace, "plain").Server().GetBuild().GetCodeVersion(); v != "def456" {
		t.Errorf("the jobs come from %s", v)
	}
	if r := l.Replicas; len(r) != 2 || r[0].Server.GetServerId() != new1.ServerID() || !r[0].InUse || r[1].InUse || r[0].Address != balancer.Address() {
		t.Errorf("got the replicas %v", r)
	}
	if v := gather(t, w.registry); v["penstock_location_mixed etl"] != 1 || v["penstock_location_replicas etl"] != 2 {
		t.Errorf("got the metrics %v", v)
	}
	loads, told := len(new1.Recorded().Opens)+len(old2.Recorded().Opens), w.log.String()
	w.changes.Take()
	w.probes(20) // old and new in turn
	if now := len(new1.Recorded().Opens) + len(old2.Recorded().Opens); now != loads {
		t.Errorf("%d exchanges while old and new answered in turn", now-loads)
	}
	if taken := w.changes.Take(); len(taken) > 0 || w.log.String() != told {
		t.Errorf("subscriptions were told of %q, the log says\n%s", taken, strings.TrimPrefix(w.log.String(), told))
	}

	new2 := hosttest.Start(t, changedSample("def456"))
	balancer.Add(new2.Address())
	balancer.Remove(old2.Address())
	w.probes(61)
	l = w.location()
	if l.Mixed || len(w.digests) != 2 {
		t.Errorf("mixed %t, %d sets of definitions were seen", l.Mixed, len(w.digests))
	}
	if w.lines("is mixed:") != 1 || w.lines("mixed no more") != 1 {
		t.Errorf("the log says\n%s", w.log)
	}
	// It left the rotation and lives: it is known as long as it does.
	if !slices.ContainsFunc(l.Replicas, func(r Replica) bool { return r.Server.GetServerId() == old2.ServerID() && !r.InUse }) {
		t.Errorf("the server that left the rotation is not among %v", l.Replicas)
	}
	old2.Stop()
	w.probesUntil(20, func(l Location) bool { return len(l.Replicas) == 2 })
}

func TestRollbackInPlace(t *testing.T) {
	p := hosttest.Start(t, hosttest.Older("0.14.17"))
	w := watchOne(t, p.Address())
	before := w.location().Digest
	become(t, p, changedSample("def456"))
	w.probes(2)
	if l := w.location(); l.Digest == before || !l.Mixed || find(t, w.Workspace, "nested").MetadataState() != versioncheck.StateShown {
		t.Fatalf("a digest change was not seen within two probes: %+v", l)
	}
	become(t, p, hosttest.Older("0.14.17"))
	w.probes(rollbackProbes - 1)
	if w.location().Digest == before {
		t.Error("rolled back early")
	}
	w.probes(2)
	if l := w.location(); l.Digest != before || find(t, w.Workspace, "nested").MetadataState() != versioncheck.StateRefused {
		t.Errorf("not rolled back: %+v", l)
	}
	if len(w.digests) != 3 {
		t.Errorf("%d sets of definitions were seen, want there and back", len(w.digests))
	}
}

// A reload by hand finds out at once.
func TestReloadRollsBack(t *testing.T) {
	p := hosttest.Start(t, hosttest.Current())
	w := watchOne(t, p.Address())
	before := w.location().Digest
	become(t, p, changedSample("def456"))
	w.probes(2)
	become(t, p, hosttest.Current())
	if l, err := w.Reload(deadlineContext(t), "etl"); err != nil || l.Digest != before {
		t.Errorf("got %v, %v", l.Digest, err)
	}
}

// What is the newest of two reports is known beyond a change of the configuration.
func TestConfiguredWhileMixed(t *testing.T) {
	old, recent := hosttest.Start(t, hosttest.Current()), hosttest.Start(t, changedSample("def456"))
	balancer := hosttest.StartBalancer(t, old)
	w := watchOne(t, balancer.Address())
	balancer.Add(recent.Address())
	w.probesUntil(40, func(l Location) bool { return l.Mixed })
	digest := w.location().Digest
	for n := range 4 { // whoever answers first
		configure(t, w.Workspace, host.LocationConfig{Name: "etl", Address: balancer.Address(), AllowDevVersions: n%2 == 0})
		w.probes(3 + n)
		if l := w.location(); l.Digest != digest || !l.Mixed {
			t.Fatalf("the older definitions came back; mixed %t", l.Mixed)
		}
	}
}

// Servers that differ in nothing that counts are nobody's news.
func TestOtherProcessesAreSilent(t *testing.T) {
	p := hosttest.Start(t, hosttest.Current())
	w := watchOne(t, p.Address())
	w.probes(2)
	w.changes.Take()
	told := w.log.String()
	become(t, p, hosttest.Current())
	w.probes(2)
	if l := w.location(); l.Server.GetServerId() != p.ServerID() || len(l.Replicas) != 1 {
		t.Errorf("the server is %v, the replicas are %v", l.Server, l.Replicas)
	}
	b := hosttest.Current()
	b.RandomServerID = true
	become(t, p, b)
	w.probes(100)
	if l := w.location(); len(l.Replicas) > maxReplicas || l.Mixed {
		t.Errorf("%d replicas, mixed %t", len(l.Replicas), l.Mixed)
	}
	if taken := w.changes.Take(); len(taken) > 0 || w.log.String() != told {
		t.Errorf("subscriptions were told of %q, the log says\n%s", taken, strings.TrimPrefix(w.log.String(), told))
	}
	if n := len(p.Recorded().Opens); n != 1 {
		t.Errorf("%d exchanges of the same definitions", n)
	}
}

func TestDraining(t *testing.T) {
	draining := hosttest.Current()
	draining.Draining = true
	old := hosttest.Start(t, draining)
	balancer := hosttest.StartBalancer(t, old)
	w := watchOne(t, balancer.Address())
	if l := w.location(); !l.Draining || l.State != host.LocationReady {
		t.Fatalf("draining %t, %s", l.Draining, l.State)
	}
	successor := hosttest.Start(t, hosttest.Current())
	balancer.Add(successor.Address())
	w.changes.Take()
	w.probes(3)
	l := w.location()
	if l.Draining || l.Mixed || len(l.Replicas) != 2 || len(w.changes.Take()) == 0 {
		t.Errorf("draining %t, mixed %t, %d replicas", l.Draining, l.Mixed, len(l.Replicas))
	}
	conns, err := w.Conns("etl")
	if err != nil {
		t.Fatal(err)
	}
	for i, want := range []*hosttest.Peer{successor, old} {
		if c := conns[i]; c.ServerID != want.ServerID() || !c.InUse || c.Draining != (want == old) {
			t.Errorf("connection %d is %+v", i, c)
		}
		conns[i].Release()
	}
}

// Behind an address that takes no new connections a server that drains can
// still be told of its workers.
func TestServerThatListensNoMore(t *testing.T) {
	p := hosttest.Start(t, hosttest.Current())
	balancer := hosttest.StartBalancer(t, p)
	w := watchOne(t, balancer.Address())
	balancer.Remove(p.Address())
	w.probes(31)
	l := w.location()
	if l.State != host.LocationReady || len(l.Notices) != 1 || !strings.Contains(l.Notices[0], "New connections to "+balancer.Address()+" fail") {
		t.Errorf("%s, notices %q", l.State, l.Notices)
	}
	balancer.Add(p.Address())
	w.probes(4)
	if l := w.location(); len(l.Notices) != 0 {
		t.Errorf("notices %q", l.Notices)
	}
}

func TestSameServerTwice(t *testing.T) {
	p := hosttest.Start(t, hosttest.Current())
	w := open(t, Options{Locations: []host.LocationConfig{at("etl", p)}})
	awaitState(t, w, "etl", host.LocationReady)
	configure(t, w, at("etl", p), at("again", p))
	for name, other := range map[string]string{"etl": "again", "again": "etl"} {
		l := await(t, w, name, func(l Location) bool { return len(l.Notices) > 0 })
		if l.Fault != nil || len(l.Notices) != 1 || !strings.Contains(l.Notices[0], "same server as location "+other) {
			t.Errorf("%s: notices %q, %+v", name, l.Notices, l.Fault)
		}
	}
	configure(t, w, at("etl", p))
	await(t, w, "etl", func(l Location) bool { return len(l.Notices) == 0 })
}
