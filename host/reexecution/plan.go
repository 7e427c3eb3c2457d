package reexecution

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/opselection"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// ReasonNothingFailed is that of the Conflict when there is nothing to resume.
const ReasonNothingFailed = "NOTHING_FAILED"

// Want is what is to be executed.
type Want struct {
	// Definition is the job as it is now.
	Definition *host.JobDefinition
	Strategy   Strategy
	// Selection is an op selection as typed, with Selected.
	Selection string
	// Given tells whether the config gives the value of an input.
	Given func(opPath, input string) bool
}

// Plan is what is executed, and what stands for the rest.
type Plan struct {
	// Graph has the ops of the job, with the instances that are known.
	Graph *host.OpGraph
	// OpPaths are the ops to execute, sorted; Subset tells that they are not all.
	OpPaths []string
	Subset  bool
	// Selection is a text that selects them, as typed if somebody typed it; empty for all.
	Selection string
	// Outputs are taken from earlier runs, sorted by op path.
	Outputs []*workerv1.StoredOutput
	// Missing are inputs that nothing gives.
	Missing []host.MissingInput
}

// Make plans what is executed of a job. The past is nil when there is no earlier run to take anything from, and then only
// Selected makes sense. Errors: Invalid with OP_SELECTION when the selection cannot be used; Conflict with NOTHING_FAILED;
// those of reading the past.
func Make(ctx context.Context, past *Past, w Want) (*Plan, error) {
	m := &maker{ctx: ctx, past: past, want: w}
	if err := m.readInstances(); err != nil {
		return nil, err
	}
	plan, err := m.choose()
	if m.err != nil {
		return nil, m.err
	}
	if err != nil {
		return nil, err
	}
	plan.Subset = !m.isAll(plan)
	if !plan.Subset && w.Strategy == FromFailure {
		plan.Selection = ""
	}
	taken, missing := plan.Graph.Feed(plan.OpPaths, m.standins())
	plan.Missing = missing
	for _, path := range taken {
		if o := m.stored[path]; o != nil { // of a map without items there is nothing to take
			plan.Outputs = append(plan.Outputs, o)
		}
	}
	return plan, m.err
}

// maker makes one plan.
type maker struct {
	ctx   context.Context //nolint:containedctx // it lives as long as the call that it is of
	past  *Past
	want  Want
	known []host.MapInstances
	// stored are the outputs that were asked for, nil where there is none.
	stored map[string]*workerv1.StoredOutput
	// err is the first error of reading the past.
	err error
}

func (m *maker) readInstances() (err error) {
	m.stored = map[string]*workerv1.StoredOutput{}
	if m.past == nil {
		return nil
	}
	m.known, err = m.past.instances(m.ctx, m.want.Definition.MappedOps())
	return err
}

func (m *maker) standins() host.Standins {
	return host.Standins{
		Given: m.want.Given,
		Stored: func(path string) bool {
			if m.past == nil || m.err != nil {
				return false
			}
			o, asked := m.stored[path]
			if !asked {
				o, m.err = m.past.stored(m.ctx, path)
				m.stored[path] = o
			}
			return o != nil || m.past.empty[path]
		},
	}
}

func (m *maker) choose() (*Plan, error) {
	graph := m.want.Definition.OpsWith(m.known)
	plan := &Plan{Graph: graph}
	switch run := m.run(); {
	case m.want.Strategy == FromFailure:
		within, err := m.within(graph)
		if err != nil {
			return nil, err
		}
		plan.OpPaths = graph.Resume(host.Resumption{Standins: m.standins(), Within: within.has, EndedWell: m.endedWell})
		plan.Selection = SelectionOf(plan.OpPaths)
		if len(plan.OpPaths) == 0 {
			return nil, nothingFailed(run)
		}
	case m.want.Strategy == All && isResumed(run):
		plan.OpPaths = graph.Present(run.OpPaths)
		plan.Selection = SelectionOf(plan.OpPaths)
		if len(plan.OpPaths) == 0 {
			return nil, nothingLeft(run)
		}
	default:
		plan.Selection = m.want.Selection
		if m.want.Strategy == All {
			plan.Selection = run.OpSelection
		}
		paths, err := graph.Choose(plan.Selection)
		if err != nil {
			return nil, err
		}
		plan.OpPaths = paths
	}
	return plan, nil
}

// run is the nearest run of the past; nil when there is none.
func (m *maker) run() *host.Run {
	if m.past == nil {
		return nil
	}
	return m.past.Run()
}

// isResumed tells that a run's op paths were worked out from a run before, and not typed.
func isResumed(run *host.Run) bool {
	value, _ := run.Tag(tag.KeyResume)
	return run.Subset && value == tag.ResumeFromFailure
}

// within is what was to be executed in the beginning, of the job as it is now.
func (m *maker) within(graph *host.OpGraph) (coverage, error) {
	run, err := m.past.wanted(m.ctx)
	if err != nil || !run.Subset || isResumed(run) {
		return coverageOf(run), err
	}
	if paths, err := graph.Choose(run.OpSelection); err == nil {
		return coverageOfPaths(paths), nil
	}
	return coverageOf(run), nil // what it selected is not all there any more
}

func (m *maker) endedWell(path string) bool {
	if m.err != nil {
		return true
	}
	well, err := m.past.endedWell(m.ctx, path)
	m.err = err
	return well
}

func (m *maker) isAll(plan *Plan) bool {
	all, err := plan.Graph.Choose("")
	return err == nil && slices.Equal(all, plan.OpPaths)
}

// SelectionOf is an op selection that selects these paths.
func SelectionOf(paths []string) string {
	texts := make([]string, len(paths))
	for i, p := range paths {
		texts[i] = opselection.Name{Path: p}.String()
	}
	return strings.Join(texts, ", ")
}

func nothingLeft(run *host.Run) error {
	return &host.Error{
		Code: host.Conflict, Reason: ReasonNothingFailed,
		Message: fmt.Sprintf("no op that run %s was to execute is in the job any more", run.ID),
		Remedy:  "Select ops of the job as it is now.",
	}
}

func nothingFailed(run *host.Run) error {
	return &host.Error{
		Code: host.Conflict, Reason: ReasonNothingFailed,
		Message: fmt.Sprintf("nothing failed: every op that run %s was to execute ended well", run.ID),
		Remedy:  "Execute all of it again, or select the ops.",
	}
}
