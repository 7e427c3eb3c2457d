package queue_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/launch"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// notes are the messages of the run's notes of a kind.
func (f *fixture) notes(id host.RunID, kind string) (messages []string) {
	f.t.Helper()
	events, err := f.store.Events(f.t.Context(), id, host.Cursor{}, 1000)
	if err != nil {
		f.t.Fatal(err)
	}
	for _, stored := range events {
		var e workerv1.Event
		if err := proto.Unmarshal(stored.Data, &e); err != nil {
			f.t.Fatal(err)
		}
		if e.GetKind() == kind {
			messages = append(messages, e.GetMessage())
		}
	}
	return messages
}

// down stops the server and waits until the workspace knows.
func (f *fixture) down() {
	f.t.Helper()
	changes := f.workspace.Watch()
	defer changes.Close()
	f.peer.Stop()
	f.awaitLocation(changes, "etl", host.LocationStale)
	f.signal()
}

// flows are definitions of one job with several nodes, that a run of it with a config fits or not.
func flows(schema string) hosttest.Behavior {
	b := hosttest.Current()
	flow := hosttest.Nested("flow")
	if schema != "" {
		flow.ConfigSchemaJson = []byte(schema)
	}
	b.Repositories = []hosttest.Repository{{Name: "tutorial", Jobs: []hosttest.Job{{Definition: flow}}}}
	return b
}

const misfitting = `{"additionalProperties":false,"properties":{"m":{"type":"integer"}},"type":"object"}`

func (f *fixture) submitFlow() host.Run {
	f.t.Helper()
	f.requests++
	run, err := f.queue.Submit(f.t.Context(), launch.Request{
		RequestID: fmt.Sprintf("request-of-a-flow-%d", f.requests), Job: "flow", ConfigYAML: "n: 7",
	})
	if err != nil {
		f.t.Fatal(err)
	}
	return run
}

func TestReasonOfWaitingIsCurrent(t *testing.T) {
	f := newFixture(t, 0)
	f.deploy(flows(""), "flow", true)
	id := f.submitFlow().ID
	f.close()
	f.limit = 10
	f.down()
	f.open()
	f.start()
	f.ticksUntil(id, host.WaitingForCode)
	says := func(what string) {
		t.Helper()
		f.awaitRun(id, func(r *host.Run) bool {
			return r.Status == host.WaitingForCode && strings.Contains(r.StatusReason, what)
		})
	}
	says("cannot be used now")
	for range 4 { // it flaps
		f.deploy(without(), "flow", false)
		says("has no job tutorial/flow now")
		f.deploy(flows(misfitting), "flow", true)
		says("does not fit it any more")
		f.down()
		says("cannot be used now")
	}
	notes := f.notes(id, launch.NoteWaiting)
	// A call that was under way when the server ended is another fault of the location than one after it.
	once := map[string]bool{}
	away := 0
	for _, n := range notes {
		once[n] = true
		if strings.Contains(n, "cannot be used now") {
			away++
		}
	}
	if len(notes)-away != 2 || away < 1 || away > 2 || len(once) != len(notes) {
		t.Errorf("%d notes of why it waits, want one for each cause:\n%s", len(notes), strings.Join(notes, "\n"))
	}
	if !slices.ContainsFunc(notes, func(n string) bool { return strings.Contains(n, "re-point") }) {
		t.Errorf("no note says what to do:\n%s", strings.Join(notes, "\n"))
	}
	f.deploy(flows(""), "flow", true)
	if r := f.startedLater(); r.Run != id {
		t.Errorf("started %s, want %s", r.Run, id)
	}
	if n := len(f.notes(id, launch.NoteRequeued)); n != 1 {
		t.Errorf("%d notes that the code came, want 1", n)
	}
}

func TestRestartAddsNoNotes(t *testing.T) {
	f := newFixture(t, 10)
	id := f.wait(1)[0]
	f.start()
	f.awaitRun(id, func(r *host.Run) bool { return strings.Contains(r.StatusReason, "my_job_with_tags") })
	before := len(f.notes(id, launch.NoteWaiting))
	for range 3 {
		f.close()
		f.open()
		f.start()
		f.settle()
	}
	if n := len(f.notes(id, launch.NoteWaiting)); n != before {
		t.Errorf("%d notes of why it waits after restarts, %d before", n, before)
	}
}

func TestDrainingLocationHoldsItsRuns(t *testing.T) {
	f := newFixture(t, 10)
	b := hosttest.Current()
	b.Draining = true
	f.deploy(b, "my_job_with_tags", true)
	f.start()
	id := f.submit().ID
	f.settle()
	run := f.run(id)
	if run.Status != host.Queued || run.Attempt != 0 || len(f.launcher.starts) != 0 {
		t.Fatalf("it is %s, attempt %d, %d starts", run.Status, run.Attempt, len(f.launcher.starts))
	}
	if why := f.queue.Held("etl"); !strings.Contains(why, "drains") {
		t.Errorf("it is held because of %q", why)
	}
	events, err := f.store.Events(t.Context(), id, host.Cursor{}, 10)
	if err != nil || len(events) != 1 {
		t.Errorf("%d events, %v; want that it was queued", len(events), err)
	}
	f.deploy(hosttest.Current(), "my_job_with_tags", true)
	if r := f.startedLater(); r.Run != id || r.Attempt != 1 {
		t.Errorf("started %s attempt %d, want %s attempt 1", r.Run, r.Attempt, id)
	}
}
