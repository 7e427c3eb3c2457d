package api_test

import (
	"context"
	"fmt"
	"strings"
	"testing"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
)

// retag is an action on the runs that a selector selects.
func retag(where, key, value string) *hostv1.BulkAction {
	return &hostv1.BulkAction{
		Filter: &hostv1.RunFilter{Where: where},
		Action: &hostv1.BulkAction_Tag{Tag: &hostv1.TagEdit{Set: []*tagv1.Tag{{Key: key, Value: value}}}},
	}
}

func canceling() *hostv1.BulkAction_Cancel {
	return &hostv1.BulkAction_Cancel{Cancel: &hostv1.BulkCancel{Reason: "because"}}
}

// act begins an action and waits until it has ended.
func (f *fixture) act(a *hostv1.BulkAction) *hostv1.Bulk {
	f.t.Helper()
	res, err := f.bulks.StartBulk(f.t.Context(), &hostv1.StartBulkRequest{RequestId: uuid.NewString(), Action: a, By: "ada"})
	if err != nil {
		f.t.Fatal(err)
	}
	return f.awaitBulk(res.GetBulk().GetId())
}

// awaitBulk watches an action until it has ended.
func (f *fixture) awaitBulk(id string) *hostv1.Bulk {
	f.t.Helper()
	ctx, cancel := context.WithTimeout(f.t.Context(), 20*time.Second)
	defer cancel()
	stream, err := f.bulks.WatchBulk(ctx, &hostv1.WatchBulkRequest{Id: id})
	if err != nil {
		f.t.Fatal(err)
	}
	defer stream.Close()
	var last *hostv1.Bulk
	for {
		m, err := stream.Receive()
		if isEOF(err) {
			return last
		}
		if err != nil {
			f.t.Fatalf("watch action %s: %v", id, err)
		}
		if last = m.GetBulk(); last.GetId() != id {
			f.t.Fatalf("the watch of %s shows %s", id, last.GetId())
		}
	}
}

func wantBulk(t *testing.T, b *hostv1.Bulk, selected, changed, passedOver, failed uint64) {
	t.Helper()
	got := fmt.Sprint(b.GetState(), b.GetSelected(), b.GetChanged(), b.GetPassedOver(), b.GetFailed())
	if want := fmt.Sprint(hostv1.BulkState_BULK_STATE_DONE, selected, changed, passedOver, failed); got != want {
		t.Errorf("the action is %s, want %s (state, selected, changed, passed over, failed)", got, want)
	}
}

// TestBulkActions acts on runs of a real queue, planner and store through the API.
func TestBulkActions(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	for i := range 6 {
		f.launch(&hostv1.LaunchRunRequest{Job: "my_job_with_tags", Tags: []*tagv1.Tag{{Key: "env", Value: "dev"}, {Key: "n", Value: itoa(i % 2)}}})
	}
	f.launch(&hostv1.LaunchRunRequest{Job: "my_job_with_tags", Tags: []*tagv1.Tag{{Key: "env", Value: "prod"}, {Key: "n", Value: "0"}}})

	preview, err := f.bulks.PreviewBulk(t.Context(), &hostv1.PreviewBulkRequest{Action: retag("n=0", "env", "prod")})
	if err != nil || preview.GetSelected() != 4 || preview.GetPassedOver() != 1 || len(preview.GetSample()) != 3 || len(preview.GetProblems()) > 0 {
		t.Errorf("PreviewBulk = %v, %v; want 4 runs, of which 1 has the tag", preview, err)
	}
	b := f.act(retag("n=0 and created>-1h", "env", "prod"))
	wantBulk(t, b, 4, 3, 1, 0)
	if where := b.GetAction().GetFilter().GetWhere(); strings.Contains(where, "-1h") || !strings.Contains(where, "n=0") {
		t.Errorf("it was for %q, want the instant in it", where)
	}

	both := &hostv1.BulkAction{Filter: &hostv1.RunFilter{Tags: []*tagv1.Tag{{Key: "n", Value: "0"}}, Where: "env=prod"}, Action: canceling()}
	wantBulk(t, f.act(both), 4, 4, 0, 0)
	again := &hostv1.BulkAction{
		Filter: &hostv1.RunFilter{Where: "status in (canceled)"},
		Action: &hostv1.BulkAction_Reexecute{Reexecute: &hostv1.BulkReexecute{}},
	}
	wantBulk(t, f.act(again), 4, 4, 0, 0)
	children, err := f.runs.ListRuns(t.Context(), &hostv1.ListRunsRequest{Filter: &hostv1.RunFilter{Where: "penstock/parent_run and env=prod"}})
	if err != nil || len(children.GetRuns()) != 4 {
		t.Errorf("%d children inherit env=prod, %v; want 4", len(children.GetRuns()), err)
	}
	all := &hostv1.BulkAction{Filter: &hostv1.RunFilter{}, Action: &hostv1.BulkAction_Delete{Delete: &hostv1.BulkDelete{}}}
	wantBulk(t, f.act(all), 11, 4, 7, 0)

	page, err := f.bulks.ListBulks(t.Context(), &hostv1.ListBulksRequest{PageSize: 3})
	if err != nil || len(page.GetBulks()) != 3 || page.GetBulks()[0].GetAction().GetDelete() == nil || page.GetBulks()[0].GetBy() != "ada" {
		t.Fatalf("ListBulks = %v, %v; want the newest first", page, err)
	}
	rest, err := f.bulks.ListBulks(t.Context(), &hostv1.ListBulksRequest{PageCursor: page.GetNextCursor()})
	if err != nil || len(rest.GetBulks()) != 1 || rest.GetNextCursor() != "" || rest.GetBulks()[0].GetId() != b.GetId() {
		t.Errorf("the next page is %v, %v; want the first action", rest, err)
	}
	got, err := f.bulks.GetBulk(t.Context(), &hostv1.GetBulkRequest{Id: b.GetId()})
	if err != nil || got.GetBulk().GetChanged() != 3 {
		t.Errorf("GetBulk = %v, %v", got, err)
	}
	stopped, err := f.bulks.StopBulk(t.Context(), &hostv1.StopBulkRequest{Id: b.GetId()})
	if err != nil || stopped.GetBulk().GetState() != hostv1.BulkState_BULK_STATE_DONE {
		t.Errorf("StopBulk of one that is done = %v, %v; want it as it is", stopped, err)
	}
}

func TestBulkRequestIsRepeatable(t *testing.T) {
	f := newFixture(t, settings{})
	a := retag("created>-1h", "env", "prod")
	req := &hostv1.StartBulkRequest{RequestId: uuid.NewString(), Action: a}
	first, err := f.bulks.StartBulk(t.Context(), req)
	if err != nil {
		t.Fatal(err)
	}
	again, err := f.bulks.StartBulk(t.Context(), req)
	if err != nil || again.GetBulk().GetId() != first.GetBulk().GetId() {
		t.Errorf("StartBulk again = %v, %v; want the same action", again, err)
	}
	req.Action = retag("created>-2h", "env", "prod")
	if _, err := f.bulks.StartBulk(t.Context(), req); connect.CodeOf(err) != connect.CodeFailedPrecondition {
		t.Errorf("StartBulk of something else with the request = %v", err)
	}
}

func TestBulkProblems(t *testing.T) {
	f := newFixture(t, settings{})
	for name, c := range map[string]struct {
		action *hostv1.BulkAction
		want   string
	}{
		"NoRuns":   {&hostv1.BulkAction{Action: canceling()}, "which runs"},
		"TwoWays":  {&hostv1.BulkAction{Filter: &hostv1.RunFilter{}, RunIds: []string{"x"}, Action: canceling()}, "both"},
		"NoAction": {&hostv1.BulkAction{Filter: &hostv1.RunFilter{}}, "what to do"},
		"Where":    {retag("a=", "env", "prod"), ""},
		"Tag":      {retag("", "bad key", "prod"), "bad key"},
		"NoTag":    {&hostv1.BulkAction{Filter: &hostv1.RunFilter{}, Action: &hostv1.BulkAction_Tag{}}, "tag"},
		"Strategy": {&hostv1.BulkAction{
			Filter: &hostv1.RunFilter{},
			Action: &hostv1.BulkAction_Reexecute{Reexecute: &hostv1.BulkReexecute{Strategy: hostv1.ReexecutionStrategy_REEXECUTION_STRATEGY_SELECTED}},
		}, "selected"},
		"Gone":   {&hostv1.BulkAction{RunIds: []string{"0199aaaa-0000-7000-8000-000000000000"}, Action: canceling()}, "there is no run"},
		"NoID":   {&hostv1.BulkAction{RunIds: []string{"x"}, Action: canceling()}, "there is no run"},
		"Reason": {&hostv1.BulkAction{Filter: &hostv1.RunFilter{}, Action: &hostv1.BulkAction_Cancel{Cancel: &hostv1.BulkCancel{Reason: strings.Repeat("x", 3000)}}}, "reason"},
	} {
		t.Run(name, func(t *testing.T) {
			p, err := f.bulks.PreviewBulk(t.Context(), &hostv1.PreviewBulkRequest{Action: c.action})
			if err != nil || len(p.GetProblems()) == 0 || !strings.Contains(p.GetProblems()[0].GetMessage(), c.want) {
				t.Errorf("PreviewBulk = %v, %v; want a problem with %q", p, err, c.want)
			}
			_, err = f.bulks.StartBulk(t.Context(), &hostv1.StartBulkRequest{RequestId: uuid.NewString(), Action: c.action})
			if connect.CodeOf(err) != connect.CodeInvalidArgument {
				t.Errorf("StartBulk = %v, want that it is refused", err)
			}
		})
	}
	_, err := f.bulks.StartBulk(t.Context(), &hostv1.StartBulkRequest{Action: retag("", "env", "prod")})
	if connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("StartBulk without a request id = %v", err)
	}
	for what, call := range map[string]func(id string) error{
		"GetBulk": func(id string) error {
			_, err := f.bulks.GetBulk(t.Context(), &hostv1.GetBulkRequest{Id: id})
			return err
		},
		"StopBulk": func(id string) error {
			_, err := f.bulks.StopBulk(t.Context(), &hostv1.StopBulkRequest{Id: id})
			return err
		},
		"WatchBulk": func(id string) error {
			stream, err := f.bulks.WatchBulk(t.Context(), &hostv1.WatchBulkRequest{Id: id})
			if err != nil {
				return err
			}
			defer stream.Close()
			_, err = stream.Receive()
			return err
		},
	} {
		for _, id := range []string{"", "x", uuid.NewString()} {
			if err := call(id); connect.CodeOf(err) != connect.CodeNotFound {
				t.Errorf("%s(%q) = %v, want NotFound", what, id, err)
			}
		}
	}
	_, err = f.bulks.ListBulks(t.Context(), &hostv1.ListBulksRequest{PageCursor: "x"})
	if connect.CodeOf(err) != connect.CodeInvalidArgument {
		t.Errorf("ListBulks with a wrong cursor = %v", err)
	}
}

// TestBulksOfManyBytesComeInParts lists actions that would not fit one answer.
func TestBulksOfManyBytesComeInParts(t *testing.T) {
	f := newFixture(t, settings{})
	const count = 30
	for range count {
		b := host.Bulk{ID: uuid.Must(uuid.NewV7()).String(), Action: host.BulkAction{Kind: host.BulkDelete}, CreatedAt: time.Now(), State: host.BulkRunning}
		for range host.MaxBulkFailures {
			b.Fail(host.RunID(uuid.NewString()), strings.Repeat("x", 2000))
		}
		if _, _, err := f.store.CreateBulk(t.Context(), "request-"+b.ID, b); err != nil {
			t.Fatal(err)
		}
	}
	seen, pages := map[string]bool{}, 0
	for cursor, more := "", true; more; more = cursor != "" {
		page, err := f.bulks.ListBulks(t.Context(), &hostv1.ListBulksRequest{PageSize: 1000, PageCursor: cursor})
		if err != nil {
			t.Fatal(err)
		}
		for _, b := range page.GetBulks() {
			seen[b.GetId()] = true
		}
		cursor, pages = page.GetNextCursor(), pages+1
	}
	if len(seen) != count || pages < 2 {
		t.Errorf("%d actions in %d pages, want %d in several", len(seen), pages, count)
	}
}
