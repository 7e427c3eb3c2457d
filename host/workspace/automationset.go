package workspace

import (
	"errors"
	"fmt"
	"slices"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// automationSet is the schedules and sensors of definitions that the gate
// allows, sorted by name. It never changes.
type automationSet struct {
	schedules []*Schedule
	sensors   []*Sensor
	// notices say what is not looked at.
	notices []string
}

// makeAutomation goes through all repositories.
func (d *definitions) makeAutomation() *automationSet {
	set := &automationSet{}
	for _, r := range d.repositories {
		var schedules, sensors automationList
		if d.gates.schedules.State == versioncheck.StateShown {
			schedules = r.automation.schedules()
		}
		if d.gates.sensors.State == versioncheck.StateShown {
			sensors = r.automation.sensors()
		}
		set.add(d.location.name, r.name, schedules.items, sensors.items)
		for _, notice := range []string{schedules.notice, sensors.notice} {
			if notice != "" {
				set.notices = append(set.notices, fmt.Sprintf("Of repository %s %s.", r.name, notice))
			}
		}
	}
	slices.SortFunc(set.schedules, func(a, b *Schedule) int { return a.Name.Compare(b.Name) })
	slices.SortFunc(set.sensors, func(a, b *Sensor) int { return a.Name.Compare(b.Name) })
	return set
}

// add adds those of a repository. Of several with one name the first stays, and cannot be used.
func (set *automationSet) add(location, repository string, schedules, sensors []automationItem) {
	times := make(map[string]int, len(schedules)+len(sensors))
	for _, i := range slices.Concat(schedules, sensors) {
		times[i.name]++
	}
	listed := make(map[host.AutomationName]bool, len(times))
	named := func(i *automationItem, kind host.AutomationKind) (name host.AutomationName, err error, first bool) {
		name = host.AutomationName{Kind: kind, Location: location, Repository: repository, Name: i.name}
		err = i.err
		if times[i.name] > 1 && err == nil {
			err = errors.New("several schedules or sensors of its repository have its name")
		}
		first = !listed[name]
		listed[name] = true
		return name, unusable(name, err), first
	}
	for _, i := range schedules {
		if name, err, first := named(&i, host.ScheduleKind); first {
			def, _ := i.definition.(*usercodev1.ScheduleDefinition)
			set.schedules = append(set.schedules, &Schedule{Name: name, Definition: def, Body: i.body, Digest: i.digest, Err: err})
		}
	}
	for _, i := range sensors {
		if name, err, first := named(&i, host.SensorKind); first {
			def, _ := i.definition.(*usercodev1.SensorDefinition)
			set.sensors = append(set.sensors, &Sensor{Name: name, Definition: def, Body: i.body, Digest: i.digest, Err: err})
		}
	}
}

// unusable is what is wrong with a schedule or sensor, for people; nil of nil.
func unusable(name host.AutomationName, err error) error {
	if err == nil {
		return nil
	}
	return &host.Error{
		Code: host.Invalid, Reason: "AUTOMATION_UNUSABLE",
		Message: fmt.Sprintf("the %s %s cannot be used: %v", name.Kind, name, err),
		Remedy:  "Correct it in the user code, or build that with an SDK of this host's version, and deploy it again.",
	}
}

// automationCount is how many schedules and sensors there are, whatever the gate says.
func (d *definitions) automationCount() (n automationCount) {
	for _, r := range d.repositories {
		c := r.automation.count()
		n.schedules += c.schedules
		n.sensors += c.sensors
	}
	return n
}
