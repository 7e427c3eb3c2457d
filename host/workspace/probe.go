package workspace

import (
	"context"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/versioncheck"
)

// run keeps the location current until ctx ends. It may run again afterwards,
// with another configuration.
func (l *location) run(ctx context.Context) {
	var waiting []request
	for {
		waiting = l.take(waiting)
		pause := l.runOnce(ctx, len(waiting) > 0)
		for _, r := range waiting {
			r.done <- ctx.Err() == nil
		}
		waiting = nil
		l.save(ctx, false)
		select {
		case <-ctx.Done():
			return
		case r := <-l.requests:
			waiting = append(waiting, r)
		case <-l.clock.After(pause):
		}
	}
}

// take adds the requests that wait.
func (l *location) take(waiting []request) []request {
	for {
		select {
		case r := <-l.requests:
			waiting = append(waiting, r)
		default:
			return waiting
		}
	}
}

// runOnce looks at who answers once, loads definitions if they may be others,
// and answers how long to wait before the next look. asked says that somebody
// asked for it: then nothing is taken for granted.
func (l *location) runOnce(ctx context.Context, asked bool) (pause time.Duration) {
	if !mayDial(l.config) {
		l.fail(insecureFault(l.config), nil)
		return l.backoff()
	}
	a, f := l.contact(ctx, asked)
	if a != nil {
		defer a.conn.release()
	}
	if ctx.Err() != nil {
		return 0 // stopping is not a fault of the location
	}
	if f == nil && a != nil {
		f = l.act(ctx, a, asked)
	} else if f == nil {
		l.recover()
	}
	if ctx.Err() != nil {
		return 0
	}
	defer l.tell()
	switch {
	case f == nil:
		l.failures = 0
		return l.pause(l.interval)
	case a == nil:
		l.fail(f, nil)
		return l.backoff()
	}
	l.fail(f, &a.report)
	if f.incompatible || f.rejected() {
		return l.pause(l.interval)
	}
	return l.backoff()
}

// contact finds out who is there. The answer is one with the active report,
// whose connection is held for the caller; nil when only others answered.
func (l *location) contact(ctx context.Context, asked bool) (active *answer, f *fault) {
	l.greet()
	l.lookAround()
	for tries := 1; ; tries++ {
		var answers []answer
		answers, f = l.ask(ctx, asked)
		if ctx.Err() != nil {
			return nil, f
		}
		for i := range answers {
			a := &answers[i]
			if a.lingering && (a.conn.replica == nil || a.conn.replica.conn != a.conn) {
				continue // a new connection led to the same server, and took the place of this one
			}
			if l.meet(a) {
				l.news = true
			}
		}
		for i := range answers {
			if a := &answers[i]; !a.lingering && a.report.key == l.reports.active {
				active = a
			}
		}
		if active != nil {
			active.conn.hold() // it may break, and is not to be closed under the caller's call
		}
		l.lookAround()
		if f != nil || active != nil || !asked || tries >= l.patience() {
			return active, f
		}
	}
}

// lookAround forgets what is gone.
func (l *location) lookAround() {
	now := l.clock.Now()
	if l.sweep(now) {
		l.news = true
	}
	mixed := l.reports.mixed()
	if l.reports.forget(now) {
		l.builds = reports{}
	}
	if l.reports.mixed() != mixed {
		l.news = true
	}
}

// act does what the active report asks for: nothing, most of the time.
func (l *location) act(ctx context.Context, a *answer, asked bool) *fault {
	if !asked && l.fault == nil && !l.mayDiffer(a.report) { // the same was decided before
		l.refresh(a.report)
		return nil
	}
	if c := versioncheck.DecideLocation(a.report.judged(), l.host); !c.Compatible {
		return incompatibleFault(c)
	}
	if !asked && l.isRejected(a.report) {
		return l.fault
	}
	if !asked && !l.mayDiffer(a.report) {
		l.refresh(a.report)
		l.rejected = nil
		return nil
	}
	f := l.load(ctx, a)
	switch {
	case ctx.Err() != nil:
	case f == nil:
		l.rejected = nil
	case f.rejected():
		l.reject(a.report)
	}
	return f
}

// recover notes that the location answers, though not with the active report:
// what is in use stays so.
func (l *location) recover() {
	if l.fault != nil && l.fault.silent && l.definitions != nil {
		l.use(l.definitions)
	}
}

// drop lets go of everything that was learnt of servers, as before a change of
// the configuration. Whoever is making a connection meanwhile comes too late.
// Only while nothing runs the location.
func (l *location) drop() {
	l.mu.Lock()
	l.era++
	l.mu.Unlock()
	l.greet()
	l.mu.Lock()
	defer l.mu.Unlock()
	for len(l.replicas) > 0 {
		l.dismiss(l.replicas[0])
	}
	for _, t := range l.targets {
		t.lose()
	}
	l.targets, l.addresses, l.notices, l.draining = nil, nil, nil, false
	l.unresolved, l.news = nil, true
}

// rejection is definitions that could not be used.
type rejection struct {
	key     string
	servers map[string]bool // which of them sent them
	until   time.Time
}

// reject notes that a server's definitions could not be used.
func (l *location) reject(r report) {
	if l.rejected == nil || l.rejected.key != r.key || len(l.rejected.servers) >= maxReplicas {
		l.rejected = &rejection{key: r.key, servers: map[string]bool{}}
	}
	l.rejected.servers[r.info.GetServerId()] = true
	l.rejected.until = l.clock.Now().Add(rejectedPause)
}

// isRejected says that a server reports just what it did with definitions that
// could not be used: asking again so soon would only cost.
func (l *location) isRejected(r report) bool {
	x := l.rejected
	return x != nil && l.fault != nil && l.fault.rejected() && x.key == r.key && x.servers[r.info.GetServerId()] && l.clock.Now().Before(x.until)
}

// mayDiffer says whether the definitions or what may be had of them can be
// others than those in use: after a change of digest, version, capability or
// policy, and whenever the report does not tell.
func (l *location) mayDiffer(r report) bool {
	d := l.definitions
	return d == nil || d.lacking || l.fault != nil && !l.fault.silent || !l.judgesSame(r) || r.digest().IsZero() || r.digest() != d.root
}

// judgesSame says whether the gate's input is that of the definitions in use.
func (l *location) judgesSame(r report) bool {
	return l.policy() == l.definitions.policy && r.gate == l.definitions.report.gate
}

func (l *location) policy() versioncheck.Policy {
	return versioncheck.Policy{AllowDevVersions: l.config.AllowDevVersions}
}

// backoff is the time to wait after a failure, longer after each.
func (l *location) backoff() time.Duration {
	l.failures++
	return l.pause(l.interval * time.Duration(min(l.failures, maxBackoff)))
}

// pause is the time until the location's slot that is nearest to d from now.
func (l *location) pause(d time.Duration) time.Duration {
	return l.slots.next(l.slot, l.clock.Now(), d)
}

// fail puts a fault on the location. r is the report of the server if it answered.
func (l *location) fail(f *fault, r *report) {
	l.mu.Lock()
	changed := l.fault == nil || *l.fault != *f || r != nil && !l.reported.same(*r)
	if l.fault == nil || l.fault.code != f.code {
		l.since = l.clock.Now()
	}
	l.fault = f
	if r != nil {
		l.reported = r
	}
	if changed {
		l.state = f.state(l.definitions != nil)
	}
	l.mu.Unlock()
	if changed {
		l.settle()
	}
}

// use makes d the definitions in use: readers see the old ones or the new ones,
// whole.
func (l *location) use(d *definitions) {
	l.mu.Lock()
	l.definitions, l.reported, l.fault, l.since = d, &d.report, nil, time.Time{}
	l.state = host.LocationReady
	l.mu.Unlock()
	l.settle()
}
