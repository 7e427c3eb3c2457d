package bulk_test

import (
	"fmt"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/usercode/tag"
)

// scene is a store with runs, an action on them, and what is to become of them.
type scene struct {
	action host.BulkAction
	runs   func(f *fixture) (changed, others []host.RunID)
	// times is how often the action did something to a run.
	times                         func(f *fixture, id host.RunID) int
	selected, passedOver, refused uint64
}

const crashRuns = 3 // of each sort

var scenes = map[string]scene{
	"Tag": {
		action: prod,
		runs: func(f *fixture) (changed, others []host.RunID) {
			var full []string
			for i := range tag.MaxPerRun {
				full = append(full, fmt.Sprintf("k%03d", i), "v")
			}
			for i := range crashRuns {
				changed = append(changed, f.run(host.Queued, "env", "dev", "team", "etl").ID, f.run(host.Success, "draft", "", "team", "etl").ID)
				others = append(others, f.run(host.Failure, "env", "prod", "team", "etl").ID, f.run(host.Queued, "env", "dev").ID)
				if i == 1 {
					others = append(others, f.run(host.Queued, append(full[2:], "team", "etl")...).ID)
				}
			}
			return changed, others
		},
		times:    func(f *fixture, id host.RunID) int { return f.notes(id, launch.NoteTagsChanged) },
		selected: 3*crashRuns + 1, passedOver: crashRuns, refused: 1,
	},
	"Cancel": {
		action: host.BulkAction{Kind: host.BulkCancel, Reason: "the test"},
		runs: func(f *fixture) (changed, others []host.RunID) {
			for range crashRuns {
				changed = append(changed, f.run(host.Queued, "team", "etl").ID, f.run(host.Started, "team", "etl").ID)
				others = append(others, f.run(host.Failure, "team", "etl").ID, f.run(host.Canceling, "team", "etl").ID, f.run(host.Queued).ID)
			}
			return changed, others
		},
		times: func(f *fixture, id host.RunID) int {
			return f.notes(id, launch.NoteCanceled) + f.notes(id, launch.NoteCanceling)
		},
		selected: 4 * crashRuns, passedOver: 2 * crashRuns,
	},
	"Delete": {
		action: host.BulkAction{Kind: host.BulkDelete},
		runs: func(f *fixture) (changed, others []host.RunID) {
			for range crashRuns {
				changed = append(changed, f.run(host.Success, "team", "etl").ID, f.run(host.Canceled, "team", "etl").ID)
				others = append(others, f.run(host.Queued, "team", "etl").ID, f.run(host.Success).ID)
			}
			return changed, others
		},
		times: func(f *fixture, id host.RunID) int {
			if _, err := f.store.Run(f.t.Context(), id); host.CodeOf(err) == host.NotFound {
				return 1
			}
			return 0
		},
		selected: 3 * crashRuns, passedOver: crashRuns,
	},
	"Reexecute": {
		action: host.BulkAction{Kind: host.BulkReexecute, Strategy: "all"},
		runs: func(f *fixture) (changed, others []host.RunID) {
			for range crashRuns {
				changed = append(changed, f.run(host.Success, "team", "etl").ID, f.run(host.Failure, "team", "etl").ID)
				others = append(others, f.run(host.Started, "team", "etl").ID, f.run(host.Success).ID)
			}
			refuses := f.run(host.Success, "team", "etl").ID
			f.refuses[refuses] = &host.Error{Code: host.Invalid, Reason: "LAUNCH_INVALID", Message: "its config does not fit"}
			return changed, append(others, refuses)
		},
		times:    func(f *fixture, id host.RunID) int { return f.children(id) },
		selected: 3*crashRuns + 1, passedOver: crashRuns, refused: 1,
	},
}

// TestCrash crashes the host with each call of the store in turn, before it does anything and before it answers.
func TestCrash(t *testing.T) {
	t.Parallel()
	for name, s := range scenes {
		for _, unsaid := range []bool{false, true} {
			t.Run(fmt.Sprintf("%s/Unsaid=%t", name, unsaid), func(t *testing.T) {
				t.Parallel()
				at := 1
				for s.crash(t, at, unsaid) {
					at++
				}
			})
		}
	}
}

// crash crashes the host with a call, and reports whether there was such a call.
func (s *scene) crash(t *testing.T, at int, unsaid bool) (crashed bool) {
	t.Helper()
	f := newFixture(t, 4).start()
	defer f.close()
	changed, others := s.runs(f)
	f.seam.set(func() { f.seam.calls, f.seam.crashAt, f.seam.unsaid = 0, at, unsaid })
	q := f.request("team=etl", s.action)
	b, err := f.runner.Begin(t.Context(), q)
	if err != nil {
		select { // while the runs were counted: nothing has begun
		case <-f.seam.down:
		default:
			t.Fatal(err)
		}
		f.restart()
		b = f.begin(q)
		crashed = true
	}
	// Runs that come now are none of it.
	others = append(others, f.run(host.Queued, "team", "etl", "env", "dev").ID, f.run(host.Success, "team", "etl", "env", "dev").ID)
	if !crashed {
		crashed = f.awaitCrash(b.ID)
	}
	if crashed {
		f.restart()
		if again := f.begin(q); again.ID != b.ID {
			t.Errorf("the request began %s, and then %s", b.ID, again.ID)
		}
	}
	wantCounts(t, f.await(b.ID), host.BulkDone, s.selected, uint64(len(changed)), s.passedOver, s.refused)
	for what, ids := range map[int][]host.RunID{1: changed, 0: others} {
		for _, id := range ids {
			if n := s.times(f, id); n != what {
				t.Errorf("crash at call %d: run %s was changed %d times, want %d", at, id, n, what)
			}
		}
	}
	if t.Failed() {
		t.FailNow()
	}
	return crashed
}

// awaitCrash waits until the host has crashed, or the action has ended.
func (f *fixture) awaitCrash(id string) (crashed bool) {
	for {
		changed := f.runner.Changed(id)
		if b, err := f.store.Bulk(f.t.Context(), id); err == nil && b.Ended() {
			select {
			case <-f.seam.down:
				return true
			default:
				return false
			}
		}
		select {
		case <-f.seam.down:
			return true
		case <-changed:
		}
	}
}
