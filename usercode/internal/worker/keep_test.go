package worker

import (
	"context"
	"os"
	"path/filepath"
	"reflect"
	"strings"
	"testing"

	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/tag"
)

// adding is a job of two ops: one yields 20, the other adds 1 and says what it has.
func adding() *spec.Job {
	port := func(name string) []spec.Port {
		return []spec.Port{{Name: name, Type: "int", Go: reflect.TypeFor[int]()}}
	}
	first := &spec.Op{Name: "first", CodeVersion: "1", Outputs: port(spec.ResultPort), Run: func(ctx context.Context, _ []any) (any, error) {
		mark(spec.ExecutionFrom(ctx), "first ran")
		return 20, nil
	}}
	second := &spec.Op{Name: "second", Inputs: port("input"), Outputs: port(spec.ResultPort), Run: func(_ context.Context, in []any) (any, error) {
		return in[0].(int) + 1, nil
	}}
	return &spec.Job{Name: "adding", Graph: &spec.Graph{Name: "adding", Nodes: []*spec.Node{
		{Name: "first", Op: first},
		{Name: "second", Op: second, Inputs: []spec.Input{{Port: "input", Value: spec.Value{Sources: []spec.Source{{Node: "first", Port: spec.ResultPort}}}}}},
	}}}
}

// stored runs the job in a process of its own and returns what it stored.
func stored(t *testing.T, outputs string, outcome workerv1.Outcome, change func(*workerv1.RunSpec)) (byPath map[string]*workerv1.Output, h *fakeHost, failure *workerv1.Failure) {
	t.Helper()
	h = newHost(t, "adding")
	h.change = change
	h.listen()
	a := h.assignment()
	a.Outputs = outputs
	start(t, a).wantExit(t, ExitDelivered)
	byPath = map[string]*workerv1.Output{}
	events := h.decoded()
	for _, ev := range events {
		if o := ev.GetOutput(); o != nil {
			byPath[ev.GetOpPath()] = o
		}
	}
	end := events[len(events)-1].GetRunFinished()
	if end.GetOutcome() != outcome {
		t.Errorf("the run ended with %v, want %s", end, outcome)
	}
	return byPath, h, end.GetFailure()
}

func TestWorkerStoresAndLoadsOutputs(t *testing.T) {
	dir := t.TempDir()
	location := "file://" + filepath.ToSlash(dir)
	all, _, _ := stored(t, location, workerv1.Outcome_OUTCOME_SUCCESS, nil)
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(all["second"].GetAddress())))
	if err != nil || string(data) != "21\n" {
		t.Fatalf("got %v, %q, %v", all["second"], data, err)
	}

	// Another value under that address shows that it is what is read.
	first := all["first"]
	second := func(run *workerv1.RunSpec) {
		run.OpPaths = []string{"second"}
		run.Outputs = []*workerv1.StoredOutput{{OpPath: "first", RunId: testRun, Output: first}}
	}
	again, h, _ := stored(t, location, workerv1.Outcome_OUTCOME_SUCCESS, second)
	if string(again["second"].GetDigest()) != string(all["second"].GetDigest()) || again["first"] != nil || strings.Contains(h.marker(), "first ran") {
		t.Errorf("got %v, %q", again, h.marker())
	}
	if err := os.WriteFile(filepath.Join(dir, filepath.FromSlash(first.GetAddress())), []byte("10\n"), 0o600); err != nil {
		t.Fatal(err)
	}
	_, h, _ = stored(t, location, workerv1.Outcome_OUTCOME_FAILURE, second)
	found := false
	for _, ev := range h.decoded() {
		f := ev.GetOpFinished().GetFailure()
		found = found || f.GetReason() == "stored_output" && strings.Contains(f.GetMessage(), "damaged")
	}
	if !found {
		t.Errorf("no op says that what it needs is damaged: %v", h.decoded())
	}
}

func TestWorkerTakesGivenInputs(t *testing.T) {
	given := func(config string) func(*workerv1.RunSpec) {
		return func(run *workerv1.RunSpec) { run.OpPaths, run.ConfigJson = []string{"second"}, []byte(config) }
	}
	dir := t.TempDir()
	all, _, _ := stored(t, dir, workerv1.Outcome_OUTCOME_SUCCESS, given(`{"inputs":{"second":{"input":4}}}`))
	data, err := os.ReadFile(filepath.Join(dir, filepath.FromSlash(all["second"].GetAddress())))
	if err != nil || string(data) != "5\n" {
		t.Errorf("got %v, %q, %v", all, data, err)
	}
	_, _, failure := stored(t, dir, workerv1.Outcome_OUTCOME_FAILURE, given(`{"inputs":{"second":{"input":"4"}}}`))
	if failure.GetReason() != "config" || !strings.Contains(failure.GetMessage(), "inputs.second.input: the string does not fit a Go int") {
		t.Errorf("got %v", failure)
	}
}

func TestWorkerReusesOutputs(t *testing.T) {
	dir := t.TempDir()
	memoized := func(run *workerv1.RunSpec) {
		run.Tags = append(run.Tags, &tagv1.Tag{Key: tag.KeyMemoize, Value: "true"})
	}
	stored(t, dir, workerv1.Outcome_OUTCOME_SUCCESS, memoized)
	all, h, _ := stored(t, dir, workerv1.Outcome_OUTCOME_SUCCESS, memoized)
	if all["first"].GetReusedFrom() != testRun || strings.Contains(h.marker(), "first ran") {
		t.Errorf("got %v, %q", all, h.marker())
	}
}

func TestWorkerWithoutAStore(t *testing.T) {
	all, _, _ := stored(t, "", workerv1.Outcome_OUTCOME_SUCCESS, nil)
	if len(all) > 0 {
		t.Errorf("got %v", all)
	}
	all, _, _ = stored(t, "s3://bucket", workerv1.Outcome_OUTCOME_SUCCESS, nil)
	if o := all["first"]; !strings.Contains(o.GetNotStored(), "this binary has no driver for it") {
		t.Errorf("got %v", o)
	}
}
