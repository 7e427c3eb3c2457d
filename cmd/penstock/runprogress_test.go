package main

import (
	"bytes"
	"fmt"
	"testing"
	"time"

	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

func opEvent(attempt uint32, op string, detail func(*workerv1.Event)) *hostv1.StoredEvent {
	event := &workerv1.Event{OpPath: op, OpAttempt: 1}
	detail(event)
	return &hostv1.StoredEvent{Attempt: attempt, Event: event}
}

func opStarts(e *workerv1.Event) { e.Detail = &workerv1.Event_OpStarted{} }

func opSays(done, total float64, unit string) func(*workerv1.Event) {
	return func(e *workerv1.Event) {
		e.Detail = &workerv1.Event_Progress{Progress: &workerv1.Progress{Done: done, Total: total, Unit: unit}}
	}
}

func opEnds(o workerv1.Outcome, retryAfter *durationpb.Duration) func(*workerv1.Event) {
	return func(e *workerv1.Event) {
		e.Detail = &workerv1.Event_OpFinished{OpFinished: &workerv1.OpFinished{Outcome: o, RetryAfter: retryAfter}}
	}
}

func TestRunProgressIsOneLine(t *testing.T) {
	const ok, failed = workerv1.Outcome_OUTCOME_SUCCESS, workerv1.Outcome_OUTCOME_FAILURE
	var r runProgress
	for i, step := range []struct {
		event *hostv1.StoredEvent
		want  string
	}{
		{opEvent(0, "", func(*workerv1.Event) {}), ""},
		{opEvent(1, "list", opStarts), "0 ops ended, 1 running"},
		{opEvent(1, "list", opSays(3, 0, "rows")), "0 ops ended, 1 running; list 3 rows"},
		{opEvent(1, "list", opEnds(ok, nil)), "1 op ended"},
		{opEvent(1, "parse[a]", opStarts), "1 op ended, 1 running"},
		{opEvent(1, "parse[b]", opStarts), "1 op ended, 2 running"},
		{opEvent(1, "parse[a]", opSays(450, 1000, "")), "1 op ended, 2 running; parse[a] [#####-------] 450 of 1000 (45%)"},
		{opEvent(1, "parse[b]", opSays(8, 4, "")), "1 op ended, 2 running; parse[b] [############] 8 of 4 (100%); parse[a] [#####-------] 450 of 1000 (45%)"},
		{opEvent(1, "parse[b]", opEnds(failed, durationpb.New(time.Second))), "1 op ended, 1 running; parse[a] [#####-------] 450 of 1000 (45%)"},
		{opEvent(1, "parse[a]", opEnds(failed, nil)), "2 ops ended (1 failed)"},
		{opEvent(1, "sum", opEnds(workerv1.Outcome_OUTCOME_SKIPPED, nil)), "3 ops ended (1 failed)"},
		{opEvent(1, "write", opEnds(workerv1.Outcome_OUTCOME_REUSED, nil)), "4 ops ended (1 failed)"},
		{opEvent(2, "list", opStarts), "0 ops ended, 1 running"},
		{opEvent(1, "late", opEnds(ok, nil)), "0 ops ended, 1 running"},
		{&hostv1.StoredEvent{Attempt: 2, Unreadable: "broken"}, "0 ops ended, 1 running"},
		{opEvent(2, "\x1b[31m", opStarts), "0 ops ended, 2 running"},
		{opEvent(2, "\x1b[31m", opSays(1, 2, "\x07")), `0 ops ended, 2 running; \x1b[31m [######------] 1 of 2 \a (50%)`},
	} {
		r.add(step.event)
		if got := r.line(); got != step.want {
			t.Errorf("step %d: got %q, want %q", i, got, step.want)
		}
	}
}

func TestProgressStepsAreFew(t *testing.T) {
	var s progressSteps
	begin := time.Date(2026, 11, 23, 12, 0, 0, 0, time.UTC)
	for i, step := range []struct {
		op          string
		done, total float64
		after       time.Duration
		want        bool
	}{
		{"a", 0, 100, 0, false}, // a quick op needs no line
		{"a", 9, 100, time.Minute, false},
		{"a", 10, 100, time.Minute, true},
		{"a", 90, 100, time.Minute + 9*time.Second, false},
		{"b", 15, 100, time.Minute, false},
		{"a", 100, 100, 2 * time.Minute, true},
		{"a", 100, 100, time.Hour, false},
		{"c", 1, 0, 0, false},
		{"c", 2, 0, 9 * time.Second, false},
		{"c", 3, 0, 10 * time.Second, true},
		{"c", 3, 0, 19 * time.Second, false},
		{"c", 3, 0, 20 * time.Second, true},
	} {
		e := opEvent(1, step.op, opSays(step.done, step.total, ""))
		e.Event.Time = timestamppb.New(begin.Add(step.after))
		if got := s.due(e); got != step.want {
			t.Errorf("step %d: got %t, want %t", i, got, step.want)
		}
	}
	if s.due(opEvent(1, "a", opStarts)) {
		t.Error("an event of another kind is taken for progress")
	}
}

func TestLiveLineStaysBelow(t *testing.T) {
	var terminal bytes.Buffer
	line := &liveLine{w: &terminal, width: 20}
	out := line.over(&terminal)
	line.show("1 running")
	fmt.Fprintln(out, "a line")
	line.show("1 running") // the same: nothing to draw
	line.show("a text that is too long for it")
	fmt.Fprint(out, "in ")
	fmt.Fprint(out, "pieces\n")
	line.show("")
	fmt.Fprintln(out, "the end")
	const erase = "\r\x1b[K"
	want := "1 running" + erase + "a line\n1 running" + erase + "a text that is too…" + erase + "in pieces\na text that is too…" + erase + "the end\n"
	if got := terminal.String(); got != want {
		t.Errorf("got %q\nwant %q", got, want)
	}
}

func TestLiveLineIsForTerminalsOnly(t *testing.T) {
	var b bytes.Buffer
	line := newLiveLine(&b)
	if line != nil {
		t.Fatal("a buffer was taken for a terminal")
	}
	line.show("nothing")
	if out := line.over(&b); out != &b {
		t.Error("without a terminal the writer is another")
	}
	if b.Len() > 0 {
		t.Errorf("got %q", b.String())
	}
}
