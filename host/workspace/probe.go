package workspace

import (
	"context"
	"reflect"
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

// runOnce looks at the server once, loads its definitions if they may be
// others, and answers how long to wait before the next look. asked says that
// somebody asked for it: then nothing is taken for granted.
func (l *location) runOnce(ctx context.Context, asked bool) (pause time.Duration) {
	if !mayDial(l.config) {
		l.fail(insecureFault(l.config), nil)
		return l.backoff()
	}
	conn, r, f := l.contact(ctx, asked)
	if ctx.Err() != nil {
		return 0 // stopping is not a fault of the location
	}
	if f != nil {
		l.fail(f, nil)
		return l.backoff()
	}
	if c := versioncheck.DecideLocation(r.judged(), l.host); !c.Compatible {
		l.fail(incompatibleFault(c), &r)
		return l.pause(l.interval)
	}
	if !asked && l.isRejected(r) {
		return l.pause(l.interval)
	}
	if asked || l.mayDiffer(r) {
		f = l.load(ctx, conn, r)
	} else {
		l.refresh(r)
	}
	if ctx.Err() != nil {
		return 0
	}
	if f != nil {
		l.fail(f, &r)
		if f.rejected() {
			l.rejected, l.rejectedUntil = &r, l.clock.Now().Add(rejectedPause)
			return l.pause(l.interval)
		}
		return l.backoff()
	}
	l.failures, l.rejected = 0, nil
	return l.pause(l.interval)
}

// contact asks the server who it is, over a new connection where the one in use
// might lead to another server than a new one would.
func (l *location) contact(ctx context.Context, asked bool) (*connection, report, *fault) {
	if conn := l.active; conn != nil && !asked && l.clock.Now().Sub(conn.dialedAt) < connectionAge && !l.reported.info.GetDraining() {
		r, f := l.serverInfo(ctx, conn)
		if f == nil {
			l.answered(conn, r)
			return conn, r, nil
		}
		if ctx.Err() != nil {
			return nil, r, f
		}
	}
	conn, err := dial(l.config, l.userAgent, l.clock.Now())
	if err != nil {
		l.drop()
		return nil, report{}, &fault{code: FaultUnreachable, silent: true, message: err.Error(), remedy: "Check the address."}
	}
	r, f := l.serverInfo(ctx, conn)
	if f != nil {
		conn.release()
		l.drop()
		return nil, r, f
	}
	l.answered(conn, r)
	return conn, r, nil
}

// answered notes that a server answered over conn, which becomes the one in use.
func (l *location) answered(conn *connection, r report) {
	l.mu.Lock()
	defer l.mu.Unlock()
	l.answeredAt = l.clock.Now()
	if l.active != conn {
		if l.active != nil {
			l.active.release()
		}
		l.active = conn
	}
	if l.reported == nil {
		l.reported = &r
	}
}

// drop lets go of the connection in use.
func (l *location) drop() {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.active != nil {
		l.active.release()
		l.active = nil
	}
}

// isRejected says that the server reports just what it did with definitions
// that could not be used: asking again so soon would only cost.
func (l *location) isRejected(r report) bool {
	return l.rejected != nil && l.rejected.same(r) && l.clock.Now().Before(l.rejectedUntil)
}

// mayDiffer says whether the definitions or what may be had of them can be
// others than those in use: after a change of digest, version, capability or
// policy, and whenever the report does not tell.
func (l *location) mayDiffer(r report) bool {
	d := l.definitions
	return d == nil || l.fault != nil && !l.fault.silent || !l.judgesSame(r) || r.digest().IsZero() || r.digest() != d.root
}

// judgesSame says whether the gate's input is that of the definitions in use.
func (l *location) judgesSame(r report) bool {
	return l.policy() == l.definitions.policy && reflect.DeepEqual(anonymous(r), anonymous(l.definitions.report))
}

// anonymous is what is judged, without who was.
func anonymous(r report) versioncheck.Report {
	judged := r.judged()
	judged.ServerID = ""
	return judged
}

func (l *location) policy() versioncheck.Policy {
	return versioncheck.Policy{AllowDevVersions: l.config.AllowDevVersions}
}

// backoff is the time to wait after a failure, longer after each.
func (l *location) backoff() time.Duration {
	l.failures++
	return l.pause(l.interval * time.Duration(min(l.failures, maxBackoff)))
}

// pause takes up to a fifth off d, so that locations do not move in step.
func (l *location) pause(d time.Duration) time.Duration {
	return d - time.Duration(float64(d)*l.jitter()/5)
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
	l.mu.Unlock()
	if changed {
		l.settle(f.state(l.definitions != nil))
	}
}

// use makes d the definitions in use: readers see the old ones or the new ones,
// whole.
func (l *location) use(d *definitions) {
	l.mu.Lock()
	l.definitions, l.reported, l.fault, l.since = d, &d.report, nil, time.Time{}
	l.mu.Unlock()
	l.settle(host.LocationReady)
}
