package queue

import (
	"fmt"

	"github.com/penstock-run/penstock/host"
)

// Never says for people which limits, as they are now, let a run not start whatever else ends, one sentence each; none
// when it can start. It looks at the run's job and tags alone, so that it can be asked before there is a run.
func (q *Queue) Never(run *host.Run) (why []string) {
	q.mu.Lock()
	defer q.mu.Unlock()
	if q.total.limit.AtMost == 0 {
		why = append(why, "the most runs in progress is set to 0, so nothing starts until queue.max_in_progress is raised")
	}
	shared, single := q.slots.of(run)
	for _, k := range append(shared, single...) {
		if l := q.slots.limits[k.limit]; l.AtMost == 0 {
			why = append(why, fmt.Sprintf("limit %q lets no run start; the run stays queued until at_most of the limit is raised, or its tags are others", l.Name))
		}
	}
	return why
}
