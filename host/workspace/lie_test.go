package workspace

import (
	"runtime"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
)

// Each way in which definitions can be wrong is a fault of that location, with
// a message and a remedy; honest definitions in their place are taken at once.
func TestLies(t *testing.T) {
	for _, c := range []struct {
		trick hosttest.Trick
		code  string
		says  string
	}{
		{hosttest.LieRoot, FaultDefinitions, "reports another digest"},
		{hosttest.LieClosing, FaultDefinitions, "closes with another digest"},
		{hosttest.LieRepository, FaultDefinitions, `the digest of repository "tutorial"`},
		{hosttest.LieBody, FaultDefinitions, "not what their digests say"},
		{hosttest.LieCount, FaultDefinitions, "it has 5 jobs but names 4"},
		{hosttest.LieUnchanged, FaultDefinitions, "unchanged"},
		{hosttest.LieSame, FaultDefinitions, "manifest"},
		{hosttest.TwiceJob, FaultDefinitions, `"plain" twice`},
		{hosttest.BadName, FaultDefinitions, `is called "a/b"`},
		{hosttest.ShortDigest, FaultDefinitions, "is not one"},
		{hosttest.BreakText, FaultDefinitions, "cannot be read"},
		{hosttest.Garbage, FaultDefinitions, "cannot be read"},
		{hosttest.ClosingTwice, FaultDefinitions, "follows the closing"},
		{hosttest.BodiesFirst, FaultDefinitions, "not the opening"},
		{hosttest.Bomb, FaultTooLarge, "100000 elements"},
		{hosttest.FloodJobs, FaultTooLarge, "20000 jobs"},
		{hosttest.FloodFrames, FaultTooLarge, "65536 frames"},
		{hosttest.FloodBodies, FaultTooLarge, "256 MiB"},
		{hosttest.Oversize, FaultNegotiation, "larger reply"},
		{hosttest.EndEarly, FaultNegotiation, "before its closing"},
		{hosttest.Fail, FaultNegotiation, `Internal: "boom \x1b[2J\n<script>`},
		{hosttest.Unimplemented, FaultNotUserCode, "not a Penstock user-code server"},
	} {
		t.Run(string(c.trick), func(t *testing.T) {
			b := hosttest.Current()
			b.Definitions = c.trick
			p := hosttest.Start(t, b)
			before := heap()
			w := openOne(t, p)
			l := await(t, w, "etl", func(l Location) bool { return l.Fault != nil })
			if grown := heap() - before; grown > 32<<20 {
				t.Errorf("%d MiB are held", grown>>20)
			}
			if l.State != host.LocationError || l.Fault.Code != c.code || !strings.Contains(l.Fault.Message, c.says) || l.Fault.Remedy == "" {
				t.Errorf("got %s %+v, want %s with %q", l.State, l.Fault, c.code, c.says)
			}
			if len(l.Fault.Message) > 512 || strings.ContainsAny(l.Fault.Message, "\x1b\n\x00") {
				t.Errorf("the message is not fit to show: %q", l.Fault.Message)
			}
			if len(w.Jobs()) > 0 || l.Jobs() > 0 {
				t.Error("something of it is in use")
			}
			become(t, p, hosttest.Current())
			awaitState(t, w, "etl", host.LocationReady)
			if len(w.Jobs()) != 4 {
				t.Errorf("got %d jobs afterwards", len(w.Jobs()))
			}
		})
	}
}

// heap is the memory in use, in bytes.
func heap() int64 {
	var m runtime.MemStats
	runtime.GC()
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// Definitions that cannot be used leave those in use before alone.
func TestLieAfterTruth(t *testing.T) {
	p := hosttest.Start(t, hosttest.Current())
	w := openOne(t, p)
	awaitState(t, w, "etl", host.LocationReady)
	j := find(t, w, "my_job_with_metadata")
	b := hosttest.Current()
	b.Repositories[0].Jobs = b.Repositories[0].Jobs[1:]
	b.Definitions = hosttest.LieBody
	b.Repositories[0].Jobs[0].Definition.Description = "changed"
	become(t, p, b)
	l := awaitFault(t, w, "etl", FaultDefinitions)
	if l.State != host.LocationError || l.Jobs() != 4 {
		t.Errorf("got %s with %d jobs", l.State, l.Jobs())
	}
	if v := j.Metadata(); v.State != "STALE" || len(v.Entries) != 2 || !strings.Contains(v.Notice, "cannot be used") {
		t.Errorf("got %s, %q", v.State, v.Notice)
	}
	// The same process is not asked again and again for the same definitions.
	opens := len(p.Recorded().Opens)
	calls := p.Recorded().InfoCalls
	if err := p.Await(deadlineContext(t), func(r hosttest.Recorded) bool { return r.InfoCalls > calls+5 }); err != nil {
		t.Fatal(err)
	}
	if now := len(p.Recorded().Opens); now != opens {
		t.Errorf("%d more exchanges", now-opens)
	}
	b.Definitions = hosttest.None
	become(t, p, b)
	l = awaitState(t, w, "etl", host.LocationReady)
	if l.Jobs() != 3 {
		t.Errorf("got %d jobs", l.Jobs())
	}
}

func TestLieUnchangedLater(t *testing.T) {
	p := hosttest.Start(t, hosttest.Current())
	w := openOne(t, p)
	awaitState(t, w, "etl", host.LocationReady)
	b := hosttest.Current()
	b.Repositories[0].Name = "renamed"
	b.Definitions = hosttest.LieUnchanged
	become(t, p, b)
	awaitFault(t, w, "etl", FaultDefinitions)
	b = hosttest.Current()
	b.Repositories[0].Jobs = b.Repositories[0].Jobs[:1]
	b.Definitions = hosttest.LieSame
	become(t, p, b)
	if l := await(t, w, "etl", func(l Location) bool { return l.Fault != nil && strings.Contains(l.Fault.Message, "digest") }); l.Jobs() != 4 {
		t.Errorf("got %d jobs", l.Jobs())
	}
}

func TestFramesOfANewerServer(t *testing.T) {
	b := hosttest.Current()
	b.Definitions = hosttest.NewFrames
	w := openOne(t, hosttest.Start(t, b))
	awaitState(t, w, "etl", host.LocationReady)
}

// A server that does not know GetServerInfo nor its digest is watched by its definitions.
func TestChangeWithoutServerInfo(t *testing.T) {
	b := hosttest.Current()
	b.Info = hosttest.Unimplemented
	p := hosttest.Start(t, b)
	w := openOne(t, p)
	awaitState(t, w, "etl", host.LocationReady)
	loads := len(p.Recorded().Opens)
	if err := p.Await(deadlineContext(t), func(r hosttest.Recorded) bool { return len(r.Opens) > loads+3 }); err != nil {
		t.Fatal(err)
	}
	if r := p.Recorded(); len(r.Wanted[len(r.Wanted)-2]) > 0 {
		t.Error("unchanged bodies are fetched again")
	}
	b.Repositories[0].Jobs = b.Repositories[0].Jobs[:2]
	become(t, p, b)
	await(t, w, "etl", func(l Location) bool { return l.State == host.LocationReady && l.Jobs() == 2 })
}
