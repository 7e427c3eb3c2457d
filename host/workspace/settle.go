package workspace

import (
	"github.com/penstock-run/penstock/versioncheck"
)

// settle tells everybody of another state, fault, report or other definitions:
// log, metrics, subscriptions.
func (l *location) settle() {
	l.mu.RLock()
	before, state := l.settled, l.state
	l.settled = state
	f := l.fault
	jobs := 0
	if l.definitions != nil {
		jobs = len(l.definitions.jobs)
	}
	var decisions []versioncheck.Decision
	if l.reported != nil {
		decisions = l.decisions()
	}
	l.mu.RUnlock()

	l.metrics.setState(l.name, state, jobs)
	switch {
	case f != nil && before == state && l.logged == f.code:
	case f != nil:
		l.logged = f.code
		l.logger.Warn("code location cannot be used as it is", "location", l.name, "state", string(state),
			"code", f.code, "message", f.message, "remedy", f.remedy)
	case before != state:
		l.logged = ""
		l.logger.Info("code location answers", "location", l.name, "state", string(state), "jobs", jobs)
	}
	for _, d := range decisions {
		l.logDecision(d)
	}
	l.feed.publish(l.name)
}

// logDecision logs and counts a decision if it is another than before.
func (l *location) logDecision(d versioncheck.Decision) {
	code, known := l.decided[d.Capability]
	if known && code == d.Code {
		return
	}
	l.decided[d.Capability] = d.Code
	log := l.logger.Info
	if d.State == versioncheck.StateRefused {
		log = l.logger.Warn
		l.metrics.refused.WithLabelValues(l.name, d.Capability, string(d.Code)).Inc()
	}
	log("version gate decided", "location", l.name, "capability", d.Capability,
		"state", string(d.State), "code", string(d.Code), "reported", d.Reported, "required", d.Required, "server_id", d.ServerID)
}
