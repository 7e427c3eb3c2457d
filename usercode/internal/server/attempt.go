package server

import (
	"context"
	"log/slog"
	"slices"
	"sync"
	"time"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/internal/worker"
)

// How long, and how many, attempts that are over are remembered.
const (
	rememberFor = time.Hour
	rememberAll = 10_000
)

// key names an attempt.
type key struct {
	run     string
	attempt uint32
}

// attempt is what the server knows of one. Fields below decided are set once it is closed.
type attempt struct {
	key     key
	decided chan struct{} // closed when the start was accepted or refused

	refusal *usercodev1.StartRefusal // not nil: refused, now and for every repeat
	pid     int
	handle  string
	words   *lastWords

	// The rest is guarded by the table's lock.
	phase  usercodev1.AttemptPhase
	exit   int
	tail   []byte
	overAt time.Time // when it was refused or ended
	killAt *time.Timer
}

// attempts is the table of all attempts that the server was asked to start, as far as it remembers.
type attempts struct {
	now        func() time.Time
	maxWorkers int
	logger     *slog.Logger
	fewer      chan struct{} // gets a value when there is one less that is not over
	adopts     bool          // processes that nobody waits for become this one's
	lookupEnv  func(variable string) (value string, ok bool)

	mu      sync.Mutex
	byKey   map[key]*attempt
	over    []*attempt // those that are over, oldest first
	workers int        // processes that have not ended
}

func newAttempts(now func() time.Time, maxWorkers int, lookupEnv func(string) (string, bool), logger *slog.Logger) *attempts {
	return &attempts{now: now, maxWorkers: maxWorkers, lookupEnv: lookupEnv, logger: logger, fewer: make(chan struct{}, 1), byKey: map[key]*attempt{}}
}

// begin returns the attempt of that key. Mine means that the caller has to decide it; otherwise somebody else has, or
// will. Full means that it is the caller's, and that there are too many workers.
func (t *attempts) begin(k key) (a *attempt, mine, full bool) {
	t.mu.Lock()
	defer t.mu.Unlock()
	t.forget()
	if a := t.byKey[k]; a != nil {
		return a, false, false
	}
	full = t.maxWorkers > 0 && t.countLive() >= t.maxWorkers
	a = &attempt{key: k, decided: make(chan struct{}), phase: usercodev1.AttemptPhase_ATTEMPT_PHASE_STARTING}
	t.byKey[k] = a
	return a, true, full
}

// get returns the attempt of that key, or nil.
func (t *attempts) get(k key) *attempt {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.byKey[k]
}

// refuse decides that there is and will be no worker.
func (t *attempts) refuse(a *attempt, refusal *usercodev1.StartRefusal) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a.refusal = refusal
	t.end(a, usercodev1.AttemptPhase_ATTEMPT_PHASE_UNKNOWN)
	close(a.decided)
}

// drop forgets an attempt whose caller went away before it was decided; who waits for it has to begin again.
func (t *attempts) drop(a *attempt) {
	t.mu.Lock()
	defer t.mu.Unlock()
	delete(t.byKey, a.key)
	close(a.decided)
	t.tellFewer()
}

// accept decides that there is a worker.
func (t *attempts) accept(a *attempt, pid int, words *lastWords) {
	t.mu.Lock()
	defer t.mu.Unlock()
	a.pid, a.words, a.handle = pid, words, worker.Handle(pid)
	a.phase = usercodev1.AttemptPhase_ATTEMPT_PHASE_RUNNING
	t.workers++
	close(a.decided)
}

// state is what hosts are told of an attempt; nil is one that was never heard of.
func (t *attempts) state(a *attempt) *usercodev1.AttemptState {
	if a == nil {
		return &usercodev1.AttemptState{Phase: usercodev1.AttemptPhase_ATTEMPT_PHASE_UNKNOWN}
	}
	t.mu.Lock()
	defer t.mu.Unlock()
	return &usercodev1.AttemptState{Phase: a.phase, Handle: a.handle, ExitStatus: int32(a.exit), StderrTail: a.tail}
}

// kill ends the worker with its children: at once, or when grace is over after it was asked to end.
func (t *attempts) kill(a *attempt, grace time.Duration) {
	t.mu.Lock()
	defer t.mu.Unlock()
	if a.phase != usercodev1.AttemptPhase_ATTEMPT_PHASE_RUNNING {
		return // its process id may be another's by now
	}
	if grace <= 0 {
		worker.KillSession(a.pid)
		return
	}
	terminate(a.pid)
	if a.killAt != nil {
		a.killAt.Stop()
	}
	a.killAt = time.AfterFunc(grace, func() { t.kill(a, 0) })
}

// live is how many workers there are, with those that may be started yet.
func (t *attempts) live() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.countLive()
}

// liveWorkers is how many processes have not ended.
func (t *attempts) liveWorkers() int {
	t.mu.Lock()
	defer t.mu.Unlock()
	return t.workers
}

// liveRuns are the runs of the processes that have not ended, sorted, at most so many.
func (t *attempts) liveRuns(most int) []string {
	var runs []string
	for _, a := range t.running() {
		runs = append(runs, a.key.run)
	}
	slices.Sort(runs)
	return runs[:min(len(runs), most)]
}

func (t *attempts) countLive() int { return len(t.byKey) - len(t.over) }

// end is the last change of an attempt.
func (t *attempts) end(a *attempt, phase usercodev1.AttemptPhase) {
	a.phase, a.overAt = phase, t.now()
	t.over = append(t.over, a)
	t.tellFewer()
}

func (t *attempts) tellFewer() {
	select {
	case t.fewer <- struct{}{}:
	default: // nobody has looked since the last one
	}
}

// forget drops what is over for long, and the oldest when there is too much of it.
func (t *attempts) forget() {
	now := t.now()
	for len(t.over) > 0 && (len(t.over) > rememberAll || now.Sub(t.over[0].overAt) > rememberFor) {
		delete(t.byKey, t.over[0].key)
		t.over[0] = nil
		t.over = t.over[1:]
	}
}

// watch learns of workers that have ended, until ctx ends. What is left behind then goes on unwatched.
func (t *attempts) watch(ctx context.Context) {
	ended, stop := childSignals()
	defer stop()
	// A signal can be lost to somebody else's handler; then the news comes a little later.
	ticker := time.NewTicker(time.Second)
	defer ticker.Stop()
	for {
		t.reap()
		if t.adopts {
			adopt()
		}
		select {
		case <-ended:
		case <-ticker.C:
		case <-ctx.Done():
			t.letGo()
			return
		}
	}
}

// reap settles every worker that has ended.
func (t *attempts) reap() {
	for _, a := range t.running() {
		if !hasEnded(a.pid) {
			continue
		}
		// As long as nobody has waited for the process, no other one can have its number.
		worker.KillSession(a.pid)
		t.mu.Lock()
		a.exit = collect(a.pid)
		t.workers--
		t.end(a, usercodev1.AttemptPhase_ATTEMPT_PHASE_ENDED)
		if a.exit != 0 {
			a.tail = a.words.tail(t.lookupEnv)
		}
		a.words.close()
		if a.killAt != nil {
			a.killAt.Stop()
		}
		left := t.workers
		t.mu.Unlock()
		t.logger.Info("worker ended", "run", a.key.run, "attempt", a.key.attempt, "exit", a.exit, "workers", left)
	}
}

func (t *attempts) running() []*attempt {
	t.mu.Lock()
	defer t.mu.Unlock()
	var running []*attempt
	for _, a := range t.byKey {
		if a.phase == usercodev1.AttemptPhase_ATTEMPT_PHASE_RUNNING {
			running = append(running, a)
		}
	}
	return running
}

// letGo frees what belongs to the server; workers keep their own.
func (t *attempts) letGo() {
	for _, a := range t.running() {
		t.mu.Lock()
		a.words.close()
		if a.killAt != nil {
			a.killAt.Stop()
		}
		t.mu.Unlock()
	}
}
