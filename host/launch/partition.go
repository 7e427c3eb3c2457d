package launch

import (
	"context"
	"errors"
	"fmt"
	"slices"
	"strings"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/partition"
	"github.com/penstock-run/penstock/host/workspace"
	"github.com/penstock-run/penstock/usercode/tag"
)

// parting is the partition that a run is of.
type parting struct {
	// key is empty when it is of none.
	key string
	// run is what the job's code makes for it.
	run host.PartitionRun
	// config tells that the run's config is that of run.
	config bool
	// system are the tags that say so.
	system   tag.List
	notes    []string
	problems []host.Problem
}

// partingOf finds the partition of a request, and completes the request's config by it. A child has that of its parent,
// which may be gone. Errors: Refused by the gate, and Unavailable when the job's code has to be asked and does not answer.
func (p *Planner) partingOf(ctx context.Context, job *workspace.Job, r *Request, from *origin) (*parting, error) {
	part := &parting{key: r.Partition}
	parent := from.parent()
	if parent != nil {
		key, _ := parent.Tag(tag.KeyPartition)
		if r.Partition != "" && r.Partition != key {
			part.problemf("run %s is of %s; executed again it stays so", parent.ID, partitionText(key))
		}
		if part.key = key; key == "" {
			return part, nil
		}
		part.system = inheritedPartition(parent)
		if r.Reexecution.KeepConfig && r.Reexecution.KeepTags {
			return part, nil // nothing of it is made anew
		}
	}
	partitions, err := job.Partitions()
	switch {
	case part.key == "":
		if err == nil && partitions != nil {
			part.notes = []string{"The job has partitions, and this run is of none of them: name one to launch it for that."}
		}
		return part, nil
	case err != nil && host.CodeOf(err) == host.Refused:
		if parent != nil {
			part.lost(err.Error())
			return part, nil
		}
		return nil, err
	case err != nil:
		part.problems = append(part.problems, problemsOf(err, fieldPartition)...)
		return part, nil
	case partitions == nil && parent != nil:
		part.lost("the job has no partitions any more")
		return part, nil
	case partitions == nil:
		part.problemf("job %s has no partitions; launch it without one", job.Name)
		return part, nil
	}
	return part, p.part(ctx, part, job.Name, partitions, r, parent)
}

// part checks that the partition exists, and gets what the job's code makes for it.
func (p *Planner) part(ctx context.Context, part *parting, job host.JobName, partitions *host.Partitions, r *Request, parent *host.Run) error {
	set, err := p.partitions.Of(job, partitions)
	if err == nil {
		if r.Source != nil {
			set = set.Changed(r.Source.Keys)
		}
		err = set.Has(ctx, part.key)
	}
	switch {
	case err != nil && host.CodeOf(err) != host.Invalid:
		return err
	case err != nil && parent != nil:
		part.lost(err.Error())
		return nil
	case err != nil:
		part.problems = append(part.problems, host.Problem{Field: fieldPartition, Message: messageOf(err)})
		return nil
	}
	part.system = set.Tags(part.key)
	switch {
	case r.PartitionRun != nil:
		part.run = *r.PartitionRun
	case partitions.HasRunParts:
		runs, err := p.workspace.PartitionRuns(ctx, job, []string{part.key})
		if err != nil {
			return err
		}
		part.run = runs[0]
	}
	if part.run.Err != "" {
		part.problemf("the job's code failed for %s: %s", partitionText(part.key), clipTo(part.run.Err, maxPartitionErr))
		part.run = host.PartitionRun{}
		return nil
	}
	kept := r.Reexecution != nil && r.Reexecution.KeepConfig
	if !kept && r.ConfigYAML == "" {
		r.ConfigYAML, part.config = part.run.ConfigYAML, true
	}
	return nil
}

const (
	fieldPartition = "partition"
	// maxPartitionErr is how much of what user code says of its failure is told.
	maxPartitionErr = 2 << 10
)

func (part *parting) problemf(format string, args ...any) {
	part.problems = append(part.problems, host.Problem{Field: fieldPartition, Message: fmt.Sprintf(format, args...)})
}

// lost notes that a partition cannot be asked for any more; a run of it can be executed again all the same.
func (part *parting) lost(why string) {
	part.notes = append(part.notes, fmt.Sprintf("The run is of %s, for which the job's code is not asked: %s.", partitionText(part.key), strings.TrimSuffix(why, ".")))
}

// configProblems tell whose config it is that has them.
func (part *parting) configProblems(problems []host.Problem) []host.Problem {
	if !part.config {
		return problems
	}
	told := slices.Clone(problems)
	for i := range told {
		told[i].Message = fmt.Sprintf("in the config that the job's code makes for %s: %s", partitionText(part.key), told[i].Message)
	}
	return told
}

// inheritedPartition are the tags that say of which partition a child is: those of its parent.
func inheritedPartition(parent *host.Run) (tags tag.List) {
	for _, t := range parent.Tags {
		if t.Key == tag.KeyPartition || t.Key == tag.KeyPartitionSet || strings.HasPrefix(t.Key, tag.KeyPartitionDimension) {
			tags = append(tags, tag.System(t.Key, t.Value))
		}
	}
	return tags
}

func partitionText(key string) string {
	if key == "" {
		return "no partition"
	}
	return fmt.Sprintf("partition %.120q", key)
}

// messageOf is an error with what to do about it, for a problem.
func messageOf(err error) string {
	e, ok := errors.AsType[*host.Error](err)
	if !ok || e.Remedy == "" {
		return err.Error()
	}
	return e.Message + ". " + e.Remedy
}

// Partitions finds the partitions of a job as they are now, by a name as of FindJob. Errors as of that, Refused when the
// gate refuses partitions, Invalid when the job has none, or none that can be used.
func (p *Planner) Partitions(name string) (*workspace.Job, *partition.Set, error) {
	job, err := p.workspace.FindJob(name)
	if err != nil {
		return nil, nil, err
	}
	partitions, err := job.Partitions()
	if err != nil {
		return nil, nil, err
	}
	if partitions == nil {
		return nil, nil, &host.Error{
			Code: host.Invalid, Reason: "NO_PARTITIONS",
			Message: fmt.Sprintf("job %s has no partitions", job.Name),
			Remedy:  "Give it some in the user code, such as usercode.NewDailyPartitions, or name another job.",
		}
	}
	set, err := p.partitions.Of(job.Name, partitions)
	return job, set, err
}
