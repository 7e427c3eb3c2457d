package launch

import (
	"context"
	"fmt"
	"slices"
	"strings"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/opselection"
	"github.com/penstock-run/penstock/host/reexecution"
	"github.com/penstock-run/penstock/host/workspace"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// fitRequest is what is to fit a definition.
type fitRequest struct {
	config    string
	selection string
	// origin is the run that is taken up; nil when there is none.
	origin *origin
}

// fitting is how config and op selection fit a definition.
type fitting struct {
	configYAML        string
	configJSON        []byte
	opPaths           []string
	subset            bool
	selection         string
	outputs           []*workerv1.StoredOutput
	missing           []host.MissingInput
	configProblems    []host.Problem
	selectionProblems []host.Problem
}

// fit checks config and op selection, and what the ops take that are executed without others. An error is one of reading
// what earlier runs did, or says that there is nothing to execute.
func (p *Planner) fit(ctx context.Context, job *workspace.Job, definition *host.JobDefinition, r fitRequest) (f fitting, err error) {
	var inputs []givenInput
	if s, err := p.schemas.get(definition.ConfigSchema); err != nil {
		f.configProblems = jobProblem(err)
	} else if c, problems := checkConfig(s, r.config); len(problems) > 0 {
		f.configProblems = problems
	} else {
		f.configYAML, f.configJSON, inputs = c.yaml, c.json, c.inputs
	}
	want := reexecution.Want{Definition: definition, Strategy: reexecution.Selected, Selection: r.selection, Given: givenBy(inputs)}
	var past *reexecution.Past
	if r.origin != nil {
		want.Strategy = r.origin.strategy
		if past, err = reexecution.Read(ctx, p.runs, r.origin.run); err != nil {
			return f, err
		}
	}
	plan, err := reexecution.Make(ctx, past, want)
	if err != nil {
		if host.ReasonOf(err) != "OP_SELECTION" {
			return f, err
		}
		f.selectionProblems = problemsOf(err, "op_selection")
		return f, nil
	}
	f.opPaths, f.subset, f.selection = plan.OpPaths, plan.Subset, plan.Selection
	f.outputs, f.missing = plan.Outputs, plan.Missing
	f.selectionProblems = missingProblems(plan.Missing, r.origin)
	f.configProblems = append(f.configProblems, checkInputs(plan.Graph, plan.OpPaths, inputs, r.origin.parent() != nil)...)
	if len(f.outputs) > 0 || len(inputs) > 0 {
		f.selectionProblems = append(f.selectionProblems, storeProblems(job)...)
	}
	f.selectionProblems = append(f.selectionProblems, grantProblems(f)...)
	changed, err := p.typeProblems(ctx, job, f.outputs)
	f.selectionProblems = append(f.selectionProblems, changed...)
	return f, err
}

// runProblems is all that keeps a run from being started like this.
func (f fitting) runProblems(run *host.Run) []host.Problem {
	return slices.Concat(f.configProblems, runTagProblems(run.Tags), f.selectionProblems)
}

// maxNamed is how many ops a problem names.
const maxNamed = 20

// missingProblems say which inputs nothing gives, each input once.
func missingProblems(missing []host.MissingInput, from *origin) (problems []host.Problem) {
	for rest := missing; len(rest) > 0 && len(problems) < opselection.MaxProblems; {
		first, n := rest[0], 1
		for n < len(rest) && rest[n].OpPath == first.OpPath && rest[n].Input == first.Input {
			n++
		}
		names := make([]string, 0, n)
		for _, m := range rest[:n] {
			names = append(names, m.From)
		}
		slices.Sort(names)
		if len(names) > maxNamed {
			names = append(names[:maxNamed], "others")
		}
		rest = rest[n:]
		are, have, them := "is", "has", "it"
		if n > 1 {
			are, have, them = "are", "have", "them"
		}
		without := ""
		if from != nil {
			without = fmt.Sprintf(" and %s no stored output that run %s could give", have, from.run.ID)
		}
		what := fmt.Sprintf("input %q of op %s comes", first.Input, first.OpPath)
		if first.Input == "" {
			what = fmt.Sprintf("the items that op %s is mapped over come", first.OpPath)
		}
		message := fmt.Sprintf("%s from %s, which %s not selected%s; select %s too, for example with *%s",
			what, strings.Join(names, ", "), are, without, them, first.OpPath)
		if first.Input != "" {
			message += fmt.Sprintf(", or give its value in the config: {%s: {%s: {%s: …}}}", inputsSection, first.OpPath, first.Input)
		}
		problems = append(problems, host.Problem{Field: "op_selection", Path: first.OpPath, Message: message})
	}
	return problems
}
