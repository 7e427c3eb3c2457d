package explain

import (
	"context"
	"fmt"
	"math"
	"slices"
	"strings"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/workspace"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

const (
	// maxOps is how many ops are listed one by one of each kind.
	maxOps = 10
	// maxLooked is how many ops that have not started are looked at.
	maxLooked = 50
)

// plan is what a run is to do.
type plan struct {
	graph *host.OpGraph
	// selected are the paths in the definition that the run executes.
	selected []string
	// atOnce is how many ops run at a time; 0 means as many as the worker has CPUs.
	atOnce int
}

// plan reads the definition that the run was started from. Without one nothing is planned.
func (x *Explainer) plan(ctx context.Context, run *host.Run) (plan, error) {
	body, err := x.o.Store.Body(ctx, run.StartedFrom.Definition)
	if err != nil {
		return plan{}, fmt.Errorf("definition of run %s: %w", run.ID, err)
	}
	wire, err := workspace.DecodeDefinition(body)
	if err != nil {
		return plan{}, fmt.Errorf("definition of run %s: %w", run.ID, err)
	}
	definition, err := workspace.JobDefinitionOf(wire)
	if err != nil {
		return plan{}, fmt.Errorf("definition of run %s: %w", run.ID, err)
	}
	p := plan{graph: definition.Ops(), atOnce: int(wire.GetMaxConcurrent())}
	seen := map[string]bool{}
	for _, path := range run.OpPaths {
		if path = definedPath(path); !seen[path] {
			seen[path] = true
			p.selected = append(p.selected, path)
		}
	}
	return p, nil
}

// active are the ops that run, and those that wait for their next attempt.
func (s *opStates) active(now time.Time) (reasons []Reason) {
	more := 0
	for _, path := range s.paths {
		op := s.ops[path]
		if op.ended {
			continue
		}
		if len(reasons) == maxOps {
			more++
			continue
		}
		reasons = append(reasons, op.reason(now))
	}
	if more > 0 {
		reasons = append(reasons, Reason{Code: CodeOpsLeft, Blocks: true, Message: verb(more, "more op runs or waits", "more ops run or wait") + " for a next attempt"})
	}
	return reasons
}

// reason says what an op that has not ended is at.
func (op *opState) reason(now time.Time) Reason {
	again := ""
	if op.attempt > 1 {
		again = fmt.Sprintf(", attempt %d", op.attempt)
	}
	if !op.running {
		return Reason{
			Code: CodeOpRetry, Blocks: true, OpPath: op.path, Since: op.since, Until: op.retryAt,
			Message: fmt.Sprintf("op %s failed in attempt %d and waits for the next: %s", op.path, op.attempt, clip(op.failure.GetMessage())),
		}
	}
	message := fmt.Sprintf("op %s runs%s, for %s", op.path, again, spanText(max(now.Sub(op.since), 0)))
	if p := op.progress; p != nil {
		message += ": " + progressText(p)
		if op.message != "" {
			message += ", " + clip(op.message)
		}
	}
	return Reason{Code: CodeOpRunning, Blocks: true, OpPath: op.path, Since: op.since, Message: message}
}

func progressText(p *workerv1.Progress) string {
	text := number(p.GetDone())
	if p.GetTotal() > 0 {
		text += " of " + number(p.GetTotal())
	}
	if p.GetUnit() != "" {
		text += " " + clip(p.GetUnit())
	}
	if p.GetTotal() > 0 {
		text += fmt.Sprintf(" (%.0f %%)", math.Floor(100*p.GetDone()/p.GetTotal())) // as the web UI says it
	}
	return text
}

func number(f float64) string {
	return strings.TrimSuffix(strings.TrimRight(fmt.Sprintf("%.2f", f), "0"), ".")
}

func (s *opStates) activeCount() (n int) {
	for _, op := range s.ops {
		if !op.ended {
			n++
		}
	}
	return n
}

func (s *opStates) runningCount() (n int) {
	for _, op := range s.ops {
		if op.running {
			n++
		}
	}
	return n
}

// ended tells of each op of the definition that has been heard of whether all of it has ended: of a mapped one all
// instances, once it is known how many there are.
func (s *opStates) ended() map[string]bool {
	ended, instances := map[string]bool{}, map[string]int{}
	for path, op := range s.ops {
		defined := definedPath(path)
		if _, known := ended[defined]; !known {
			ended[defined] = true
		}
		ended[defined] = ended[defined] && op.ended
		if defined != path {
			instances[defined]++
		}
	}
	for defined, want := range s.expected {
		ended[defined] = instances[defined] >= want && (want == 0 || ended[defined])
	}
	return ended
}

// left are the ops that have not started, with what each waits for.
func (s *opStates) left(p plan) (reasons []Reason) {
	ended := s.ended()
	selected := map[string]bool{}
	for _, path := range p.selected {
		selected[path] = true
	}
	looked, more := 0, 0
	for _, path := range p.selected {
		if _, heard := ended[path]; heard && (ended[path] || s.expected[path] == 0) {
			continue // it has ended, or runs, or waits for a retry
		}
		if looked++; looked > maxLooked || len(reasons) == maxOps {
			more++
			continue
		}
		if r, waits := s.waits(p, path, ended, selected); waits {
			reasons = append(reasons, r)
		}
	}
	if more > 0 {
		reasons = append(reasons, Reason{Code: CodeOpsLeft, Message: verb(more, "more op has", "more ops have") + " not started"})
	}
	return reasons
}

// waits says what an op waits for that has not ended and of which not all has started.
func (s *opStates) waits(p plan, path string, ended, selected map[string]bool) (r Reason, waits bool) {
	what, waiting, turn := "op "+path, "waits", "its turn"
	if want := s.expected[path]; want > 0 {
		begun := 0
		for other := range s.ops {
			if definedPath(other) == path {
				begun++
			}
		}
		if begun >= want {
			return Reason{}, false
		}
		what = fmt.Sprintf("%d of %s of op %s", want-begun, counted(want, "instance"), path)
		if want-begun > 1 {
			waiting, turn = "wait", "their turn"
		}
	}
	var needs []string
	for _, n := range p.graph.Needs(path) {
		if selected[n] && !ended[n] {
			needs = append(needs, n)
		}
	}
	if len(needs) > 0 {
		return Reason{Code: CodeOpUpstream, OpPath: path, Message: fmt.Sprintf("%s %s for %s", what, waiting, listed(needs))}, true
	}
	return Reason{
		Code: CodeOpReady, OpPath: path,
		Message: fmt.Sprintf("%s could start and %s for %s: %s, %s", what, waiting, turn, verb(s.runningCount(), "op runs", "ops run"), atOnceText(p.atOnce)),
		Remedy:  "The job's option MaxConcurrent says how many ops run at a time.",
	}, true
}

func atOnceText(n int) string {
	if n == 0 {
		return "and as many run at a time as the worker has CPUs"
	}
	return fmt.Sprintf("and %d run at a time", n)
}

// listed joins names, the first few of them.
func listed(names []string) string {
	const most = 5
	if len(names) <= most {
		return strings.Join(names, ", ")
	}
	return strings.Join(names[:most], ", ") + fmt.Sprintf(" and %d more", len(names)-most)
}

// summary is what the run is at, in one sentence.
func (s *opStates) summary() string {
	var running, retrying []string
	for _, path := range s.paths {
		switch op := s.ops[path]; {
		case op.running:
			running = append(running, path)
		case !op.ended:
			retrying = append(retrying, path)
		}
	}
	slices.Sort(running)
	slices.Sort(retrying)
	switch {
	case len(running) > 0 && len(retrying) > 0:
		return fmt.Sprintf("op %s runs; op %s waits for a next attempt", listed(running), listed(retrying))
	case len(running) > 0:
		return "user code runs: op " + listed(running)
	case len(retrying) > 0:
		return fmt.Sprintf("op %s failed and waits for a next attempt", listed(retrying))
	case len(s.ops) == 0:
		return "user code was let start, and no op has begun yet"
	default:
		return "all ops that could run have ended, and the run is about to be"
	}
}
