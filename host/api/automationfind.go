package api

import (
	"context"
	"fmt"
	"slices"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// known is a schedule or sensor with what its location and the store have of it.
type known struct {
	name host.AutomationName
	// record is what the store has, if stored.
	record host.Automation
	stored bool
	// schedule or sensor is the definition; nil when it is gone, or cannot be read.
	schedule *usercodev1.ScheduleDefinition
	sensor   *usercodev1.SensorDefinition
	// err says why the definition cannot be used; stale, that it is the last that is known.
	err   error
	stale bool
}

// runs tells whether it has to do with a job.
func (k *known) runs(job host.JobName) bool {
	if k.name.Location != job.Location || k.name.Repository != job.Repository {
		return false
	}
	return k.schedule.GetJob() == job.Job || slices.Contains(k.sensor.GetJobs(), job.Job)
}

// all are those of all locations and those that the store has, sorted by name.
func (a automationService) all(ctx context.Context) ([]known, error) {
	records, err := a.s.o.Store.Automations(ctx)
	if _, err = host.DamageIn(err); err != nil {
		return nil, err
	}
	byName := make(map[host.AutomationName]*known, len(records))
	for i := range records {
		byName[records[i].Name] = &known{name: records[i].Name, record: records[i], stored: true}
	}
	entry := func(name host.AutomationName) *known {
		if byName[name] == nil {
			byName[name] = &known{name: name}
		}
		return byName[name]
	}
	for _, s := range a.s.o.Workspace.Schedules() {
		k := entry(s.Name)
		k.schedule, k.err, k.stale = s.Definition, s.Err, s.Stale
		k.record.GoneSince = time.Time{} // it is back, which the store is about to be told
	}
	for _, s := range a.s.o.Workspace.Sensors() {
		k := entry(s.Name)
		k.sensor, k.err, k.stale = s.Definition, s.Err, s.Stale
		k.record.GoneSince = time.Time{}
	}
	all := make([]known, 0, len(byName))
	for _, k := range byName {
		k.remember()
		all = append(all, *k)
	}
	slices.SortFunc(all, func(a, b known) int { return a.name.Compare(b.name) })
	return all, nil
}

// remember fills in the definition that the store has, where the location has told of none.
func (k *known) remember() {
	if k.schedule != nil || k.sensor != nil || k.err != nil || !k.stored || !k.record.GoneSince.IsZero() {
		return
	}
	var err error
	if k.name.Kind == host.ScheduleKind {
		k.schedule = &usercodev1.ScheduleDefinition{}
		err = proto.Unmarshal(k.record.Definition, k.schedule)
	} else {
		k.sensor = &usercodev1.SensorDefinition{}
		err = proto.Unmarshal(k.record.Definition, k.sensor)
	}
	if err != nil {
		k.schedule, k.sensor = nil, nil
	}
	k.stale = true
}

// exactly is the one of a name in full.
func (a automationService) exactly(ctx context.Context, name host.AutomationName) (*known, error) {
	all, err := a.all(ctx)
	if err != nil {
		return nil, err
	}
	at := slices.IndexFunc(all, func(k known) bool { return k.name == name })
	if at < 0 {
		return nil, a.notFound(name.Kind, name.String())
	}
	return &all[at], nil
}

// find finds the one that a request names, by as much of the end of location/repository/name as means no other. Where
// several fit, one that is there is meant rather than one that a deploy removed. Of kind, if that is not empty.
func (a automationService) find(ctx context.Context, n *hostv1.AutomationName, kind host.AutomationKind) (*known, error) {
	if asked := automationKindFrom[n.GetKind()]; asked != "" && kind != "" && asked != kind {
		return nil, &host.Error{
			Code: host.Invalid, Reason: "AUTOMATION_KIND",
			Message: fmt.Sprintf("%.200q is asked for as a %s, but only a %s has this", n.GetName(), asked, kind), Remedy: fmt.Sprintf("name a %s", kind),
		}
	} else if asked != "" {
		kind = asked
	}
	text := n.GetName()
	if n.GetRepository() != "" {
		text = n.GetRepository() + "/" + text
	}
	if n.GetLocation() != "" {
		text = n.GetLocation() + "/" + text
	}
	if n.GetName() == "" || n.GetLocation() != "" && n.GetRepository() == "" || strings.Count(text, "/") > 2 || strings.HasSuffix(text, "/") {
		return nil, &host.Error{
			Code: host.Invalid, Reason: "AUTOMATION_NAME",
			Message: fmt.Sprintf("%.200q is not the name of a schedule or sensor", text),
			Remedy:  "Write it as location/repository/name, or as the end of that: repository/name, or name.",
		}
	}
	all, err := a.all(ctx)
	if err != nil {
		return nil, err
	}
	var found, there []*known
	for i := range all {
		k := &all[i]
		full := k.name.String()
		if kind != "" && k.name.Kind != kind || full != text && !strings.HasSuffix(full, "/"+text) {
			continue
		}
		found = append(found, k)
		if k.record.GoneSince.IsZero() {
			there = append(there, k)
		}
	}
	switch {
	case len(there) == 1:
		return there[0], nil
	case len(found) == 1:
		return found[0], nil
	case len(found) == 0:
		return nil, a.notFound(kind, text)
	case len(there) > 1:
		found = there
	}
	return nil, manyAutomations(text, found)
}

func manyAutomations(text string, found []*known) error {
	const most = 20
	e := &host.Error{
		Code: host.Invalid, Reason: "AMBIGUOUS",
		Message: fmt.Sprintf("%d schedules and sensors are called %.200q", len(found), text),
		Remedy:  "Write more of the name, from the end: repository/name or location/repository/name.",
	}
	for _, k := range found[:min(len(found), most)] {
		e.Problems = append(e.Problems, host.Problem{Field: "name", Path: k.name.String(), Message: fmt.Sprintf("is one of them, a %s", k.name.Kind)})
	}
	return e
}

// notFound says why there is none: the gate may refuse those of its location, or nothing may be known of it now.
func (a automationService) notFound(kind host.AutomationKind, text string) error {
	if parts := strings.Split(text, "/"); len(parts) == 3 && kind != "" {
		name := host.AutomationName{Kind: kind, Location: parts[0], Repository: parts[1], Name: parts[2]}
		var err error
		if kind == host.ScheduleKind {
			_, err = a.s.o.Workspace.Schedule(name)
		} else {
			_, err = a.s.o.Workspace.Sensor(name)
		}
		if err != nil {
			return err
		}
	}
	what := "schedule or sensor"
	if kind != "" {
		what = string(kind)
	}
	e := &host.Error{
		Code: host.NotFound, Reason: "AUTOMATION_NOT_FOUND",
		Message: fmt.Sprintf("there is no %s %.200q", what, text), Remedy: "List schedules and sensors to see their names.",
	}
	if refused := a.s.o.Workspace.AutomationRefusals(); len(refused) > 0 {
		var locations []string
		for _, r := range refused {
			if !slices.Contains(locations, r.Location) {
				locations = append(locations, r.Location)
			}
		}
		e.Message += "; those of " + strings.Join(locations[:min(len(locations), 5)], ", ") + " are refused (the list says why)"
	}
	return e
}
