package host

import (
	"cmp"
	"slices"

	"github.com/penstock-run/penstock/host/opselection"
)

// Select returns the paths that an op selection selects, sorted. Package
// [opselection] has the grammar; empty text selects everything. What it means:
//
//   - A path is an op, or all ops inside a nested graph. Each level of + and *
//     is an op that the ops before need or feed, by data or by order; nested
//     graphs and the lists of what instances yield are no levels.
//   - A mapped op is all of its instances. Where they are known, see [JobDefinition.OpsWith],
//     parse[key] is one of them: before and behind it are the same item's, and
//     then what makes and takes the list. Elsewhere it is a problem.
//   - A pattern is all that paths which fit it would be.
//   - not, and, or and comma are complement, intersection and union of ops.
//   - roots and sinks are the ops that need or feed none of their own selection directly.
//
// A text that cannot be read, a name or pattern that matches nothing, a clause
// between commas that selects nothing, one that takes too much work, and a
// selection that lacks an input of a selected op are Invalid, with up to
// [opselection.MaxProblems] problems at their places.
func (g *OpGraph) Select(text string) ([]string, error) {
	chosen, err := g.choose(text)
	if err != nil {
		return nil, err
	}
	if problems := g.missingInputs(chosen); len(problems) > 0 {
		return nil, selectionError(problems)
	}
	return g.pathsOf(chosen), nil
}

// Choose is Select of ops that may lack inputs: what they lack is for Feed to say.
func (g *OpGraph) Choose(text string) ([]string, error) {
	chosen, err := g.choose(text)
	if err != nil {
		return nil, err
	}
	return g.pathsOf(chosen), nil
}

func (g *OpGraph) choose(text string) (opSet, error) {
	parsed, wrong := opselection.Parse(text)
	s := newOpSelector(g)
	for _, w := range wrong {
		s.problem(w.Place, w.Message)
	}
	chosen := s.clauses(parsed.Clauses)
	if s.walk.tooMuch() {
		s.problems = nil
		s.problem(opselection.Place{}, "it takes too much work on the graph of this job; use fewer parts with * and + under and, or fewer patterns")
	}
	if len(s.problems) > 0 {
		return nil, selectionError(s.problems)
	}
	return chosen, nil
}

// pathsOf are the paths of a set of ops, sorted; of all instances the one path that stands for them.
func (g *OpGraph) pathsOf(ops opSet) []string {
	var paths []string
	whole := map[string]bool{}
	for v := range g.members(ops) {
		path := v.path
		for _, fewer := range v.fewer {
			is, known := whole[fewer]
			if !known {
				is = !slices.ContainsFunc(g.inside[fewer], func(o *vertex) bool { return !ops.has(o) })
				whole[fewer] = is
			}
			if is {
				path = fewer
				break
			}
		}
		paths = append(paths, path)
	}
	slices.Sort(paths)
	return slices.Compact(paths)
}

func selectionError(problems []Problem) error {
	slices.SortStableFunc(problems, func(a, b Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column))
	})
	return &Error{
		Code:     Invalid,
		Reason:   "OP_SELECTION",
		Message:  "the op selection cannot be used",
		Remedy:   "name ops of the job, separated by commas; *op adds all that it needs, op* all that it feeds",
		Problems: problems[:min(len(problems), opselection.MaxProblems)],
	}
}
