package queue

import (
	"fmt"
	"slices"
	"strconv"
	"strings"

	"github.com/penstock-run/penstock/host"
)

// newTotal is the slot of the limit of all runs.
func newTotal(most int) *slot {
	return &slot{limit: host.Limit{AtMost: most}, users: map[*entry]struct{}{}, holders: map[*entry]struct{}{}}
}

// slot is what one limit allows: to all runs that it counts, or to those with one value of its tag.
//
// Who holds it is a set of the runs themselves, which judge makes of what they are: nothing is counted up and down, so
// nothing can leak.
type slot struct {
	limit host.Limit
	// key names it; zero for the limit of all runs.
	key slotKey
	// users are the open runs that it counts, holders those of them that are in progress or about to be.
	users, holders map[*entry]struct{}
	// parked are lanes that are not looked at until somebody gives it back; only of limits for each value.
	parked map[*lane]struct{}
}

// full tells that no other run may start.
func (s *slot) full() bool { return s.limit.AtMost >= 0 && len(s.holders) >= s.limit.AtMost }

// slotKey names a slot: its limit by its place, and the value.
type slotKey struct {
	limit int
	value string
}

// slots are those that open runs use.
type slots struct {
	limits []host.Limit
	used   map[slotKey]*slot
}

// of returns the slots that count a run: those that it shares with whole lanes first, then those of single values.
func (t *slots) of(run *host.Run) (shared, single []slotKey) {
	source := host.RunSource{Run: run}
	for i, l := range t.limits {
		if l.Where != nil && !l.Where.Matches(source) {
			continue
		}
		if l.Each == "" {
			shared = append(shared, slotKey{limit: i})
		} else if value, ok := run.Tag(l.Each); ok {
			single = append(single, slotKey{limit: i, value: value})
		}
	}
	return shared, single
}

// get returns a slot, made if nobody used it.
func (t *slots) get(k slotKey) *slot {
	s := t.used[k]
	if s == nil {
		s = &slot{
			limit: t.limits[k.limit], key: k,
			users: map[*entry]struct{}{}, holders: map[*entry]struct{}{}, parked: map[*lane]struct{}{},
		}
		t.used[k] = s
	}
	return s
}

// text names slots, the same ones always the same.
func text(keys []slotKey) string {
	var b strings.Builder
	for _, k := range keys {
		b.WriteString(strconv.Itoa(k.limit))
		b.WriteByte(' ')
		b.WriteString(strconv.Quote(k.value))
	}
	return b.String()
}

// counting says which limits count a run at a moment.
type counting struct {
	limits                 []host.Limit
	sharedText, singleText string
}

// counting is that of an entry now. The caller holds mu.
func (q *Queue) counting(e *entry) counting {
	return counting{limits: q.slots.limits, sharedText: e.sharedText, singleText: e.singleText}
}

// same tells that a run is counted in the same way.
func (c counting) same(run *host.Run) bool {
	shared, single := (&slots{limits: c.limits}).of(run)
	return text(shared) == c.sharedText && text(single) == c.singleText
}

// editedMeanwhile keeps a start from going on under other limits than those that had a slot for it.
func editedMeanwhile(run *host.Run) error {
	return &host.Error{Code: host.Conflict, Reason: "EDITED", Message: fmt.Sprintf("the tags of run %s were edited meanwhile, and other limits count it", run.ID)}
}

// count takes in which limits count an entry, by its tags and its job as they are now. The caller holds mu.
func (q *Queue) count(e *entry, run *host.Run) {
	shared, single := q.slots.of(run)
	sharedText, singleText := text(shared), text(single)
	if len(e.slots) > 0 && sharedText == e.sharedText && singleText == e.singleText {
		return
	}
	q.uncount(e)
	e.sharedText, e.singleText = sharedText, singleText
	e.slots = append(e.slots, q.total)
	for _, k := range shared {
		e.slots = append(e.slots, q.slots.get(k))
	}
	e.shared = e.slots[1:]
	for _, k := range single {
		e.single = append(e.single, q.slots.get(k))
	}
	e.slots = append(slices.Clip(e.slots), e.single...)
	for _, s := range e.slots {
		s.users[e] = struct{}{}
	}
	q.judge(e)
}

// uncount takes an entry out of all limits. The caller holds mu.
func (q *Queue) uncount(e *entry) {
	q.ready.drop(e)
	for _, s := range e.slots {
		delete(s.users, e)
		s.give(e)
		if len(s.users) == 0 && s != q.total {
			delete(q.slots.used, s.key)
		}
	}
	e.slots, e.shared, e.single, e.sharedText, e.singleText = nil, nil, nil, "", ""
	q.judge(e)
}

// judge makes who holds slots, and which starts are under way, what the entry says. The caller holds mu, and calls it
// after each change of the entry's status, busy or starting.
func (q *Queue) judge(e *entry) {
	holds := e.status.InProgress() || e.busy && e.status == host.Queued
	for _, s := range e.slots {
		if holds {
			s.holders[e] = struct{}{}
		} else {
			s.give(e)
		}
	}
	under := q.starting[e.job.Location]
	switch {
	case e.starting && len(e.slots) > 0:
		if under == nil {
			under = map[*entry]struct{}{}
			q.starting[e.job.Location] = under
		}
		under[e] = struct{}{}
	case under != nil:
		if delete(under, e); len(under) == 0 {
			delete(q.starting, e.job.Location)
		}
	}
}

// give gives a slot back, if the entry holds it.
func (s *slot) give(e *entry) {
	if delete(s.holders, e); !s.full() {
		s.unpark()
	}
}
