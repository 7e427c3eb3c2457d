package attempt_test

import (
	"fmt"
	"time"

	"google.golang.org/protobuf/proto"
	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/host"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

func (w *world) launch() bool {
	if len(w.runs) == 2 {
		return false
	}
	r := &simRun{id: host.RunID(fmt.Sprintf("0197f000-0000-7000-8000-%012d", len(w.runs)+1))}
	_, _, err := w.store.CreateRun(w.ctx, host.NewRun{
		RequestID: "request-" + string(r.id),
		Run: host.Run{
			ID: r.id, Job: host.JobName{Location: "l", Repository: "r", Job: "j"}, Status: host.Queued,
			OpPaths: []string{"a"}, ConfigJSON: []byte(`{}`), CreatedAt: w.clock.Now(),
		},
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.runs = append(w.runs, r)
	return true
}

// start is what the queue does to a run whose turn it is. A process comes of it, sooner or later.
func (w *world) start() bool {
	r, _ := w.someRun(host.Queued)
	if r == nil {
		return false
	}
	token := fmt.Sprintf("token %d", len(w.processes))
	run, err := w.store.UpdateRun(w.ctx, r.id, func(run *host.Run) ([][]byte, error) {
		if err := run.Become(host.Starting, "", w.clock.Now()); err != nil {
			return nil, err
		}
		run.Attempt++
		run.Current = host.AttemptState{TokenSHA256: hashOf(token)}
		run.StartedFrom.Definition = host.Digest{1}
		return [][]byte{[]byte("starting")}, nil
	})
	if err != nil {
		w.t.Fatal(err)
	}
	w.spawn(r, run.Attempt, token)
	return true
}

func (w *world) spawn(r *simRun, attempt uint32, token string) {
	w.processes = append(w.processes, &process{
		id: fmt.Sprintf("process-%d", len(w.processes)), run: r, attempt: attempt, token: token,
	})
}

// anotherProcess is a second one for the same start, as two servers behind one address make it.
func (w *world) anotherProcess() bool {
	p := w.someProcess(func(*process) bool { return true })
	if p == nil || len(w.processes) > 10 {
		return false
	}
	w.spawn(p.run, p.attempt, p.token)
	return true
}

// takeBack is what the queue does to a start that nobody answers.
func (w *world) takeBack() bool {
	r, run := w.someRun(host.Starting)
	if r == nil {
		return false
	}
	n := run.Attempt
	_, err := w.store.UpdateRun(w.ctx, r.id, func(run *host.Run) ([][]byte, error) {
		if run.Status != host.Starting || run.Attempt != n {
			return nil, nil
		}
		run.Current.TokenSHA256 = nil
		return [][]byte{[]byte("taken back")}, run.Become(host.Queued, "", w.clock.Now())
	})
	if err != nil {
		w.t.Fatal(err)
	}
	return true
}

func (w *world) attach() bool {
	p := w.someProcess(func(p *process) bool { return len(p.streams) < 3 })
	if p == nil {
		return false
	}
	w.attachTo(p)
	if len(p.streams) > 0 && rapid.IntRange(0, 3).Draw(w.t, "the answer is lost") < 3 && !w.crashed {
		w.deliver(p, p.streams[len(p.streams)-1])
	}
	return true
}

func (w *world) attachTo(p *process) {
	h := hello(p.run.id, p.id)
	h.Attempt, h.WantGrant, h.LastSeq = p.attempt, !p.granted, uint64(len(p.made))
	s, err := w.sessions.Attach(w.ctx, p.token, h)
	if err == nil {
		p.streams = append(p.streams, &stream{Session: s})
	} else if !w.crashed {
		w.t.Fatalf("attach %s: %v", p.id, err)
	}
}

func (w *world) take() bool {
	p, s := w.someStream()
	if s == nil {
		return false
	}
	w.deliver(p, s)
	return true
}

func (w *world) breakStream() bool {
	p, s := w.someStream()
	if s == nil {
		return false
	}
	p.closeStream(s)
	return true
}

// make lets user code do something, and end perhaps.
func (w *world) make() bool {
	p := w.someProcess(func(p *process) bool { return p.granted && !p.over })
	if p == nil {
		return false
	}
	e := logged(fmt.Sprintf("%s event %d", p.id, len(p.made)+1))
	if n := rapid.IntRange(0, 5).Draw(w.t, "event"); n > 3 {
		p.over = true
		e = ended(workerv1.Outcome_OUTCOME_SUCCESS, "", "")
		if n == 5 {
			e = ended(workerv1.Outcome_OUTCOME_FAILURE, "op_failure", "by chance")
		}
	}
	p.say(e)
	return true
}

func (p *process) say(e *workerv1.Event) {
	data, err := proto.Marshal(e)
	if err != nil {
		panic(err)
	}
	p.made = append(p.made, data)
}

// send sends any part of what was made, over any stream: again, too late, or too early.
func (w *world) send() bool {
	p, s := w.someStream()
	if s == nil || !s.welcomed || len(p.made) == 0 {
		return false
	}
	first := rapid.IntRange(1, len(p.made)).Draw(w.t, "first")
	last := rapid.IntRange(first, len(p.made)).Draw(w.t, "last")
	if rapid.Bool().Draw(w.t, "what is due") {
		first, last = min(int(p.acked)+1, len(p.made)), len(p.made)
	}
	w.sendOver(p, s, first, last)
	return true
}

func (w *world) sendOver(p *process, s *stream, first, last int) {
	err := s.Receive(w.ctx, &workerv1.AttachRequest{Message: &workerv1.AttachRequest_Events{
		Events: &workerv1.EventBatch{FirstSeq: uint64(first), Events: p.made[first-1 : last]},
	}})
	if err != nil {
		if host.ReasonOf(err) != "EVENT_GAP" && !w.crashed {
			w.t.Fatalf("events %d to %d of %s: %v", first, last, p.id, err)
		}
		p.closeStream(s) // as the host does to a stream that made an error
	}
}

// finish is a worker's last word, which is sometimes its first of the end.
func (w *world) finish() bool {
	p, s := w.someStream()
	if s == nil || !p.granted || !s.welcomed || p.acked < uint64(len(p.made)) {
		return false
	}
	if !p.over && rapid.IntRange(0, 3).Draw(w.t, "without a result") < 3 {
		return false
	}
	p.over = true
	w.finishOver(p, s)
	return true
}

func (w *world) finishOver(p *process, s *stream) {
	err := s.Receive(w.ctx, &workerv1.AttachRequest{Message: &workerv1.AttachRequest_Finished{
		Finished: &workerv1.Finished{LastSeq: uint64(len(p.made))},
	}})
	if err != nil {
		if host.ReasonOf(err) != "WORKER_STREAM" && !w.crashed { // what another stream stored, this one may not know
			w.t.Fatalf("the last word of %s: %v", p.id, err)
		}
		p.closeStream(s)
	}
}

func (w *world) die() bool {
	p := w.someProcess(func(*process) bool { return true })
	if p == nil {
		return false
	}
	p.dead = true
	for len(p.streams) > 0 {
		p.closeStream(p.streams[0])
	}
	return true
}

func (w *world) cancel() bool {
	r, _ := w.someRun(host.Queued, host.Starting, host.Started, host.Started, host.Canceling)
	if r == nil {
		return false
	}
	grace := time.Duration(rapid.IntRange(0, 50).Draw(w.t, "grace")) * time.Second
	_, err := w.queue.Cancel(w.ctx, host.Request{}, r.id, "by chance", grace, rapid.Bool().Draw(w.t, "force"))
	if code := host.CodeOf(err); err != nil && code != host.Conflict && code != host.NotFound && !w.crashed {
		w.t.Fatal(err)
	}
	return true
}

func (w *world) pass() bool {
	w.clock.advance(time.Duration(rapid.SampledFrom([]int{1, 5, 30, 61}).Draw(w.t, "seconds")) * time.Second)
	w.sessions.Look(w.ctx)
	return true
}

func (w *world) delete() bool {
	r, _ := w.someRun(host.Success, host.Failure, host.Canceled)
	if r == nil {
		return false
	}
	if err := w.store.DeleteRun(w.ctx, r.id); err != nil {
		w.t.Fatal(err)
	}
	r.deleted = true
	return true
}

// bringHome lets a process that lives do all that it still has to.
func (w *world) bringHome(p *process) {
	for range 3 {
		if p.dead {
			return
		}
		w.attachTo(p)
		s := p.streams[len(p.streams)-1]
		w.deliver(p, s)
		if !s.welcomed || !p.granted {
			return
		}
		if !p.over {
			p.over = true
			p.say(ended(workerv1.Outcome_OUTCOME_SUCCESS, "", ""))
		}
		if n := len(p.made); p.acked < uint64(n) {
			w.sendOver(p, s, int(p.acked)+1, n)
			w.deliver(p, s)
		}
		w.finishOver(p, s)
		p.closeStream(s)
	}
}
