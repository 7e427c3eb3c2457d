package workspace

import (
	"context"
	"slices"
	"sync"
	"time"
)

// answer is what one server said when it was asked who it is.
type answer struct {
	conn   *connection
	report report
	// same says that it is, byte for byte, what came over conn the last time.
	same bool
	// fresh says that the connection was made for it.
	fresh bool
	// lingering says that it came over a connection that a new one might not
	// lead the same way as: it tells of its server, not of the location.
	lingering bool
	// era is the location's when the connection was made; only those that others
	// made may be of an earlier one.
	era int
}

// ask asks those behind the location's address who they are: each target, and
// now and then the servers that were met before. A fault says that no target
// answered. asked asks for new connections.
func (l *location) ask(ctx context.Context, asked bool) ([]answer, *fault) {
	now := l.clock.Now()
	anew := asked || l.explore > 0 || l.reports.mixed() || l.drains()
	l.explore = max(l.explore-1, 0)
	if len(l.targets) == 0 || anew || l.failures > 0 || l.dueForFresh(now) {
		l.unresolved = l.resolve(ctx)
	}
	if l.unresolved != nil && len(l.targets) == 0 {
		return nil, l.unresolved
	}
	first, rest := l.preferred()
	answers, f := l.askTargets(ctx, l.due(first, now), anew, l.lingering(now))
	if f != nil && len(rest) > 0 && ctx.Err() == nil {
		others, otherFault := l.askTargets(ctx, rest, anew, nil)
		if otherFault == nil {
			l.by4 = !l.by4
			answers, f = append(answers, others...), nil
		}
	}
	return answers, f
}

// dueForFresh says whether a target gets a new connection.
func (l *location) dueForFresh(now time.Time) bool {
	return slices.ContainsFunc(l.targets, func(t *target) bool {
		return now.Sub(t.freshAt) >= connectionAge || t.conn == nil && !now.Before(t.notBefore)
	})
}

// drains says whether a server that answered last drains: the next connection
// may lead to its successor.
func (l *location) drains() bool {
	return slices.ContainsFunc(l.targets, func(t *target) bool { return t.conn != nil && t.conn.report.info.GetDraining() })
}

// due are the targets to ask now: all but those that did not answer a short
// while ago, unless there are no others.
func (l *location) due(targets []*target, now time.Time) []*target {
	if len(targets) < 2 {
		return targets
	}
	var due []*target
	answering := false
	for _, t := range targets {
		answering = answering || t.conn != nil
		if !now.Before(t.notBefore) {
			due = append(due, t)
		}
	}
	if !answering || len(due) == 0 {
		return targets
	}
	return due
}

// lingering are the connections to servers that were met over a connection
// before the last one, of those that were not asked for a while.
func (l *location) lingering(now time.Time) (conns []*connection) {
	for _, r := range l.replicas {
		if r.conn != nil && now.Sub(r.answeredAt) >= lingerInterval && !l.leads(r.conn) {
			conns = append(conns, r.conn)
		}
	}
	return conns
}

// leads says whether a connection is the last one to a target.
func (l *location) leads(c *connection) bool {
	for _, t := range l.targets {
		if t.conn == c {
			return true
		}
	}
	return false
}

// askTargets asks targets and lingering connections, side by side when there
// are several. A fault is the first of the targets', and says that none answered.
func (l *location) askTargets(ctx context.Context, targets []*target, anew bool, lingering []*connection) ([]answer, *fault) {
	if len(targets) == 1 && len(lingering) == 0 {
		a, f := l.askTarget(ctx, targets[0], anew)
		if f != nil {
			return nil, f
		}
		return []answer{a}, nil
	}
	answers := make([]answer, len(targets)+len(lingering))
	faults := make([]*fault, len(answers))
	var asking sync.WaitGroup
	for i, t := range targets {
		asking.Go(func() { answers[i], faults[i] = l.askTarget(ctx, t, anew) })
	}
	for i, c := range lingering {
		asking.Go(func() { answers[len(targets)+i], faults[len(targets)+i] = l.askLingering(ctx, c) })
	}
	asking.Wait()
	var good []answer
	var failed *fault
	answered := false
	for i := range answers {
		switch {
		case faults[i] == nil:
			good = append(good, answers[i])
			answered = answered || !answers[i].lingering
		case i < len(targets) && failed == nil:
			failed = faults[i]
		}
	}
	if answered {
		return good, nil
	}
	return good, failed
}

// askTarget asks who answers at a target: over the last connection while that
// is young, else over a new one. When no new one can be made, the one that
// there is still counts. It changes nothing but the target.
func (l *location) askTarget(ctx context.Context, t *target, anew bool) (answer, *fault) {
	if !anew && t.conn != nil && l.clock.Now().Sub(t.freshAt) < connectionAge {
		r, same, f := l.serverInfo(ctx, t.conn, callDeadline)
		if f == nil || ctx.Err() != nil {
			return answer{conn: t.conn, report: r, same: same}, f
		}
		t.lose()
	}
	started := l.clock.Now()
	conn, r, f := l.connect(ctx, t.address)
	t.fault = f
	if f == nil {
		t.lose()
		t.conn, t.freshAt, t.head = conn, conn.dialedAt.Add(-t.head), 0
		return answer{conn: conn, report: r, fresh: true}, nil
	}
	if t.conn != nil && t.conn.alive() && ctx.Err() == nil && f.silent {
		r, same, held := l.serverInfo(ctx, t.conn, callDeadline)
		if held == nil {
			t.freshAt = l.clock.Now().Add(maxBackoff*l.interval - connectionAge) // so soon again
			return answer{conn: t.conn, report: r, same: same}, nil
		}
	}
	t.lose()
	now := l.clock.Now()
	t.notBefore = now.Add(maxBackoff*l.interval + hangPenalty*now.Sub(started))
	return answer{}, f
}

// connect makes a new connection and asks who answers. It has one holder, the caller.
func (l *location) connect(ctx context.Context, address string) (*connection, report, *fault) {
	conn, err := dial(l.config, address, l.userAgent, l.clock.Now())
	if err != nil {
		return nil, report{}, &fault{code: FaultUnreachable, silent: true, message: err.Error(), remedy: "Check the address."}
	}
	r, _, f := l.serverInfo(ctx, conn, callDeadline)
	if f != nil {
		conn.release()
		return nil, r, f
	}
	return conn, r, nil
}

func (l *location) askLingering(ctx context.Context, c *connection) (answer, *fault) {
	r, same, f := l.serverInfo(ctx, c, lingerDeadline)
	return answer{conn: c, report: r, same: same, lingering: true}, f
}
