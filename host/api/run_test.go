package api_test

import (
	"context"
	"errors"
	"fmt"
	"io"
	"slices"
	"strings"
	"testing"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connectproto"
	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
)

func isEOF(err error) bool { return errors.Is(err, io.EOF) }

// detail returns the code and the detail of an error of the host.
func detail(t *testing.T, err error) (connect.Code, *hostv1.ErrorDetail) {
	t.Helper()
	var e *connect.Error
	if !errors.As(err, &e) {
		t.Fatalf("the error is %v (%T), want one of the host", err, err)
	}
	for _, d := range e.Details() {
		if m, err := connectproto.UnmarshalErrorDetail(d); err == nil {
			if out, ok := m.(*hostv1.ErrorDetail); ok {
				return e.Code(), out
			}
		}
	}
	return e.Code(), nil
}

func TestLaunchRunsToTheEnd(t *testing.T) {
	f, _ := withPeer(t, settings{}, hosttest.Current())
	run := f.launch(&hostv1.LaunchRunRequest{Job: "my_job_with_tags", Tags: []*tagv1.Tag{{Key: "who", Value: "me"}}})
	if run.GetStatus() != hostv1.RunStatus_RUN_STATUS_QUEUED || run.GetSeq() != 1 || run.GetJob().GetLocation() != "code" {
		t.Errorf("launched %v, want the first run, queued", run)
	}
	events, last := f.follow(run.GetId())
	if last.GetStatus() != hostv1.RunStatus_RUN_STATUS_SUCCESS {
		t.Fatalf("the run ended as %s (%s)", last.GetStatus(), last.GetStatusReason())
	}
	seq := uint64(0)
	kinds := []string{}
	for _, e := range events {
		kinds = append(kinds, e.GetEvent().GetKind())
		if e.GetSeq() > 0 {
			if seq++; e.GetSeq() != seq {
				t.Errorf("event %s has seq %d, want %d", e.GetEvent().GetKind(), e.GetSeq(), seq)
			}
		}
	}
	for _, want := range []string{"run_queued", "run_starting", "run_granted", "run_started", "op_started", "op_finished", "run_finished"} {
		if !slices.Contains(kinds, want) {
			t.Errorf("the events are %v, without %s", kinds, want)
		}
	}
	got, err := f.runs.GetRun(t.Context(), &hostv1.GetRunRequest{Id: run.GetId()[:35]})
	if err != nil || got.GetRun().GetLastEventSeq() != seq || got.GetRun().GetCodeVersion() != "abc123" {
		t.Errorf("GetRun by the beginning of its id: %v, %v; want last_event_seq %d", got, err, seq)
	}
	tags := map[string]tagv1.Origin{}
	for _, tag := range got.GetRun().GetTags() {
		tags[tag.GetKey()+"="+tag.GetValue()] = tag.GetOrigin()
	}
	for want, origin := range map[string]tagv1.Origin{
		"who=me": tagv1.Origin_ORIGIN_LAUNCH, "foo=bar": tagv1.Origin_ORIGIN_DEFINITION, "penstock/location=code": tagv1.Origin_ORIGIN_SYSTEM,
	} {
		if tags[want] != origin {
			t.Errorf("the tags are %v, want %s with %s", tags, want, origin)
		}
	}
	snapshot, err := f.runs.GetRunSnapshot(t.Context(), &hostv1.GetRunSnapshotRequest{Id: run.GetId()})
	if err != nil || snapshot.GetDefinition().GetName() != "my_job_with_tags" ||
		snapshot.GetMetadata().GetState() != hostv1.FeatureState_FEATURE_STATE_EMPTY {
		t.Errorf("the snapshot is %v, %v", snapshot, err)
	}
	if _, err := f.runs.CancelRun(t.Context(), &hostv1.CancelRunRequest{Id: run.GetId()}); connect.CodeOf(err) != connect.CodeFailedPrecondition {
		t.Errorf("cancel of a final run: %v, want failed_precondition", err)
	}
	if _, err := f.runs.DeleteRun(t.Context(), &hostv1.DeleteRunRequest{Id: run.GetId()}); err != nil {
		t.Errorf("delete: %v", err)
	}
	if _, err := f.runs.GetRun(t.Context(), &hostv1.GetRunRequest{Id: run.GetId()}); connect.CodeOf(err) != connect.CodeNotFound {
		t.Errorf("get after delete: %v, want not_found", err)
	}
}

func TestLaunchIsIdempotent(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	id := uuid.NewString()
	first := f.launch(&hostv1.LaunchRunRequest{RequestId: id, Job: "plain"})
	again := f.launch(&hostv1.LaunchRunRequest{RequestId: id, Job: "plain"})
	if first.GetId() != again.GetId() {
		t.Errorf("the same request made %s and %s", first.GetId(), again.GetId())
	}
}

func TestLaunchErrors(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	for _, c := range []struct {
		name   string
		req    *hostv1.LaunchRunRequest
		code   connect.Code
		reason string
		field  string
	}{
		{"UnknownJob", &hostv1.LaunchRunRequest{Job: "plian"}, connect.CodeNotFound, "JOB_NOT_FOUND", ""},
		{"BadRequestID", &hostv1.LaunchRunRequest{RequestId: "short", Job: "plain"}, connect.CodeInvalidArgument, "REQUEST_ID", ""},
		{"BadDigest", &hostv1.LaunchRunRequest{Job: "plain", DefinitionDigest: []byte{1}}, connect.CodeInvalidArgument, "DIGEST", ""},
		{"ChangedDefinition", &hostv1.LaunchRunRequest{Job: "plain", DefinitionDigest: make([]byte, 31, 32)[:31:32]}, connect.CodeInvalidArgument, "DIGEST", ""},
		{"OtherDefinition", &hostv1.LaunchRunRequest{Job: "plain", DefinitionDigest: []byte(strings.Repeat("x", 32))}, connect.CodeAborted, "DEFINITION_CHANGED", ""},
		{"BadTag", &hostv1.LaunchRunRequest{Job: "plain", Tags: []*tagv1.Tag{{Key: "penstock/job", Value: "x"}}}, connect.CodeInvalidArgument, "LAUNCH_INVALID", "tags"},
		{"BadConfig", &hostv1.LaunchRunRequest{Job: "nested", ConfigYaml: "n: x"}, connect.CodeInvalidArgument, "LAUNCH_INVALID", "config"},
		{"BadSelection", &hostv1.LaunchRunRequest{Job: "nested", OpSelection: "nope"}, connect.CodeInvalidArgument, "LAUNCH_INVALID", "op_selection"},
	} {
		t.Run(c.name, func(t *testing.T) {
			if c.req.GetRequestId() == "" {
				c.req.RequestId = uuid.NewString()
			}
			_, err := f.runs.LaunchRun(t.Context(), c.req)
			code, d := detail(t, err)
			if code != c.code || d.GetReason() != c.reason {
				t.Fatalf("got %v with %v, want %s %s", err, d, c.code, c.reason)
			}
			if c.field != "" && (len(d.GetProblems()) == 0 || d.GetProblems()[0].GetField() != c.field || d.GetProblems()[0].GetMessage() == "") {
				t.Errorf("the problems are %v, want one of %s", d.GetProblems(), c.field)
			}
		})
	}
	if list, err := f.runs.ListRuns(t.Context(), &hostv1.ListRunsRequest{}); err != nil || len(list.GetRuns()) > 0 {
		t.Errorf("refused launches left %v, %v", list, err)
	}
}

func TestPreviewSaysAllAndChangesNothing(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	ok, err := f.runs.PreviewRun(t.Context(), &hostv1.PreviewRunRequest{Launch: &hostv1.LaunchRunRequest{
		Job: "my_job_with_tags", Tags: []*tagv1.Tag{{Key: "foo", Value: "other"}},
	}})
	if err != nil || len(ok.GetProblems()) > 0 || ok.GetJob().GetJob() != "my_job_with_tags" || ok.GetCodeVersion() != "abc123" ||
		len(ok.GetOverridden()) != 1 || ok.GetOverridden()[0].GetValue() != "bar" || len(ok.GetDefinitionDigest()) != 32 {
		t.Errorf("preview: %v, %v", ok, err)
	}
	bad, err := f.runs.PreviewRun(t.Context(), &hostv1.PreviewRunRequest{Launch: &hostv1.LaunchRunRequest{
		Job: "nested", ConfigYaml: "n: x", OpSelection: "nope", Tags: []*tagv1.Tag{{Key: "penstock/priority", Value: "high"}},
	}})
	fields := map[string]bool{}
	for _, p := range bad.GetProblems() {
		fields[p.GetField()] = true
	}
	if err != nil || !fields["config"] || !fields["tags"] || !fields["op_selection"] {
		t.Errorf("preview of a launch with three mistakes: %v, %v", bad.GetProblems(), err)
	}
	if list, err := f.runs.ListRuns(t.Context(), &hostv1.ListRunsRequest{}); err != nil || len(list.GetRuns()) > 0 {
		t.Errorf("previews left %v, %v", list, err)
	}
}

func TestListRunsPagesAndFilters(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	for i := range 7 {
		job := "plain"
		if i%2 == 1 {
			job = "my_job_with_tags"
		}
		f.launch(&hostv1.LaunchRunRequest{Job: job, Tags: []*tagv1.Tag{{Key: "n", Value: fmt.Sprint(i)}}})
	}
	list := func(filter *hostv1.RunFilter, size uint32) (seqs []uint64) {
		t.Helper()
		for cursor := ""; ; {
			page, err := f.runs.ListRuns(t.Context(), &hostv1.ListRunsRequest{Filter: filter, PageSize: size, PageCursor: cursor})
			if err != nil {
				t.Fatal(err)
			}
			if len(page.GetRuns()) > int(size) {
				t.Errorf("a page of %d has %d runs", size, len(page.GetRuns()))
			}
			for _, r := range page.GetRuns() {
				seqs = append(seqs, r.GetSeq())
			}
			if cursor = page.GetNextCursor(); cursor == "" {
				return seqs
			}
		}
	}
	if got := list(nil, 3); !slices.Equal(got, []uint64{7, 6, 5, 4, 3, 2, 1}) {
		t.Errorf("all runs by three: %v", got)
	}
	if got := list(&hostv1.RunFilter{Job: "tutorial/my_job_with_tags"}, 2); !slices.Equal(got, []uint64{6, 4, 2}) {
		t.Errorf("runs of a job: %v", got)
	}
	if got := list(&hostv1.RunFilter{Job: "code/tutorial/gone"}, 2); len(got) > 0 {
		t.Errorf("runs of a job that never was: %v", got)
	}
	if got := list(&hostv1.RunFilter{Tags: []*tagv1.Tag{{Key: "foo", Value: "bar"}, {Key: "n", Value: "3"}}}, 5); !slices.Equal(got, []uint64{4}) {
		t.Errorf("runs with two tags: %v", got)
	}
	if got := list(&hostv1.RunFilter{Statuses: []hostv1.RunStatus{hostv1.RunStatus_RUN_STATUS_SUCCESS}}, 5); len(got) > 0 {
		t.Errorf("runs that succeeded: %v", got)
	}
	for _, req := range []*hostv1.ListRunsRequest{
		{PageSize: 1001},
		{PageCursor: "nonsense"},
		{PageCursor: "am9iczph"},
		{Filter: &hostv1.RunFilter{Job: "a//b"}},
		{Filter: &hostv1.RunFilter{Statuses: []hostv1.RunStatus{99}}},
	} {
		if _, err := f.runs.ListRuns(t.Context(), req); connect.CodeOf(err) != connect.CodeInvalidArgument {
			t.Errorf("list %v: %v, want invalid_argument", req, err)
		}
	}
}

// TestListRunsKeepsAnswersSmall: gRPC clients receive at most 4 MiB by default, whatever the runs carry.
func TestListRunsKeepsAnswersSmall(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	var tags []*tagv1.Tag
	for i := range 200 {
		tags = append(tags, &tagv1.Tag{Key: fmt.Sprintf("k%d", i), Value: strings.Repeat("x", 4000)})
	}
	for range 6 {
		f.launch(&hostv1.LaunchRunRequest{Job: "plain", Tags: tags})
	}
	page, err := f.runs.ListRuns(t.Context(), &hostv1.ListRunsRequest{})
	if err != nil || len(page.GetRuns()) == 6 || len(page.GetRuns()) == 0 || page.GetNextCursor() == "" {
		t.Fatalf("a page of 6 runs of 800 KB has %d runs and cursor %q, %v", len(page.GetRuns()), page.GetNextCursor(), err)
	}
	rest, err := f.runs.ListRuns(t.Context(), &hostv1.ListRunsRequest{PageCursor: page.GetNextCursor()})
	if err != nil || rest.GetRuns()[0].GetSeq() != page.GetRuns()[len(page.GetRuns())-1].GetSeq()-1 {
		t.Errorf("the next page starts with %d, %v", rest.GetRuns()[0].GetSeq(), err)
	}
}

func TestGetRunByPrefix(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	a := f.launch(&hostv1.LaunchRunRequest{Job: "plain"})
	f.launch(&hostv1.LaunchRunRequest{Job: "plain"})
	_, err := f.runs.GetRun(t.Context(), &hostv1.GetRunRequest{Id: a.GetId()[:6]})
	code, d := detail(t, err)
	if code != connect.CodeInvalidArgument || d.GetReason() != "RUN_AMBIGUOUS" || len(d.GetProblems()) != 2 {
		t.Errorf("an ambiguous beginning: %v with %v", err, d)
	}
	if got, err := f.runs.GetRun(t.Context(), &hostv1.GetRunRequest{Id: strings.ToUpper(a.GetId())}); err != nil || got.GetRun().GetId() != a.GetId() {
		t.Errorf("in capitals: %v, %v", got, err)
	}
	for _, id := range []string{"", "zz", "ffffffff", a.GetId() + "0", "../../etc", strings.Repeat("a", 1<<20)} {
		if _, err := f.runs.GetRun(t.Context(), &hostv1.GetRunRequest{Id: id}); connect.CodeOf(err) != connect.CodeNotFound {
			t.Errorf("get %.20q: %v, want not_found", id, err)
		}
	}
}

func TestCancelQueued(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	run := f.launch(&hostv1.LaunchRunRequest{Job: "plain"})
	res, err := f.runs.CancelRun(t.Context(), &hostv1.CancelRunRequest{Id: run.GetId(), Reason: "not\x1b[31m needed"})
	if err != nil || res.GetRun().GetStatus() != hostv1.RunStatus_RUN_STATUS_CANCELED || strings.Contains(res.GetRun().GetStatusReason(), "\x1b") {
		t.Errorf("cancel: %v, %v", res, err)
	}
	if _, err := f.runs.CancelRun(t.Context(), &hostv1.CancelRunRequest{Id: run.GetId(), Reason: strings.Repeat("x", 2000)}); connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("cancel with a long reason: %v", err)
	}
}

func TestCancelRunning(t *testing.T) {
	b := hosttest.Current()
	b.HoldWorkers = true
	f, _ := withPeer(t, settings{}, b)
	run := f.launch(&hostv1.LaunchRunRequest{Job: "plain"})
	f.awaitRun(run.GetId(), hostv1.RunStatus_RUN_STATUS_STARTED)
	if _, err := f.runs.DeleteRun(t.Context(), &hostv1.DeleteRunRequest{Id: run.GetId()}); connect.CodeOf(err) != connect.CodeFailedPrecondition {
		t.Errorf("delete of a run in progress: %v, want failed_precondition", err)
	}
	if _, err := f.runs.CancelRun(t.Context(), &hostv1.CancelRunRequest{Id: run.GetId(), Reason: "enough"}); err != nil {
		t.Fatal(err)
	}
	if _, last := f.follow(run.GetId()); last.GetStatus() != hostv1.RunStatus_RUN_STATUS_CANCELED {
		t.Errorf("the run ended as %s (%s)", last.GetStatus(), last.GetStatusReason())
	}
}

// awaitRun waits until the run has the status.
func (f *fixture) awaitRun(id string, status hostv1.RunStatus) {
	f.t.Helper()
	ctx, cancel := context.WithCancel(f.t.Context())
	defer cancel()
	stream, err := f.runs.WatchRunEvents(ctx, &hostv1.WatchRunEventsRequest{RunId: id})
	if err != nil {
		f.t.Fatal(err)
	}
	defer stream.Close()
	for {
		m, err := stream.Receive()
		if err != nil {
			f.t.Fatalf("wait for run %s to be %s: %v", id, status, err)
		}
		if m.GetRun().GetStatus() == status {
			return
		}
	}
}
