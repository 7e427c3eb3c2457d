package workspace

import (
	"context"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/tag"
	"github.com/penstock-run/penstock/versioncheck"
)

func TestLoad(t *testing.T) {
	p := hosttest.Start(t, hosttest.Current())
	w := open(t, Options{Locations: []host.LocationConfig{at("etl", p)}, Host: HostInfo{Version: "1.2.3"}})
	l := awaitState(t, w, "etl", host.LocationReady)

	if l.Fault != nil || l.Server.GetServerId() != p.ServerID() || l.Address != p.Address() || l.LoadedAt.IsZero() || l.AnsweredAt.IsZero() {
		t.Errorf("got %+v", l)
	}
	if diff := cmp.Diff([]Repository{{"tutorial", 4}}, l.Repositories); diff != "" {
		t.Error(diff)
	}
	states := map[string]versioncheck.State{}
	for _, d := range l.Capabilities {
		states[d.Capability] = d.State
	}
	if want := (map[string]versioncheck.State{"job_metadata": "SHOWN", "launch_run": "SHOWN", "list_jobs": "SHOWN", "output_store": "SHOWN", "partitions": "SHOWN", "run_tags": "SHOWN", "schedules": "SHOWN", "sensors": "SHOWN"}); !cmp.Equal(want, states) {
		t.Errorf("got %v, want %v", states, want)
	}
	var names []string
	for _, j := range w.Jobs() {
		names = append(names, j.Name.String())
	}
	want := []string{"etl/tutorial/my_job_with_metadata", "etl/tutorial/my_job_with_tags", "etl/tutorial/nested", "etl/tutorial/plain"}
	if diff := cmp.Diff(want, names); diff != "" {
		t.Error(diff)
	}
	asked := p.Recorded().Host
	if asked.GetVersion() != "1.2.3" || asked.GetProtocolVersion() != versioncheck.Protocol || len(asked.GetCapabilities()) == 0 {
		t.Errorf("the host said of itself %v", asked)
	}

	j := find(t, w, "my_job_with_tags")
	if diff := cmp.Diff([]tag.Tag{{Key: "foo", Value: "bar", Origin: tag.OriginDefinition}, {Key: "team", Value: "etl", Origin: tag.OriginDefinition}}, j.Tags()); diff != "" {
		t.Error(diff)
	}
	if j.Summary() != "Says hello." || j.Ops() != 1 || j.RepositoryDescription != "Jobs that use everything." || j.Err() != nil {
		t.Errorf("summary %q, ops %d, repository %q, err %v", j.Summary(), j.Ops(), j.RepositoryDescription, j.Err())
	}
	if def, err := j.Proto(); err != nil || def.GetName() != "my_job_with_tags" {
		t.Errorf("got %v, %v", def, err)
	}
	if j.Server().GetBuild().GetCodeVersion() != "abc123" || j.LoadedAt() != l.LoadedAt {
		t.Errorf("got server %v, loaded %v", j.Server(), j.LoadedAt())
	}
}

func TestNoLocations(t *testing.T) {
	w := open(t, Options{})
	if len(w.Locations()) != 0 || len(w.Jobs()) != 0 {
		t.Error("there is something")
	}
	_, err := w.Location("x")
	if host.CodeOf(err) != host.NotFound || host.ReasonOf(err) != "LOCATION_NOT_FOUND" {
		t.Errorf("got %v", err)
	}
}

func TestInvalidConfig(t *testing.T) {
	_, err := New(Options{Clock: systemClock{}, Locations: []host.LocationConfig{
		{Name: "a b", Address: "127.0.0.1:1"},
		{Name: "twice", Address: "nowhere"},
		{Name: "twice", Address: "127.0.0.1:0", Token: "a b"},
		{Name: "tls", Address: "127.0.0.1:1", TLS: &host.LocationTLS{CAPEM: []byte("no pem")}},
	}})
	if host.CodeOf(err) != host.Invalid || host.ReasonOf(err) != "LOCATION_CONFIG" {
		t.Fatalf("got %v", err)
	}
	for _, want := range []string{`"a b"`, `"twice"`, "used twice", "host:port", "65535", "printable ASCII", "no PEM certificate"} {
		if !strings.Contains(err.Error(), want) {
			t.Errorf("%q is not in:\n%v", want, err)
		}
	}
	if strings.Contains(err.Error(), `"a b" (`) {
		t.Errorf("the token is in:\n%v", err)
	}
}

// A location that hangs, one that refuses, one that lies: the fourth is ready at once.
func TestBrokenOnesDelayNobody(t *testing.T) {
	hangs := hosttest.Start(t, hosttest.Behavior{Info: hosttest.Hang})
	lies := hosttest.Current()
	lies.Definitions = hosttest.LieBody
	liar := hosttest.Start(t, lies)
	good := hosttest.Start(t, hosttest.Current())
	gone := hosttest.Start(t, hosttest.Current())
	gone.Stop()
	w := open(t, Options{Locations: []host.LocationConfig{at("a", hangs), at("b", gone), at("c", liar), at("d", good)}})
	awaitState(t, w, "d", host.LocationReady)
	awaitFault(t, w, "c", FaultDefinitions)
	awaitFault(t, w, "b", FaultUnreachable)
	if l, _ := w.Location("a"); l.State != host.LocationLoading {
		t.Errorf("the one that hangs is %s before its deadline", l.State)
	}
	if len(w.Jobs()) != 4 {
		t.Errorf("got %d jobs, want those of the good one", len(w.Jobs()))
	}
}

func TestStartStop(t *testing.T) {
	p := hosttest.Start(t, hosttest.Current())
	options := Options{Clock: systemClock{}, ProbeInterval: testInterval, Locations: []host.LocationConfig{at("etl", p)}}
	t.Run("StopBeforeStart", func(t *testing.T) {
		w, err := New(options)
		if err != nil {
			t.Fatal(err)
		}
		w.Stop()
		if err := w.Start(context.Background()); err == nil {
			t.Error("a stopped workspace starts")
		}
	})
	t.Run("StartTwice", func(t *testing.T) {
		w := open(t, options)
		if err := w.Start(context.Background()); err == nil {
			t.Error("it starts twice")
		}
		w.Stop()
		w.Stop()
	})
	t.Run("Stress", func(t *testing.T) {
		for range 50 {
			w, err := New(options)
			if err != nil {
				t.Fatal(err)
			}
			if err := w.Start(context.Background()); err != nil {
				t.Fatal(err)
			}
			go func() { _, _ = w.Reload(context.Background(), "etl") }()
			w.Stop()
		}
	})
	t.Run("ContextEnds", func(t *testing.T) {
		w, err := New(options)
		if err != nil {
			t.Fatal(err)
		}
		ctx, cancel := context.WithCancel(context.Background())
		if err := w.Start(ctx); err != nil {
			t.Fatal(err)
		}
		cancel()
		w.Stop()
		if _, err := w.Reload(deadlineContext(t), "etl"); host.CodeOf(err) != host.Unavailable {
			t.Errorf("got %v", err)
		}
	})
}

func TestReload(t *testing.T) {
	p := hosttest.Start(t, hosttest.Current())
	w := open(t, Options{Locations: []host.LocationConfig{at("etl", p)}, ProbeInterval: time.Hour})
	awaitState(t, w, "etl", host.LocationReady)
	before := p.Recorded()

	b := hosttest.Current()
	b.Repositories[0].Jobs = append(b.Repositories[0].Jobs, hosttest.Job{Definition: hosttest.OneOp("added")})
	become(t, p, b)
	l, err := w.Reload(deadlineContext(t), "etl")
	if err != nil || l.Jobs() != 5 {
		t.Fatalf("got %d jobs, %v", l.Jobs(), err)
	}
	after := p.Recorded()
	if after.Connections == before.Connections {
		t.Error("the reload used the old connection")
	}
	// What did not change was not fetched again: the new definition alone.
	if wanted := after.Wanted[len(after.Wanted)-1]; len(wanted) != 1 {
		t.Errorf("%d bodies were asked for, want 1", len(wanted))
	}

	p.Stop()
	l, err = w.Reload(deadlineContext(t), "etl")
	if err != nil || l.State != host.LocationStale || l.Fault.Code != FaultUnreachable {
		t.Errorf("got %s %+v, %v", l.State, l.Fault, err)
	}
	if _, err := w.Reload(deadlineContext(t), "nowhere"); host.CodeOf(err) != host.NotFound {
		t.Errorf("got %v", err)
	}
}

func TestConn(t *testing.T) {
	p := hosttest.Start(t, hosttest.Current())
	w := open(t, Options{Locations: []host.LocationConfig{at("etl", p)}, ProbeInterval: time.Hour})
	awaitState(t, w, "etl", host.LocationReady)
	c, err := w.Conn("etl")
	if err != nil {
		t.Fatal(err)
	}
	if c.ServerID != p.ServerID() {
		t.Errorf("got server %s, want %s", c.ServerID, p.ServerID())
	}
	// A reload replaces the connection; calls on the old one go on.
	if _, err := w.Reload(deadlineContext(t), "etl"); err != nil {
		t.Fatal(err)
	}
	r, err := c.Client.GetRunAttempt(deadlineContext(t), &usercodev1.GetRunAttemptRequest{RunId: "x", Attempt: 1})
	if err != nil || r.GetAttempt().GetPhase() != usercodev1.AttemptPhase_ATTEMPT_PHASE_UNKNOWN {
		t.Errorf("got %v, %v", r, err)
	}
	c.Release()
	c.Release()
	if _, err := c.Client.GetRunAttempt(deadlineContext(t), &usercodev1.GetRunAttemptRequest{}); err == nil {
		t.Error("the replaced connection is still open after its last holder let it go")
	}
	p.Stop()
	if _, err := w.Reload(deadlineContext(t), "etl"); err != nil {
		t.Fatal(err)
	}
	if _, err := w.Conn("etl"); host.CodeOf(err) != host.Unavailable || host.ReasonOf(err) != FaultUnreachable {
		t.Errorf("got %v", err)
	}
}

func TestWatch(t *testing.T) {
	p := hosttest.Start(t, hosttest.Current())
	w, err := New(Options{Clock: systemClock{}, ProbeInterval: testInterval, Locations: []host.LocationConfig{at("etl", p)}})
	if err != nil {
		t.Fatal(err)
	}
	s := w.Watch()
	defer s.Close()
	for range 3 {
		w.feed.publish("b")
		w.feed.publish("a")
	}
	<-s.Ready()
	if diff := cmp.Diff([]string{"b", "a"}, s.Take()); diff != "" {
		t.Error(diff)
	}
	if got := s.Take(); got != nil {
		t.Errorf("taken twice: %v", got)
	}
	s.Close()
	s.Close()
	w.feed.publish("c")
	if got := s.Take(); got != nil {
		t.Errorf("a closed subscription got %v", got)
	}
}

// An address off this machine without TLS is not even dialled.
func TestInsecure(t *testing.T) {
	w := open(t, Options{Locations: []host.LocationConfig{
		{Name: "off", Address: "203.0.113.1:4266", Token: "secret"},
		{Name: "named", Address: "usercode.example.com:4266"},
	}})
	for _, name := range []string{"off", "named"} {
		got := awaitFault(t, w, name, FaultInsecure)
		if got.State != host.LocationError || !strings.Contains(got.Fault.Remedy, "insecure") || strings.Contains(got.Fault.Message, "secret") {
			t.Errorf("got %s %+v", got.State, got.Fault)
		}
	}
	for c, want := range map[*host.LocationConfig]bool{
		{Address: "127.0.0.1:1"}:                                true,
		{Address: "[::1]:1"}:                                    true,
		{Address: "localhost:1"}:                                true,
		{Address: "127.8.8.8:1"}:                                true,
		{Address: "0.0.0.0:1"}:                                  false,
		{Address: "10.0.0.1:1"}:                                 false,
		{Address: "localhost.example.com:1"}:                    false,
		{Address: "10.0.0.1:1", Insecure: true}:                 true,
		{Address: "10.0.0.1:1", TLS: &host.LocationTLS{}}:       true,
		{Address: "usercode.example.com:1", TLS: nil}:           false,
		{Address: "nonsense", TLS: nil, AllowDevVersions: true}: false,
	} {
		if got := mayDial(*c); got != want {
			t.Errorf("%+v: got %t, want %t", *c, got, want)
		}
	}
}
