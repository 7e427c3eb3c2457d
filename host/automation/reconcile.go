package automation

import (
	"bytes"
	"slices"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// Definition is a schedule or sensor as its location has it.
type Definition struct {
	Name host.AutomationName
	// Body is the encoded usercode.v1.ScheduleDefinition or SensorDefinition.
	Body []byte
	// DefaultOn is what it says of its switch.
	DefaultOn bool
}

// Change is a record that is to be stored.
type Change struct {
	Automation host.Automation
	// Begins tells that it is new, is back, or runs from now on by its definition: what happened before now is nothing to it.
	Begins bool
}

// Reconcile compares what the store has with what the locations have, and returns the records that are to be stored, in the
// order of their names.
//
// What is new, and what is back, starts now: nothing is made up for of the time before. So does what runs from now on by
// its definition, and a schedule whose crons or zone changed: From moves ahead, never back. Of a definition that is not there, absent tells
// whether its location has been asked and has it no more; the others stay as they are.
func Reconcile(stored []host.Automation, there []Definition, absent func(location string) bool, now time.Time) (changed []Change) {
	have := make(map[host.AutomationName]*host.Automation, len(stored))
	for i := range stored {
		have[stored[i].Name] = &stored[i]
	}
	found := make(map[host.AutomationName]bool, len(there))
	for i := range there {
		d := &there[i]
		found[d.Name] = true
		a := have[d.Name]
		switch a {
		case nil:
			changed = append(changed, Change{Automation: host.Automation{Name: d.Name, Definition: d.Body, FirstSeen: now, From: now}, Begins: true})
		default:
			if next, other := follow(*a, d, now); other {
				changed = append(changed, next)
			}
		}
	}
	for i := range stored {
		if a := stored[i]; !found[a.Name] && a.GoneSince.IsZero() && absent(a.Name.Location) {
			a.GoneSince = now
			changed = append(changed, Change{Automation: a})
		}
	}
	slices.SortFunc(changed, func(a, b Change) int { return a.Automation.Name.Compare(b.Automation.Name) })
	return changed
}

// follow is a record after its definition, and whether that is another one.
func follow(a host.Automation, d *Definition, now time.Time) (next Change, other bool) {
	back := !a.GoneSince.IsZero()
	if !back && bytes.Equal(a.Definition, d.Body) {
		return Change{}, false
	}
	begins := back || starts(&a, d) || retimed(a.Name.Kind, a.Definition, d.Body)
	if begins {
		a.From = later(a.From, now)
	}
	a.Definition, a.GoneSince = d.Body, time.Time{}
	return Change{Automation: a, Begins: begins}, true
}

// starts tells that it runs by its definition, and did not by the one before.
func starts(a *host.Automation, d *Definition) bool {
	return On(a.Switch, d.DefaultOn) && !On(a.Switch, DefaultOn(a))
}

// DefaultOn is what the stored definition says of its switch.
func DefaultOn(a *host.Automation) bool {
	if a.Name.Kind == host.ScheduleKind {
		return scheduleOf(a.Definition).GetDefaultOn()
	}
	return sensorOf(a.Definition).GetDefaultOn()
}

// retimed tells that two definitions look at other things: at other instants, or at runs that end instead of at an interval.
func retimed(kind host.AutomationKind, before, after []byte) bool {
	if kind == host.SensorKind {
		return (sensorOf(before).GetRunStatus() == nil) != (sensorOf(after).GetRunStatus() == nil)
	}
	b, a := scheduleOf(before), scheduleOf(after)
	return b.GetZone() != a.GetZone() || !slices.Equal(slices.Sorted(slices.Values(b.GetCrons())), slices.Sorted(slices.Values(a.GetCrons())))
}

// sensorOf decodes a definition; one that cannot be is empty.
func sensorOf(body []byte) *usercodev1.SensorDefinition {
	d := &usercodev1.SensorDefinition{}
	if err := proto.Unmarshal(body, d); err != nil {
		return &usercodev1.SensorDefinition{}
	}
	return d
}

// scheduleOf decodes a definition; one that cannot be is empty, and so another than any that can.
func scheduleOf(body []byte) *usercodev1.ScheduleDefinition {
	d := &usercodev1.ScheduleDefinition{}
	if err := proto.Unmarshal(body, d); err != nil {
		return &usercodev1.ScheduleDefinition{}
	}
	return d
}

// later is the later of two instants.
func later(a, b time.Time) time.Time {
	if b.After(a) {
		return b
	}
	return a
}
