package workspace

import (
	"fmt"
	"slices"
	"strings"
)

// told is what everybody was told last of a location's servers.
type told struct {
	mixed, draining bool
	drainers        string
}

// tell publishes what changed about a location's servers, beside its state:
// that a deploy began or ended, that servers drain and what they wait for, and
// notices. Which processes answer is nobody's news.
func (l *location) tell() {
	notices := l.notice()
	l.mu.RLock()
	changed := !slices.Equal(notices, l.notices)
	l.mu.RUnlock()
	if !changed && !l.news {
		return
	}
	l.news = false
	l.mu.Lock()
	before := l.told
	l.told = told{mixed: l.reports.mixed(), draining: l.allDraining(), drainers: l.drainers()}
	l.mixed, l.draining, l.notices = l.told.mixed, l.told.draining, notices
	known := len(l.replicas)
	l.mu.Unlock()

	l.metrics.setServers(l.name, known, l.told.mixed)
	switch {
	case l.told.mixed && !before.mixed:
		l.logger.Info("code location is mixed: its servers report different definitions, versions or capabilities",
			"location", l.name, "reports", len(l.reports.seen), "servers", known)
	case before.mixed && !l.told.mixed:
		l.logger.Info("code location is mixed no more", "location", l.name, "servers", known)
	}
	if changed || l.told != before {
		l.feed.publish(l.name)
	}
}

// drainers are the servers that drain, with what they wait for. mu must be held.
func (l *location) drainers() string {
	var b strings.Builder
	for _, r := range l.replicas {
		if i := r.report.info; i.GetDraining() {
			fmt.Fprintf(&b, "%s %d %d;", r.id, i.GetLiveWorkers(), i.GetDrainDeadline().GetSeconds())
		}
	}
	return b.String()
}

// notice are the notices about addresses: those that do not answer while
// others, or servers that were met before, do.
func (l *location) notice() (notices []string) {
	if l.failures > 0 {
		return nil // nobody answers, and the fault says why
	}
	if l.unresolved != nil {
		notices = append(notices, "The addresses from before are used: "+l.unresolved.message)
	}
	targets, _ := l.preferred()
	for _, t := range targets {
		switch {
		case t.fault == nil:
		case t.conn != nil:
			notices = append(notices, "New connections to "+t.address+" fail, one from before still works: "+t.fault.message)
		case len(targets) > 1:
			notices = append(notices, fmt.Sprintf("%s, one of %d addresses, does not answer: %s", t.address, len(targets), t.fault.message))
		}
	}
	return notices
}

// noticed are all notices. mu must be held.
func (l *location) noticed() []string {
	notices := slices.Clone(l.notices)
	if n := l.crowd.notice(l.name, l.replicas); n != "" {
		notices = append(notices, n)
	}
	if l.definitions != nil {
		notices = append(notices, l.definitions.automation().notices...)
	}
	return notices
}
