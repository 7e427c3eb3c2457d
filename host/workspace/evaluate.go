package workspace

import (
	"context"
	"errors"
	"fmt"
	"strings"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/penstock-run/penstock/host"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/versioncheck"
)

// EvaluateSchedule asks user code what the tick of a schedule makes. That user
// code failed, or took longer than it may, is in the Evaluation.
//
// Errors: NotFound when there is no such schedule, here or at the server;
// Refused when the gate refuses schedules; Invalid when the schedule, or the
// answer, cannot be used, so that asking again is of no use; Unavailable when
// the location does not answer.
func (w *Workspace) EvaluateSchedule(ctx context.Context, name host.AutomationName, at time.Time) (*usercodev1.Evaluation, error) {
	s, err := w.Schedule(name)
	if err != nil {
		return nil, err
	}
	if s.Err != nil {
		return nil, s.Err
	}
	c := w.callTo(s.Name.Location, versioncheck.Schedules, "schedule "+s.Name.String())
	c.method, c.within = usercodev1.UserCodeService_EvaluateSchedule_FullMethodName, evaluationTimeout(s.Definition.GetEvaluated().GetTimeout())
	var response usercodev1.EvaluateScheduleResponse
	err = c.call(ctx, &usercodev1.EvaluateScheduleRequest{
		Repository: s.Name.Repository, Schedule: s.Name.Name, ScheduledAt: timestamppb.New(at),
	}, &response)
	if late, ok := errors.AsType[*evaluationLateError](err); ok {
		return &usercodev1.Evaluation{Error: late.Error()}, nil
	}
	if err != nil {
		return nil, err
	}
	if err := checkEvaluation(&response.Evaluation); err != nil {
		return nil, c.unusable(err)
	}
	return response.GetEvaluation(), nil
}

// EvaluateSensor asks user code what a sensor has found since its cursor.
// Repository and sensor of the request are set here. As EvaluateSchedule.
func (w *Workspace) EvaluateSensor(ctx context.Context, name host.AutomationName, r *usercodev1.EvaluateSensorRequest) (*usercodev1.EvaluateSensorResponse, error) {
	s, err := w.Sensor(name)
	if err != nil {
		return nil, err
	}
	if s.Err != nil {
		return nil, s.Err
	}
	c := w.callTo(s.Name.Location, versioncheck.Sensors, "sensor "+s.Name.String())
	timeout := s.Definition.GetEvaluated().GetTimeout()
	if s.Definition.GetRunStatus() != nil {
		timeout = s.Definition.GetRunStatus().GetTimeout()
	}
	c.method, c.within = usercodev1.UserCodeService_EvaluateSensor_FullMethodName, evaluationTimeout(timeout)
	asked := proto.CloneOf(r)
	asked.Repository, asked.Sensor = s.Name.Repository, s.Name.Name
	var response usercodev1.EvaluateSensorResponse
	err = c.call(ctx, asked, &response)
	if late, ok := errors.AsType[*evaluationLateError](err); ok {
		return &usercodev1.EvaluateSensorResponse{Evaluation: &usercodev1.Evaluation{Error: late.Error()}}, nil
	}
	if err != nil {
		return nil, err
	}
	err = checkEvaluation(&response.Evaluation)
	if n := len(response.GetCursor()); err == nil && n > host.MaxCursorBytes {
		err = fmt.Errorf("its cursor has %d bytes; the limit is %d", n, host.MaxCursorBytes)
	}
	if err != nil {
		return nil, c.unusable(err)
	}
	return &response, nil
}

// PartitionRuns asks user code for config and tags of runs of a job's
// partitions: one answer for each key, in their order. Of a job whose code makes
// neither, they are empty, and nobody is asked. That user code failed for a
// partition is in its answer. Errors as of EvaluateSchedule; Invalid also when
// the job has no partitions.
func (w *Workspace) PartitionRuns(ctx context.Context, name host.JobName, keys []string) ([]host.PartitionRun, error) {
	job, err := w.Job(name)
	if err != nil {
		return nil, err
	}
	partitions, err := job.Partitions()
	switch {
	case err != nil:
		return nil, err
	case partitions == nil:
		return nil, &host.Error{Code: host.Invalid, Reason: "NO_PARTITIONS", Message: fmt.Sprintf("job %s has no partitions", name)}
	case !partitions.HasRunParts:
		return make([]host.PartitionRun, len(keys)), nil
	}
	c := w.callTo(name.Location, versioncheck.Partitions, "partitions of job "+name.String())
	c.method, c.within = usercodev1.UserCodeService_GetPartitionRuns_FullMethodName, defaultEvaluation
	runs := make([]host.PartitionRun, 0, len(keys))
	for rest := keys; len(rest) > 0; {
		batch := rest[:min(len(rest), maxPartitionRuns)]
		rest = rest[len(batch):]
		var response usercodev1.GetPartitionRunsResponse
		err := c.call(ctx, &usercodev1.GetPartitionRunsRequest{Repository: name.Repository, Job: name.Job, Keys: batch}, &response)
		if late, ok := errors.AsType[*evaluationLateError](err); ok {
			for range batch {
				runs = append(runs, host.PartitionRun{Err: late.Error()})
			}
			continue
		}
		if err != nil {
			return nil, err
		}
		if n := len(response.GetRuns()); n != len(batch) {
			return nil, c.unusable(fmt.Errorf("it has %d runs for %d keys", n, len(batch)))
		}
		for i, r := range response.GetRuns() {
			run, err := partitionRunOf(r)
			if err != nil {
				return nil, c.unusable(fmt.Errorf("partition %s: %w", quoted(batch[i]), err))
			}
			runs = append(runs, run)
		}
	}
	return runs, nil
}

// evaluationLateError says that user code took too long, of a location that answers.
type evaluationLateError struct{ after time.Duration }

func (e *evaluationLateError) Error() string {
	return fmt.Sprintf("it took longer than %s", e.after)
}

// evaluation is a call that changes nothing, so that any server may be asked, and asked again.
type evaluation struct {
	workspace            *Workspace
	location, capability string
	// about is what it is about, for people.
	about  string
	method string
	within time.Duration
}

func (w *Workspace) callTo(location, capability, about string) *evaluation {
	return &evaluation{workspace: w, location: location, capability: capability, about: about}
}

// call asks one server after the other until one answers.
func (e *evaluation) call(ctx context.Context, request, response proto.Message) error {
	l, err := e.workspace.location(e.location)
	if err != nil {
		return err
	}
	conns, err := l.conns()
	if err != nil {
		return err
	}
	defer func() {
		for _, c := range conns {
			c.Release()
		}
	}()
	var refused, failed error
	for _, c := range conns {
		if r := RefusalOf(versioncheck.Decide(e.capability, c.report.judged(), l.host, l.currentPolicy()), e.location, 0); r != nil {
			refused = r.Err(e.about)
			continue
		}
		failed = e.ask(ctx, l, c, request, response)
		if status.Code(failed) != codes.Unavailable || ctx.Err() != nil {
			break
		}
	}
	if failed == nil && refused != nil {
		return refused
	}
	return e.explain(ctx, l, failed)
}

// ask asks one server. The error is that of gRPC, or ready to be answered.
func (e *evaluation) ask(ctx context.Context, l *location, c *Conn, request, response proto.Message) error {
	within := e.within + evaluationGrace
	ctx, d := withDeadline(ctx, l.clock, "the evaluation", within, 0)
	defer d.stop()
	var reply frame
	if err := c.connection.Invoke(ctx, e.method, request, &reply, grpc.ForceCodecV2(frameCodec{})); err != nil {
		if _, late := errors.AsType[*timeoutError](context.Cause(ctx)); late {
			if l.answering() {
				return &evaluationLateError{e.within}
			}
			return status.Error(codes.Unavailable, fmt.Sprintf("it did not answer within %s", within))
		}
		return err
	}
	if err := newBudget().scan(reply, response.ProtoReflect().Descriptor()); err != nil {
		return e.unusable(err)
	}
	if err := proto.Unmarshal(reply, response); err != nil {
		return e.unusable(errors.New("it is damaged, or holds text that is not UTF-8"))
	}
	return nil
}

// explain is the error of a call for whoever asked.
func (e *evaluation) explain(ctx context.Context, l *location, err error) error {
	if err == nil {
		return nil
	}
	if _, ours := status.FromError(err); !ours { // it is explained already
		return err
	}
	if ctx.Err() != nil {
		return context.Cause(ctx)
	}
	st := status.Convert(err)
	switch {
	case st.Code() == codes.NotFound:
		return &host.Error{
			Code: host.NotFound, Reason: "EVALUATION_NOT_FOUND",
			Message: fmt.Sprintf("the server of code location %s does not know %s: %s", l.name, e.about, quoted(st.Message())),
			Remedy:  "A deploy may be under way; when it is over, what the server has is listed.",
		}
	case st.Code() == codes.ResourceExhausted && strings.Contains(st.Message(), "larger than max"):
		return e.unusable(fmt.Errorf("it is larger than %d MiB", maxFrameBytes>>20))
	case st.Code() == codes.InvalidArgument, st.Code() == codes.Internal, st.Code() == codes.Unknown:
		return &host.Error{
			Code: host.Invalid, Reason: "EVALUATION_FAILED",
			Message: fmt.Sprintf("the server of code location %s could not evaluate %s: %s: %s", l.name, e.about, st.Code(), quoted(st.Message())),
			Remedy:  "Look into the server's log.",
		}
	}
	return &host.Error{
		Code: host.Unavailable, Reason: "LOCATION_CALL",
		Message: fmt.Sprintf("code location %s did not answer about %s: %s: %s", l.name, e.about, st.Code(), quoted(st.Message())),
		Remedy:  "Look at the location's state, and into its log.",
	}
}

// unusable is what is wrong with an answer, for people; nil of nil.
func (e *evaluation) unusable(err error) error {
	if err == nil {
		return nil
	}
	return &host.Error{
		Code: host.Invalid, Reason: "EVALUATION_UNUSABLE",
		Message: fmt.Sprintf("what code location %s answered about %s cannot be used: %v", e.location, e.about, err),
		Remedy:  "Correct the user code, or build it with an intact SDK, and deploy it again.",
	}
}
