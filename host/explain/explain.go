package explain

import (
	"context"
	"fmt"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/host/queue"
)

// Options of an Explainer. All are required.
type Options struct {
	Store    host.Store
	Queue    *queue.Queue
	Sessions *attempt.Sessions
	Planner  *launch.Planner
	// Launcher is asked for the worker of a run that is STARTING; it may be nil, then it is not.
	Launcher host.Launcher
	Clock    host.Clock
}

// Explainer explains runs. All methods may be called concurrently.
type Explainer struct{ o Options }

// New returns an Explainer.
func New(o Options) *Explainer { return &Explainer{o: o} }

// Explanation is why a run is where it is, at one moment.
type Explanation struct {
	Run host.Run
	// Summary is one sentence that says it all.
	Summary string
	// Reasons are the rules that were looked at, in the order in which they apply.
	Reasons []Reason
	// Position is the place of a run that is QUEUED among those that nothing but the limit of all runs holds, from 1, and
	// Among how many these are; queue.MaxPosition+1 stands for any place from there on. 0 when it has none.
	Position, Among uint32
}

// Reason is one rule.
type Reason struct {
	// Code is for machines, see the constants; that of a code location's fault is the fault's own.
	Code string
	// Blocks tells that it is what holds the run; one that is met does not.
	Blocks bool
	// Message says what is so, Remedy what to do about it; Remedy is empty when there is nothing to do but wait.
	Message, Remedy string
	// Since is since when, Until when it changes by itself; zero when that is not known, or it does not.
	Since, Until time.Time
	// Runs are the runs that it is about, at most 10.
	Runs []host.RunID
	// OpPath is the op that it is about; empty for the run.
	OpPath string
}

// Run explains the run. NotFound when there is none.
func (x *Explainer) Run(ctx context.Context, id host.RunID) (*Explanation, error) {
	// A run may move on while it is looked at: then what was found belongs to no status, and it is looked at again.
	const tries = 3
	for n := 1; ; n++ {
		run, err := x.o.Store.Run(ctx, id)
		if err != nil {
			return nil, err
		}
		e := &Explanation{Run: run}
		if err := x.explain(ctx, e); err != nil {
			return nil, err
		}
		now, err := x.o.Store.Run(ctx, id)
		if err != nil {
			return nil, err
		}
		if n == tries || now.Status == run.Status && now.Attempt == run.Attempt {
			return e, nil
		}
	}
}

func (x *Explainer) explain(ctx context.Context, e *Explanation) error {
	switch e.Run.Status {
	case host.Queued:
		return x.queued(ctx, e)
	case host.WaitingForCode:
		return x.waiting(ctx, e)
	case host.Starting:
		return x.starting(ctx, e)
	case host.Started:
		return x.started(ctx, e)
	case host.Canceling:
		return x.canceling(ctx, e)
	default:
		return x.final(ctx, e)
	}
}

// add adds a rule.
func (e *Explanation) add(r Reason) { e.Reasons = append(e.Reasons, r) }

// summarize makes the summary of what blocks first, or what is said when nothing does.
func (e *Explanation) summarize(otherwise string) {
	e.Summary = otherwise
	for _, r := range e.Reasons {
		if r.Blocks {
			e.Summary = r.Message
			return
		}
	}
}

// counted is a number with its noun.
func counted(n int, noun string) string {
	if n == 1 {
		return "1 " + noun
	}
	return fmt.Sprintf("%d %ss", n, noun)
}

// ago is how long ago a moment was, for people; nothing when it is not known.
func (x *Explainer) ago(t time.Time) string {
	return spanText(max(x.o.Clock.Now().Sub(t), 0))
}

// spanText is a length of time for people: to the second, from an hour on to the minute.
func spanText(d time.Duration) string {
	if d >= time.Hour {
		return host.SpanText(d.Round(time.Minute))
	}
	return host.SpanText(d.Round(time.Second))
}
