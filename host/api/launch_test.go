package api_test

import (
	"crypto/sha256"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

const (
	again       = hostv1.ReexecutionStrategy_REEXECUTION_STRATEGY_ALL
	fromFailure = hostv1.ReexecutionStrategy_REEXECUTION_STRATEGY_FROM_FAILURE
	selected    = hostv1.ReexecutionStrategy_REEXECUTION_STRATEGY_SELECTED
)

// keep stores outputs of ops of a run that has ended.
func (f *fixture) keep(run *hostv1.Run, ops ...string) {
	f.t.Helper()
	batch := host.EventBatch{Attempt: run.GetAttempt(), First: run.GetLastEventSeq() + 1}
	for _, op := range ops {
		digest := sha256.Sum256([]byte(op))
		b, err := proto.Marshal(&workerv1.Event{Kind: "output", OpPath: op, Detail: &workerv1.Event_Output{
			Output: &workerv1.Output{Name: "result", Address: "runs/x/y", Size: 42, Digest: digest[:], Codec: "json"},
		}})
		if err != nil {
			f.t.Fatal(err)
		}
		batch.Events = append(batch.Events, b)
	}
	if _, err := f.store.AppendEvents(f.t.Context(), host.RunID(run.GetId()), batch); err != nil {
		f.t.Fatal(err)
	}
}

// whole is a run of a job that has ended, as the host tells it.
func (f *fixture) whole(id string) *hostv1.Run {
	f.t.Helper()
	_, _ = f.follow(id)
	res, err := f.runs.GetRun(f.t.Context(), &hostv1.GetRunRequest{Id: id})
	if err != nil {
		f.t.Fatal(err)
	}
	return res.GetRun()
}

func TestReexecute(t *testing.T) {
	f, _ := withPeer(t, settings{}, hosttest.Current())
	parent := f.whole(f.launch(&hostv1.LaunchRunRequest{Job: "nested", ConfigYaml: "n: 4", Tags: []*tagv1.Tag{{Key: "team", Value: "etl"}, {Key: "day", Value: "1"}}}).GetId())
	f.keep(parent, "first", "inner.a")
	launch := &hostv1.LaunchRunRequest{
		RequestId: uuid.NewString(), OpSelection: "inner.b*",
		Reexecution: &hostv1.Reexecution{RunId: parent.GetId()[:35], Strategy: selected, KeepConfig: true, KeepTags: true, WithoutTags: []string{"day"}},
	}
	preview, err := f.runs.PreviewRun(t.Context(), &hostv1.PreviewRunRequest{Launch: launch})
	if err != nil {
		t.Fatal(err)
	}
	want := []*hostv1.TakenOutput{{OpPath: "inner.a", RunId: parent.GetId(), Size: 42}}
	if !slices.Equal(preview.GetOpPaths(), []string{"inner.b", "last"}) || preview.GetOpSelection() != "inner.b*" || len(preview.GetProblems()) > 0 ||
		!slices.EqualFunc(preview.GetTakenOutputs(), want, func(a, b *hostv1.TakenOutput) bool { return proto.Equal(a, b) }) || len(preview.GetDefinitionChanges()) > 0 {
		t.Errorf("the preview is %v", preview)
	}
	child := f.launch(launch)
	if child.GetParentRun() != parent.GetId() || child.GetRootRun() != parent.GetId() || child.GetConfigYaml() != "n: 4" || child.GetRetryDue() {
		t.Errorf("the child is %v", child)
	}
	if repeated := f.launch(launch); repeated.GetId() != child.GetId() {
		t.Errorf("the same request made %s and %s", child.GetId(), repeated.GetId())
	}
	events, ended := f.follow(child.GetId())
	if text := events[0].GetEvent().GetMessage(); ended.GetStatus() != hostv1.RunStatus_RUN_STATUS_SUCCESS ||
		!strings.Contains(text, "it executes run "+parent.GetId()+" again; outputs taken from earlier runs: 1") {
		t.Errorf("the child was queued with %q and ended as %v", text, ended)
	}
	list, err := f.runs.ListRuns(t.Context(), &hostv1.ListRunsRequest{Filter: &hostv1.RunFilter{Tags: []*tagv1.Tag{{Key: "penstock/parent_run", Value: parent.GetId()}}}})
	if err != nil || len(list.GetRuns()) != 1 || list.GetRuns()[0].GetParentRun() != parent.GetId() {
		t.Errorf("the children are %v, %v", list, err)
	}

	preview, err = f.runs.PreviewRun(t.Context(), &hostv1.PreviewRunRequest{Launch: &hostv1.LaunchRunRequest{
		Job: "nested", OpSelection: "last, inner.a", InputsFrom: parent.GetId()[:35],
	}})
	missing := &hostv1.MissingInput{OpPath: "last", Input: "in", FromOpPath: "inner.b"}
	if err != nil || len(preview.GetMissingInputs()) != 1 || !proto.Equal(preview.GetMissingInputs()[0], missing) ||
		len(preview.GetProblems()) != 1 || len(preview.GetTakenOutputs()) != 1 || preview.GetTakenOutputs()[0].GetOpPath() != "first" {
		t.Errorf("with inputs from a run: %v, %v", preview, err)
	}
}

func TestReexecuteErrors(t *testing.T) {
	f, _ := withPeer(t, settings{}, hosttest.Current())
	done := f.whole(f.launch(&hostv1.LaunchRunRequest{Job: "plain"}).GetId())
	for name, c := range map[string]struct {
		launch *hostv1.LaunchRunRequest
		code   connect.Code
		reason string
	}{
		"ErrUnknownRun":    {&hostv1.LaunchRunRequest{Reexecution: &hostv1.Reexecution{RunId: "0000"}}, connect.CodeNotFound, "RUN_NOT_FOUND"},
		"ErrNoRun":         {&hostv1.LaunchRunRequest{Reexecution: &hostv1.Reexecution{}}, connect.CodeNotFound, "RUN_NOT_FOUND"},
		"ErrUnknownInputs": {&hostv1.LaunchRunRequest{Job: "plain", InputsFrom: "0000"}, connect.CodeNotFound, "RUN_NOT_FOUND"},
		"ErrStrategy":      {&hostv1.LaunchRunRequest{Reexecution: &hostv1.Reexecution{RunId: done.GetId(), Strategy: 9}}, connect.CodeInvalidArgument, "REEXECUTION"},
		"ErrNothingFailed": {&hostv1.LaunchRunRequest{Reexecution: &hostv1.Reexecution{RunId: done.GetId(), Strategy: fromFailure}}, connect.CodeFailedPrecondition, "NOTHING_FAILED"},
		"ErrOtherJob":      {&hostv1.LaunchRunRequest{Job: "nested", Reexecution: &hostv1.Reexecution{RunId: done.GetId(), Strategy: again}}, connect.CodeInvalidArgument, "RUN_OF_ANOTHER_JOB"},
	} {
		t.Run(name, func(t *testing.T) {
			c.launch.RequestId = uuid.NewString()
			_, err := f.runs.LaunchRun(t.Context(), c.launch)
			if code, d := detail(t, err); code != c.code || d.GetReason() != c.reason {
				t.Errorf("launch: %s with %v", code, d)
			}
			_, err = f.runs.PreviewRun(t.Context(), &hostv1.PreviewRunRequest{Launch: c.launch})
			if code, d := detail(t, err); code != c.code || d.GetReason() != c.reason {
				t.Errorf("preview: %s with %v", code, d)
			}
		})
	}
}

// TestReexecuteKeepsItsRequest uses the id of a request for the child of another run.
func TestReexecuteKeepsItsRequest(t *testing.T) {
	f, _ := withPeer(t, settings{}, hosttest.Current())
	one, other := f.whole(f.launch(&hostv1.LaunchRunRequest{Job: "plain"}).GetId()), f.whole(f.launch(&hostv1.LaunchRunRequest{Job: "plain"}).GetId())
	id := uuid.NewString()
	f.launch(&hostv1.LaunchRunRequest{RequestId: id, Reexecution: &hostv1.Reexecution{RunId: one.GetId(), Strategy: again}})
	_, err := f.runs.LaunchRun(t.Context(), &hostv1.LaunchRunRequest{RequestId: id, Reexecution: &hostv1.Reexecution{RunId: other.GetId(), Strategy: again}})
	if code, d := detail(t, err); code != connect.CodeFailedPrecondition || d.GetReason() != "REQUEST_ID_USED" {
		t.Errorf("the request id of another child: %s with %v", code, d)
	}
}

func TestALaunchThatCannotStartIsNoted(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current()) // at most 0 runs in progress
	req := &hostv1.LaunchRunRequest{RequestId: uuid.NewString(), Job: "plain"}
	preview, err := f.runs.PreviewRun(t.Context(), &hostv1.PreviewRunRequest{Launch: req})
	if err != nil || len(preview.GetNotes()) != 1 || !strings.Contains(preview.GetNotes()[0], "set to 0, so nothing starts") {
		t.Errorf("the preview notes %q, %v", preview.GetNotes(), err)
	}
	launched, err := f.runs.LaunchRun(t.Context(), req)
	if err != nil || len(launched.GetNotes()) != 1 || !strings.Contains(launched.GetNotes()[0], "set to 0, so nothing starts") {
		t.Errorf("the launch notes %q, %v", launched.GetNotes(), err)
	}
}
