package launch

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/partition"
	"github.com/penstock-run/penstock/host/reexecution"
	"github.com/penstock-run/penstock/host/store/boltstore"
	"github.com/penstock-run/penstock/host/workspace"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
	"github.com/penstock-run/penstock/versioncheck"
)

// again is a planner over a real store and a real peer.
type again struct {
	*Planner

	t         *testing.T
	store     *boltstore.Store
	workspace *workspace.Workspace
	peer      *hosttest.Peer
}

func newAgain(t *testing.T) *again {
	t.Helper()
	peer := hosttest.Start(t, hosttest.Current())
	w := openReady(t, peer)
	store := openStore(t)
	return &again{Planner: NewPlanner(w, store, partition.NewSource(store, systemClock{}, nil)), t: t, store: store, workspace: w, peer: peer}
}

func (a *again) become(b hosttest.Behavior) { become(a.t, a.workspace, a.peer, b, "nested") }

// ran stores a run of a request that ended like this, with events.
func (a *again) ran(r Request, status host.RunStatus, events ...*workerv1.Event) host.Run {
	a.t.Helper()
	plan, err := a.Plan(a.t.Context(), r)
	if err != nil {
		a.t.Fatal(err)
	}
	id := uuid.Must(uuid.NewV7()).String()
	run, _, err := a.store.CreateRun(a.t.Context(), host.NewRun{RequestID: "request-" + id, Bodies: plan.Bodies, Run: host.Run{
		ID: host.RunID(id), Job: plan.Job, Status: host.Queued, Tags: plan.Tags, ConfigYAML: plan.ConfigTyped, ConfigJSON: plan.ConfigJSON,
		OpSelection: plan.OpSelection, OpPaths: plan.OpPaths, Subset: plan.Subset, Launched: plan.Snapshot, CreatedAt: time.Now(),
		Parent: plan.Parent, Root: plan.Root, TakenOutputs: plan.TakenOutputs,
	}})
	if err != nil {
		a.t.Fatal(err)
	}
	run, err = a.store.UpdateRun(a.t.Context(), run.ID, func(run *host.Run) ([][]byte, error) {
		run.Attempt = 1
		return nil, errors.Join(run.Become(host.Starting, "", time.Now()), run.Become(host.Started, "", time.Now()))
	})
	if err != nil {
		a.t.Fatal(err)
	}
	var encoded [][]byte
	for _, e := range events {
		b, err := proto.Marshal(e)
		if err != nil {
			a.t.Fatal(err)
		}
		encoded = append(encoded, b)
	}
	if _, err := a.store.AppendEvents(a.t.Context(), run.ID, host.EventBatch{Attempt: 1, First: 1, Events: encoded}); len(events) > 0 && err != nil {
		a.t.Fatal(err)
	}
	if status == host.Started {
		return run
	}
	run, err = a.store.UpdateRun(a.t.Context(), run.ID, func(run *host.Run) ([][]byte, error) {
		return nil, run.Become(status, "", time.Now())
	})
	if err != nil {
		a.t.Fatal(err)
	}
	return run
}

// ended are the events of an op that did, with its output stored when it ended well.
func ended(op string, outcome workerv1.Outcome) []*workerv1.Event {
	events := []*workerv1.Event{
		{Kind: "op_started", OpPath: op, OpAttempt: 1, Detail: &workerv1.Event_OpStarted{OpStarted: &workerv1.OpStarted{}}},
		{Kind: "op_finished", OpPath: op, OpAttempt: 1, Detail: &workerv1.Event_OpFinished{OpFinished: &workerv1.OpFinished{Outcome: outcome}}},
	}
	if outcome == workerv1.Outcome_OUTCOME_SUCCESS {
		events = append(events, &workerv1.Event{Kind: "output", OpPath: op, Detail: &workerv1.Event_Output{Output: &workerv1.Output{
			Name: "result", Address: "runs/x/" + op, Size: 3, Digest: make([]byte, 31, 32), Codec: "json",
		}}})
		digest := events[2].GetOutput()
		digest.Digest = append(digest.Digest, 7)
	}
	return events
}

const (
	well  = workerv1.Outcome_OUTCOME_SUCCESS
	badly = workerv1.Outcome_OUTCOME_FAILURE
)

// failedAtB is a run of job nested whose op inner.b failed.
func (a *again) failedAtB(r Request) host.Run {
	r.Job = "nested"
	return a.ran(r, host.Failure, slices.Concat(ended("first", well), ended("inner.a", well), ended("inner.b", badly))...)
}

func taken(outputs []*workerv1.StoredOutput) (texts []string) {
	for _, o := range outputs {
		texts = append(texts, o.GetOpPath()+" of "+o.GetRunId())
	}
	return texts
}

func problemsText(err error) string {
	var e *host.Error
	if !errors.As(err, &e) {
		return fmt.Sprint(err)
	}
	return e.Error() + "\n" + e.Remedy
}

func TestPlanFromFailure(t *testing.T) {
	a := newAgain(t)
	parent := a.failedAtB(Request{ConfigYAML: "n: 7", Tags: []tag.Tag{{Key: "team", Value: "etl"}, {Key: "day", Value: "1"}, {Key: tag.KeyPriority, Value: "3"}}})
	plan, err := a.Plan(t.Context(), Request{
		Reexecution: &Reexecution{
			Parent: parent.ID, Strategy: reexecution.FromFailure, KeepConfig: true, KeepTags: true, WithoutTags: []string{"day"}, RetryNumber: 2,
		},
		Tags: []tag.Tag{{Key: "team", Value: "ops"}},
	})
	if err != nil {
		t.Fatal(err)
	}
	if want := []string{"inner.b", "last"}; !slices.Equal(plan.OpPaths, want) || !plan.Subset || plan.OpSelection != "inner.b, last" {
		t.Errorf("ops %v (%q), want %v", plan.OpPaths, plan.OpSelection, want)
	}
	if want := []string{"inner.a of " + string(parent.ID)}; !slices.Equal(taken(plan.Outputs), want) {
		t.Errorf("takes %v, want %v", taken(plan.Outputs), want)
	}
	if digest, body := reexecution.Encode(plan.Outputs); digest != plan.TakenOutputs || string(plan.Bodies[digest]) != string(body) {
		t.Errorf("the body of what it takes is not kept: %v", plan.TakenOutputs)
	}
	if plan.Parent != parent.ID || plan.Root != parent.ID || string(plan.ConfigJSON) != `{"n":7}` || plan.ConfigTyped != "n: 7" || len(plan.DefinitionChanges) > 0 {
		t.Errorf("got %+v", plan)
	}
	want := []tag.Tag{
		{Key: tag.KeyCodeVersion, Value: "abc123", Origin: tag.OriginSystem},
		{Key: tag.KeyJob, Value: "nested", Origin: tag.OriginSystem},
		{Key: tag.KeyLocation, Value: "etl", Origin: tag.OriginSystem},
		{Key: tag.KeyOpSelection, Value: "inner.b, last", Origin: tag.OriginSystem},
		{Key: tag.KeyParentRun, Value: string(parent.ID), Origin: tag.OriginSystem},
		{Key: tag.KeyPriority, Value: "3", Origin: tag.OriginInherited},
		{Key: tag.KeyRepository, Value: "tutorial", Origin: tag.OriginSystem},
		{Key: tag.KeyResume, Value: "from_failure", Origin: tag.OriginSystem},
		{Key: tag.KeyRetryNumber, Value: "2", Origin: tag.OriginSystem},
		{Key: tag.KeyRootRun, Value: string(parent.ID), Origin: tag.OriginSystem},
		{Key: "team", Value: "ops", Origin: tag.OriginLaunch},
	}
	if diff := cmp.Diff(want, plan.Tags); diff != "" {
		t.Errorf("tags (-want +got):\n%s", diff)
	}

	// Its child failed at last: what that needs is of the child, what the child did not touch of the first run.
	child := a.ran(Request{Reexecution: &Reexecution{Parent: parent.ID, Strategy: reexecution.FromFailure, KeepConfig: true, KeepTags: true}},
		host.Failure, slices.Concat(ended("inner.b", well), ended("last", badly))...)
	plan, err = a.Plan(t.Context(), RetryOf(&child, 3))
	if err != nil || !slices.Equal(plan.OpPaths, []string{"last"}) || !slices.Equal(taken(plan.Outputs), []string{"inner.b of " + string(child.ID)}) || plan.Root != parent.ID {
		t.Errorf("the grandchild: %+v, %v", plan, err)
	}
	if _, kept := tag.List(plan.Tags).Get("day"); !kept {
		t.Errorf("the tags of an automatic retry are %v", plan.Tags)
	}
	plan, err = a.Plan(t.Context(), Request{OpSelection: "inner.a", Reexecution: &Reexecution{Parent: child.ID, Strategy: reexecution.Selected}})
	if err != nil || !slices.Equal(taken(plan.Outputs), []string{"first of " + string(parent.ID)}) {
		t.Errorf("selected of the child: %+v, %v", plan, err)
	}
	plan, err = a.Plan(t.Context(), Request{Reexecution: &Reexecution{Parent: child.ID, Strategy: reexecution.All}})
	if err != nil || !slices.Equal(plan.OpPaths, []string{"inner.b", "last"}) || len(plan.Outputs) != 1 {
		t.Errorf("all of the child: %+v, %v", plan, err)
	}
}

func TestReexecutionErrors(t *testing.T) {
	a := newAgain(t)
	failed := a.failedAtB(Request{})
	running := a.ran(Request{Job: "plain"}, host.Started)
	succeeded := a.ran(Request{Job: "plain"}, host.Success, ended("my_op", well)...)
	from := func(id host.RunID, s reexecution.Strategy) *Reexecution { return &Reexecution{Parent: id, Strategy: s} }
	for name, c := range map[string]struct {
		request Request
		code    host.Code
		reason  string
		text    string
	}{
		"ErrGone":          {Request{Reexecution: from(host.RunID(uuid.NewString()), reexecution.All)}, host.NotFound, "RUN_NOT_FOUND", "gone, with its outputs"},
		"ErrNotFinal":      {Request{Reexecution: from(running.ID, reexecution.All)}, host.Conflict, "RUN_NOT_FINAL", "is STARTED; it can be executed again once it has ended"},
		"ErrNothingFailed": {Request{Reexecution: from(succeeded.ID, reexecution.FromFailure)}, host.Conflict, "NOTHING_FAILED", "every op that run"},
		"ErrOtherJob":      {Request{Job: "plain", Reexecution: from(failed.ID, reexecution.All)}, host.Invalid, "RUN_OF_ANOTHER_JOB", "not of job \"plain\""},
		"ErrStrategy":      {Request{Reexecution: from(failed.ID, "some")}, host.Invalid, "REEXECUTION", "use all, from_failure or selected"},
		"ErrNoSelection":   {Request{Reexecution: from(failed.ID, reexecution.Selected)}, host.Invalid, "REEXECUTION", "there is no op selection"},
		"ErrSelection":     {Request{OpSelection: "last", Reexecution: from(failed.ID, reexecution.All)}, host.Invalid, "REEXECUTION", "beside the strategy all"},
		"ErrTwoConfigs":    {Request{ConfigYAML: "n: 1", Reexecution: &Reexecution{Parent: failed.ID, Strategy: reexecution.All, KeepConfig: true}}, host.Invalid, "REEXECUTION", "another config"},
		"ErrWithout":       {Request{Reexecution: &Reexecution{Parent: failed.ID, Strategy: reexecution.All, WithoutTags: []string{"a"}}}, host.Invalid, "REEXECUTION", "not kept"},
		"ErrOtherInputs":   {Request{InputsFrom: succeeded.ID, Reexecution: from(failed.ID, reexecution.All)}, host.Invalid, "REEXECUTION", "another run"},
		"ErrUnknownTag":    {Request{Reexecution: &Reexecution{Parent: failed.ID, Strategy: reexecution.All, KeepTags: true, WithoutTags: []string{"a"}}}, host.Invalid, "LAUNCH_INVALID", "no such tag to leave out"},
		"ErrSystemTag":     {Request{Reexecution: &Reexecution{Parent: failed.ID, Strategy: reexecution.All, KeepTags: true, WithoutTags: []string{tag.KeyJob}}}, host.Invalid, "LAUNCH_INVALID", "not inherited"},
		"ErrInputsRunning": {Request{Job: "plain", InputsFrom: running.ID}, host.Conflict, "RUN_NOT_FINAL", "its outputs can be taken once"},
		"ErrInputsOther":   {Request{Job: "nested", InputsFrom: succeeded.ID}, host.Invalid, "RUN_OF_ANOTHER_JOB", ""},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := a.Plan(t.Context(), c.request)
			if host.CodeOf(err) != c.code || host.ReasonOf(err) != c.reason || !strings.Contains(problemsText(err), c.text) {
				t.Errorf("got %s", problemsText(err))
			}
		})
	}
}

func TestInputsFrom(t *testing.T) {
	a := newAgain(t)
	from := a.failedAtB(Request{})
	_, err := a.Plan(t.Context(), Request{Job: "nested", OpSelection: "inner.b, last"})
	if text := problemsText(err); !strings.Contains(text, `input "in" of op inner.b comes from inner.a, which is not selected; select it too`) {
		t.Errorf("without another run: %s", text)
	}
	plan, err := a.Plan(t.Context(), Request{Job: "nested", OpSelection: "inner.b, last", InputsFrom: from.ID})
	if err != nil || !slices.Equal(taken(plan.Outputs), []string{"inner.a of " + string(from.ID)}) || plan.Parent != "" {
		t.Fatalf("got %+v, %v", plan, err)
	}
	if value, _ := tag.List(plan.Tags).Get(tag.KeyInputsFrom); value != string(from.ID) {
		t.Errorf("tags %v", plan.Tags)
	}
	preview, err := a.Preview(t.Context(), Request{Job: "nested", OpSelection: "last", InputsFrom: from.ID})
	want := []host.MissingInput{{OpPath: "last", Input: "in", From: "inner.b"}}
	if err != nil || !slices.Equal(preview.Missing, want) || len(preview.Problems) != 1 || !strings.Contains(preview.Problems[0].Message, "no stored output that run "+string(from.ID)) {
		t.Errorf("got %+v, %v", preview, err)
	}
}

func TestGivenInputs(t *testing.T) {
	a := newAgain(t)
	plan, err := a.Plan(t.Context(), Request{Job: "nested", OpSelection: "inner.b, last", ConfigYAML: "inputs: {inner.b: {in: [1, {a: null}]}} # by hand\nn: 2"})
	if err != nil || string(plan.ConfigJSON) != `{"inputs":{"inner.b":{"in":[1,{"a":null}]}},"n":2}` || len(plan.Outputs) > 0 {
		t.Fatalf("got %+v, %v", plan, err)
	}
	if plan.ConfigYAML != "inputs:\n  inner.b:\n    in:\n    - 1\n    - a: null\nn: 2\n" {
		t.Errorf("the config for people is %q", plan.ConfigYAML)
	}
	if plan, err := a.Plan(t.Context(), Request{Job: "nested", ConfigYAML: "inputs:"}); err != nil || string(plan.ConfigJSON) != `{"n":1}` {
		t.Errorf("an empty section: %+v, %v", plan, err)
	}
	for config, want := range map[string]string{
		"inputs: 3":                                 "config inputs (line 1, column 9): it is the number 3; write it as op path",
		"inputs:\n  last: [1]":                      "config inputs.last (line 2, column 9): it is a list; give an object",
		"inputs: {lats: {in: 1}}":                   `config inputs.lats.in (line 1, column 17): "lats" is no op of this job; did you mean "last"?`,
		"inputs: {inner: {in: 1}}":                  `"inner" is a graph; give the inputs of the ops inside of it`,
		"inputs: {last: {out: 1}}":                  `op last has no input "out" that another op feeds; it has in`,
		"inputs: {inner.a: {in: 1}}":                "op inner.a is not executed; leave its inputs out",
		"inputs: {inner.b: {in: 1}, last: {in: 1}}": `what feeds input "in" of op last is executed, too`,
	} {
		_, err := a.Plan(t.Context(), Request{Job: "nested", OpSelection: "inner.b, last", ConfigYAML: config})
		if !strings.Contains(problemsText(err), want) {
			t.Errorf("%s: got %s\nwant %s", config, problemsText(err), want)
		}
	}
	// A config that is kept may give what the child does not execute.
	parent := a.ran(Request{Job: "nested", OpSelection: "inner.b, last", ConfigYAML: "inputs: {inner.b: {in: 1}}"}, host.Failure,
		slices.Concat(ended("inner.b", well), ended("last", badly))...)
	plan, err = a.Plan(t.Context(), RetryOf(&parent, 1))
	if err != nil || !slices.Equal(plan.OpPaths, []string{"last"}) {
		t.Errorf("a child of a run with given inputs: %+v, %v", plan, err)
	}
}

// without is a current server that lacks the output store, with these jobs.
func without(definitions ...*usercodev1.JobDefinition) hosttest.Behavior {
	b := behavior(definitions...)
	b.Capabilities = slices.DeleteFunc(b.Capabilities, func(c *usercodev1.Capability) bool { return c.GetName() == versioncheck.OutputStore })
	return b
}

func TestPlanWithoutOutputStore(t *testing.T) {
	a := newAgain(t)
	parent := a.failedAtB(Request{})
	child := RetryOf(&parent, 1)
	stored := a.ran(child, host.Started)
	a.become(without(hosttest.Nested("nested")))
	for _, r := range []Request{child, {Job: "nested", OpSelection: "inner.b, last", ConfigYAML: "inputs: {inner.b: {in: 1}}"}} {
		_, err := a.Plan(t.Context(), r)
		if text := problemsText(err); host.CodeOf(err) != host.Invalid || !strings.Contains(text, "does not advertise output_store. Deploy the user code") {
			t.Errorf("got %s", text)
		}
	}
	if _, err := a.Recheck(t.Context(), &stored); host.CodeOf(err) != host.Unavailable || host.ReasonOf(err) != string(versioncheck.CodeCapabilityNotAdvertised) {
		t.Errorf("recheck at code without it: %v", err)
	}
	if plan, err := a.Plan(t.Context(), Request{Reexecution: &Reexecution{Parent: parent.ID, Strategy: reexecution.All}}); err != nil || plan.Subset {
		t.Errorf("all of it takes nothing: %+v, %v", plan, err)
	}
}

func TestReexecutionOfAnotherDefinition(t *testing.T) {
	a := newAgain(t)
	parent := a.failedAtB(Request{})
	queued := a.ran(RetryOf(&parent, 1), host.Started)

	longer := hosttest.Nested("nested")
	longer.Graph.Nodes = append(longer.Graph.Nodes, hosttest.Place("report", "add", hosttest.Wired("in", "last")), hosttest.Place("side", "add", hosttest.Wired("in", "first")))
	a.become(behavior(longer))
	plan, err := a.Plan(t.Context(), RetryOf(&parent, 1))
	if err != nil || !slices.Equal(plan.OpPaths, []string{"inner.b", "last", "report", "side"}) || !slices.Equal(plan.DefinitionChanges, []string{"ops added: report, side"}) {
		t.Errorf("new ops: %+v, %v", plan, err)
	}
	now, err := a.Recheck(t.Context(), &queued)
	if err != nil || !now.Changed || !slices.Equal(now.OpPaths, plan.OpPaths) || now.TakenOutputs != plan.TakenOutputs || now.Bodies[now.TakenOutputs] == nil {
		t.Errorf("recheck: %+v, %v", now, err)
	}

	other := hosttest.Nested("nested")
	other.Ops[0].Outputs[0] = &usercodev1.Port{Name: "result", Type: "text"}
	a.become(behavior(other))
	_, err = a.Plan(t.Context(), RetryOf(&parent, 1))
	if text := problemsText(err); !strings.Contains(text, "op inner.a yielded int in run "+string(parent.ID)+" and yields text now, so its output cannot be taken; select it too, for example with inner.a*") {
		t.Errorf("another type: %s", text)
	}
	if _, err := a.Recheck(t.Context(), &queued); host.ReasonOf(err) != ReasonMisfit {
		t.Errorf("recheck with another type: %v", err)
	}
}

func TestRecheckOfDeletedOutputs(t *testing.T) {
	a := newAgain(t)
	parent := a.failedAtB(Request{})
	child := a.ran(RetryOf(&parent, 1), host.Failure, slices.Concat(ended("inner.b", badly))...)
	queued := a.ran(RetryOf(&child, 2), host.Started) // takes what the first run has
	if now, err := a.Recheck(t.Context(), &queued); err != nil || now.TakenOutputs != queued.TakenOutputs || now.Changed {
		t.Fatalf("before: %+v, %v", now, err)
	}
	if err := a.store.DeleteRun(t.Context(), parent.ID); err != nil {
		t.Fatal(err)
	}
	now, err := a.Recheck(t.Context(), &queued)
	if err != nil || !slices.Equal(now.OpPaths, []string{"first", "inner.a", "inner.b", "last"}) && now.Subset || !now.TakenOutputs.IsZero() {
		t.Errorf("its outputs are gone, so that all is executed: %+v, %v", now, err)
	}
	if err := a.store.DeleteRun(t.Context(), child.ID); err != nil {
		t.Fatal(err)
	}
	if _, err := a.Recheck(t.Context(), &queued); host.ReasonOf(err) != ReasonMisfit || !strings.Contains(problemsText(err), "a run was deleted whose outputs this one takes") {
		t.Errorf("with nothing left: %v", err)
	}
}

func TestGrantLimit(t *testing.T) {
	var f fitting
	for i := range 9000 {
		f.outputs = append(f.outputs, &workerv1.StoredOutput{
			OpPath: fmt.Sprintf("parse[%d]", i), RunId: uuid.NewString(), Output: &workerv1.Output{
				Name: "result", Address: "runs/" + uuid.NewString() + "/" + strings.Repeat("0", 64), Digest: make([]byte, 32), Codec: "json",
			},
		})
	}
	problems := grantProblems(f)
	if len(problems) != 1 || !strings.Contains(problems[0].Message, "9000 outputs") || !strings.Contains(problems[0].Message, "the limit is 1835008") {
		t.Errorf("got %v", problems)
	}
	f.outputs = f.outputs[:7000]
	if problems := grantProblems(f); len(problems) > 0 {
		t.Errorf("within the limit: %v", problems)
	}
}
