package queue_test

import (
	"testing"

	"github.com/penstock-run/penstock/host"
)

// TestCancelRuns cancels a run of each status in one write, twice.
func TestCancelRuns(t *testing.T) {
	for _, force := range []bool{false, true} {
		f := newFixture(t, 0)
		paths := map[string][]host.RunStatus{
			"Queued": nil, "WaitingForCode": {host.WaitingForCode}, "Starting": {host.Starting}, "Started": {host.Starting, host.Started},
			"Canceling": {host.Starting, host.Started, host.Canceling}, "Ended": {host.Canceled},
		}
		var ids []host.RunID
		var names []string
		for name, path := range paths {
			id := f.submit().ID
			f.toStatus(id, path...)
			ids, names = append(ids, id), append(names, name)
		}
		r := host.Request{ID: "request-of-the-test", What: "cancel"}
		for round := range 2 {
			results, err := f.queue.CancelRuns(t.Context(), r, ids, "the test", force)
			if err != nil || len(results) != len(ids) {
				t.Fatalf("CancelRuns = %d results, %v", len(results), err)
			}
			for i, result := range results {
				want, refused := host.Canceled, false
				switch names[i] {
				case "Started":
					want = host.Canceling
				case "Canceling":
					want, refused = host.Canceling, !force
				case "Ended":
					refused = true
				}
				if refused {
					if host.ReasonOf(result.Err) != "RUN_STATUS" {
						t.Errorf("%s, force %t: %v, want RUN_STATUS", names[i], force, result.Err)
					}
					continue
				}
				run := result.Run
				if result.Err != nil || run.Status != want || result.Repeated != (round == 1) || run.Current.Forced != (force && want == host.Canceling) {
					t.Errorf("%s, force %t, round %d: %s forced %t, repeated %t, %v; want %s",
						names[i], force, round, run.Status, run.Current.Forced, result.Repeated, result.Err, want)
				}
			}
		}
		if len(f.launcher.killed) != 1 {
			t.Errorf("%d workers of starts were ended, want 1", len(f.launcher.killed))
		}
	}
}
