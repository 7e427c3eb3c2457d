package api

import (
	"context"
	"fmt"
	"strings"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/automation"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	"github.com/penstock-run/penstock/usercode/calendar"
)

// TestAutomation evaluates a schedule or a sensor, and plans the runs that it asks for. It changes nothing.
func (a automationService) TestAutomation(ctx context.Context, req *hostv1.TestAutomationRequest) (*hostv1.TestAutomationResponse, error) {
	k, err := a.find(ctx, req.GetName(), "")
	if err != nil {
		return nil, err
	}
	tested, err := a.test(ctx, k, req)
	if err != nil {
		return nil, err
	}
	out := &hostv1.TestAutomationResponse{
		Status: tickStatusWire[tested.Status], SkipReason: valid(tested.SkipReason), Error: valid(tested.Error),
		Cursor: valid(tested.Cursor), Duration: durationpb.New(max(tested.Took, 0)), PartitionKeys: tested.Keys,
	}
	for _, line := range tested.LogLines {
		out.LogLines = append(out.LogLines, valid(line))
	}
	plans := testedRuns{runs: a.runs, out: out}
	for i := range tested.Runs {
		if err := plans.add(ctx, &tested.Runs[i]); err != nil {
			return nil, err
		}
	}
	plans.judge(len(tested.Runs))
	return out, nil
}

func (a automationService) test(ctx context.Context, k *known, req *hostv1.TestAutomationRequest) (*automation.Tested, error) {
	if k.name.Kind == host.ScheduleKind {
		at := k.lastOfPartitions(a.s.o.Clock.Now())
		if t := req.GetAt(); t != nil {
			if t.CheckValid() != nil {
				return nil, &host.Error{Code: host.Invalid, Reason: "TIME", Message: "at is not a time", Remedy: "send one of the years 1 to 9999"}
			}
			at = t.AsTime()
		}
		return a.s.o.Schedules.Test(ctx, k.name, at)
	}
	var run host.RunID
	if req.GetRunId() != "" {
		var err error
		if run, err = a.runs.find(ctx, req.GetRunId()); err != nil {
			return nil, err
		}
	}
	return a.s.o.Sensors.Test(ctx, k.name, req.Cursor, run) //nolint:protogetter // unset is another thing than empty
}

// lastOfPartitions is the last instant of a schedule of partitions: those of its next one do not exist yet, so nothing could
// be said of their runs. It is zero of other schedules.
func (k *known) lastOfPartitions(now time.Time) time.Time {
	if k.schedule.GetPartitions() == nil {
		return time.Time{}
	}
	c, err := calendar.New(k.schedule.GetZone(), k.schedule.GetCrons()...)
	if err != nil {
		return time.Time{} // the test will say so
	}
	last, _ := c.Prev(now)
	return last
}

const (
	// maxRefused is how many runs that cannot be planned the error of a test names.
	maxRefused = 10
	// maxPlans is the most bytes of plans in an answer: runs behind those are listed without.
	maxPlans = 2 << 20
)

// testedRuns collects what would become of runs.
type testedRuns struct {
	runs    runService
	out     *hostv1.TestAutomationResponse
	payload int
	refused []string
	count   int
}

// add plans a run. That this is not possible now is an error.
func (t *testedRuns) add(ctx context.Context, r *automation.TestedRun) error {
	row := &hostv1.TestedRun{Request: r.Request, KnownRunKey: r.Known}
	t.out.Runs = append(t.out.Runs, row)
	if r.Known {
		return nil
	}
	preview, err := t.runs.preview(ctx, r.Launch)
	switch code := host.CodeOf(err); {
	case err == nil:
	case code == host.Invalid, code == host.NotFound, code == host.Conflict, code == host.Refused:
		preview = &hostv1.PreviewRunResponse{Problems: []*hostv1.Problem{problemToWire(host.Problem{Field: "job", Message: automation.Advised(err)})}}
	default:
		return err
	}
	if len(preview.GetProblems()) > 0 {
		t.refuse(preview)
	}
	row.Tags = preview.GetTags()
	if t.payload += proto.Size(preview); t.payload <= maxPlans {
		row.Preview = preview
	}
	return nil
}

func (t *testedRuns) refuse(p *hostv1.PreviewRunResponse) {
	if t.count++; t.count <= maxRefused {
		first := p.GetProblems()[0]
		text := first.GetMessage()
		if first.GetPath() != "" {
			text = first.GetPath() + ": " + text
		}
		if more := len(p.GetProblems()) - 1; more > 0 {
			text += fmt.Sprintf(" (and %d more)", more)
		}
		t.refused = append(t.refused, fmt.Sprintf("run %d: %s", len(t.out.GetRuns()), text))
	}
}

// judge makes a failure of a tick some of whose runs cannot be planned: it makes all of them or none.
func (t *testedRuns) judge(of int) {
	if t.count == 0 {
		return
	}
	text := strings.Join(t.refused, "\n")
	if more := t.count - len(t.refused); more > 0 {
		text += fmt.Sprintf("\nand %d more", more)
	}
	if of > 1 {
		text += fmt.Sprintf("\nNone of the %d runs would be made.", of)
	}
	t.out.Status, t.out.Error = hostv1.TickStatus_TICK_STATUS_FAILURE, valid(text)
}
