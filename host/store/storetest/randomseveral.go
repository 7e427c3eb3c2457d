package storetest

import (
	"errors"
	"fmt"

	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/host"
)

// pickSeveral chooses runs, deleted ones too, and some more than once; and a request, which may have come before.
func (r *random) pickSeveral(t *rapid.T, what string) (runs []*modelRun, ids []host.RunID, request host.Request) {
	for range rapid.IntRange(1, 5).Draw(t, "runs") {
		run := r.pick(t)
		runs, ids = append(runs, run), append(ids, run.run.ID)
	}
	if n := rapid.IntRange(0, 4).Draw(t, "request"); n > 0 {
		request = host.Request{ID: fmt.Sprintf("request to %-8s number %d", what, n), What: what}
	}
	if request.ID != "" && r.model.changed[request.ID] == nil {
		r.model.changed[request.ID] = map[host.RunID]bool{}
	}
	return runs, ids, request
}

func (r *random) updateSeveral(t *rapid.T) {
	runs, ids, request := r.pickSeveral(t, "update")
	notes := blobs.Draw(t, "notes")
	status := rapid.SampledFrom(host.RunStatuses).Draw(t, "status")
	refused := errors.New("refused")
	refuses := map[host.RunID]bool{}
	for _, id := range ids {
		refuses[id] = rapid.IntRange(0, 4).Draw(t, "refuse") == 0
	}
	change := func(h *host.Run) ([][]byte, error) {
		h.Status, h.StatusReason = status, h.StatusReason+"+"
		if refuses[h.ID] {
			return notes, refused
		}
		return notes, nil
	}
	results, err := r.UpdateRuns(r.ctx, request, ids, change)
	if err != nil || len(results) != len(ids) {
		t.Fatalf("UpdateRuns = %d results, %v; want %d", len(results), err, len(ids))
	}
	done := map[host.RunID]bool{}
	for i, run := range runs {
		id, got := ids[i], results[i]
		repeated := r.model.changed[request.ID][id] && !done[id]
		switch {
		case run.deleted:
			wantCode(t, "UpdateRuns of a deleted run", got.Err, host.NotFound)
			continue
		case repeated:
		case refuses[id]:
			if !errors.Is(got.Err, refused) {
				t.Errorf("UpdateRuns: %v, want the error of change", got.Err)
			}
			continue
		case !done[id]:
			was := run.run
			_, _ = change(&run.run)
			run.note(notes)
			r.model.end(&was, &run.run)
			done[id] = true
		}
		wantSame(t, "UpdateRuns", got, host.RunResult{Run: run.run, Repeated: repeated})
	}
	r.remember(request, done)
}

func (r *random) deleteSeveral(t *rapid.T) {
	runs, ids, request := r.pickSeveral(t, "delete")
	results, err := r.DeleteRuns(r.ctx, request, ids)
	if err != nil || len(results) != len(ids) {
		t.Fatalf("DeleteRuns = %d results, %v; want %d", len(results), err, len(ids))
	}
	done := map[host.RunID]bool{}
	for i, run := range runs {
		id, got := ids[i], results[i]
		switch {
		case r.model.changed[request.ID][id]:
			wantSame(t, "DeleteRuns again", got, host.RunResult{Run: host.Run{ID: id}, Repeated: true})
			continue
		case done[id]:
		case run.deleted:
			wantCode(t, "DeleteRuns of a deleted run", got.Err, host.NotFound)
			continue
		case !run.run.Status.Final():
			wantCode(t, "DeleteRuns of a run that is not final", got.Err, host.Conflict)
			continue
		default:
			run.deleted, run.collect, done[id] = true, run.run.Attempt > 0, true
		}
		wantSame(t, "DeleteRuns", got, host.RunResult{Run: host.Run{ID: id, Seq: run.run.Seq, Job: run.run.Job}})
	}
	r.remember(request, done)
}

// remember takes over what a request changed.
func (r *random) remember(request host.Request, done map[host.RunID]bool) {
	if request.ID == "" {
		return
	}
	for id := range done {
		r.model.changed[request.ID][id] = true
	}
}
