package workspace

import (
	"slices"

	"github.com/penstock-run/penstock/versioncheck"
)

// rejudge takes the gate's decision on the definitions in use again after the
// policy changed. It does not wait for the location to answer: what is refused
// from now on is dropped at once, and what is allowed from now on lacks until
// it is fetched. Only while nothing runs the location.
func (l *location) rejudge() {
	d := l.definitions
	if d == nil || d.policy == l.policy() {
		return
	}
	allowed := l.decide(d.report).State == versioncheck.StateShown
	next := l.define(d.report, d.root, withoutRefused(d.repositories, allowed), d.loadedAt)
	next.lacking = allowed && slices.ContainsFunc(next.jobs, func(j *Job) bool {
		return j.MetadataBody == nil && !j.content.metadata.digest.IsZero()
	})
	l.mu.Lock()
	l.definitions = next
	l.mu.Unlock()
	if l.keeping.good == d {
		l.keeping.good = next // what is refused now must not be stored later
	}
	l.settle()
}
