package main

import (
	"fmt"
	"slices"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/sensor"
	"github.com/penstock-run/penstock/host/workspace"
	"github.com/penstock-run/penstock/versioncheck"
)

// addPartitions counts the job's, and says what is wrong with them.
func addPartitions(j *workspace.Job, uses map[string]int) []string {
	if r := j.PartitionsRefusal(); r != nil {
		uses[versioncheck.Partitions] += int(r.Withheld)
		return nil
	}
	partitions, err := j.Partitions()
	switch {
	case err != nil && j.Err() == nil:
		uses[versioncheck.Partitions]++
		return []string{err.Error()}
	case partitions != nil:
		uses[versioncheck.Partitions]++
	}
	return nil
}

// addAutomation adds the schedules and sensors, those included that the host would refuse.
func (o *checkObject) addAutomation(w *workspace.Workspace, uses map[string]int) {
	add := func(capability string, name host.AutomationName, err error) {
		row := checkAutomationObject{Kind: string(name.Kind), Repository: name.Repository, Name: name.Name, Errors: []string{}}
		if err != nil {
			row.Errors = append(row.Errors, err.Error())
		}
		uses[capability]++
		o.Automation = append(o.Automation, row)
	}
	for _, s := range w.Schedules() {
		add(versioncheck.Schedules, s.Name, s.Err)
	}
	for _, s := range w.Sensors() {
		err := s.Err
		if rs := s.Definition.GetRunStatus(); rs != nil && err == nil {
			_, err = sensor.WhereOf(rs.GetWhere())
		}
		add(versioncheck.Sensors, s.Name, err)
	}
	for _, r := range w.AutomationRefusals() {
		uses[r.Capability] += int(r.Withheld)
	}
}

// usedBy is how many use the capability, which is known.
func (c *checkCapabilityObject) usedBy() string {
	switch c.Capability {
	case versioncheck.Schedules:
		return counted(*c.UsedBy, "schedule")
	case versioncheck.Sensors:
		return counted(*c.UsedBy, "sensor")
	}
	return counted(*c.UsedBy, "job")
}

// missing is what of it the host would refuse.
func (c *checkCapabilityObject) missing() string {
	if c.Capability == versioncheck.Schedules || c.Capability == versioncheck.Sensors {
		return c.usedBy()
	}
	return c.Capability + " of " + c.usedBy()
}

// wrongAutomation are the schedules and sensors that cannot be used.
func (o *checkObject) wrongAutomation() []checkAutomationObject {
	return slices.DeleteFunc(slices.Clone(o.Automation), func(a checkAutomationObject) bool { return len(a.Errors) == 0 })
}

// wrong counts what cannot be used.
func (o *checkObject) wrong() string {
	jobs, others := o.wrongJobs(), len(o.wrongAutomation())
	automation := "1 schedule or sensor"
	if others > 1 {
		automation = fmt.Sprintf("%d schedules or sensors", others)
	}
	switch {
	case others == 0:
		return counted(jobs, "job")
	case jobs == 0:
		return automation
	}
	return counted(jobs, "job") + " and " + automation
}
