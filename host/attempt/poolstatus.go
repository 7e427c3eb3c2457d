package attempt

import (
	"cmp"
	"slices"
	"time"

	"github.com/penstock-run/penstock/host"
)

// maxPoolOps is how many ops of a pool are named.
const maxPoolOps = 100

// PoolStatus is how a pool stands.
type PoolStatus struct {
	Name string
	// Slots is how many there are, if it is Configured; otherwise nothing is limited.
	Slots      int
	Configured bool
	// Taken and Waiting count ops.
	Taken, Waiting int
	// Ops are those that have a slot, then those that wait, in the order in which they get one: the first 100.
	Ops []PoolOp
	// Unheard counts runs that have not said yet which slots they have, since the host was started: none is granted meanwhile.
	Unheard int
}

// PoolOp is an op that has a slot, or waits for one.
type PoolOp struct {
	Run    host.RunID
	OpPath string
	Taken  bool
	// Since is when it got it, or began to wait.
	Since time.Time
}

// SetPools replaces the pools. Ops that have a slot keep it.
func (s *Sessions) SetPools(pools []host.Pool) { s.pools.set(pools) }

// Pools tells how all pools stand: those of the configuration in its order, then others that ops ask for, by name.
func (s *Sessions) Pools() []PoolStatus { return s.pools.status("") }

// PoolsOf tells how those pools stand of which ops of a run wait for a slot.
func (s *Sessions) PoolsOf(run host.RunID) []PoolStatus { return s.pools.status(run) }

// status is that of all pools, or of those of which a run wants a slot.
func (p *pools) status(wantedBy host.RunID) []PoolStatus {
	p.mu.Lock()
	defer p.mu.Unlock()
	by := map[string][]*poolSlot{}
	wanted := map[string]bool{}
	for _, r := range p.runs {
		for _, s := range r.slots {
			by[s.pool] = append(by[s.pool], s)
			wanted[s.pool] = wanted[s.pool] || r.id == wantedBy && !s.taken
		}
	}
	var all []PoolStatus
	for _, c := range p.configured {
		all = append(all, PoolStatus{Name: c.Name, Slots: c.Slots, Configured: true})
	}
	var others []PoolStatus
	for name := range by {
		if _, ok := p.slotsOf(name); !ok {
			others = append(others, PoolStatus{Name: name})
		}
	}
	slices.SortFunc(others, func(a, b PoolStatus) int { return cmp.Compare(a.Name, b.Name) })
	all = append(all, others...)
	if wantedBy != "" {
		all = slices.DeleteFunc(all, func(s PoolStatus) bool { return !wanted[s.Name] })
	}
	for i := range all {
		all[i].Unheard = len(p.unheard)
		all[i].describe(by[all[i].Name])
	}
	return all
}

// describe counts and names the ops.
func (s *PoolStatus) describe(slots []*poolSlot) {
	slices.SortFunc(slots, func(a, b *poolSlot) int {
		if a.taken != b.taken {
			if a.taken {
				return -1
			}
			return 1
		}
		if a.taken {
			return cmp.Or(a.since.Compare(b.since), cmp.Compare(a.asked, b.asked))
		}
		return cmp.Or(cmp.Compare(b.run.priority, a.run.priority), cmp.Compare(a.asked, b.asked))
	})
	for _, x := range slots {
		if x.taken {
			s.Taken++
		} else {
			s.Waiting++
		}
		if len(s.Ops) < maxPoolOps {
			s.Ops = append(s.Ops, PoolOp{Run: x.run.id, OpPath: x.path, Taken: x.taken, Since: x.since})
		}
	}
}
