package api

import (
	"context"
	"strings"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// jobService serves JobService.
type jobService struct{ s *Server }

// ListJobs lists jobs, sorted by location, repository, name.
func (j jobService) ListJobs(ctx context.Context, req *hostv1.ListJobsRequest) (*hostv1.ListJobsResponse, error) {
	size, err := pageSize(req.GetPageSize())
	if err != nil {
		return nil, err
	}
	after, err := jobPlace(req.GetPageCursor())
	if err != nil {
		return nil, err
	}
	where, err := j.s.jobSelector(req.GetWhere())
	if err != nil {
		return nil, err
	}
	search := strings.ToLower(strings.TrimSpace(req.GetSearch()))
	out, payload := &hostv1.ListJobsResponse{}, 0
	for _, job := range j.s.o.Workspace.Jobs() {
		if req.GetLocation() != "" && job.Name.Location != req.GetLocation() || !found(job, search) {
			continue
		}
		selected, hidden, err := where.selects(ctx, job)
		if err != nil {
			return nil, err
		}
		if hidden {
			out.MetadataHidden++
		}
		if !selected {
			continue
		}
		out.Total++
		if !after.Less(job.Name) || out.NextCursor != "" {
			continue
		}
		row := jobSummaryToWire(job)
		payload += proto.Size(row)
		if n := len(out.Jobs); n == size || n > 0 && payload > maxPagePayload {
			last := out.Jobs[n-1].GetName()
			out.NextCursor = pageCursor("jobs", last.GetLocation()+"/"+last.GetRepository()+"/"+last.GetJob())
			continue
		}
		out.Jobs = append(out.Jobs, row)
	}
	return out, nil
}

// jobPlace is the job after which a page starts, so that pages hold while jobs come and go.
func jobPlace(cursor string) (host.JobName, error) {
	if cursor == "" {
		return host.JobName{}, nil
	}
	place, ok := parsePageCursor("jobs", cursor)
	name, named := host.ParseJobName(place)
	if !ok || !named {
		return host.JobName{}, cursorError(cursor)
	}
	return name, nil
}

// found reports whether a job has the text, in lower case, in its name, description or tags.
func found(job *workspace.Job, search string) bool {
	if search == "" || strings.Contains(strings.ToLower(job.Name.String()), search) {
		return true
	}
	if def, err := job.Definition(); err == nil && strings.Contains(strings.ToLower(def.Description), search) {
		return true
	}
	for _, t := range job.Tags() {
		if strings.Contains(strings.ToLower(t.Key+"="+t.Value), search) {
			return true
		}
	}
	return false
}

func jobSummaryToWire(job *workspace.Job) *hostv1.JobSummary {
	out := &hostv1.JobSummary{
		Name:          jobNameToWire(job.Name),
		Summary:       valid(job.Summary()),
		Tags:          tagsToWire(job.Tags()),
		Ops:           uint32(job.Ops()),
		MetadataState: featureStateToWire(job.MetadataState()),
	}
	if err := job.Err(); err != nil {
		out.Error = valid(err.Error())
	}
	return out
}

// GetJob shows one job with its metadata, or why that is not shown.
func (j jobService) GetJob(_ context.Context, req *hostv1.GetJobRequest) (*hostv1.GetJobResponse, error) {
	job, err := j.s.o.Workspace.FindJob(req.GetName())
	if err != nil {
		return nil, err
	}
	definition, err := job.Proto()
	if err != nil {
		return nil, err
	}
	return &hostv1.GetJobResponse{Job: &hostv1.Job{
		Name:                  jobNameToWire(job.Name),
		Definition:            definition,
		DefinitionDigest:      digestToWire(job.DefinitionDigest),
		Metadata:              metadataToWire(job.Metadata()),
		LoadedAt:              timeToWire(job.LoadedAt()),
		Build:                 job.Server().GetBuild(),
		Warnings:              job.Warnings(),
		RepositoryDescription: valid(job.RepositoryDescription),
		PartitionsRefusal:     refusalToWire(job.PartitionsRefusal()),
	}}, nil
}
