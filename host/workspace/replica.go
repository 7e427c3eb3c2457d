package workspace

import (
	"cmp"
	"slices"
	"time"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// Replica is one server process of a code location, as it answered last. The message in it is shared: do not change it.
type Replica struct {
	// Server is what it reported; nil when it does not report.
	Server *usercodev1.ServerInfo
	// Address is the IP address and port that it answered at.
	Address string
	// InUse tells that its report is that of the definitions in use.
	InUse bool
	// FirstSeen and AnsweredAt are when it answered first and last.
	FirstSeen, AnsweredAt time.Time
}

// replica is a server process that the host knows. The location's goroutine
// alone writes it, under the location's mu.
type replica struct {
	id                    string // of the server; "@" and its address when it names none
	report                report
	address               string
	firstSeen, answeredAt time.Time
	// conn leads to it and is held for it; nil when what led to it leads to another one now.
	conn *connection
}

// replicaID names the process that gave a report at an address.
func replicaID(r report, address string) string {
	if id := r.info.GetServerId(); id != "" {
		return id
	}
	return "@" + address
}

// replica finds a replica by its id; nil when it is not known.
func (l *location) replica(id string) *replica {
	for _, r := range l.replicas {
		if r.id == id {
			return r
		}
	}
	return nil
}

// meet notes who answered, and what. It says whether that may make a
// difference to anybody: nothing does that is as the time before.
func (l *location) meet(a *answer) (news bool) {
	now := l.clock.Now()
	known := a.conn.replica
	if a.same && known != nil && !a.fresh && known.conn == a.conn {
		l.mu.Lock()
		known.answeredAt = now
		if !a.lingering {
			l.answeredAt = now
		}
		l.mu.Unlock()
		if !a.lingering {
			l.see(a.report, now, false)
		}
		return false
	}
	l.mu.Lock()
	if !a.lingering {
		l.answeredAt = now
	}
	if l.reported == nil {
		l.reported = &a.report
	}
	l.enlist(a, now)
	l.mu.Unlock()
	if !a.lingering {
		l.see(a.report, now, a.fresh)
	}
	return true
}

// see applies the rule of the reports to an answer.
func (l *location) see(r report, now time.Time, fresh bool) {
	patience := l.patience()
	if l.reports.see(r.key, now, fresh, patience) {
		l.builds = reports{}
	}
	if r.key == l.reports.active {
		l.builds.see(r.build, now, fresh, patience)
	}
}

// enlist puts who answered into the list of replicas. mu must be held.
func (l *location) enlist(a *answer, now time.Time) {
	id := replicaID(a.report, a.conn.address)
	r := l.replica(id)
	if r == nil {
		r = &replica{id: id, firstSeen: now}
		l.replicas = append(l.replicas, r)
		if a.fresh && len(l.replicas) < maxReplicas {
			l.lookFurther()
		}
		l.crowd.enter(id, l.name)
	}
	r.report, r.address, r.answeredAt = a.report, a.conn.address, now
	if before := a.conn.replica; before != nil && before != r && before.conn == a.conn {
		before.conn = nil // a proxy moved the connection to another process
		a.conn.release()
	}
	if r.conn != a.conn {
		if r.conn != nil {
			r.conn.release()
		}
		a.conn.hold()
		r.conn = a.conn
	}
	a.conn.replica = r
	if len(l.replicas) > maxReplicas {
		l.dismiss(slices.MinFunc(l.replicas, func(a, b *replica) int { return a.answeredAt.Compare(b.answeredAt) }))
	}
}

// dismiss forgets a replica. mu must be held.
func (l *location) dismiss(r *replica) {
	l.replicas = slices.DeleteFunc(l.replicas, func(o *replica) bool { return o == r })
	l.crowd.leave(r.id, l.name)
	if r.conn != nil {
		r.conn.replica = nil
		r.conn.release()
		r.conn = nil
	}
}

// sweep forgets the replicas whose connection broke, which is how a process
// that ends is seen first, and those that did not answer for a while. It says
// whether there were any.
func (l *location) sweep(now time.Time) (gone bool) {
	for _, r := range slices.Backward(l.replicas) { // what is dismissed moves only those behind it
		broke := r.conn != nil && !r.conn.alive()
		if broke || r.conn == nil && now.Sub(r.answeredAt) >= reportMemory {
			l.mu.Lock()
			l.dismiss(r)
			l.mu.Unlock()
			gone = true
			if broke {
				l.lookFurther()
			}
		}
	}
	for _, t := range l.targets {
		if t.conn != nil && !t.conn.alive() {
			t.lose()
		}
	}
	return gone
}

// lookFurther makes the next probes take new connections, as many as a balancer
// needs that sends them to each of its servers in turn.
func (l *location) lookFurther() { l.explore = len(l.replicas) + 1 }

// patience is how many fresh answers in a row bring an older report back. As
// long as a server with the active report lives, it may only have had bad luck
// with a balancer's dice.
func (l *location) patience() int {
	alive, active := 0, false
	for _, r := range l.replicas {
		if r.conn != nil && !r.report.info.GetDraining() {
			alive++
			active = active || r.report.key == l.reports.active
		}
	}
	if !active {
		return rollbackProbes
	}
	return max(rollbackProbes, alive*rollbackProbesEach)
}

// allDraining says whether there are servers and all of them drain. mu must be held.
func (l *location) allDraining() bool {
	some := false
	for _, r := range l.replicas {
		if r.conn != nil {
			if !r.report.info.GetDraining() {
				return false
			}
			some = true
		}
	}
	return some
}

// inUse says whether a report is that of the definitions in use. mu must be held.
func (l *location) inUse(r report) bool {
	return l.definitions != nil && l.definitions.report.key == r.key
}

// best are the replicas, those that can be used best first: with the report in
// use, not draining, answered last. mu must be held.
func (l *location) best() []*replica {
	rank := func(r *replica) int {
		n := 0
		if !l.inUse(r.report) {
			n = 2
		}
		if r.report.info.GetDraining() {
			n++
		}
		return n
	}
	return slices.SortedStableFunc(slices.Values(l.replicas), func(a, b *replica) int {
		return cmp.Or(cmp.Compare(rank(a), rank(b)), b.answeredAt.Compare(a.answeredAt))
	})
}

// listed are the replicas as people see them. mu must be held.
func (l *location) listed() []Replica {
	var list []Replica
	for _, r := range l.best() {
		list = append(list, Replica{r.report.info, r.address, l.inUse(r.report), r.firstSeen, r.answeredAt})
	}
	return list
}

// server is what to show as the server: the report in use, from a process that
// still is there. mu must be held.
func (l *location) server() *usercodev1.ServerInfo {
	if l.reported == nil {
		return nil
	}
	var other *replica
	for _, r := range l.replicas {
		if r.report.key != l.reported.key || r.report.build != l.reported.build {
			continue
		}
		if r.report.info.GetServerId() == l.reported.info.GetServerId() {
			return r.report.info
		}
		if other == nil {
			other = r
		}
	}
	if other != nil {
		return other.report.info
	}
	return l.reported.info
}
