package usercode

import (
	"encoding/json"
	"slices"

	"github.com/penstock-run/penstock/usercode/internal/spec"
)

type scheduleDescription struct {
	Name        string           `json:"name"`
	Description string           `json:"description,omitempty"`
	Job         string           `json:"job"`
	Crons       []string         `json:"crons"`
	Zone        string           `json:"zone,omitempty"`
	DefaultOn   bool             `json:"default_on,omitempty"`
	MissedTicks string           `json:"missed_ticks,omitempty"`
	MissedLimit int              `json:"missed_limit,omitempty"`
	Tags        []tagDescription `json:"tags,omitempty"`
	Makes       string           `json:"makes"` // "a run", "runs of partitions" or "what its function says"
	RunConfig   json.RawMessage  `json:"run_config,omitempty"`
	Timeout     string           `json:"timeout,omitempty"`
}

type sensorDescription struct {
	Name          string           `json:"name"`
	Description   string           `json:"description,omitempty"`
	Jobs          []string         `json:"jobs,omitempty"`
	Every         string           `json:"every,omitempty"`
	Where         *string          `json:"where,omitempty"` // of a run-status sensor
	LastRetryOnly bool             `json:"last_retry_only,omitempty"`
	DefaultOn     bool             `json:"default_on,omitempty"`
	Tags          []tagDescription `json:"tags,omitempty"`
	Timeout       string           `json:"timeout,omitempty"`
}

type partitionsDescription struct {
	Name        string                 `json:"name"`
	Description string                 `json:"description,omitempty"`
	Dimensions  []dimensionDescription `json:"dimensions"`
	RunParts    bool                   `json:"run_parts,omitempty"` // it makes config or tags for each
}

// dimensionDescription has the unit of partitions of time, the keys of static ones, or is dynamic.
type dimensionDescription struct {
	Name      string   `json:"name"`
	Unit      string   `json:"unit,omitempty"`
	Zone      string   `json:"zone,omitempty"`
	Start     string   `json:"start,omitempty"`
	Until     string   `json:"until,omitempty"`
	Cron      string   `json:"cron,omitempty"` // at which they begin
	EndOffset int      `json:"end_offset,omitempty"`
	Keys      []string `json:"keys,omitempty"`
	Dynamic   bool     `json:"dynamic,omitempty"`
}

var missedNames = map[spec.MissedPolicy]string{spec.MissedSkip: "skip", spec.MissedLatest: "latest", spec.MissedAll: "all"}

func describeSchedule(s *spec.Schedule) scheduleDescription {
	d := scheduleDescription{
		Name: s.Name, Description: s.Description, Job: s.Job.Name, Crons: s.Crons, Zone: s.Zone, DefaultOn: s.DefaultOn,
		MissedTicks: missedNames[s.Missed.Policy], MissedLimit: s.Missed.AtMost, Tags: describeTags(s.Tags),
		Makes: "a run", RunConfig: s.Config, Timeout: describeTime(s.Timeout),
	}
	switch {
	case s.Partitions:
		d.Makes = "runs of partitions"
	case s.Evaluate != nil:
		d.Makes = "what its function says"
	}
	return d
}

func describeSensor(s *spec.Sensor) sensorDescription {
	d := sensorDescription{
		Name: s.Name, Description: s.Description, Every: describeTime(s.Interval), DefaultOn: s.DefaultOn, Tags: describeTags(s.Tags),
		Timeout: describeTime(s.Timeout),
	}
	for _, j := range s.Jobs {
		d.Jobs = append(d.Jobs, j.Name)
	}
	if r := s.RunStatus; r != nil {
		d.Where, d.LastRetryOnly = &r.Where, r.LastRetryOnly
	}
	return d
}

func describePartitions(j *spec.Job) *partitionsDescription {
	p := j.Partitions
	if p == nil {
		return nil
	}
	d := &partitionsDescription{Name: p.Name, Description: p.Description, RunParts: j.PartitionRun != nil}
	for _, dimension := range p.Dimensions {
		row := dimensionDescription{Name: dimension.Name, Keys: slices.Clone(dimension.Static), Dynamic: dimension.Dynamic}
		if t := dimension.Time; t != nil {
			row.Unit, row.Zone, row.Start, row.Until = string(t.Unit), t.Options.Zone, t.Options.Start, t.Options.End
			row.Cron, row.EndOffset = t.Spans.Cron(), t.Options.EndOffset
		}
		d.Dimensions = append(d.Dimensions, row)
	}
	return d
}
