package api_test

import (
	"context"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
)

const waitingForCode = hostv1.RunStatus_RUN_STATUS_WAITING_FOR_CODE

// deploy replaces the code of location "code" and returns when the host has negotiated with it.
func (f *fixture) deploy(peer *hosttest.Peer, b hosttest.Behavior) {
	f.t.Helper()
	if err := peer.Become(b); err != nil {
		f.t.Fatal(err)
	}
	for late := time.Now().Add(20 * time.Second); ; {
		res, err := f.locations.ReloadLocation(f.t.Context(), &hostv1.ReloadLocationRequest{Name: "code"})
		if err != nil {
			f.t.Fatal(err)
		}
		if l := res.GetLocation(); l.GetServer().GetServerId() == peer.ServerID() && l.GetState() == hostv1.LocationState_LOCATION_STATE_READY {
			return
		}
		if time.Now().After(late) {
			f.t.Fatalf("20 s after the deploy the location is %v", res.GetLocation())
		}
	}
}

// awaitRun follows a run until it is as wanted.
func (f *fixture) awaitRunTo(id string, ok func(*hostv1.Run) bool) *hostv1.Run {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 20*time.Second)
	defer cancel()
	stream, err := f.runs.WatchRunEvents(ctx, &hostv1.WatchRunEventsRequest{RunId: id})
	if err != nil {
		f.t.Fatal(err)
	}
	defer stream.Close()
	for {
		m, err := stream.Receive()
		if err != nil {
			f.t.Fatalf("wait for run %s: %v", id, err)
		}
		if run := m.GetRun(); run != nil && ok(run) {
			return run
		}
	}
}

func codeOf(version, job string) hosttest.Behavior {
	b := hosttest.Current()
	b.CodeVersion = version
	b.Repositories = []hosttest.Repository{{Name: "tutorial", Jobs: []hosttest.Job{{Definition: hosttest.OneOp(job)}}}}
	return b
}

func TestRepointRuns(t *testing.T) {
	s := settings{}
	peer := hosttest.Start(t, codeOf("v1", "old"))
	s.locations = []host.LocationConfig{{Name: "code", Address: peer.Address(), WaitForCode: 24 * time.Hour}}
	f := newFixture(t, s)
	f.awaitLocation("code", hostv1.LocationState_LOCATION_STATE_READY)
	peer.Stop()
	f.awaitLocation("code", hostv1.LocationState_LOCATION_STATE_STALE)
	preview, err := f.runs.PreviewRun(t.Context(), &hostv1.PreviewRunRequest{Launch: &hostv1.LaunchRunRequest{Job: "old"}})
	if err != nil || len(preview.GetNotes()) != 1 || !strings.Contains(preview.GetNotes()[0], "24h") {
		t.Errorf("the preview notes %q, %v", preview.GetNotes(), err)
	}
	id := f.launch(&hostv1.LaunchRunRequest{Job: "old"}).GetId()
	run := f.awaitRunTo(id, func(r *hostv1.Run) bool { return r.GetStatus() == waitingForCode })
	since, until := run.GetWaitingSince().AsTime(), run.GetWaitsUntil().AsTime()
	if run.GetWaitingSince() == nil || !until.Equal(since.Add(24*time.Hour)) || len(run.GetSnapshot()) != 16 || run.GetStartedSnapshot() != "" {
		t.Errorf("it waits since %s until %s; snapshot %q, started %q", since, until, run.GetSnapshot(), run.GetStartedSnapshot())
	}
	f.deploy(peer, codeOf("v2", "new"))
	f.awaitRunTo(id, func(r *hostv1.Run) bool { return strings.Contains(r.GetStatusReason(), "has no job tutorial/old now") })

	watch, err := f.runs.WatchRuns(t.Context(), &hostv1.WatchRunsRequest{Filter: &hostv1.RunFilter{Job: "code/tutorial/old"}})
	if err != nil {
		t.Fatal(err)
	}
	defer watch.Close()
	if _, err := watch.Receive(); err != nil {
		t.Fatal(err)
	}
	for _, dry := range []bool{true, false} {
		res, err := f.runs.RepointRuns(t.Context(), &hostv1.RepointRunsRequest{Job: "code/tutorial/old", To: "new", DryRun: dry})
		if err != nil || res.GetTo().GetJob() != "new" || len(res.GetRuns()) != 1 || res.GetRuns()[0].GetId() != id || res.GetRuns()[0].GetError() != "" {
			t.Fatalf("dry run %t: %v, %v", dry, res, err)
		}
	}
	if m, err := watch.Receive(); err != nil || m.GetRun().GetId() != id || m.GetMatches() || m.GetRun().GetJob().GetJob() != "new" {
		t.Errorf("who watches the old job is told %v, %v", m, err)
	}
	_, run = f.follow(id)
	if run.GetStatus() != hostv1.RunStatus_RUN_STATUS_SUCCESS || run.GetJob().GetJob() != "new" || run.GetLaunchedJob().GetJob() != "old" ||
		run.GetCodeVersion() != "v1" || run.GetStartedCodeVersion() != "v2" || run.GetStartedSnapshot() == run.GetSnapshot() || run.GetStartedSnapshot() == "" {
		t.Errorf("it ended as %v", run)
	}
	for name, filter := range map[string]*hostv1.RunFilter{
		"code version at launch":    {CodeVersion: "v1"},
		"code version at the start": {CodeVersion: "v2", Location: "code"},
		"snapshot at launch":        {Snapshot: strings.ToUpper(run.GetSnapshot()[:4])},
		"snapshot at the start":     {Snapshot: run.GetStartedSnapshot()},
		"job and location":          {Job: "new", Location: "code"},
	} {
		res, err := f.runs.ListRuns(t.Context(), &hostv1.ListRunsRequest{Filter: filter})
		if err != nil || len(res.GetRuns()) != 1 {
			t.Errorf("%s: %d runs, %v; want the one", name, len(res.GetRuns()), err)
		}
	}
	for name, filter := range map[string]*hostv1.RunFilter{
		"another code version": {CodeVersion: "v"}, "another snapshot": {Snapshot: "00000000"}, "another location": {Location: "elsewhere"},
		"the job it was launched as": {Job: "code/tutorial/old"},
	} {
		res, err := f.runs.ListRuns(t.Context(), &hostv1.ListRunsRequest{Filter: filter})
		if err != nil || len(res.GetRuns()) != 0 {
			t.Errorf("%s: %d runs, %v; want none", name, len(res.GetRuns()), err)
		}
	}
}

func TestRepointRunsErrors(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	id := f.launch(&hostv1.LaunchRunRequest{Job: "plain"}).GetId()
	for _, c := range []struct {
		name   string
		req    *hostv1.RepointRunsRequest
		code   connect.Code
		reason string
	}{
		{"ErrNothingNamed", &hostv1.RepointRunsRequest{To: "plain"}, connect.CodeInvalidArgument, "REPOINT"},
		{"ErrShortNameOfAJobThatIsGone", &hostv1.RepointRunsRequest{Job: "gone", To: "plain"}, connect.CodeInvalidArgument, "JOB_NAME"},
		{"ErrNoTarget", &hostv1.RepointRunsRequest{Ids: []string{id}}, connect.CodeInvalidArgument, "JOB_NAME"},
		{"ErrTarget", &hostv1.RepointRunsRequest{Ids: []string{id}, To: "nothing"}, connect.CodeNotFound, "JOB_NOT_FOUND"},
		{"ErrRun", &hostv1.RepointRunsRequest{Ids: []string{id, "0192a3b4-0000-7000-8000-000000000000"}, To: "nested"}, connect.CodeNotFound, "RUN_NOT_FOUND"},
		{"ErrSameJob", &hostv1.RepointRunsRequest{Job: "plain", To: "plain"}, connect.CodeInvalidArgument, "REPOINT"},
	} {
		t.Run(c.name, func(t *testing.T) {
			_, err := f.runs.RepointRuns(t.Context(), c.req)
			if code, d := detail(t, err); code != c.code || d.GetReason() != c.reason || d.GetRemedy() == "" {
				t.Errorf("%s, %v", code, d)
			}
		})
	}
	res, err := f.runs.RepointRuns(t.Context(), &hostv1.RepointRunsRequest{Ids: []string{id[:35]}, To: "my_job_with_tags"})
	if err != nil || len(res.GetRuns()) != 1 || res.GetRuns()[0].GetError() != "" {
		t.Errorf("a queued run that is named: %v, %v", res, err)
	}
}

func TestRunFilterErrors(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	for name, c := range map[string]struct {
		filter *hostv1.RunFilter
		reason string
	}{
		"ErrSnapshotTooShort": {&hostv1.RunFilter{Snapshot: "abc"}, "SNAPSHOT_ID"},
		"ErrSnapshotTooLong":  {&hostv1.RunFilter{Snapshot: "0123456789abcdef0"}, "SNAPSHOT_ID"},
		"ErrSnapshotNotHex":   {&hostv1.RunFilter{Snapshot: "latest"}, "SNAPSHOT_ID"},
		"ErrOtherLocation":    {&hostv1.RunFilter{Job: "code/tutorial/plain", Location: "other"}, "LOCATION"},
		"ErrTagKey":           {&hostv1.RunFilter{Tags: tagsOf("no way", "x")}, "TAG"},
		"ErrEmptyTagKey":      {&hostv1.RunFilter{Tags: tagsOf("", "x")}, "TAG"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := f.runs.ListRuns(t.Context(), &hostv1.ListRunsRequest{Filter: c.filter})
			code, d := detail(t, err)
			if code != connect.CodeInvalidArgument || d.GetReason() != c.reason || d.GetRemedy() == "" {
				t.Errorf("list: %s, %v", code, d)
			}
			stream, err := f.runs.WatchRuns(t.Context(), &hostv1.WatchRunsRequest{Filter: c.filter})
			if err == nil {
				_, err = stream.Receive()
				_ = stream.Close()
			}
			if code, d := detail(t, err); code != connect.CodeInvalidArgument || d.GetReason() != c.reason {
				t.Errorf("watch: %s, %v", code, d)
			}
		})
	}
	res, err := f.runs.ListRuns(t.Context(), &hostv1.ListRunsRequest{Filter: &hostv1.RunFilter{Tags: tagsOf("penstock/location", "code")}})
	if err != nil || len(res.GetRuns()) != 0 {
		t.Errorf("a tag of the host itself: %v, %v", res, err)
	}
}

func TestLaunchIsRefusedByPolicy(t *testing.T) {
	peer := hosttest.Start(t, hosttest.Current())
	f := newFixture(t, settings{locations: []host.LocationConfig{{Name: "code", Address: peer.Address(), RefuseStaleLaunches: true}}})
	f.awaitLocation("code", hostv1.LocationState_LOCATION_STATE_READY)
	peer.Stop()
	f.awaitLocation("code", hostv1.LocationState_LOCATION_STATE_STALE)
	_, err := f.runs.LaunchRun(t.Context(), &hostv1.LaunchRunRequest{RequestId: "0123456789abcdef", Job: "plain"})
	if code, d := detail(t, err); code != connect.CodeUnavailable || d.GetReason() != "LOCATION_STALE" || d.GetRemedy() == "" {
		t.Errorf("%s, %v", code, d)
	}
	preview, err := f.runs.PreviewRun(t.Context(), &hostv1.PreviewRunRequest{Launch: &hostv1.LaunchRunRequest{Job: "plain"}})
	if err != nil || len(preview.GetProblems()) != 1 || preview.GetProblems()[0].GetField() != "job" {
		t.Errorf("the preview says %v, %v", preview, err)
	}
	if res, err := f.runs.ListRuns(t.Context(), &hostv1.ListRunsRequest{}); err != nil || len(res.GetRuns()) != 0 {
		t.Errorf("%d runs are stored, %v", len(res.GetRuns()), err)
	}
}

// TestHeldRunSaysWhy: nothing is written for it, since the location says it of all its runs.
func TestHeldRunSaysWhy(t *testing.T) {
	b := hosttest.Current()
	b.Draining = true
	f, _ := withPeer(t, settings{}, b)
	id := f.launch(&hostv1.LaunchRunRequest{Job: "plain"}).GetId()
	res, err := f.runs.GetRun(t.Context(), &hostv1.GetRunRequest{Id: id})
	if run := res.GetRun(); err != nil || run.GetStatus() != hostv1.RunStatus_RUN_STATUS_QUEUED || run.GetAttempt() != 0 || !strings.Contains(run.GetStatusReason(), "drains") {
		t.Errorf("it is %v, %v", res, err)
	}
}

func tagsOf(key, value string) []*tagv1.Tag { return []*tagv1.Tag{{Key: key, Value: value}} }
