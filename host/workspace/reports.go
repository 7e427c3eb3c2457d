package workspace

import (
	"slices"
	"time"
)

// reports is the rule by which one of several reports that a location gives in
// turn is the active one: the one that people see and definitions are loaded
// by. It knows nothing of connections and clocks.
//
// While servers are replaced one by one, the old report and the new one answer
// in turn. So a report that was never seen is a deploy and becomes active at
// once; one that was seen before it is what is left of the old servers, and
// changes nothing until it is alone.
type reports struct {
	// active is the key of the active report; it stays when all are forgotten.
	active string
	// seen are those that answered within reportMemory, in the order in which
	// they were first seen or became active.
	seen []sighting
	// row is the key that fresh answers have in a row, inRow how many.
	row   string
	inRow int
}

// sighting is a report that was seen.
type sighting struct {
	key  string
	last time.Time
}

// see notes an answer with the report key at now, and says whether another
// report is active since. fresh says that it came over a new connection: only
// then could another server have answered. patience is how many fresh answers
// in a row bring an older report back.
func (r *reports) see(key string, now time.Time, fresh bool, patience int) (changed bool) {
	before := r.active
	r.forget(now)
	switch {
	case key != r.row:
		r.row, r.inRow = key, 0
		if fresh {
			r.inRow = 1
		}
	case fresh:
		r.inRow++
	}
	i := slices.IndexFunc(r.seen, func(s sighting) bool { return s.key == key })
	switch {
	case i < 0:
		if len(r.seen) == maxReports {
			r.dropOldest()
		}
		r.seen = append(r.seen, sighting{key, now})
		r.active = key
	case key != r.active && r.inRow >= patience:
		// From now on it is the newest: what is left of the other one is the remainder.
		r.seen = append(slices.Delete(r.seen, i, i+1), sighting{key, now})
		r.active = key
	default:
		r.seen[i].last = now
	}
	return r.active != before
}

// forget drops the reports that were not seen for a while, and says whether
// another one is active since. When the active one is dropped, the newest of
// the rest is active.
func (r *reports) forget(now time.Time) (changed bool) {
	r.seen = slices.DeleteFunc(r.seen, func(s sighting) bool { return now.Sub(s.last) >= reportMemory })
	n := len(r.seen)
	if n == 0 || r.knows(r.active) {
		return false
	}
	r.active = r.seen[n-1].key
	return true
}

// dropOldest makes room by forgetting what was not seen for longest.
func (r *reports) dropOldest() {
	oldest := 0
	for i, s := range r.seen {
		if s.last.Before(r.seen[oldest].last) {
			oldest = i
		}
	}
	r.seen = slices.Delete(r.seen, oldest, oldest+1)
}

// knows says whether a report was seen lately.
func (r *reports) knows(key string) bool {
	return slices.ContainsFunc(r.seen, func(s sighting) bool { return s.key == key })
}

// mixed says whether servers differ: a deploy is under way.
func (r *reports) mixed() bool { return len(r.seen) > 1 }
