package api

import (
	"context"
	"errors"
	"fmt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/queue"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// RepointRuns makes runs that wait for their code runs of another job.
func (r runService) RepointRuns(ctx context.Context, req *hostv1.RepointRunsRequest) (*hostv1.RepointRunsResponse, error) {
	request := queue.RepointRequest{To: req.GetTo(), DryRun: req.GetDryRun()}
	var err error
	if request.From, err = r.repointedFrom(req.GetJob()); err != nil {
		return nil, err
	}
	for _, text := range req.GetIds() {
		id, err := r.find(ctx, text)
		if err != nil {
			return nil, err
		}
		if len(request.IDs) <= queue.MaxRepoint { // one more is refused
			request.IDs = append(request.IDs, id)
		}
	}
	for _, id := range request.IDs {
		if err := wholeID(id); err != nil {
			return nil, err
		}
	}
	if request.Request, err = host.NewRequest(req.GetRequestId(), "re-pointing", request.From, request.IDs, request.To); err != nil {
		return nil, err
	}
	done, err := r.s.o.Queue.Repoint(ctx, request)
	if e, ok := errors.AsType[*host.Error](err); ok && e.Reason == reasonNoRun && e.Remedy == "" {
		return nil, &host.Error{Code: e.Code, Reason: e.Reason, Message: e.Message, Remedy: noRunRemedy}
	}
	if err != nil {
		return nil, err
	}
	out := &hostv1.RepointRunsResponse{To: jobNameToWire(done.To), Left: uint32(done.Left)}
	for _, run := range done.Runs {
		row := &hostv1.RepointedRun{Id: string(run.ID)}
		switch e := run.Err; {
		case e == nil:
		case host.CodeOf(e) == host.Internal:
			return nil, e // the others are told at the next call
		default:
			row.Error = valid(e.Error())
		}
		out.Runs = append(out.Runs, row)
	}
	return out, nil
}

// repointedFrom is the job whose runs are meant. One that is gone has to be named in full, for the end of a name could
// mean runs of several.
func (r runService) repointedFrom(name string) (host.JobName, error) {
	if name == "" {
		return host.JobName{}, nil
	}
	full, ok := host.ParseJobName(name)
	if ok && full.Location != "" {
		return full, nil
	}
	job, err := r.s.o.Workspace.FindJob(name)
	if host.CodeOf(err) == host.NotFound && err != nil {
		return host.JobName{}, &host.Error{
			Code: host.Invalid, Reason: "JOB_NAME",
			Message: fmt.Sprintf("there is no job %.200q now, so it has to be named in full", name),
			Remedy:  "Write it as location/repository/job, as its runs have it.",
		}
	}
	if err != nil {
		return host.JobName{}, err
	}
	return job.Name, nil
}
