package explain

import (
	"fmt"
	"strings"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
)

// maxHolders is how many ops that have a slot are named.
const maxHolders = 5

// poolReason says who has the slots for which ops of a run wait.
func poolReason(run host.RunID, p *attempt.PoolStatus) Reason {
	r := Reason{Code: CodePool, Blocks: true}
	var mine, holders []string
	before := 0
	for _, op := range p.Ops {
		switch {
		case op.Taken:
			holders = append(holders, fmt.Sprintf("op %s of run %s", op.OpPath, op.Run))
		case op.Run == run:
			mine = append(mine, op.OpPath)
			if r.Since.IsZero() {
				r.Since, r.OpPath = op.Since, op.OpPath
			}
		case len(mine) == 0:
			before++
		}
	}
	waits := "an op waits"
	if len(mine) > 0 {
		waits = fmt.Sprintf("op %s waits", mine[0])
	}
	if n := len(mine); n > 1 {
		waits = fmt.Sprintf("op %s and %d more wait", mine[0], n-1)
	}
	r.Message = fmt.Sprintf("%s for a slot of pool %s, taken: %d of %d", waits, p.Name, p.Taken, p.Slots)
	if n := len(holders); n > 0 {
		r.Message += ", by " + strings.Join(holders[:min(n, maxHolders)], ", ")
	}
	if n := p.Taken - min(len(holders), maxHolders); n > 0 {
		r.Message += fmt.Sprintf(" and %d more", n)
	}
	if before > 0 {
		r.Message += fmt.Sprintf("; waiting before it: %d", before)
	}
	switch {
	case p.Unheard > 0:
		r.Message += fmt.Sprintf("; since the host was started, %d runs have not said yet which slots they have", p.Unheard)
		r.Remedy = "Their workers come back by themselves, or count as lost after a while; no slot is granted until then."
	case p.Configured && p.Slots == 0:
		r.Remedy = "The pool has no slots, so nothing starts: give it some under queue.pools in the host's configuration."
	default:
		r.Remedy = "It starts when one is given back. More slots are given under queue.pools in the host's configuration."
	}
	return r
}

// poolReasons say for which slots of pools the ops of a run wait; waits are the paths of these ops.
func (x *Explainer) poolReasons(run host.RunID) (reasons []Reason, waits map[string]bool) {
	waits = map[string]bool{}
	for _, p := range x.o.Sessions.PoolsOf(run) {
		for _, op := range p.Ops {
			if op.Run == run && !op.Taken {
				waits[op.OpPath] = true
			}
		}
		reasons = append(reasons, poolReason(run, &p))
	}
	return reasons, waits
}
