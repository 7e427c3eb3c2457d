package compat

import (
	"cmp"
	"context"
	"slices"
	"sync"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// Peer is one kind of other side that the current host must get along with.
type Peer struct {
	Name string
	// Behavior is made for the canary that its metadata holds.
	Behavior func(canary string) hosttest.Behavior
	// AllowDevVersions is the policy of its location.
	AllowDevVersions bool
	// Slow peers are known for what they are only when the host's patience is at its end, after seconds.
	Slow bool
	// Want is what the host must show.
	Want Want
}

// Want is what a host must show of a peer.
type Want struct {
	// State and Code are those of the location; the code is empty when all is well.
	State hostv1.LocationState
	Code  string
	// Refused is the code with which job metadata is refused; empty when it is shown.
	Refused string
	// Store is the same of the output store where it is another code; "SHOWN" when only job metadata is refused.
	Store string
	// Automation is the same of partitions, schedules and sensors. Default: as the output store.
	Automation string
	// Notice says that something goes beside what is shown.
	Notice bool
	// Broken are jobs whose definitions cannot be used, Damaged those whose metadata lacks an entry.
	Broken, Damaged []string
	// BrokenAutomation are schedules and sensors that cannot be used, and are listed with what is wrong with them.
	BrokenAutomation []string
	// Outcome is how a run ends that is launched. Default: SUCCESS.
	Outcome hostv1.RunStatus
}

// Usable says whether jobs are listed and launched.
func (w Want) Usable() bool { return w.State == hostv1.LocationState_LOCATION_STATE_READY }

// Shown says whether metadata is shown.
func (w Want) Shown() bool { return w.Usable() && w.Refused == "" }

// refusedAs is the code with which a gated capability is refused; empty when it is shown.
func (w Want) refusedAs(capability string) string {
	code := w.Refused
	if capability != versioncheck.JobMetadata {
		code = cmp.Or(w.Store, code)
	}
	if capability != versioncheck.JobMetadata && capability != versioncheck.OutputStore {
		code = cmp.Or(w.Automation, code)
	}
	if code == string(versioncheck.StateShown) {
		return ""
	}
	return code
}

// Subject is a running peer as a location of a host.
type Subject struct {
	Location string
	Peer     *hosttest.Peer
	Behavior hosttest.Behavior
	Want     Want
	Canary   string
	// Hold keeps workers busy while it is shut.
	Hold *Gate
}

// Run starts a peer for the length of a test.
func (p Peer) Run(t testing.TB, location, canary string) Subject {
	t.Helper()
	s := Subject{Location: location, Behavior: p.Behavior(canary), Want: p.Want, Canary: canary, Hold: &Gate{}}
	s.Behavior.Work, s.Behavior.Outlive = s.Hold.Pass, true // so that a host that is slow to answer is asked again
	s.Peer = hosttest.StartAt(t, hosttest.OwnAddress(), s.Behavior)
	return s
}

// Config is the subject as a host is configured for it.
func (s Subject) Config() host.LocationConfig {
	return host.LocationConfig{Name: s.Location, Address: s.Peer.Address()}
}

// Config is the peer as a host is configured for it.
func (p Peer) Config(s Subject) host.LocationConfig {
	c := s.Config()
	c.AllowDevVersions = p.AllowDevVersions
	return c
}

// Gate is what workers wait at. It is open at first. All methods may be called concurrently.
type Gate struct {
	mu   sync.Mutex
	shut chan struct{} // nil while it is open, closed when it opens
}

// Shut makes Pass wait.
func (g *Gate) Shut() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut == nil {
		g.shut = make(chan struct{})
	}
}

// Open lets everybody pass.
func (g *Gate) Open() {
	g.mu.Lock()
	defer g.mu.Unlock()
	if g.shut != nil {
		close(g.shut)
		g.shut = nil
	}
}

// Pass waits until the gate is open, or ctx ends.
func (g *Gate) Pass(ctx context.Context) {
	g.mu.Lock()
	shut := g.shut
	g.mu.Unlock()
	if shut == nil {
		return
	}
	select {
	case <-shut:
	case <-ctx.Done():
	}
}

// at is a peer of a protocol version that says nothing of capabilities.
func at(protocol string) func(string) hosttest.Behavior {
	return func(canary string) hosttest.Behavior {
		b := hosttest.Older(protocol)
		b.Repositories = Fixture(canary)
		return b
	}
}

// declaring is a peer of a protocol version that declares every capability.
func declaring(protocol string) func(string) hosttest.Behavior {
	return with(at(protocol), func(b *hosttest.Behavior) {
		b.Declared, b.Capabilities = true, hosttest.AllCapabilities()
	})
}

// with is a behavior, changed.
func with(behavior func(string) hosttest.Behavior, changes ...func(*hosttest.Behavior)) func(string) hosttest.Behavior {
	return func(canary string) hosttest.Behavior {
		b := behavior(canary)
		for _, change := range changes {
			change(&b)
		}
		return b
	}
}

func info(t hosttest.Trick) func(*hosttest.Behavior) {
	return func(b *hosttest.Behavior) { b.Info = t }
}

func definitions(t hosttest.Trick) func(*hosttest.Behavior) {
	return func(b *hosttest.Behavior) { b.Definitions = t }
}

func minHost(protocol string) func(*hosttest.Behavior) {
	return func(b *hosttest.Behavior) { b.MinHostProtocol = protocol }
}

// future adds everything that no host of this tree knows: fields, frames, events, messages, a capability.
func future(b *hosttest.Behavior) {
	b.Future = true
	b.Capabilities = append(b.Capabilities, &usercodev1.Capability{Name: "zeppelins", Revision: 7, Enabled: true})
}

// raw replaces bodies of one job by what its SDK made of them.
func raw(job string, change func(j *hosttest.Job)) func(*hosttest.Behavior) {
	return func(b *hosttest.Behavior) {
		for _, r := range b.Repositories {
			if i := slices.IndexFunc(r.Jobs, func(j hosttest.Job) bool { return j.Definition.GetName() == job }); i >= 0 {
				change(&r.Jobs[i])
			}
		}
	}
}
