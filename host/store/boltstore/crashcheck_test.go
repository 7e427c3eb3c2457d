package boltstore

import (
	"fmt"
	"math"
	"slices"
	"strconv"
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
)

// checkAnswered checks that what was answered is there, and that nothing is there by half.
func checkAnswered(t *testing.T, s *Store, known map[host.RunID]*answered) {
	t.Helper()
	page, err := s.Runs(t.Context(), nil, 0, math.MaxInt)
	if err != nil {
		t.Fatal(err)
	}
	there := map[host.RunID]bool{}
	for _, run := range page.Runs {
		there[run.ID] = true
		a := known[run.ID]
		if a == nil {
			a = &answered{}
		}
		if a.deleted || a.starting && run.Attempt == 0 || a.ended && !run.Status.Final() {
			t.Errorf("run %d is %s, and its writer knew more: %+v", run.Seq, run.Status, *a)
		}
		checkWhole(t, s, run, a)
	}
	checkCrashLocation(t, s, known[crashLocationID])
	checkCrashBulk(t, s, known[crashBulkID])
	checkCrashTicks(t, s, known[crashSensorID])
	checkCrashBackfill(t, s, known[crashBackfillID])
	checkCrashEnded(t, s, known)
	for id, a := range known {
		if !there[id] && !a.deleting && !slices.Contains([]host.RunID{crashLocationID, crashBulkID, crashSensorID, crashBackfillID}, id) {
			t.Errorf("run %s was answered and is gone: %+v", id, *a)
		}
	}
}

// checkCrashLocation checks that a location is there as it was answered or one deploy later, with a history that fits.
func checkCrashLocation(t *testing.T, s *Store, a *answered) {
	t.Helper()
	all, err := s.KnownLocations(t.Context())
	if err != nil {
		t.Fatal(err)
	}
	if a == nil || len(all) == 0 {
		if a != nil {
			t.Errorf("the location was answered and is gone: %+v", *a)
		}
		return
	}
	l := all[0]
	generation, _ := strconv.ParseUint(l.CodeVersion, 10, 64)
	if generation < a.known || generation > a.known+1 {
		t.Errorf("the location is of generation %d, and %d was answered", generation, a.known)
	}
	a.known = generation // what the next writer goes on from, though nobody was told
	if generation == a.touched && !l.AnsweredAt.Equal(l.LoadedAt.Add(time.Second)) {
		t.Errorf("the touch of generation %d was answered and is gone", generation)
	}
	changing := historyOf(t, s, 0)
	if got := changing[0].Seq; got != generation {
		t.Errorf("the job that each deploy changes has %d periods after %d deploys", got, generation)
	}
	for i, p := range changing {
		if want := fmt.Sprint("definition ", generation-uint64(i)); p.First.Definition != digestOf([]byte(want)) || p.Current != (i == 0) {
			t.Errorf("period %d of it is not %q, or current: %t", p.Seq, want, p.Current)
		}
		if body, err := s.Body(t.Context(), p.First.Definition); err != nil || len(body) == 0 {
			t.Errorf("the definition of period %d: %v", p.Seq, err)
		}
	}
	if steady := historyOf(t, s, 1); steady[0].Current != (generation%5 > 0) || steady[0].Seq != 1+(generation-1)/5 {
		t.Errorf("after %d deploys the steady job has %d periods, current: %t", generation, steady[0].Seq, steady[0].Current)
	}
}

// checkWhole checks that the parts of a run, which lie in several places, fit each other.
func checkWhole(t *testing.T, s *Store, run host.Run, a *answered) {
	t.Helper()
	events, err := s.Events(t.Context(), run.ID, host.Cursor{}, math.MaxInt)
	if err != nil {
		t.Fatal(err)
	}
	notes, last, tagged := "", uint64(0), ""
	for _, e := range events {
		if n, ok := strings.CutPrefix(string(e.Data), crashTagNote); ok {
			tagged = n
			continue
		}
		if e.Cursor.Note > 0 {
			notes += string(e.Data) + " "
			continue
		}
		if last++; e.Cursor.Seq != last || string(e.Data) != fmt.Sprint(last) {
			t.Errorf("run %d: event %d is %q at %s", run.Seq, last, e.Data, e.Cursor)
		}
	}
	want := map[host.RunStatus]string{
		host.Queued: "queued ", host.Starting: "queued starting ", host.Success: "queued starting ended ",
	}[run.Status]
	if notes != want {
		t.Errorf("run %d is %s and has notes %q, want %q", run.Seq, run.Status, notes, want)
	}
	if value, _ := run.Tag(crashTag); value != tagged {
		t.Errorf("run %d has tag %q, and its last note is of %q", run.Seq, value, tagged)
	}
	if n, _ := strconv.ParseUint(tagged, 10, 64); n < a.tagged {
		t.Errorf("run %d has tag %d, and %d was answered", run.Seq, n, a.tagged)
	}
	if last < a.events || run.Status.Final() && last != crashEvents {
		t.Errorf("run %d is %s and has %d events; %d were answered", run.Seq, run.Status, last, a.events)
	}
	request := "request " + string(run.ID)
	if made, err := s.RunOfRequest(t.Context(), request); err != nil || made.ID != run.ID {
		t.Errorf("run %d is not found by its request: %v", run.Seq, err)
	}
	if body, err := s.Body(t.Context(), run.Launched.Definition); err != nil || string(body) != request {
		t.Errorf("run %d has body %q, %v", run.Seq, body, err)
	}
}
