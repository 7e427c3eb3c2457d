package bulk

import (
	"sync"

	"github.com/penstock-run/penstock/host"
)

const (
	// writeBytes is about how many bytes of runs one write changes.
	writeBytes = 4 << 20
	// firstRuns is how many runs the first write has, while nothing is known of them.
	firstRuns = 10
	// tagBytes is about what a change of a tag costs beside its bytes, since runs are found by it.
	tagBytes = 1 << 10
)

// pace finds out how many runs go in one write. Most have a kilobyte or two, and then it is soon the most; but a config may
// have a megabyte, and so may the tags of an edit.
type pace struct {
	// most is how many there are at most, edit what an action adds to each run, in bytes.
	most, edit int

	mu sync.Mutex
	n  int
}

func newPace(a *host.BulkAction, most int) *pace {
	p := &pace{most: most}
	for _, t := range a.Set {
		p.edit += tagBytes + 3*(len(t.Key)+len(t.Value)) // in the run, and in the event with the value before
	}
	p.edit += tagBytes * len(a.Remove)
	p.n = p.fitting(firstRuns, 1<<10)
	return p
}

// fitting is how many runs of so many bytes are written at a time, at most limit.
func (p *pace) fitting(limit, bytes int) int {
	return max(min(writeBytes/(bytes+p.edit+1), limit, p.most), 1)
}

// runs is how many go in the next write.
func (p *pace) runs() int {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.n
}

// batch is how many runs the action names at a time, at most limit: two writes, but no fewer than a few.
func (p *pace) batch(limit int) int { return min(max(2*p.runs(), 2*firstRuns), limit) }

// learn looks at runs that were changed, or passed over. Those of a deletion come without what they have.
func (p *pace) learn(part []host.RunResult) {
	bytes, seen := 0, 0
	for i := range part {
		if run := &part[i].Run; run.ID != "" {
			seen++
			bytes += len(run.ConfigYAML) + len(run.ConfigJSON)
			for _, t := range run.Tags {
				bytes += len(t.Key) + len(t.Value)
			}
		}
	}
	p.mu.Lock()
	defer p.mu.Unlock()
	if seen > 0 {
		p.n = p.fitting(2*p.n, bytes/seen)
	}
}
