package attempt

import (
	"cmp"
	"fmt"
	"slices"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Limits of what a worker may say of slots, from the contract.
const (
	maxSlots     = 5000
	maxSlotBytes = 4096
)

// pools are the slots of pools, and who has them. Sessions.mu is held before mu. They hold what the workers said last and what was granted since: no
// count is kept, so none can be wrong. After a restart nothing is granted until each worker that may have a slot has said
// so, or its run has ended.
type pools struct {
	clock host.Clock

	mu         sync.Mutex
	configured []host.Pool
	runs       map[host.RunID]*poolRun
	// unheard are runs whose workers were going on when this host started, and have not come back.
	unheard map[host.RunID]bool
	// asked counts what was ever wanted, for the order.
	asked uint64
}

// poolRun is a run whose ops have or want slots.
type poolRun struct {
	id       host.RunID
	priority int32
	session  *Session
	slots    []*poolSlot
}

// poolSlot is what an attempt of an op has or wants.
type poolSlot struct {
	run     *poolRun
	path    string
	attempt uint32
	pool    string
	// taken tells that it was granted, held that the worker knows.
	taken, held bool
	since       time.Time
	asked       uint64
}

func newPools(clock host.Clock) *pools {
	return &pools{clock: clock, runs: map[host.RunID]*poolRun{}, unheard: map[host.RunID]bool{}}
}

// set replaces the pools. Where there are fewer slots than before, none is taken away.
func (p *pools) set(configured []host.Pool) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.configured = slices.Clone(configured)
	p.deal()
}

// expect notes a run whose worker was going on when the host started.
func (p *pools) expect(id host.RunID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	p.unheard[id] = true
}

// forget gives back all that a run has, which is over.
func (p *pools) forget(id host.RunID) {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.runs[id] == nil && !p.unheard[id] {
		return
	}
	delete(p.runs, id)
	delete(p.unheard, id)
	p.deal()
}

// attached takes in what a worker says at its attach.
func (p *pools) attached(session *Session, said *workerv1.Slots) {
	p.mu.Lock()
	defer p.mu.Unlock()
	unheard := p.unheard[session.run]
	delete(p.unheard, session.run)
	r := p.runs[session.run]
	if r != nil || len(said.GetSlots()) > 0 {
		if r == nil {
			r = &poolRun{id: session.run}
			p.runs[session.run] = r
		}
		r.session, r.priority = session, session.priority
		p.take(r, said)
	} else if unheard {
		p.deal()
	}
}

// said takes in what a worker says later, on the stream that it has now.
func (p *pools) said(session *Session, said *workerv1.Slots) {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.runs[session.run]
	if r == nil {
		r = &poolRun{id: session.run}
		p.runs[session.run] = r
	}
	r.session, r.priority = session, session.priority
	p.take(r, said)
}

// take makes the slots of a run what its worker says, and grants what can be. mu must be held.
func (p *pools) take(r *poolRun, said *workerv1.Slots) {
	type key struct {
		path    string
		attempt uint32
	}
	known := make(map[key]*poolSlot, len(r.slots))
	for _, s := range r.slots {
		known[key{s.path, s.attempt}] = s
	}
	r.slots = make([]*poolSlot, 0, len(said.GetSlots()))
	for _, m := range said.GetSlots() {
		k := key{m.GetOpPath(), m.GetOpAttempt()}
		s := known[k]
		if s == nil || s.pool != m.GetPool() {
			p.asked++
			s = &poolSlot{run: r, path: k.path, attempt: k.attempt, pool: m.GetPool(), since: p.clock.Now(), asked: p.asked}
		}
		delete(known, k)
		s.held = m.GetHeld()
		s.taken = s.taken || s.held // what a worker has it has, also when there is no room for it any more
		r.slots = append(r.slots, s)
	}
	if len(r.slots) == 0 {
		delete(p.runs, r.id)
	}
	p.deal()
	p.tell(r) // also what was granted before, to a stream that may have broken since
}

// deal grants what can be granted. mu must be held.
func (p *pools) deal() {
	if len(p.unheard) > 0 {
		return
	}
	taken, waiting := map[string]int{}, []*poolSlot(nil)
	for _, r := range p.runs {
		for _, s := range r.slots {
			if s.taken {
				taken[s.pool]++
			} else {
				waiting = append(waiting, s)
			}
		}
	}
	slices.SortFunc(waiting, func(a, b *poolSlot) int {
		return cmp.Or(cmp.Compare(b.run.priority, a.run.priority), cmp.Compare(a.asked, b.asked))
	})
	told := map[*poolRun]bool{}
	for _, s := range waiting {
		if slots, limited := p.slotsOf(s.pool); limited && taken[s.pool] >= slots {
			continue
		}
		taken[s.pool]++
		s.taken, s.since = true, p.clock.Now()
		told[s.run] = true
	}
	for r := range told {
		p.tell(r)
	}
}

// slotsOf is how many slots a pool has; limited is false when it is not configured. mu must be held.
func (p *pools) slotsOf(name string) (slots int, limited bool) {
	for _, c := range p.configured {
		if c.Name == name {
			return c.Slots, true
		}
	}
	return 0, false
}

// tell tells a worker all that was granted and that it does not have. mu must be held.
func (p *pools) tell(r *poolRun) {
	grants := &workerv1.SlotGrants{}
	for _, s := range r.slots {
		if s.taken && !s.held {
			grants.Grants = append(grants.Grants, &workerv1.SlotGrants_Grant{OpPath: s.path, OpAttempt: s.attempt})
		}
	}
	if len(grants.GetGrants()) > 0 {
		r.session.out.grant(grants)
	}
}

// checkSlots holds the worker to the contract's limits.
func checkSlots(said *workerv1.Slots) error {
	if n := len(said.GetSlots()); n > maxSlots {
		return slotError("%d slots of pools at a time; at most %d are allowed", n, maxSlots)
	}
	for _, s := range said.GetSlots() {
		if n := len(s.GetOpPath()); n > maxSlotBytes {
			return slotError("a slot is for an op whose path has %d bytes; at most %d are allowed", n, maxSlotBytes)
		}
		if err := tag.CheckName(s.GetPool()); err != nil {
			return slotError("a slot of pool %.80q: %v", s.GetPool(), err)
		}
	}
	return nil
}

func slotError(format string, args ...any) error {
	return &host.Error{Code: host.Invalid, Reason: "WORKER_STREAM", Message: fmt.Sprintf(format, args...)}
}
