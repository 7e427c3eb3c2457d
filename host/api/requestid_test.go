package api_test

import (
	"regexp"
	"slices"
	"strings"
	"sync"
	"testing"

	"connectrpc.com/connect/v2"
	"github.com/google/uuid"
	"google.golang.org/protobuf/reflect/protoreflect"
	"google.golang.org/protobuf/reflect/protoregistry"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
)

// notes is how many events of the host a run has.
func (f *fixture) notes(id string) int {
	f.t.Helper()
	list, err := f.store.HostEvents(f.t.Context(), host.RunID(id))
	if err != nil {
		f.t.Fatal(err)
	}
	return len(list)
}

func TestCancelAndDeleteAreRepeatable(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	run := f.launch(&hostv1.LaunchRunRequest{Job: "plain", ConfigYaml: "{}"})
	cancel := &hostv1.CancelRunRequest{Id: run.GetId(), Reason: "the test", RequestId: uuid.NewString()}
	events := 0
	for i := range 3 {
		res, err := f.runs.CancelRun(t.Context(), cancel)
		if err != nil || res.GetRun().GetStatus() != hostv1.RunStatus_RUN_STATUS_CANCELED {
			t.Fatalf("cancel number %d: the run is %s, %v", i+1, res.GetRun().GetStatus(), err)
		}
		if n := f.notes(run.GetId()); i == 0 {
			events = n
		} else if n != events {
			t.Errorf("cancel number %d: the run has %d events, want %d", i+1, n, events)
		}
	}
	if _, err := f.runs.CancelRun(t.Context(), &hostv1.CancelRunRequest{Id: run.GetId(), RequestId: uuid.NewString()}); connect.CodeOf(err) != connect.CodeFailedPrecondition {
		t.Errorf("another cancel of a run that has ended: %v", err)
	}
	cancel.Force = true
	if _, err := f.runs.CancelRun(t.Context(), cancel); connect.CodeOf(err) != connect.CodeFailedPrecondition {
		t.Errorf("the request id for something else: %v", err)
	} else if _, d := detail(t, err); d.GetReason() != host.ReasonRequestUsed || d.GetRemedy() == "" {
		t.Errorf("the request id for something else: %v", d)
	}

	_, err := f.runs.DeleteRun(t.Context(), &hostv1.DeleteRunRequest{Id: run.GetId(), RequestId: cancel.GetRequestId()})
	if want := " was used for a cancellation, not for this deletion"; err == nil || !strings.HasSuffix(err.Error(), want) {
		t.Errorf("the request id of a cancellation for a deletion: %v; want it to end with %q", err, want)
	}

	remove := &hostv1.DeleteRunRequest{Id: run.GetId(), RequestId: uuid.NewString()}
	for range 3 {
		if _, err := f.runs.DeleteRun(t.Context(), remove); err != nil {
			t.Fatal(err)
		}
	}
	for name, id := range map[string]string{"without an id": "", "with another id": uuid.NewString()} {
		_, err := f.runs.DeleteRun(t.Context(), &hostv1.DeleteRunRequest{Id: run.GetId(), RequestId: id})
		if code, d := detail(t, err); code != connect.CodeNotFound || d.GetRemedy() == "" {
			t.Errorf("delete of a run that is gone %s: %v", name, err)
		}
	}
	for name, call := range map[string]func() error{
		"cancel": func() error {
			_, err := f.runs.CancelRun(t.Context(), &hostv1.CancelRunRequest{Id: f.launch(&hostv1.LaunchRunRequest{Job: "plain", ConfigYaml: "{}"}).GetId(), RequestId: "short"})
			return err
		},
		"delete": func() error {
			_, err := f.runs.DeleteRun(t.Context(), &hostv1.DeleteRunRequest{Id: uuid.NewString(), RequestId: "short"})
			return err
		},
		"re-point": func() error {
			_, err := f.runs.RepointRuns(t.Context(), &hostv1.RepointRunsRequest{Job: "code/tutorial/gone", To: "plain", RequestId: "short"})
			return err
		},
	} {
		if code, d := detail(t, call()); code != connect.CodeInvalidArgument || d.GetReason() != "REQUEST_ID" {
			t.Errorf("%s with a bad request id: %s, %v", name, code, d)
		}
	}
}

func TestRepointIsRepeatable(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	first, second := f.launch(&hostv1.LaunchRunRequest{Job: "plain", ConfigYaml: "{}"}), f.launch(&hostv1.LaunchRunRequest{Job: "plain", ConfigYaml: "{}"})
	req := &hostv1.RepointRunsRequest{Ids: []string{first.GetId(), second.GetId()}, To: "my_job_with_tags", RequestId: uuid.NewString()}
	events := 0
	for i := range 3 {
		res, err := f.runs.RepointRuns(t.Context(), req)
		if err != nil || len(res.GetRuns()) != 2 || res.GetLeft() != 0 {
			t.Fatalf("call %d: %v, %v", i+1, res, err)
		}
		for k, row := range res.GetRuns() {
			if row.GetError() != "" || row.GetId() != req.GetIds()[k] {
				t.Errorf("call %d: run %d is %v", i+1, k, row)
			}
		}
		if n := f.notes(first.GetId()); i == 0 {
			events = n
		} else if n != events {
			t.Errorf("call %d: the run has %d events, want %d", i+1, n, events)
		}
	}
	if res, err := f.runs.RepointRuns(t.Context(), &hostv1.RepointRunsRequest{Ids: req.GetIds(), To: req.GetTo(), RequestId: uuid.NewString()}); err != nil || res.GetRuns()[0].GetError() == "" {
		t.Errorf("another call: %v, %v; want the runs to refuse", res, err)
	}
}

// TestEveryWriteHasARequestID knows what every method does: one that is new has to be a read, or repeatable.
func TestEveryWriteHasARequestID(t *testing.T) {
	reads := regexp.MustCompile(`^(Get|List|Watch|Preview|Count|Complete|Diff|Explain|Diagnose|Backup)`)
	same := []protoreflect.Name{"StopBulk", "ReloadLocation", "SwitchAutomation", "SetSensorCursor", "TestAutomation", "TestAlert", "ChangePartitionKeys", "CancelBackfill"} // twice is as once
	writes := 0
	protoregistry.GlobalFiles.RangeFilesByPackage("penstock.host.v1", func(file protoreflect.FileDescriptor) bool {
		for i := range file.Services().Len() {
			methods := file.Services().Get(i).Methods()
			for k := range methods.Len() {
				m := methods.Get(k)
				if reads.MatchString(string(m.Name())) || slices.Contains(same, m.Name()) {
					continue
				}
				if writes++; m.Input().Fields().ByName("request_id") == nil {
					t.Errorf("%s writes, and its request has no request_id", m.FullName())
				}
			}
		}
		return true
	})
	if writes == 0 {
		t.Error("no method writes")
	}
}

// TestSameRequestManyTimesAtOnce sends each write several times at once.
func TestSameRequestManyTimesAtOnce(t *testing.T) {
	f, _ := withPeer(t, settings{idle: true}, hosttest.Current())
	const times = 8
	atOnce := func(call func() (string, error)) {
		t.Helper()
		var wg sync.WaitGroup
		var made sync.Map
		for range times {
			wg.Go(func() {
				id, err := call()
				if err != nil {
					t.Error(err)
				}
				made.Store(id, nil)
			})
		}
		wg.Wait()
		n := 0
		made.Range(func(any, any) bool { n++; return true })
		if n != 1 {
			t.Errorf("%d different answers to one request", n)
		}
	}
	launch := &hostv1.LaunchRunRequest{RequestId: uuid.NewString(), Job: "plain"}
	id := ""
	atOnce(func() (string, error) {
		res, err := f.runs.LaunchRun(t.Context(), launch)
		return res.GetRun().GetId(), err
	})
	if page, err := f.runs.ListRuns(t.Context(), &hostv1.ListRunsRequest{}); err != nil || len(page.GetRuns()) != 1 {
		t.Fatalf("there are %d runs, %v; want one", len(page.GetRuns()), err)
	} else {
		id = page.GetRuns()[0].GetId()
	}
	tags, before := f.tags(), f.notes(id)
	wantNotes := func(n int) {
		t.Helper()
		if got := f.notes(id) - before; got != n {
			t.Errorf("the run has %d more events, want %d", got, n)
		}
	}
	edit := &hostv1.EditRunTagsRequest{RequestId: uuid.NewString(), RunId: id, Edit: &hostv1.TagEdit{Set: []*tagv1.Tag{{Key: "a", Value: "1"}}}}
	atOnce(func() (string, error) {
		res, err := tags.EditRunTags(t.Context(), edit)
		return res.GetRun().GetId(), err
	})
	wantNotes(1)
	start := &hostv1.StartBulkRequest{RequestId: uuid.NewString(), Action: retag("a=1", "b", "2")}
	atOnce(func() (string, error) {
		res, err := f.bulks.StartBulk(t.Context(), start)
		return res.GetBulk().GetId(), err
	})
	repoint := &hostv1.RepointRunsRequest{RequestId: uuid.NewString(), Ids: []string{id}, To: "my_job_with_tags"}
	atOnce(func() (string, error) {
		res, err := f.runs.RepointRuns(t.Context(), repoint)
		return res.GetRuns()[0].GetError(), err
	})
	page, err := f.bulks.ListBulks(t.Context(), &hostv1.ListBulksRequest{})
	if err != nil || len(page.GetBulks()) != 1 {
		t.Fatalf("there are %d actions on many runs, %v; want one", len(page.GetBulks()), err)
	}
	f.awaitBulk(page.GetBulks()[0].GetId())
	wantNotes(3)
	cancel := &hostv1.CancelRunRequest{RequestId: uuid.NewString(), Id: id}
	atOnce(func() (string, error) {
		res, err := f.runs.CancelRun(t.Context(), cancel)
		return res.GetRun().GetStatus().String(), err
	})
	wantNotes(4)
	remove := &hostv1.DeleteRunRequest{RequestId: uuid.NewString(), Id: id}
	atOnce(func() (string, error) {
		_, err := f.runs.DeleteRun(t.Context(), remove)
		return "", err
	})
}
