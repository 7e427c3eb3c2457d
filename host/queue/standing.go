package queue

import (
	"maps"
	"slices"
	"time"

	"github.com/penstock-run/penstock/host"
)

// maxNamed is how many runs a Standing names of each kind.
const maxNamed = 10

// Standing is how the queue sees one run at a moment, with what it goes by when it decides whether to start it. What does
// not apply to the run's status is zero.
type Standing struct {
	// Status is that of the whole queue; Holders are runs that have a slot, oldest first, at most 10 of Status.InProgress.
	Status

	Holders []host.RunID
	// Known tells that the queue has the run among those that are open, in the status that RunStatus says. It may be a
	// moment behind the store.
	Known     bool
	RunStatus host.RunStatus
	// Working tells that the queue is at the run just now.
	Working bool
	// Ending tells that the queue starts nothing any more, since its host is about to end.
	Ending bool

	// Of a run that is QUEUED: how many runs come before it that nothing but the limit holds, and the first 10 of them.
	// A run of a location that starts nothing now is before nobody. Before is at most MaxPosition+1, which stands for any
	// number from there on. Among is how many runs there are that nothing but the limit holds, with this one.
	Before     int
	BeforeRuns []host.RunID
	Among      int
	// Taken are the slots that are taken, those of starts that have just begun included.
	Taken int
	// Limits are those that count it, beside the one of all runs.
	Limits []LimitStanding
	// RetryAt is until when it is held back after a start that failed for now; Failures counts those in a row.
	RetryAt  time.Time
	Failures int
	// LocationRestsUntil is until when its location is left alone; LocationFull tells that this is because it has as many
	// workers as it may have, and not because it did not answer. After that it gets one start at a time until it answers one.
	LocationRestsUntil time.Time
	LocationFull       bool
	// LocationStarts are the starts under way at its location, of at most LocationStartsMost.
	LocationStarts, LocationStartsMost int

	// Of a run that is WAITING_FOR_CODE: when its code was looked for last, and when it is at the latest without a sign.
	CheckedAt, NextCheckAt time.Time

	// Of a run that is STARTING: since when the queue knows, and when the lease ends; StartLease is its length.
	StartingSince, LeaseUntil time.Time
	StartLease                time.Duration
	// UnansweredSince is when its worker was asked for, as long as that has no answer. PatienceUntil is when the attempt is
	// given up if others wait for its slot then.
	UnansweredSince, PatienceUntil time.Time
	// Wanted tells that others wait for its slot, so that it is about to be given up.
	Wanted bool
}

// LimitStanding is how a limit stands for a run.
type LimitStanding struct {
	// Name is the limit's, AtMost how many it lets be in progress; Key and Value are the tag of a limit for each value.
	Name       string
	AtMost     int
	Key, Value string
	// Taken is how many are in progress, Holders the first 10 of them, oldest first.
	Taken   int
	Holders []host.RunID
	// Full tells that it lets no other run start.
	Full bool
}

// limits are how the limits stand that count an entry, beside that of all runs.
func (e *entry) limits() (of []LimitStanding) {
	for _, s := range e.slots[1:] {
		of = append(of, LimitStanding{
			Name: s.limit.Name, AtMost: s.limit.AtMost, Key: s.limit.Each, Value: s.key.value,
			Taken: len(s.holders), Holders: s.names(), Full: s.full(),
		})
	}
	return of
}

// names are the first few who hold a slot.
func (s *slot) names() []host.RunID {
	return named(slices.Collect(maps.Keys(s.holders)), func(a, b *entry) int { return a.startingAt.Compare(b.startingAt) })
}

// MaxStartTimeouts is how many attempts may end without a worker's hello before a run fails.
const MaxStartTimeouts = maxStartTimeouts

// Standing tells how the queue sees a run.
func (q *Queue) Standing(id host.RunID) Standing {
	q.mu.Lock()
	defer q.mu.Unlock()
	now := q.o.Clock.Now()
	s := Standing{Status: q.status(), Ending: q.paused, StartLease: q.o.StartLease, Taken: len(q.total.holders), Holders: q.total.names()}
	e := q.open[id]
	if e == nil {
		return s
	}
	s.Known, s.RunStatus, s.Working = true, e.status, e.busy
	switch e.status {
	case host.Queued:
		s.Limits = e.limits()
		s.Before, s.BeforeRuns, s.Among = q.position(e, now)
		if now.Before(e.notBefore) {
			s.RetryAt, s.Failures = e.notBefore, e.failures
		}
		s.LocationStarts, s.LocationStartsMost = len(q.starting[e.job.Location]), q.startsAtOnce(e.job.Location, now)
		if p := q.pauses[e.job.Location]; p != nil {
			s.LocationRestsUntil, s.LocationFull = p.until, p.full
		}
	case host.WaitingForCode:
		s.CheckedAt, s.NextCheckAt = q.checked, q.checked.Add(recheckEvery)
	case host.Starting:
		s.StartingSince, s.LeaseUntil = e.since, e.since.Add(q.o.StartLease)
		s.Wanted = e.call.wanted
		if !e.call.since.IsZero() {
			s.UnansweredSince = e.call.since
			s.PatienceUntil = e.call.since.Add(min(patience<<min(e.failures, 10), maxPatience))
		}
	default:
	}
	return s
}

// FullSince is since when all slots are taken while runs wait that nothing else holds; zero when it is not so.
func (q *Queue) FullSince() time.Time {
	q.mu.Lock()
	defer q.mu.Unlock()
	last := time.Time{}
	for e := range q.total.holders {
		if e.startingAt.After(last) {
			last = e.startingAt // no slot was given back since, or one would be free
		}
	}
	if q.total.limit.AtMost <= 0 || !q.total.full() {
		return time.Time{}
	}
	held := q.held()
	for key, g := range q.ready {
		if held(key.location) || firstFull(g.slots) != nil {
			continue
		}
		for _, l := range g.lanes {
			if firstFull(l.slots) == nil {
				return last
			}
		}
	}
	return time.Time{}
}

// named are the ids of the first few.
func named(entries []*entry, order func(a, b *entry) int) []host.RunID {
	slices.SortFunc(entries, order)
	var ids []host.RunID
	for _, e := range entries[:min(len(entries), maxNamed)] {
		ids = append(ids, e.id)
	}
	return ids
}
