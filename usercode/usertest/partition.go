package usertest

import (
	"context"
	"errors"
	"fmt"
	"time"

	"github.com/penstock-run/penstock/usercode"
	"github.com/penstock-run/penstock/usercode/calendar"
	"github.com/penstock-run/penstock/usercode/internal/evaluate"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// Partition is what a job makes of the partition of a key: the run that a host would launch for it, with what
// [usercode.PartitionConfig] and [usercode.PartitionTags] say. The error is about wrong definitions, a key that is none, and
// functions that failed.
func Partition(ctx context.Context, job *usercode.Job, key string) (RunRequest, error) {
	compiled, err := spec.CompileJob(job)
	if err != nil {
		return RunRequest{}, err
	}
	run, err := partitionRun(ctx, compiled, key)
	if err != nil {
		return RunRequest{}, err
	}
	config, err := configOf(run.Config)
	return RunRequest{Job: compiled.Name, Config: config, Tags: tagsOf(run.Tags), Partition: key}, err
}

func partitionRun(ctx context.Context, job *spec.Job, key string) (spec.PartitionRun, error) {
	if job.Partitions == nil {
		return spec.PartitionRun{}, fmt.Errorf("job %q has no partitions", job.Name)
	}
	runs, _, err := evaluator.PartitionRuns(ctx, "test", job, []string{key})
	if err == nil && runs[0].Error != "" {
		err = errors.New(runs[0].Error)
	}
	if err != nil {
		return spec.PartitionRun{}, fmt.Errorf("job %q: partition %q: %w", job.Name, key, err)
	}
	return runs[0].PartitionRun, nil
}

// ofPartitions has a run for each partition that has ended since the tick before.
func ofPartitions(ctx context.Context, s *spec.Schedule, at time.Time) (*Evaluation, error) {
	keys, err := endedKeys(s, at)
	if err != nil {
		return nil, fmt.Errorf("schedule %q: %w", s.Name, err)
	}
	var answer evaluate.Answer
	for _, key := range keys {
		run, err := partitionRun(ctx, s.Job, key)
		if err != nil {
			return &Evaluation{Error: err.Error()}, nil //nolint:nilerr // of the author's function
		}
		answer.Requests = append(answer.Requests, spec.RunRequest{Partition: key, Config: run.Config, Tags: run.Tags})
	}
	if len(keys) == 0 {
		answer.SkipReason = "no partition has ended"
	}
	return evaluation(answer, s.Job)
}

func endedKeys(s *spec.Schedule, at time.Time) ([]string, error) {
	ticks, err := calendar.New(s.Zone, s.Crons...)
	if err != nil {
		return nil, err
	}
	before, ok := ticks.Prev(at)
	if !ok {
		return nil, errors.New("it has no tick before that one")
	}
	spans := s.Job.Partitions.Time().Spans.Ended(before, at)
	keys := []string{""}
	for i, d := range s.Job.Partitions.Dimensions {
		if d.Dynamic {
			return nil, fmt.Errorf("the keys of the dynamic partitions %q are known to hosts alone", d.Name)
		}
		own := d.Static
		if d.Time != nil {
			own = nil
			for _, span := range spans {
				own = append(own, span.Key)
			}
		}
		var pairs []string
		for _, first := range keys {
			for _, second := range own {
				if i > 0 {
					second = first + spec.PartitionSeparator + second
				}
				pairs = append(pairs, second)
			}
		}
		keys = pairs
	}
	return keys, nil
}
