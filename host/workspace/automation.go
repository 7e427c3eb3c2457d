package workspace

import (
	"fmt"
	"slices"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// Schedule is a schedule of the definitions that were in use when it was looked
// up. It never changes. What it points to is shared: do not change it.
type Schedule struct {
	Name host.AutomationName
	// Definition is nil when Err is set and nothing of it can be read.
	Definition *usercodev1.ScheduleDefinition
	// Body is Definition as it came, Digest that of Body.
	Body   []byte
	Digest host.Digest
	// Err says why it cannot be used; nil when it can. It is there all the same,
	// and spoils no other.
	Err error
	// Stale tells that its location does not answer: this is the last that is known.
	Stale bool
}

// Sensor is a sensor of the definitions that were in use when it was looked up.
// It never changes. What it points to is shared: do not change it.
type Sensor struct {
	Name host.AutomationName
	// Definition is nil when Err is set and nothing of it can be read.
	Definition *usercodev1.SensorDefinition
	// Body is Definition as it came, Digest that of Body.
	Body   []byte
	Digest host.Digest
	// Err says why it cannot be used; nil when it can. It is there all the same,
	// and spoils no other.
	Err error
	// Stale tells that its location does not answer: this is the last that is known.
	Stale bool
}

// Schedules are those of the definitions in use of all locations whose gate
// allows them, sorted by name. Those that cannot be used are among them. [Workspace.Watch]
// tells of a location when they may be others than before.
func (w *Workspace) Schedules() []*Schedule {
	var all []*Schedule
	for _, l := range w.all() {
		if d := l.current(); d != nil {
			stale := !l.answering()
			for _, s := range d.automation().schedules {
				all = append(all, s.as(stale))
			}
		}
	}
	return all
}

// Sensors are as Schedules.
func (w *Workspace) Sensors() []*Sensor {
	var all []*Sensor
	for _, l := range w.all() {
		if d := l.current(); d != nil {
			stale := !l.answering()
			for _, s := range d.automation().sensors {
				all = append(all, s.as(stale))
			}
		}
	}
	return all
}

// Schedule is the one of just that name. NotFound when there is none, also when
// its location has no definitions; Refused when the gate refuses schedules.
func (w *Workspace) Schedule(name host.AutomationName) (*Schedule, error) {
	name.Kind = host.ScheduleKind
	l, d, err := w.automationOf(name)
	if err != nil {
		return nil, err
	}
	all := d.automation().schedules
	at, found := slices.BinarySearchFunc(all, name, func(s *Schedule, n host.AutomationName) int { return s.Name.Compare(n) })
	if !found {
		return nil, automationNotFound(name)
	}
	return all[at].as(!l.answering()), nil
}

// Sensor is as Schedule.
func (w *Workspace) Sensor(name host.AutomationName) (*Sensor, error) {
	name.Kind = host.SensorKind
	l, d, err := w.automationOf(name)
	if err != nil {
		return nil, err
	}
	all := d.automation().sensors
	at, found := slices.BinarySearchFunc(all, name, func(s *Sensor, n host.AutomationName) int { return s.Name.Compare(n) })
	if !found {
		return nil, automationNotFound(name)
	}
	return all[at].as(!l.answering()), nil
}

// AutomationRefusals are the locations, sorted, of which the gate refuses
// schedules or sensors: one entry for each that it refuses. Of a location that
// never answered nothing is known, and it has none.
func (w *Workspace) AutomationRefusals() []*Refusal {
	var all []*Refusal
	for _, l := range w.all() {
		l.mu.RLock()
		d, reported, policy := l.definitions, l.reported, l.policy()
		l.mu.RUnlock()
		var g gates
		var withheld automationCount
		switch {
		case d != nil:
			g, withheld = d.gates, d.automationCount()
		case reported != nil:
			g = gatesOf(*reported, l.host, policy)
		default:
			continue
		}
		for _, r := range []*Refusal{
			RefusalOf(g.schedules, l.name, withheld.schedules), RefusalOf(g.sensors, l.name, withheld.sensors),
		} {
			if r != nil {
				all = append(all, r)
			}
		}
	}
	return all
}

func (s *Schedule) as(stale bool) *Schedule {
	c := *s
	c.Stale = stale
	return &c
}

func (s *Sensor) as(stale bool) *Sensor {
	c := *s
	c.Stale = stale
	return &c
}

// automationOf finds the definitions that a schedule or sensor is one of. A
// refusal of the gate is an error.
func (w *Workspace) automationOf(name host.AutomationName) (*location, *definitions, error) {
	l, err := w.location(name.Location)
	if err != nil {
		return nil, nil, err
	}
	d := l.current()
	if d == nil {
		l.mu.RLock()
		defer l.mu.RUnlock()
		return nil, nil, l.unavailable()
	}
	decision := d.gates.schedules
	if name.Kind == host.SensorKind {
		decision = d.gates.sensors
	}
	if decision.State != versioncheck.StateShown {
		return nil, nil, RefusalOf(decision, l.name, 0).Err(fmt.Sprintf("%s %s", name.Kind, name))
	}
	return l, d, nil
}

func automationNotFound(name host.AutomationName) error {
	return &host.Error{
		Code: host.NotFound, Reason: "AUTOMATION_NOT_FOUND",
		Message: fmt.Sprintf("there is no %s %.200q", name.Kind, name),
		Remedy:  "List schedules and sensors to see their names.",
	}
}
