package usercode

import (
	"context"
	"fmt"
	"time"

	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Partition is one part of a job's work.
type Partition struct {
	// Key names it: "2026-11-23", "eu", or of pairs "2026-11-23|eu".
	Key string
	// Keys are those of its dimensions, by their names. Of partitions that are no pairs it is the key itself.
	Keys map[string]string
	// Start and End are those of the span of time, in its zone; zero when there is none. End is not part of it.
	Start, End time.Time
}

// PartitionFrom is the partition that the run is for whose op got ctx. It is not ok when the run is for none, as the runs
// of jobs without partitions.
func PartitionFrom(ctx context.Context) (p Partition, ok bool) {
	e := spec.ExecutionFrom(ctx)
	if e == nil || e.Partitions == nil {
		return Partition{}, false
	}
	key, ok := e.Run.Tags.Get(tag.KeyPartition)
	if !ok {
		return Partition{}, false
	}
	at, err := e.Partitions.At(key)
	if err != nil {
		return Partition{Key: key}, true // launched before the partitions were changed: the key is all that is known
	}
	return Partition(at), true
}

// PartitionConfig makes the run config of each of a job's [Partitions]:
//
//	usercode.PartitionConfig(func(_ context.Context, p usercode.Partition) (usercode.RunConfig, error) {
//		return usercode.RunConfig{"report": ReportConfig{Since: p.Start, Until: p.End}}, nil
//	})
//
// It is called in the user-code server when a run of the partition is made, also by a backfill and by the launchpad,
// which lets people change it. It has to be quick; [Config.From] and [Log] work inside as in a [Sensor].
type PartitionConfig func(ctx context.Context, p Partition) (RunConfig, error)

func (f PartitionConfig) applyJob(j *Job) {
	switch {
	case f == nil:
		j.faultf("PartitionConfig: the function is nil")
	case j.partitionConfig != nil:
		j.faultf("PartitionConfig is given twice; keep one")
	default:
		j.partitionConfig = f
	}
}

// PartitionTags makes tags of the runs of each of a job's [Partitions], as [PartitionConfig] does config.
type PartitionTags func(p Partition) (Tags, error)

func (f PartitionTags) applyJob(j *Job) {
	switch {
	case f == nil:
		j.faultf("PartitionTags: the function is nil")
	case j.partitionTags != nil:
		j.faultf("PartitionTags is given twice; keep one")
	default:
		j.partitionTags = f
	}
}

// partition is what the kinds of partitions have in common as options.
func (j *Job) partition(def *partitionsDef) {
	switch {
	case def == nil:
		j.faultf("its partitions are nil; variables that init() or main() sets are nil when package variables are made")
	case j.partitions == def:
		j.faultf("partitions %q are given twice; keep one", def.partitions.Name)
	case j.partitions != nil:
		j.faultf("it has two partitions, %q and %q; make pairs of them with NewPartitionPairs", j.partitions.partitions.Name, def.partitions.Name)
	default:
		j.partitions = def
	}
}

// compilePartitions puts the partitions into the compiled job, and reports what is wrong with them.
func (j *Job) compilePartitions(job *spec.Job) []fault {
	if j.partitions == nil {
		if j.partitionConfig != nil || j.partitionTags != nil {
			return []fault{{j.origin, "it has PartitionConfig or PartitionTags, but no partitions: add them to its options"}}
		}
		return nil
	}
	job.Partitions = j.partitions.build()
	if j.partitionConfig != nil || j.partitionTags != nil {
		job.PartitionRun = func(ctx context.Context, p spec.Partition) (spec.PartitionRun, error) {
			return j.partitionRun(ctx, job, Partition(p))
		}
	}
	return j.partitions.faults
}

func (j *Job) partitionRun(ctx context.Context, job *spec.Job, p Partition) (run spec.PartitionRun, err error) {
	if j.partitionConfig != nil {
		config, err := j.partitionConfig(ctx, p)
		if err != nil {
			return spec.PartitionRun{}, err
		}
		if run.Config, err = config.of(job); err != nil {
			return spec.PartitionRun{}, fmt.Errorf("what PartitionConfig made: %w", err)
		}
	}
	if j.partitionTags != nil {
		tags, err := j.partitionTags(p)
		if err != nil {
			return spec.PartitionRun{}, err
		}
		if run.Tags, err = tag.FromAny(tags); err != nil {
			return spec.PartitionRun{}, fmt.Errorf("what PartitionTags made: %w", err)
		}
	}
	return run, nil
}
