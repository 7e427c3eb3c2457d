package host

import (
	"fmt"
	"slices"
	"sort"
	"strings"

	"github.com/penstock-run/penstock/host/opselection"
)

// maxNamed is how many ops a problem names.
const maxNamed = 20

// missingInputs lists the inputs of chosen ops that come from ops left out.
func (g *OpGraph) missingInputs(chosen opSet) []Problem {
	var problems []Problem
	known := map[*vertex][]string{}
	for v := range g.members(chosen) {
		for _, in := range v.inputs {
			missing := missingAt(in.from, chosen, known)
			if len(missing) == 0 {
				continue
			}
			if len(missing) > maxNamed {
				missing[maxNamed] = "others"
			}
			what := fmt.Sprintf("input %q of op %s comes", in.name, v.path)
			if in.name == "" {
				what = fmt.Sprintf("the items that op %s is mapped over come", v.path)
			}
			left := "which is not selected; select it too"
			if len(missing) > 1 {
				left = "which are not selected; select them too"
			}
			problems = append(problems, Problem{
				Field:   "op_selection",
				Path:    v.path,
				Message: fmt.Sprintf("%s from %s, %s, for example with *%s", what, strings.Join(missing, ", "), left, v.path),
			})
			if len(problems) == opselection.MaxProblems {
				return problems
			}
		}
	}
	return problems
}

// missingAt are the ops left out that any of these come from, sorted; at most one
// more than is told. known keeps what was found out about places.
func missingAt(from []*vertex, chosen opSet, known map[*vertex][]string) []string {
	var missing []string
	for _, v := range from {
		switch at, looked := known[v]; {
		case v.path != "" && !chosen.has(v):
			missing = append(missing, v.path)
		case v.path == "" && looked:
			missing = append(missing, at...)
		case v.path == "":
			known[v] = missingAt(v.sources(), chosen, known)
			missing = append(missing, known[v]...)
		}
	}
	sort.Strings(missing)
	missing = slices.Compact(missing)
	return missing[:min(len(missing), maxNamed+1)]
}
