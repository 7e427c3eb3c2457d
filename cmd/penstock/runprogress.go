package main

import (
	"fmt"
	"slices"
	"strings"
	"time"

	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// runProgress is how far a run is, as its events tell one after the other. The zero value is a run without events.
type runProgress struct {
	attempt       uint32
	ended, failed int
	// running are the ops that run, those that started last at the end, each with its newest word on how far it is.
	running []opProgress
}

type opProgress struct {
	path string
	said *progressObject // nil before it said something
}

// add takes the next event. What is late from an attempt before means nothing.
func (r *runProgress) add(e *hostv1.StoredEvent) {
	event := e.GetEvent()
	if event == nil || e.GetAttempt() < r.attempt {
		return
	}
	if e.GetAttempt() > r.attempt {
		*r = runProgress{attempt: e.GetAttempt()}
	}
	at := slices.IndexFunc(r.running, func(o opProgress) bool { return o.path == event.GetOpPath() })
	switch d := event.GetDetail().(type) {
	case *workerv1.Event_OpStarted:
		if at < 0 {
			r.running = append(r.running, opProgress{path: event.GetOpPath()})
		}
	case *workerv1.Event_Progress:
		if at >= 0 {
			r.running[at].said = reportedOf(event).Progress
		}
	case *workerv1.Event_OpFinished:
		if at >= 0 {
			r.running = slices.Delete(r.running, at, at+1)
		}
		if d.OpFinished.GetRetryAfter() != nil {
			return
		}
		r.ended++
		if !endedWell(d.OpFinished.GetOutcome()) {
			r.failed++
		}
	}
}

// endedWell is not said of ops that were canceled or skipped, and of those only that failed as a failure.
func endedWell(o workerv1.Outcome) bool {
	switch o {
	case workerv1.Outcome_OUTCOME_SUCCESS, workerv1.Outcome_OUTCOME_REUSED, workerv1.Outcome_OUTCOME_CANCELED, workerv1.Outcome_OUTCOME_SKIPPED:
		return true
	default:
		return false
	}
}

// line says it on one line: how many ops have ended, how many run, and how far those are that say so. Empty when nothing has
// happened yet.
func (r *runProgress) line() string {
	if r.ended == 0 && len(r.running) == 0 {
		return ""
	}
	parts := []string{counted(r.ended, "op") + " ended"}
	if r.failed > 0 {
		parts[0] += fmt.Sprintf(" (%d failed)", r.failed)
	}
	if len(r.running) > 0 {
		parts = append(parts, fmt.Sprintf("%d running", len(r.running)))
	}
	said := []string{strings.Join(parts, ", ")}
	for _, o := range slices.Backward(r.running) {
		if o.said != nil {
			said = append(said, inert(o.path+" "+o.said.bar()))
		}
	}
	return strings.Join(said, "; ")
}

// barCells is how wide a bar is.
const barCells = 12

// bar is the text of it with a bar before it, when the whole is known.
func (p *progressObject) bar() string {
	part, known := p.part()
	if !known {
		return p.text()
	}
	full := int(part * barCells)
	return "[" + strings.Repeat("#", full) + strings.Repeat("-", barCells-full) + "] " + p.text()
}

// part is what is done, from 0 to 1, and whether that is known.
func (p *progressObject) part() (float64, bool) {
	if p.Done == nil || p.Total == nil || *p.Total <= 0 {
		return 0, false
	}
	return min(max(*p.Done / *p.Total, 0), 1), true
}

// progressSteps tells which words on progress are worth a line of their own, where no line can be drawn anew: of an op that
// takes its time one in ten seconds, when another tenth of the whole is done or the whole is not known. The zero value has
// heard none.
type progressSteps struct {
	last map[string]progressStep
}

type progressStep struct {
	tenth int
	at    time.Time
}

const plainProgressEvery = 10 * time.Second

// due reports whether an event is progress that is worth a line.
func (s *progressSteps) due(e *hostv1.StoredEvent) bool {
	event := e.GetEvent()
	if _, ok := event.GetDetail().(*workerv1.Event_Progress); !ok {
		return false
	}
	said := reportedOf(event).Progress
	next := progressStep{at: event.GetTime().AsTime()}
	part, known := said.part()
	if known {
		next.tenth = int(part * 10)
	}
	key := fmt.Sprintf("%d %s %d", e.GetAttempt(), event.GetOpPath(), event.GetOpAttempt())
	last, heard := s.last[key]
	if heard && (known && next.tenth <= last.tenth || next.at.Sub(last.at) < plainProgressEvery) {
		return false
	}
	if s.last == nil {
		s.last = map[string]progressStep{}
	}
	s.last[key] = next
	return heard
}
