package workspace

import (
	"bytes"
	"log/slog"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// asked says whether any metadata body was asked for.
func asked(p *hosttest.Peer) bool {
	return slices.ContainsFunc(p.Recorded().Wanted, func(wanted [][]byte) bool {
		return slices.ContainsFunc(wanted, func(d []byte) bool {
			return slices.ContainsFunc(p.MetadataDigests(), func(m []byte) bool { return bytes.Equal(m, d) })
		})
	})
}

func TestRefused(t *testing.T) {
	t.Parallel() // as its subtests
	unimplemented, empty, unreported := hosttest.Current(), hosttest.Current(), hosttest.Older("")
	unimplemented.Info, empty.Info = hosttest.Unimplemented, hosttest.Empty
	newHost, off, none, openingless := hosttest.Current(), hosttest.Current(), hosttest.Current(), hosttest.Current()
	newHost.MinHostProtocol = "0.99.0"
	none.Capabilities = nil
	off.Capabilities = []*usercodev1.Capability{{Name: versioncheck.JobMetadata, Revision: 1}}
	openingless.Definitions = hosttest.EmptyOpening
	contradicts := hosttest.Older("0.14.17")
	contradicts.Capabilities = hosttest.AllCapabilities()
	older := hosttest.Current()
	older.Definitions = hosttest.OlderOpening
	sends := hosttest.Older("0.14.17")
	sends.Definitions = hosttest.SendUnwanted
	for _, c := range []struct {
		name     string
		behavior hosttest.Behavior
		code     versioncheck.Code
	}{
		{"Older", hosttest.Older("0.14.17"), versioncheck.CodeServerTooOld},
		{"OlderSendsAllTheSame", sends, versioncheck.CodeServerTooOld},
		{"Unimplemented", unimplemented, versioncheck.CodeVersionNotReported},
		{"EmptyReply", empty, versioncheck.CodeVersionNotReported},
		{"EmptyVersion", unreported, versioncheck.CodeVersionNotReported},
		{"Garbage", hosttest.Older("latest\x1b[2J"), versioncheck.CodeVersionUnparseable},
		{"LongGarbage", hosttest.Older("0.15.0+" + strings.Repeat("x", 4_000)), versioncheck.CodeVersionUnparseable},
		{"Dev", hosttest.Older("dev"), versioncheck.CodeDevVersionUnverified},
		{"Prerelease", hosttest.Older("0.14.18-rc1"), versioncheck.CodePrereleaseOfMinimum},
		{"HostTooOld", newHost, versioncheck.CodeHostTooOld},
		{"SwitchedOff", off, versioncheck.CodeCapabilityNotAdvertised},
		{"DeclaresNone", none, versioncheck.CodeCapabilityNotAdvertised},
		{"Contradictory", contradicts, versioncheck.CodeContradictoryReport},
		{"DefinitionsFromAnOlderProcess", older, versioncheck.CodeContradictoryReport},
		{"DefinitionsWithoutReport", openingless, versioncheck.CodeVersionNotReported},
	} {
		t.Run(c.name, func(t *testing.T) {
			t.Parallel() // each has its own peer and waits for it
			p := hosttest.Start(t, c.behavior)
			w := openOne(t, p)
			awaitState(t, w, "etl", host.LocationReady)
			if len(w.Jobs()) != 4 {
				t.Fatalf("got %d jobs: refusing metadata took them away", len(w.Jobs()))
			}
			j := find(t, w, "my_job_with_metadata")
			v := j.Metadata()
			if v.State != versioncheck.StateRefused || v.Entries != nil || v.Refusal == nil || v.Refusal.Code != string(c.code) {
				t.Fatalf("got %s, entries %v, refusal %+v", v.State, v.Entries, v.Refusal)
			}
			if r := v.Refusal; r.Withheld != 2 || r.Message == "" || r.Remedy == "" || r.Location != "etl" || r.HostVersion != versioncheck.Protocol || r.Required == "" || !strings.HasPrefix(r.DocsURL, "https://") {
				t.Errorf("got %+v", r)
			}
			if j.MetadataBody != nil || !j.Snapshot().Metadata.IsZero() || j.Snapshot().MetadataEntries != 2 {
				t.Error("something of refused metadata was kept")
			}
			if asked(p) {
				t.Error("refused metadata was asked for")
			}
			if j.Err() != nil {
				t.Error(j.Err())
			}
			// The same for a run that keeps the snapshot.
			if run := ViewMetadata("etl", j.Snapshot(), nil, versioncheck.Protocol); !cmp.Equal(v, run) {
				t.Error(cmp.Diff(v, run))
			}
		})
	}
}

func TestShown(t *testing.T) {
	for _, protocol := range []string{"0.14.18", "0.15.0", "0.15.0-rc1", "v0.15", "0.99.0"} {
		t.Run(protocol, func(t *testing.T) {
			p := hosttest.Start(t, hosttest.Older(protocol))
			w := openOne(t, p)
			awaitState(t, w, "etl", host.LocationReady)
			v := find(t, w, "my_job_with_metadata").Metadata()
			if v.State != versioncheck.StateShown || v.Refusal != nil || len(v.Entries) != 2 || v.Entries[0].GetText() != "data team" {
				t.Errorf("got %+v", v)
			}
			if newer := protocol == "0.99.0"; strings.Contains(v.Notice, "newer") != newer {
				t.Errorf("notice %q", v.Notice)
			}
			if v := find(t, w, "plain").Metadata(); v.State != versioncheck.StateEmpty || v.Entries == nil || len(v.Entries) != 0 {
				t.Errorf("no metadata: got %+v", v)
			}
		})
	}
}

func TestIncompatible(t *testing.T) {
	for protocol, code := range map[string]versioncheck.Code{"1.0.0": versioncheck.CodeNewerMajor, "0.13.9": versioncheck.CodeProtocolTooOld} {
		t.Run(protocol, func(t *testing.T) {
			p := hosttest.Start(t, hosttest.Older(protocol))
			w := openOne(t, p)
			l := awaitState(t, w, "etl", host.LocationIncompatible)
			if l.Fault.Code != string(code) || l.Fault.Remedy == "" || l.Server.GetProtocolVersion() != protocol {
				t.Errorf("got %+v, server %v", l.Fault, l.Server)
			}
			if len(p.Recorded().Opens) > 0 {
				t.Error("definitions were asked for")
			}
			if _, err := w.Conn("etl"); host.CodeOf(err) != host.Unavailable {
				t.Errorf("got %v", err)
			}
			become(t, p, hosttest.Current())
			awaitState(t, w, "etl", host.LocationReady)
		})
	}
	t.Run("OnlyInTheOpening", func(t *testing.T) {
		b := hosttest.Current()
		b.Definitions = hosttest.NewerMajorOpening
		w := openOne(t, hosttest.Start(t, b))
		awaitState(t, w, "etl", host.LocationIncompatible)
	})
}

// The upgrade that the project is about: same address, same definitions, newer protocol, and back.
func TestUpgradeInPlace(t *testing.T) {
	var log syncBuffer
	metrics := NewMetrics()
	registry := prometheus.NewRegistry()
	if err := metrics.Register(registry); err != nil {
		t.Fatal(err)
	}
	p := hosttest.Start(t, hosttest.Older("0.14.17"))
	w := open(t, Options{
		Locations: []host.LocationConfig{at("etl", p)}, Metrics: metrics,
		Logger: slog.New(slog.NewTextHandler(&log, nil)),
	})
	awaitState(t, w, "etl", host.LocationReady)
	old := find(t, w, "nested")
	digest := p.DefinitionsDigest()

	become(t, p, hosttest.Older("0.14.18"))
	if !bytes.Equal(digest, p.DefinitionsDigest()) {
		t.Fatal("the definitions differ; the test is about the same ones")
	}
	await(t, w, "etl", func(l Location) bool {
		return l.State == host.LocationReady && l.Server.GetProtocolVersion() == "0.14.18"
	})
	j := find(t, w, "nested")
	if v := j.Metadata(); v.State != versioncheck.StateShown || len(v.Entries) != len(hosttest.EveryKind()) {
		t.Fatalf("got %s, %d entries", v.State, len(v.Entries))
	}
	opens := p.Recorded().Opens
	if last := opens[len(opens)-1]; len(last.GetHaveDefinitionsDigest()) != 0 || len(last.GetHaveRepositoryDigests()) != 0 {
		t.Error("the exchange was opened with digests: the server would have sent nothing")
	}
	if wanted := p.Recorded().Wanted; len(wanted[len(wanted)-1]) != 2 {
		t.Errorf("%d bodies were asked for, want the 2 of metadata", len(wanted[len(wanted)-1]))
	}
	if old.Metadata().State != versioncheck.StateRefused {
		t.Error("a job of the older definitions changed its mind")
	}
	if j.LoadedAt() != old.LoadedAt() {
		t.Error("unchanged definitions count as loaded anew")
	}

	become(t, p, hosttest.Older("0.14.17"))
	await(t, w, "etl", func(l Location) bool {
		return l.State == host.LocationReady && l.Server.GetProtocolVersion() == "0.14.17"
	})
	j = find(t, w, "nested")
	if j.Metadata().State != versioncheck.StateRefused || j.MetadataBody != nil {
		t.Error("metadata outlives the downgrade")
	}
	for _, r := range w.all()[0].current().repositories {
		for _, c := range r.jobs {
			if c.metadata.body != nil {
				t.Errorf("the metadata of %s is still kept", c.name)
			}
		}
	}

	values := gather(t, registry)
	for series, want := range map[string]float64{
		"penstock_capability_refused_total etl job_metadata SERVER_TOO_OLD": 2,
		"penstock_location_state etl READY":                                 1,
		"penstock_location_state etl STALE":                                 0,
		"penstock_location_jobs etl":                                        4,
		"penstock_location_reload_seconds etl ok":                           3,
	} {
		if got, ok := values[series]; !ok || got != want {
			t.Errorf("%s is %v, want %v", series, got, want)
		}
	}
	w.Stop()
	if n := strings.Count(log.String(), "capability=job_metadata"); n != 3 {
		t.Errorf("%d lines about the decision, want one for each of 3 changes:\n%s", n, log.String())
	}
}

// The server is replaced between the question who it is and its definitions.
func TestGateOpensMeanwhile(t *testing.T) {
	b := hosttest.Current()
	b.Definitions = hosttest.OlderOpening
	p := hosttest.Start(t, b)
	w := openOne(t, p)
	awaitState(t, w, "etl", host.LocationReady)
	if s := find(t, w, "nested").MetadataState(); s != versioncheck.StateRefused {
		t.Fatalf("got %s", s)
	}
	become(t, p, hosttest.Current())
	await(t, w, "etl", func(Location) bool { return find(t, w, "nested").MetadataState() == versioncheck.StateShown })
}

func TestOutage(t *testing.T) {
	p := hosttest.Start(t, hosttest.Current())
	w := openOne(t, p)
	awaitState(t, w, "etl", host.LocationReady)
	p.Stop()
	l := awaitState(t, w, "etl", host.LocationStale)
	if l.Fault.Code != FaultUnreachable || l.Jobs() != 4 || l.Fault.Since.IsZero() {
		t.Errorf("got %+v", l)
	}
	for _, d := range l.Capabilities {
		if d.State != versioncheck.StateStale {
			t.Errorf("%s is %s", d.Capability, d.State)
		}
	}
	j := find(t, w, "my_job_with_metadata")
	if v := j.Metadata(); v.State != versioncheck.StateStale || len(v.Entries) != 2 || !strings.Contains(v.Notice, "ago") {
		t.Errorf("got %+v", v)
	}
	if v := find(t, w, "plain").Metadata(); v.State != versioncheck.StateStale || v.Entries == nil {
		t.Errorf("without metadata: got %+v", v)
	}
	become(t, p, hosttest.Current())
	awaitState(t, w, "etl", host.LocationReady)
	if s := j.MetadataState(); s != versioncheck.StateShown {
		t.Errorf("after it came back: %s", s)
	}
	if n := len(p.Recorded().Opens); n != 1 {
		t.Errorf("%d exchanges; unchanged definitions of an unchanged report need no second", n)
	}
}

func TestRefusalOutlivesOutage(t *testing.T) {
	p := hosttest.Start(t, hosttest.Older("0.14.17"))
	w := openOne(t, p)
	awaitState(t, w, "etl", host.LocationReady)
	p.Stop()
	awaitState(t, w, "etl", host.LocationStale)
	if s := find(t, w, "nested").MetadataState(); s != versioncheck.StateRefused {
		t.Errorf("got %s", s)
	}
}

// Definitions of a new process with the same report and digest are those in
// use, but who serves them and which build it is must be right.
func TestRestartOfTheSame(t *testing.T) {
	p := hosttest.Start(t, hosttest.Current())
	w := openOne(t, p)
	awaitState(t, w, "etl", host.LocationReady)
	b := hosttest.Current()
	b.CodeVersion = "def456"
	become(t, p, b)
	await(t, w, "etl", func(l Location) bool { return l.Server.GetServerId() == p.ServerID() })
	if v := find(t, w, "plain").Server().GetBuild().GetCodeVersion(); v != "def456" {
		t.Errorf("got code version %s", v)
	}
	c, err := w.Conn("etl")
	if err != nil {
		t.Fatal(err)
	}
	defer c.Release()
	if c.ServerID != p.ServerID() {
		t.Error("the connection names the process before")
	}
	if n := len(p.Recorded().Opens); n != 1 {
		t.Errorf("%d exchanges, want 1", n)
	}
}

func TestDrainingIsLeft(t *testing.T) {
	b := hosttest.Current()
	b.Draining = true
	p := hosttest.Start(t, b)
	w := openOne(t, p)
	awaitState(t, w, "etl", host.LocationReady)
	if err := p.Await(deadlineContext(t), func(r hosttest.Recorded) bool { return r.Connections >= 4 }); err != nil {
		t.Error("a draining server is asked over its old connection: its successor would not be seen")
	}
}

// A connection that is old is replaced, so that another server behind the same
// address is seen.
func TestConnectionsAge(t *testing.T) {
	clock := hosttest.NewClock()
	p := hosttest.Start(t, hosttest.Current())
	w := open(t, Options{Clock: clock, ProbeInterval: time.Second, Locations: []host.LocationConfig{at("etl", p)}})
	awaitState(t, w, "etl", host.LocationReady)
	for range 31 { // the second and third connection find out that there is one server alone
		pass(t, clock, time.Second)
	}
	if err := clock.AwaitWaiter(deadlineContext(t), time.Second); err != nil || p.Recorded().Connections != 3 {
		t.Fatalf("%d connections, want 3, %v", p.Recorded().Connections, err)
	}
	pass(t, clock, time.Second)
	if err := p.Await(deadlineContext(t), func(r hosttest.Recorded) bool { return r.Connections == 4 }); err != nil {
		t.Errorf("%d connections after 32 s, want 4", p.Recorded().Connections)
	}
}

// gather is the value of each series by its name and label values in order of
// label; of a histogram, its count.
func gather(t *testing.T, g prometheus.Gatherer) map[string]float64 {
	t.Helper()
	families, err := g.Gather()
	if err != nil {
		t.Fatal(err)
	}
	values := map[string]float64{}
	for _, f := range families {
		for _, m := range f.GetMetric() {
			labels := map[string]string{}
			for _, l := range m.GetLabel() {
				labels[l.GetName()] = l.GetValue()
			}
			name := f.GetName()
			for _, l := range []string{"location", "capability", "code", "state", "result"} {
				if v, ok := labels[l]; ok {
					name += " " + v
				}
			}
			values[name] = m.GetCounter().GetValue() + m.GetGauge().GetValue() + float64(m.GetHistogram().GetSampleCount())
		}
	}
	return values
}

type syncBuffer struct {
	mu sync.Mutex
	b  bytes.Buffer
}

func (s *syncBuffer) Write(p []byte) (int, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.Write(p)
}

func (s *syncBuffer) String() string {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.b.String()
}
