package sensor_test

import (
	"cmp"
	"context"
	"crypto/sha256"
	"slices"
	"sync"
	"testing"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// code stands in for the code locations: one, "l", whose repository "r" has sensors.
type code struct {
	mu      sync.Mutex
	sensors map[string]*workspace.Sensor
	state   host.LocationState
	// asked are the requests to each sensor, oldest first; evaluate answers them, or skips when it is nil.
	asked    map[string][]*usercodev1.EvaluateSensorRequest
	evaluate func(ctx context.Context, name string, r *usercodev1.EvaluateSensorRequest) (*usercodev1.EvaluateSensorResponse, error)
	changed  chan struct{}
}

func newCode() *code {
	return &code{
		sensors: map[string]*workspace.Sensor{}, asked: map[string][]*usercodev1.EvaluateSensorRequest{}, state: host.LocationReady, changed: make(chan struct{}, 1),
	}
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

// deploy puts a sensor there; a nil one takes it away.
func (c *code) deploy(t testing.TB, name string, d *usercodev1.SensorDefinition) {
	t.Helper()
	if err := c.put(name, d); err != nil {
		t.Fatal(err)
	}
}

func (c *code) put(name string, d *usercodev1.SensorDefinition) error {
	if d == nil {
		c.change(func() { delete(c.sensors, name) })
		return nil
	}
	d = proto.CloneOf(d)
	d.Name = name
	body, err := proto.MarshalOptions{Deterministic: true}.Marshal(d)
	if err != nil {
		return err
	}
	c.change(func() {
		c.sensors[name] = &workspace.Sensor{Name: named(name), Definition: d, Body: body, Digest: sha256.Sum256(body)}
	})
	return nil
}

func named(name string) host.AutomationName {
	return host.AutomationName{Kind: host.SensorKind, Location: "l", Repository: "r", Name: name}
}

func (c *code) Locations() []workspace.Location {
	c.mu.Lock()
	defer c.mu.Unlock()
	return []workspace.Location{{Name: "l", State: c.state}}
}

func (c *code) AutomationRefusals() []*workspace.Refusal { return nil }

func (c *code) Sensors() (all []*workspace.Sensor) {
	c.mu.Lock()
	defer c.mu.Unlock()
	for _, s := range c.sensors {
		all = append(all, s)
	}
	slices.SortFunc(all, func(a, b *workspace.Sensor) int { return cmp.Compare(a.Name.Name, b.Name.Name) })
	return all
}

func (c *code) Sensor(name host.AutomationName) (*workspace.Sensor, error) {
	c.mu.Lock()
	defer c.mu.Unlock()
	if s := c.sensors[name.Name]; s != nil {
		return s, nil
	}
	return nil, &host.Error{Code: host.NotFound, Reason: "AUTOMATION_NOT_FOUND", Message: "there is no " + name.String()}
}

func (c *code) EvaluateSensor(ctx context.Context, name host.AutomationName, r *usercodev1.EvaluateSensorRequest) (*usercodev1.EvaluateSensorResponse, error) {
	c.mu.Lock()
	c.asked[name.Name] = append(c.asked[name.Name], r)
	evaluate, state := c.evaluate, c.state
	c.mu.Unlock()
	if state != host.LocationReady {
		return nil, &host.Error{Code: host.Unavailable, Reason: "LOCATION_STALE", Message: "location l does not answer", Remedy: "start it"}
	}
	if evaluate == nil {
		return skipped("nothing new"), nil
	}
	return evaluate(ctx, name.Name, r)
}

// requests are those that a sensor got.
func (c *code) requests(name string) []*usercodev1.EvaluateSensorRequest {
	c.mu.Lock()
	defer c.mu.Unlock()
	return slices.Clone(c.asked[name])
}

func skipped(reason string) *usercodev1.EvaluateSensorResponse {
	return &usercodev1.EvaluateSensorResponse{Evaluation: &usercodev1.Evaluation{SkipReason: reason}}
}

// found asks for runs by their keys, and moves the cursor.
func found(cursor string, keys ...string) *usercodev1.EvaluateSensorResponse {
	e := &usercodev1.Evaluation{}
	for _, key := range keys {
		e.RunRequests = append(e.RunRequests, &usercodev1.RunRequest{RunKey: key})
	}
	return &usercodev1.EvaluateSensorResponse{Evaluation: e, Cursor: &cursor}
}

// every is a sensor that looks at an interval.
func every(d time.Duration) *usercodev1.SensorDefinition {
	return &usercodev1.SensorDefinition{
		Jobs: []string{"j", "k"}, DefaultOn: true, Interval: durationpb.New(d),
		Looks: &usercodev1.SensorDefinition_Evaluated{Evaluated: &usercodev1.Evaluated{}},
	}
}

// after is a sensor that looks at runs that ended.
func after(where string, lastOnly bool) *usercodev1.SensorDefinition {
	d := every(time.Minute)
	d.Looks = &usercodev1.SensorDefinition_RunStatus{RunStatus: &usercodev1.RunStatusSensor{Where: where, LastRetryOnly: lastOnly}}
	return d
}
