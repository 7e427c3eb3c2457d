package wire

import (
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// Requests is what an author's function asked for.
func Requests(requests []spec.RunRequest) []*usercodev1.RunRequest {
	var sent []*usercodev1.RunRequest
	for _, r := range requests {
		request := &usercodev1.RunRequest{
			RunKey: r.RunKey, ConfigYaml: string(r.Config), Tags: definitionTags(r.Tags), Partition: r.Partition, OpSelection: r.OpSelection,
		}
		if r.Job != nil {
			request.Job = r.Job.Name
		}
		sent = append(sent, request)
	}
	return sent
}

// PartitionKeys is what an author's function wants to be changed.
func PartitionKeys(changes []spec.PartitionKeysChange) []*usercodev1.PartitionKeysChange {
	var sent []*usercodev1.PartitionKeysChange
	for _, c := range changes {
		sent = append(sent, &usercodev1.PartitionKeysChange{Dimension: c.Dimension, Add: c.Add, Remove: c.Remove})
	}
	return sent
}

// PartitionRun is what belongs to the run of a partition.
func PartitionRun(run spec.PartitionRun) *usercodev1.GetPartitionRunsResponse_PartitionRun {
	return &usercodev1.GetPartitionRunsResponse_PartitionRun{ConfigYaml: string(run.Config), Tags: definitionTags(run.Tags)}
}

// EndedRun reads a run that ended; nil when there is none.
func EndedRun(r *usercodev1.EndedRun) *spec.EndedRun {
	if r == nil {
		return nil
	}
	run := &spec.EndedRun{
		ID: r.GetRunId(), Location: r.GetLocation(), Repository: r.GetRepository(), Job: r.GetJob(), Status: r.GetStatus(),
		StatusReason: r.GetStatusReason(), Tags: TagsFrom(r.GetTags()),
	}
	if at := r.GetEndedAt(); at != nil {
		run.EndedAt = at.AsTime()
	}
	return run
}
