package workspace

import (
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
)

// openStill is a workspace by a clock that stands still.
func openStill(t *testing.T, p *hosttest.Peer) (*Workspace, *hosttest.Clock) {
	t.Helper()
	clock := hosttest.NewClock()
	return open(t, Options{Clock: clock, ProbeInterval: time.Second, Locations: []host.LocationConfig{at("etl", p)}}), clock
}

// pass lets time pass once somebody waits for just this long.
func pass(t *testing.T, clock *hosttest.Clock, d time.Duration) {
	t.Helper()
	if err := clock.Await(deadlineContext(t), d); err != nil {
		t.Fatalf("nobody waits for %s: %v", d, err)
	}
}

func TestServerInfoTricks(t *testing.T) {
	for _, c := range []struct {
		trick hosttest.Trick
		says  string
	}{
		{hosttest.Garbage, "cannot be read"},
		{hosttest.Oversize, "larger reply than the limit for GetServerInfo"},
		{hosttest.Fail, `Internal: "boom \x1b[2J\n<script>`},
	} {
		t.Run(string(c.trick), func(t *testing.T) {
			b := hosttest.Current()
			b.Info = c.trick
			p := hosttest.Start(t, b)
			w := openOne(t, p)
			l := awaitFault(t, w, "etl", FaultNegotiation)
			if l.State != host.LocationError || !strings.Contains(l.Fault.Message, c.says) || l.Fault.Remedy == "" || len(l.Fault.Message) > 512 {
				t.Errorf("got %s %+v", l.State, l.Fault)
			}
			become(t, p, hosttest.Current())
			awaitState(t, w, "etl", host.LocationReady)
		})
	}
	t.Run("Crash", func(t *testing.T) {
		b := hosttest.Current()
		b.Info = hosttest.Crash
		p := hosttest.Start(t, b)
		w := openOne(t, p)
		await(t, w, "etl", func(l Location) bool { return l.Fault != nil })
		awaitState(t, w, "etl", host.LocationUnavailable)
		become(t, p, hosttest.Current())
		awaitState(t, w, "etl", host.LocationReady)
	})
}

func TestServerInfoHangs(t *testing.T) {
	for name, b := range map[string]hosttest.Behavior{
		"Hangs": {Info: hosttest.Hang},
		"Drips": {Protocol: "0.15.0", Drip: true},
	} {
		t.Run(name, func(t *testing.T) {
			p := hosttest.Start(t, b)
			w, clock := openStill(t, p)
			if err := p.Await(deadlineContext(t), func(r hosttest.Recorded) bool { return r.InfoCalls == 1 }); err != nil {
				t.Fatal(err)
			}
			pass(t, clock, callDeadline)
			l := awaitFault(t, w, "etl", FaultNegotiation)
			if l.State != host.LocationError || !strings.Contains(l.Fault.Message, "took longer than 5s") {
				t.Errorf("got %s %+v", l.State, l.Fault)
			}
			become(t, p, hosttest.Current())
			pass(t, clock, time.Second)
			awaitState(t, w, "etl", host.LocationReady)
		})
	}
}

func TestHangsAfterGoodTimes(t *testing.T) {
	p := hosttest.Start(t, hosttest.Current())
	w, clock := openStill(t, p)
	awaitState(t, w, "etl", host.LocationReady)
	for range 29 { // the next probe takes a new connection anyway
		pass(t, clock, time.Second)
	}
	if err := clock.AwaitWaiter(deadlineContext(t), time.Second); err != nil {
		t.Fatal(err)
	}
	become(t, p, hosttest.Behavior{Info: hosttest.Hang})
	pass(t, clock, time.Second)
	if err := p.Await(deadlineContext(t), func(r hosttest.Recorded) bool { return r.InfoCalls == 31 }); err != nil {
		t.Fatal(err)
	}
	pass(t, clock, callDeadline)
	l := awaitFault(t, w, "etl", FaultNegotiation)
	if l.State != host.LocationStale || l.Jobs() != 4 {
		t.Errorf("got %s with %d jobs", l.State, l.Jobs())
	}
}

func TestDefinitionsHang(t *testing.T) {
	for _, c := range []struct {
		trick hosttest.Trick
		limit time.Duration
		says  string
	}{
		{hosttest.Hang, callDeadline, "GetDefinitions took longer than 5s"},
		{hosttest.HangAfterManifest, frameDeadline, "took longer than 10s"},
	} {
		t.Run(string(c.trick), func(t *testing.T) {
			b := hosttest.Current()
			b.Definitions = c.trick
			p := hosttest.Start(t, b)
			w, clock := openStill(t, p)
			if err := p.Await(deadlineContext(t), func(r hosttest.Recorded) bool { return len(r.Opens) == 1 }); err != nil {
				t.Fatal(err)
			}
			pass(t, clock, c.limit)
			l := awaitFault(t, w, "etl", FaultNegotiation)
			if l.State != host.LocationError || !strings.Contains(l.Fault.Message, c.says) {
				t.Errorf("got %s %+v", l.State, l.Fault)
			}
		})
	}
}

// Frames that come just in time, for ever, and say nothing.
func TestDefinitionsDrip(t *testing.T) {
	b := hosttest.Current()
	b.Definitions = hosttest.Stall
	p := hosttest.Start(t, b)
	w, clock := openStill(t, p)
	for range 100 {
		if err := p.Tick(deadlineContext(t)); err != nil {
			t.Fatal(err)
		}
	}
	pass(t, clock, exchangeDeadline)
	awaitFault(t, w, "etl", FaultNegotiation)
}

// One job that cannot be decoded spoils only itself.
func TestBrokenJob(t *testing.T) {
	b := hosttest.Current()
	good := hosttest.OneOp("broken")
	good.Description = "~"
	broken := []byte(strings.Replace(string(encodeProto(t, good)), "~", "\xff", 1))
	b.Repositories[0].Jobs = append(b.Repositories[0].Jobs,
		hosttest.Job{Name: "broken", RawDefinition: broken},
		hosttest.Job{Name: "other_name", Definition: hosttest.OneOp("misnamed")},
		hosttest.Job{Name: "empty", RawDefinition: []byte{}},
	)
	w := openOne(t, hosttest.Start(t, b))
	awaitState(t, w, "etl", host.LocationReady)
	if len(w.Jobs()) != 7 {
		t.Fatalf("got %d jobs", len(w.Jobs()))
	}
	for name, says := range map[string]string{"broken": "UTF-8", "other_name": `"misnamed"`, "empty": `called ""`} {
		j := find(t, w, name)
		if host.ReasonOf(j.Err()) != "DEFINITION_UNREADABLE" || !strings.Contains(j.Err().Error(), says) {
			t.Errorf("%s: got %v, want %q", name, j.Err(), says)
		}
		if j.Tags() != nil || j.Ops() != 0 || j.Summary() != "" || j.Warnings() != nil {
			t.Errorf("%s: something is read from it", name)
		}
		if _, err := j.Proto(); err == nil {
			t.Errorf("%s: decoded", name)
		}
	}
	if err := find(t, w, "plain").Err(); err != nil {
		t.Error(err)
	}
}
