package wire

import (
	"bytes"
	"context"
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/calendar"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/tag"
)

func tick(context.Context, time.Time) (spec.Evaluation, error) { return spec.Evaluation{}, nil }

func emptyJob(name string) *spec.Job {
	op := &spec.Op{Name: "op"}
	return &spec.Job{Name: name, Graph: &spec.Graph{Name: name, Nodes: []*spec.Node{{Name: "op", Op: op}}}}
}

func TestAutomationIsConverted(t *testing.T) {
	job := emptyJob("job")
	r := &spec.Repository{
		Name: "r", Jobs: []*spec.Job{job},
		Schedules: []*spec.Schedule{
			{Name: "asked", Description: "d", Job: job, Crons: []string{"@daily", "@hourly"}, Zone: "Europe/Berlin", DefaultOn: true, Missed: spec.MissedTicks{Policy: spec.MissedAll, AtMost: 3}, Tags: tag.List{{Key: "a", Value: "b"}}, Timeout: time.Minute, Evaluate: tick},
			{Name: "fixed", Job: job, Crons: []string{"@daily"}, Config: []byte(`{"config":{}}`)},
			{Name: "parted", Job: job, Crons: []string{"@daily"}, Partitions: true, Missed: spec.MissedTicks{Policy: spec.MissedSkip}},
		},
		Sensors: []*spec.Sensor{
			{Name: "sensor", Description: "d", Jobs: []*spec.Job{job}, Interval: time.Minute, DefaultOn: true, Tags: tag.List{{Key: "a", Value: "b"}}, Timeout: time.Second},
			{Name: "status", RunStatus: &spec.RunStatus{Where: "status=failure", LastRetryOnly: true}, Timeout: time.Second},
		},
	}
	body, err := repositoryBody(r)
	if err != nil {
		t.Fatal(err)
	}
	var got usercodev1.RepositoryDefinition
	if err := proto.Unmarshal(body, &got); err != nil {
		t.Fatal(err)
	}
	asked, fixed, parted := got.GetSchedules()[0], got.GetSchedules()[1], got.GetSchedules()[2]
	if asked.GetDescription() != "d" || asked.GetJob() != "job" || len(asked.GetCrons()) != 2 || asked.GetZone() != "Europe/Berlin" || !asked.GetDefaultOn() ||
		asked.GetMissedTicks().GetPolicy() != usercodev1.MissedTickPolicy_MISSED_TICK_POLICY_ALL || asked.GetMissedTicks().GetAtMost() != 3 ||
		asked.GetTags()[0].GetKey() != "a" || asked.GetEvaluated().GetTimeout().AsDuration() != time.Minute {
		t.Errorf("got %v", asked)
	}
	if fixed.GetFixed().GetConfigYaml() != `{"config":{}}` || fixed.GetMissedTicks() != nil {
		t.Errorf("got %v", fixed)
	}
	if parted.GetPartitions() == nil || parted.GetMissedTicks().GetPolicy() != usercodev1.MissedTickPolicy_MISSED_TICK_POLICY_SKIP {
		t.Errorf("got %v", parted)
	}
	sensor, status := got.GetSensors()[0], got.GetSensors()[1]
	if sensor.GetJobs()[0] != "job" || sensor.GetInterval().AsDuration() != time.Minute || !sensor.GetDefaultOn() || sensor.GetEvaluated().GetTimeout().AsDuration() != time.Second {
		t.Errorf("got %v", sensor)
	}
	if s := status.GetRunStatus(); s.GetWhere() != "status=failure" || !s.GetLastRetryOnly() || s.GetTimeout().AsDuration() != time.Second || status.GetInterval() != nil {
		t.Errorf("got %v", status)
	}
}

func TestPartitionsAreConverted(t *testing.T) {
	job := emptyJob("job")
	job.PartitionRun = func(context.Context, spec.Partition) (spec.PartitionRun, error) { return spec.PartitionRun{}, nil }
	options := calendar.SpanOptions{Zone: "America/New_York", Start: "2026-01-05T00:00", End: "2027-01-01T00:00", Minute: 15, Hour: 6, Day: 1, EndOffset: -2}
	job.Partitions = &spec.Partitions{Name: "p", Description: "d", Dimensions: []spec.Dimension{
		{Name: "weeks", Time: &spec.TimePartitions{Unit: calendar.Week, Options: options}}, {Name: "customers", Dynamic: true},
	}}
	read := func() *usercodev1.PartitionsDefinition {
		t.Helper()
		body, err := JobDefinition(job)
		if err != nil {
			t.Fatal(err)
		}
		var got usercodev1.JobDefinition
		if err := proto.Unmarshal(body, &got); err != nil {
			t.Fatal(err)
		}
		return got.GetPartitions()
	}
	got := read()
	span := got.GetDimensions()[0].GetTime()
	if got.GetName() != "p" || got.GetDescription() != "d" || !got.GetHasRunParts() || got.GetDimensions()[1].GetName() != "customers" || got.GetDimensions()[1].GetDynamic() == nil {
		t.Errorf("got %v", got)
	}
	if span.GetUnit() != usercodev1.TimeUnit_TIME_UNIT_WEEK || span.GetZone() != options.Zone || span.GetStart() != options.Start || span.GetEnd() != options.End ||
		span.GetMinute() != 15 || span.GetHour() != 6 || span.GetDay() != 1 || span.GetEndOffset() != -2 {
		t.Errorf("got %v", span)
	}
	job.Partitions = &spec.Partitions{Name: "p", Dimensions: []spec.Dimension{{Name: "p", Static: []string{"b", "a"}}}}
	job.PartitionRun = nil
	if got := read(); got.GetHasRunParts() || fmt.Sprint(got.GetDimensions()[0].GetStatic().GetKeys()) != "[b a]" {
		t.Errorf("got %v", got)
	}
}

// TestWithoutAutomationNothingIsAdded looks for the fields that came later in the bytes of bodies that have nothing to
// put there: their digests have to stay those of older builds.
func TestWithoutAutomationNothingIsAdded(t *testing.T) {
	definition, err := JobDefinition(emptyJob("job"))
	if err != nil {
		t.Fatal(err)
	}
	repository, err := repositoryBody(&spec.Repository{Name: "r", Description: "d", Jobs: []*spec.Job{emptyJob("job")}})
	if err != nil {
		t.Fatal(err)
	}
	for name, c := range map[string]struct {
		body  []byte
		fresh []protowire.Number
	}{"Job": {definition, []protowire.Number{11}}, "Repository": {repository, []protowire.Number{4, 5}}} {
		for rest := c.body; len(rest) > 0; {
			field, _, n := protowire.ConsumeField(rest)
			if n < 0 {
				t.Fatalf("%s: %v", name, protowire.ParseError(n))
			}
			for _, f := range c.fresh {
				if field == f {
					t.Errorf("%s has the field %d", name, f)
				}
			}
			rest = rest[n:]
		}
	}
}

// TestDigestsOfAutomationAreStable encodes any definitions twice, made anew each time: the digest is the same, and one that
// is changed has another one.
func TestDigestsOfAutomationAreStable(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		word := rapid.StringMatching(`[a-z]{1,5}`)
		schedules := rapid.SliceOfNDistinct(word, 0, 4, rapid.ID[string]).Draw(t, "schedules")
		keys := rapid.SliceOfNDistinct(word, 1, 5, rapid.ID[string]).Draw(t, "keys")
		tags := rapid.MapOfN(word, word, 0, 4).Draw(t, "tags")
		kinds := rapid.SliceOfN(rapid.IntRange(0, 2), 4, 4).Draw(t, "kinds")
		made := func(cron string) []*spec.Repository {
			job := emptyJob("job")
			job.Partitions = &spec.Partitions{Name: "p", Dimensions: []spec.Dimension{{Name: "p", Static: append([]string(nil), keys...)}}}
			anyTags := map[string]any{}
			for k, v := range tags {
				anyTags[k] = v
			}
			list, err := tag.FromAny(anyTags)
			if err != nil {
				t.Fatal(err)
			}
			r := &spec.Repository{Name: "r", Jobs: []*spec.Job{job}}
			for i, name := range schedules {
				s := &spec.Schedule{Name: name, Job: job, Crons: []string{cron}, Tags: list}
				switch kinds[i] {
				case 1:
					s.Partitions = true
				case 2:
					s.Evaluate = tick
				}
				r.Schedules = append(r.Schedules, s)
				r.Sensors = append(r.Sensors, &spec.Sensor{Name: name + "_sensor", Jobs: []*spec.Job{job}, Tags: list})
			}
			return []*spec.Repository{r}
		}
		digest := func(cron string) []byte {
			d, err := Encode(made(cron))
			if err != nil {
				t.Fatal(err)
			}
			return d.Digest.Bytes()
		}
		first, again, other := digest("@daily"), digest("@daily"), digest("@hourly")
		if !bytes.Equal(first, again) {
			t.Fatalf("the digest is %x, and then %x", first, again)
		}
		if len(schedules) > 0 && bytes.Equal(first, other) {
			t.Fatal("another cron has the same digest")
		}
	})
}
