package backfill

import (
	"context"
	"slices"

	"github.com/penstock-run/penstock/host"
)

// standing is how a place stands: by the status of its newest run, or one of the two that come first.
type standing uint8

const (
	// notLaunched has no run.
	notLaunched standing = iota
	// refused could not be launched in this round.
	refused
	// launched is that of the first status; the others follow in the order of host.RunStatuses.
	launched
)

func standingOf(s host.RunStatus) standing {
	return launched + standing(slices.Index(host.RunStatuses, s))
}

// place is what is known of a partition.
type place struct {
	// seq is that of its newest run, 0 while it has none.
	seq uint64
	standing
	// done tells that nothing is to be launched for it in this round, any more or at all.
	done bool
}

// picture is how the partitions of a backfill stand. What open runs there are is part of it, so that nothing has to be
// counted.
type picture struct {
	places []place
	// live are the newest runs of places that are unsettled.
	live map[host.RunID]int
	// counts are how many places have each standing.
	counts [launched + 8]int
	// next is the place in the round from which on something may be left to launch.
	next int
}

// paint makes the picture of a backfill from the store.
func (r *Runner) paint(ctx context.Context, b *host.Backfill) (*picture, error) {
	p := &picture{places: make([]place, len(b.Partitions)), live: map[host.RunID]int{}, next: b.Next}
	p.counts[notLaunched] = len(b.Partitions)
	now := make([]bool, len(p.places)) // has a run of this round
	turns := turnsOf(b)
	for i := range p.places {
		run, round, err := r.newestOf(ctx, b, i)
		if err != nil {
			return nil, err
		}
		p.places[i].done = true
		if run != nil && !turns.outlived(b, i, round, run) {
			p.take(i, run)
			now[i] = round == b.Round
		}
	}
	refusals := make(map[string]bool, len(b.Refusals))
	for _, refusal := range b.Refusals {
		refusals[refusal.Partition] = true
	}
	unnamed := b.RefusedCount - len(b.Refusals) // which these are is not kept
	for n := range roundLen(b) {
		i := placeAt(b, n)
		switch {
		case n >= b.Next:
			p.places[i].done = now[i]
		case refusals[b.Partitions[i]]:
			p.refuse(i)
		case !now[i] && unnamed > 0:
			unnamed--
			p.refuse(i)
		}
	}
	return p, nil
}

// roundLen is how many places the round launches.
func roundLen(b *host.Backfill) int {
	if b.Round > 0 {
		return len(b.Retry)
	}
	return len(b.Partitions)
}

// placeAt is the place that the round launches as its n-th.
func placeAt(b *host.Backfill, n int) int {
	if b.Round > 0 {
		return b.Retry[n]
	}
	return n
}

// turns are the places that a retry launches again, and each with its turn; nil in round 0.
type turns map[int]int

func turnsOf(b *host.Backfill) turns {
	if b.Round == 0 {
		return nil
	}
	t := make(turns, len(b.Retry))
	for n, i := range b.Retry {
		t[i] = n
	}
	return t
}

// outlived tells that a place had a newer run than the one of a round that it has, which was deleted: it was launched again
// in this round, or a run of it ended well before, for otherwise this round would launch it again.
func (t turns) outlived(b *host.Backfill, i, round int, run *host.Run) bool {
	if round == b.Round {
		return false
	}
	if n, again := t[i]; again {
		return n < b.Next
	}
	return run.Status == host.Failure || run.Status == host.Canceled
}

func (p *picture) set(i int, s standing) {
	p.counts[p.places[i].standing]--
	p.counts[s]++
	p.places[i].standing = s
}

// take takes in a run of a place as it is now, unless a newer one is known.
func (p *picture) take(i int, run *host.Run) {
	if run.Seq < p.places[i].seq {
		return
	}
	p.places[i].seq = run.Seq
	p.set(i, standingOf(run.Status))
	delete(p.live, run.Parent) // of which this is the retry
	if unsettled(run) {
		p.live[run.ID] = i
	} else {
		delete(p.live, run.ID)
	}
}

// refuse says that a place cannot be launched in this round.
func (p *picture) refuse(i int) {
	p.places[i].done = true
	p.set(i, refused)
}

// upNext are the next places to launch, at most n.
func (p *picture) upNext(b *host.Backfill, n int) (places []int) {
	p.advance(b)
	for at := p.next; at < roundLen(b) && len(places) < n; at++ {
		if i := placeAt(b, at); !p.places[i].done {
			places = append(places, i)
		}
	}
	return places
}

// advance passes over what is done.
func (p *picture) advance(b *host.Backfill) {
	for p.next < roundLen(b) && p.places[placeAt(b, p.next)].done {
		p.next++
	}
}

// fell tells that not all is well.
func (p *picture) fell() bool {
	return p.counts[refused]+p.counts[standingOf(host.Failure)]+p.counts[standingOf(host.Canceled)] > 0
}

// statuses are the counts of the newest runs.
func (p *picture) statuses() host.RunCounts {
	counts := host.RunCounts{}
	for k, status := range host.RunStatuses {
		if n := p.counts[launched+standing(k)]; n > 0 {
			counts[status] = uint64(n)
		}
	}
	return counts
}

// failed are the places to launch again.
func (p *picture) failed() (places []int) {
	for i := range p.places {
		at := &p.places[i]
		fell := at.standing == refused || at.standing == standingOf(host.Failure) || at.standing == standingOf(host.Canceled)
		// One without a run that is done had one, which was deleted.
		if fell || at.standing == notLaunched && !at.done {
			places = append(places, i)
		}
	}
	return places
}
