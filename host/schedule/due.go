package schedule

import (
	"fmt"
	"time"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/calendar"
)

const (
	// grace is how late a tick may be found without having been missed.
	grace = time.Minute
	// maxCounted is how many ticks that are not made up for are counted.
	maxCounted = 10_000
	// maxMadeUp is the most that a policy makes up for.
	maxMadeUp = 100
)

// due are the ticks of a schedule that have not been made.
type due struct {
	// keep are those that are made, oldest first.
	keep []time.Time
	// dropped counts those that are not, all of them before the others; at most maxCounted of them. first and last are the
	// oldest counted one and the newest.
	dropped     int
	more        bool
	first, last time.Time
}

// dueAt are the instants of a calendar after from and at or before now. Of those that were missed, which are found more
// than grace late, the policy decides which are made. The others are always made.
func dueAt(c *calendar.Calendar, from, now time.Time, policy *usercodev1.MissedTicks) (d due) {
	limit := madeUp(policy)
	for at, ok := c.Prev(now.Add(1)); ok && at.After(from); at, ok = c.Prev(at) {
		switch {
		case now.Sub(at) <= grace || len(d.keep) < limit:
			d.keep = append(d.keep, at)
		case d.dropped == maxCounted:
			d.more = true
			return d.ordered()
		default:
			if d.dropped == 0 {
				d.last = at
			}
			d.dropped++
			d.first = at
		}
	}
	return d.ordered()
}

// madeUp is how many ticks a policy makes at most when some were missed.
func madeUp(p *usercodev1.MissedTicks) int {
	switch p.GetPolicy() {
	case usercodev1.MissedTickPolicy_MISSED_TICK_POLICY_SKIP:
		return 0
	case usercodev1.MissedTickPolicy_MISSED_TICK_POLICY_ALL:
		return min(max(int(p.GetAtMost()), 1), maxMadeUp)
	default:
		return 1
	}
}

// ordered is with the oldest first.
func (d due) ordered() due {
	for i, j := 0, len(d.keep)-1; i < j; i, j = i+1, j-1 {
		d.keep[i], d.keep[j] = d.keep[j], d.keep[i]
	}
	return d
}

// reason says which ticks were dropped, and why.
func (d *due) reason(why string, policy *usercodev1.MissedTicks) string {
	count := fmt.Sprintf("%d ticks were missed, from %s to %s", d.dropped, wallOf(d.first), wallOf(d.last))
	switch {
	case d.more:
		count = fmt.Sprintf("more than %d ticks were missed, the last of them at %s", d.dropped, wallOf(d.last))
	case d.dropped == 1:
		count = fmt.Sprintf("the tick at %s was missed", wallOf(d.last))
	}
	rule := "only the latest one is made up for"
	switch limit := madeUp(policy); {
	case limit == 0:
		rule = "missed ticks are not made up for"
	case limit > 1:
		rule = fmt.Sprintf("only the latest %d are made up for", limit)
	}
	return fmt.Sprintf("%s: %s. By the schedule's policy %s.", count, why, rule)
}

func wallOf(at time.Time) string { return at.UTC().Format("2006-01-02 15:04:05Z") }
