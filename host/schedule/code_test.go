package schedule_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// code stands in for the code locations: one, "l", whose repository "r" has schedules.
type code struct {
	mu        sync.Mutex
	schedules map[string]*workspace.Schedule
	state     host.LocationState
	removed   bool
	refused   bool
	// asked are the evaluations, oldest first; evaluate answers them, or skips when it is nil.
	asked    []time.Time
	evaluate func(name string, at time.Time) (*usercodev1.Evaluation, error)
	parts    func(keys []string) ([]host.PartitionRun, error)
	changed  chan struct{}
}

func newCode() *code {
	return &code{schedules: map[string]*workspace.Schedule{}, state: host.LocationReady, changed: make(chan struct{}, 1)}
}

// change changes what the location is, and tells of that.
func (c *code) change(how func()) {
	c.mu.Lock()
	how()
	c.mu.Unlock()
	select {
	case c.changed <- struct{}{}:
	default:
	}
}

// deploy puts a schedule there; a nil one takes it away.
func (c *code) deploy(t testing.TB, name string, d *usercodev1.ScheduleDefinition) {
	t.Helper()
	if err := c.put(name, d); err != nil {
		t.Fatal(err)
	}
}

func (c *code) put(name string, d *usercodev1.ScheduleDefinition) error {
	if d == nil {
		c.change(func() { delete(c.schedules, name) })
		return nil
	}
	d = proto.CloneOf(d)
	d.Name = name
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(d)
	if err != nil {
		return err
	}
	c.change(func() {
		c.schedules[name] = &workspace.Schedule{Name: named(name), Definition: d, Body: body, Digest: sha256.Sum256(body)}
	})
	return nil
}

func named(name string) host.AutomationName {
	return host.AutomationName{Kind: host.ScheduleKind, Location: "l", Repository: "r", Name: name}
}

func (c *code) Locations() []workspace.Location {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.removed {
		return nil
	}
	l := workspace.Location{Name: "l", State: c.state}
	if c.state != host.LocationReady {
		l.Fault = &host.LocationFault{Code: "LOCATION_UNREACHABLE", Message: "nobody answers", Remedy: "start it"}
	}
	return []workspace.Location{l}
}

func (c *code) AutomationRefusals() []*workspace.Refusal {
	c.mu.Lock()
	defer c.mu.Unlock()
	if !c.refused {
		return nil
	}
	return []*workspace.Refusal{{
		State: versioncheck.StateRefused, Code: "CAPABILITY_NOT_ADVERTISED", Capability: versioncheck.Schedules, Location: "l",
		Message: "schedules need a newer server", Remedy: "upgrade it",
	}}
}

func (c *code) Schedules() (all []*workspace.Schedule) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if c.removed || c.refused {
		return nil
	}
	for _, s := range c.schedules {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *workspace.Schedule) int { return cmp.Compare(a.Name.Name, b.Name.Name) })
	return all
}

func (c *code) Schedule(name host.AutomationName) (*workspace.Schedule, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.schedules[name.Name]; s != nil && !c.removed {
		return s, nil
	}
	return nil, &host.Error{Code: host.NotFound, Reason: "AUTOMATION_NOT_FOUND", Message: "there is no " + name.String()}
}

func (c *code) EvaluateSchedule(_ context.Context, name host.AutomationName, at time.Time) (*usercodev1.Evaluation, error) {
	c.mu.Lock()
	c.asked = append(c.asked, at)
	evaluate, state := c.evaluate, c.state
	c.mu.Unlock()
	if state != host.LocationReady {
		return nil, &host.Error{Code: host.Unavailable, Reason: "LOCATION_STALE", Message: "location l does not answer", Remedy: "start it"}
	}
	if evaluate == nil {
		return &usercodev1.Evaluation{SkipReason: "nothing to do"}, nil
	}
	return evaluate(name.Name, at)
}

func (c *code) PartitionRuns(_ context.Context, _ host.JobName, keys []string) ([]host.PartitionRun, error) {
	c.mu.Lock()
	parts := c.parts
	c.mu.Unlock()
	if parts == nil {
		return make([]host.PartitionRun, len(keys)), nil
	}
	return parts(keys)
}

// fixed is a schedule that makes the same run each time.
func fixed(crons ...string) *usercodev1.ScheduleDefinition {
	return &usercodev1.ScheduleDefinition{
		Job: "j", Crons: crons, DefaultOn: true,
		Makes: &usercodev1.ScheduleDefinition_Fixed{Fixed: &usercodev1.FixedRun{ConfigYaml: "a: 1"}},
	}
}

// evaluated is a schedule that asks user code.
func evaluated(crons ...string) *usercodev1.ScheduleDefinition {
	d := fixed(crons...)
	d.Makes = &usercodev1.ScheduleDefinition_Evaluated{Evaluated: &usercodev1.Evaluated{}}
	return d
}

// missing is d with a policy for missed ticks.
func missing(d *usercodev1.ScheduleDefinition, policy usercodev1.MissedTickPolicy, atMost uint32) *usercodev1.ScheduleDefinition {
	d = proto.CloneOf(d)
	d.MissedTicks = &usercodev1.MissedTicks{Policy: policy, AtMost: atMost}
	return d
}

const (
	skip   = usercodev1.MissedTickPolicy_MISSED_TICK_POLICY_SKIP
	latest = usercodev1.MissedTickPolicy_MISSED_TICK_POLICY_LATEST
	all    = usercodev1.MissedTickPolicy_MISSED_TICK_POLICY_ALL
)
