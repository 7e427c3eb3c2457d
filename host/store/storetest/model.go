package storetest

import (
	"maps"
	"slices"
	"strings"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
)

// model is what a store must be like when one client uses it: lists in memory.
type model struct {
	runs     []*modelRun // by Seq, deleted ones too
	requests map[string]*modelRun
	changed  map[string]map[host.RunID]bool // runs that a request changed
	bodies   map[host.Digest][]byte
	newest   time.Time
	known    map[string]host.KnownLocation
	history  map[host.JobName][]host.JobPeriod // oldest first

	automations map[host.AutomationName]*modelAutomation
	partitions  []string // of dimension, in order
	ended       []host.EndedRun
	backfill    *host.Backfill
}

// modelRun is a run with its events in the order in which they were stored.
type modelRun struct {
	run     host.Run
	request string
	events  []host.StoredEvent
	last    map[uint32]uint64 // seq per attempt
	deleted bool
	// collect tells that it was deleted and its outputs are to be collected.
	collect bool
}

func newModel() *model {
	return &model{
		requests: map[string]*modelRun{}, changed: map[string]map[host.RunID]bool{}, bodies: map[host.Digest][]byte{},
		known: map[string]host.KnownLocation{}, history: map[host.JobName][]host.JobPeriod{},
		automations: map[host.AutomationName]*modelAutomation{},
	}
}

// create returns nil when the request id made a run before.
func (m *model) create(n host.NewRun) *modelRun {
	if m.requests[n.RequestID] != nil {
		return nil
	}
	r := &modelRun{run: n.Run, request: n.RequestID, last: map[uint32]uint64{}}
	if r.run.CreatedAt.Before(m.newest) {
		r.run.CreatedAt = m.newest
	}
	m.newest = r.run.CreatedAt
	m.runs = append(m.runs, r)
	r.run.Seq = uint64(len(m.runs))
	m.requests[n.RequestID] = r
	maps.Copy(m.bodies, n.Bodies)
	r.note(n.Events)
	return r
}

// end adds to the order in which runs ended what a change of one means.
func (m *model) end(was, is *host.Run) {
	e := host.EndedRun{Pos: uint64(len(m.ended)) + 1, Run: is.ID}
	switch {
	case !is.Status.Final():
		return
	case !was.Status.Final():
		e.RetryDue = is.RetryDue
	case was.RetryDue && !is.RetryDue:
		e.Settled = true
	default:
		return
	}
	m.ended = append(m.ended, e)
}

// note adds host events after the last worker event.
func (r *modelRun) note(notes [][]byte) {
	c := host.Cursor{Attempt: r.run.Attempt, Seq: r.last[r.run.Attempt]}
	for _, e := range r.events {
		if e.Cursor.Attempt == c.Attempt && e.Cursor.Seq == c.Seq {
			c.Note = e.Cursor.Note
		}
	}
	for _, data := range notes {
		c.Note++
		r.events = append(r.events, host.StoredEvent{Cursor: c, Data: data})
	}
}

// append returns false for a gap.
func (r *modelRun) append(b host.EventBatch) bool {
	if b.First > r.last[b.Attempt]+1 {
		return false
	}
	for i, data := range b.Events {
		if seq := b.First + uint64(i); seq > r.last[b.Attempt] {
			r.last[b.Attempt] = seq
			r.events = append(r.events, host.StoredEvent{Cursor: host.Cursor{Attempt: b.Attempt, Seq: seq}, Data: data})
		}
	}
	return true
}

func (r *modelRun) after(c host.Cursor, limit int) []host.StoredEvent {
	i := slices.IndexFunc(r.events, func(e host.StoredEvent) bool { return c.Less(e.Cursor) })
	if i < 0 {
		return nil
	}
	return r.events[i:min(len(r.events), i+limit)]
}

// matching returns the runs that where selects below before, newest first.
func (m *model) matching(where *selector.Expr, before uint64) (runs []host.Run) {
	for _, r := range slices.Backward(m.runs) {
		if !r.deleted && (before == 0 || r.run.Seq < before) && where.Matches(host.RunSource{Run: &r.run}) {
			runs = append(runs, r.run)
		}
	}
	return runs
}

// open returns the runs that are not final, in order of Seq.
func (m *model) open() (runs []host.Run) {
	for _, r := range m.runs {
		if !r.deleted && !r.run.Status.Final() {
			runs = append(runs, r.run)
		}
	}
	return runs
}

// retries returns the runs of which a retry is due, in order of Seq.
func (m *model) retries() (runs []host.Run) {
	for _, r := range m.runs {
		if !r.deleted && r.run.RetryDue {
			runs = append(runs, r.run)
		}
	}
	return runs
}

// outputs returns the runs whose outputs are to be collected at location, in order of their ids.
func (m *model) outputs(location string) (ids []host.RunID) {
	for _, r := range m.runs {
		if r.collect && r.run.Job.Location == location {
			ids = append(ids, r.run.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// find returns the ids that begin with prefix, in their order.
func (m *model) find(prefix string) (ids []host.RunID) {
	for _, r := range m.runs {
		if !r.deleted && strings.HasPrefix(string(r.run.ID), prefix) {
			ids = append(ids, r.run.ID)
		}
	}
	slices.Sort(ids)
	return ids
}

// put takes in a known location.
func (m *model) put(l host.KnownLocation) {
	now := map[host.JobName]host.Snapshot{}
	for _, r := range l.Repositories {
		for _, j := range r.Jobs {
			only := l
			only.Repositories = []host.KnownRepository{{Name: r.Name, Jobs: []host.KnownJob{j}}}
			now[host.JobName{Location: l.Name, Repository: r.Name, Job: j.Name}] = snapshotIn(only)
		}
	}
	for job, periods := range m.history {
		p := &periods[len(periods)-1]
		snapshot, there := now[job]
		if job.Location != l.Name || !p.Current || there && snapshot.ID() == p.First.ID() && snapshot.MetadataEntries == p.First.MetadataEntries {
			continue
		}
		*p = m.period(*p)
		p.Current = false
	}
	for job, snapshot := range now {
		periods := m.history[job]
		n := len(periods)
		if n > 0 && periods[n-1].Current {
			continue
		}
		p := host.JobPeriod{Job: job, Seq: uint64(n) + 1, First: snapshot, FirstSeen: l.LoadedAt, Current: true}
		if n > 0 && periods[n-1].LastSeen.After(p.FirstSeen) {
			p.FirstSeen = periods[n-1].LastSeen
		}
		m.history[job] = append(periods, p)
	}
	m.known[l.Name] = l
}

// period is a period as it is read.
func (m *model) period(p host.JobPeriod) host.JobPeriod {
	if !p.Current {
		return p
	}
	l := m.known[p.Job.Location]
	p.Last, p.LastSeen = p.First, p.FirstSeen
	p.Last.ServerInfo, p.Last.AllowDevVersions, p.Last.CodeVersion = l.ServerInfo, l.AllowDevVersions, l.CodeVersion
	if l.AnsweredAt.After(p.LastSeen) {
		p.LastSeen = l.AnsweredAt
	}
	return p
}
