package queue_test

import (
	"fmt"
	"strconv"
	"testing/synctest"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// maxLaunched is how many runs people launch in a round.
const maxLaunched = 12

// step lets one thing happen. Half of the time it waits until the host is at rest, so that what follows meets it in the
// middle of something as often as not.
func (w *life) step() {
	switch w.intN(16) {
	case 0, 1:
		w.launch()
	case 2, 3, 4, 5, 6, 7:
		w.work()
	case 8:
		w.misbehave()
	case 9:
		w.cancel()
	case 10:
		w.delete()
	case 11, 12, 13:
		time.Sleep(time.Duration(w.intN(2000)) * time.Millisecond) //nolint:forbidigo // time of the bubble
	case 14:
		time.Sleep(time.Duration(1+w.intN(90)) * time.Second) //nolint:forbidigo // time of the bubble
	case 15:
		if w.oneIn(3) {
			w.restart()
		}
	}
	if w.oneIn(2) {
		synctest.Wait()
	}
}

// launch launches a run, or one again whose answer was lost.
func (w *life) launch() {
	if n := len(w.runs); n > 0 && (w.launched >= maxLaunched || w.oneIn(4)) {
		was := w.runs[w.intN(n)]
		run, err := w.queue.Submit(w.t.Context(), was.request)
		if err == nil && run.ID != was.id {
			w.t.Fatalf("request %s made run %s and run %s", was.request.RequestID, was.id, run.ID)
		}
		return
	}
	w.launched++
	r := launch.Request{RequestID: fmt.Sprintf("request-of-the-test-%d", w.launched), Job: "my_job_with_tags"}
	if w.oneIn(2) {
		r.Tags = append(r.Tags, tag.Tag{Key: tag.KeyMaxRetries, Value: strconv.Itoa(w.intN(3))})
	}
	if w.oneIn(3) {
		r.Tags = append(r.Tags, tag.Tag{Key: tag.KeyMaxRuntime, Value: "40s"})
	}
	if w.oneIn(4) {
		r.Tags = append(r.Tags, tag.Tag{Key: tag.KeyRetryStrategy, Value: "all_ops"})
	}
	run, err := w.queue.Submit(w.t.Context(), r)
	if err != nil {
		if !w.store.down() {
			w.t.Fatalf("launch: %v", err)
		}
		return
	}
	w.runs = append(w.runs, launchedRun{run.ID, r})
}

// somebody is a process that lives; nil when there is none.
func (w *life) somebody() *process {
	all := w.live()
	if len(all) == 0 {
		return nil
	}
	return all[w.intN(len(all))]
}

// work lets a process do what it should.
func (w *life) work() {
	p := w.somebody()
	if p == nil {
		return
	}
	if len(p.streams) == 0 {
		w.attach(p)
	}
	if len(p.streams) == 0 {
		return
	}
	s := p.streams[len(p.streams)-1]
	if !w.oneIn(5) { // else what the host says is late, or lost with the stream
		w.deliver(p, s)
	}
	if !p.granted || !s.welcomed {
		return
	}
	switch {
	case p.over && uint64(len(p.made)) == p.acked:
		w.finish(p, s)
		w.kill(p)
		return
	case p.over:
	case p.told && w.oneIn(2):
		p.end(workerv1.Outcome_OUTCOME_CANCELED)
	case w.oneIn(4):
		p.end(workerv1.Outcome_OUTCOME_FAILURE)
	case w.oneIn(8):
		p.end(workerv1.Outcome_OUTCOME_SUCCESS)
	case w.oneIn(3):
		p.tag()
	default:
		p.say(&workerv1.Event{Kind: "log", Message: fmt.Sprintf("%s %d", p.id, len(p.made)+1)})
	}
	if n := len(p.made); p.acked < uint64(n) {
		w.send(p, s, int(p.acked)+1, n)
	}
}

// misbehave lets a process do what it should not, or have bad luck.
func (w *life) misbehave() {
	p := w.somebody()
	if p == nil {
		return
	}
	var s *stream
	if n := len(p.streams); n > 0 {
		s = p.streams[w.intN(n)]
	}
	switch n := len(p.made); w.intN(6) {
	case 0:
		w.kill(p)
	case 1:
		if s != nil {
			p.closeStream(s)
		}
	case 2: // a second stream beside the first
		if len(p.streams) < 3 {
			w.attach(p)
		}
	case 3, 4: // any part of what was made, over any stream
		if s != nil && s.welcomed && p.granted && n > 0 {
			first := 1 + w.intN(n)
			w.send(p, s, first, first+w.intN(n-first+1))
		}
	case 5: // its last word comes without a result
		if s != nil && s.welcomed && p.granted && !p.over && p.acked == uint64(n) {
			p.over = true
			w.finish(p, s)
		}
	}
}

// cancel asks some run to end, or not to be retried.
func (w *life) cancel() {
	id, ok := w.someRun()
	if !ok {
		return
	}
	grace := time.Duration(w.intN(40)) * time.Second
	w.table.drop(id) // before, for its answer may be lost
	_, err := w.queue.Cancel(w.t.Context(), host.Request{}, id, "by chance", grace, w.oneIn(3))
	if code := host.CodeOf(err); err != nil && code != host.Conflict && code != host.NotFound && !w.store.down() {
		w.t.Fatalf("cancel: %v", err)
	}
}

// delete deletes some run, if it is final.
func (w *life) delete() {
	id, ok := w.someRun()
	if !ok || w.oneIn(2) {
		return
	}
	err := w.queue.Delete(w.t.Context(), host.Request{}, id)
	if code := host.CodeOf(err); err != nil && code != host.Conflict && code != host.NotFound && !w.store.down() {
		w.t.Fatalf("delete: %v", err)
	}
}

// someRun is the id of one of the newest runs.
func (w *life) someRun() (host.RunID, bool) {
	page, err := w.store.Runs(w.t.Context(), nil, 0, 10)
	if err != nil {
		w.t.Fatal(err)
	}
	if len(page.Runs) == 0 {
		return "", false
	}
	return page.Runs[w.intN(len(page.Runs))].ID, true
}

// bringHome lets a process that lives do all that it still has to.
func (w *life) bringHome(p *process) {
	for range 3 {
		w.attach(p)
		s := p.streams[len(p.streams)-1]
		w.deliver(p, s)
		if !s.welcomed || !p.granted {
			return
		}
		if !p.over {
			p.end(workerv1.Outcome_OUTCOME_FAILURE)
		}
		if n := len(p.made); p.acked < uint64(n) {
			w.send(p, s, int(p.acked)+1, n)
			w.deliver(p, s)
		}
		if len(p.streams) > 0 && p.acked == uint64(len(p.made)) {
			w.finish(p, s)
			w.kill(p)
			return
		}
	}
}
