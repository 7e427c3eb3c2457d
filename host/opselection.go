package host

import (
	"fmt"
	"slices"
	"sort"
	"strings"
	"unicode/utf8"
)

const (
	// maxSelection is the longest op selection in bytes.
	maxSelection = 16 << 10
	// maxSelectionProblems and maxNamed are how many problems a selection is told
	// at once, and how many ops one of them names.
	maxSelectionProblems = 100
	maxNamed             = 20
)

// Select resolves an op selection in the classic form: clauses separated by
// commas, each the path of an op or a nested graph; `+` before or behind it adds
// one level of what it needs or feeds, each further `+` one more, `*` all
// levels. "" and "*" select everything. The paths come sorted.
//
// A clause that matches nothing, a form that cannot be read, and a selection
// that lacks an input of a selected op are Invalid, all problems together.
func (g *OpGraph) Select(expr string) ([]string, error) {
	if t := strings.TrimSpace(expr); t == "" || t == "*" {
		return append([]string(nil), g.Paths...), nil
	}
	if len(expr) > maxSelection {
		return nil, selectionError([]Problem{{
			Field: "op_selection", Message: fmt.Sprintf("it is %d bytes long; at most %d are allowed", len(expr), maxSelection),
		}})
	}
	wanted := newSelection()
	var problems []Problem
	column := 1
	for clause := range strings.SplitSeq(expr, ",") {
		text := strings.TrimLeft(clause, " \t\n")
		at := column + utf8.RuneCountInString(clause[:len(clause)-len(text)])
		column += utf8.RuneCountInString(clause) + 1
		if message := g.selectClause(strings.TrimSpace(text), wanted); message != "" {
			problems = append(problems, Problem{Field: "op_selection", Column: at, Message: message})
			if len(problems) == maxSelectionProblems {
				break
			}
		}
	}
	if len(problems) > 0 {
		return nil, selectionError(problems)
	}
	chosen := wanted.ops()
	if problems = g.missingInputs(chosen); len(problems) > 0 {
		return nil, selectionError(problems)
	}
	paths := make([]string, 0, len(chosen))
	for v := range chosen {
		paths = append(paths, v.path)
	}
	sort.Strings(paths)
	return paths, nil
}

func selectionError(problems []Problem) error {
	return &Error{
		Code:     Invalid,
		Reason:   "OP_SELECTION",
		Message:  "the op selection cannot be used",
		Remedy:   "name ops of the job, separated by commas; *op adds all that it needs, op* all that it feeds",
		Problems: problems,
	}
}

// selectClause adds what the clause selects to wanted, or says what is wrong.
func (g *OpGraph) selectClause(clause string, wanted selection) (message string) {
	if clause == "*" {
		for _, v := range g.ops {
			wanted.up[0][v] = true
		}
		return ""
	}
	rest := strings.TrimLeft(clause, "+*")
	name := strings.TrimRight(rest, "+*")
	if name == "" {
		return fmt.Sprintf("%.80q names no op", clause)
	}
	before, behind := clause[:len(clause)-len(rest)], rest[len(name):]
	up, okUp := levels(before)
	down, okDown := levels(behind)
	if !okUp || !okDown {
		return fmt.Sprintf("%.80q mixes + and *; use one of them on a side", clause)
	}
	start := g.named(name)
	if len(start) == 0 {
		return fmt.Sprintf("%.80q matches no op%s", name, g.nearest(name))
	}
	wanted.add(start, up, down)
	return ""
}

// levels reads a side of a clause: "" is 0, n times "+" is n, "*" is all (-1).
func levels(side string) (n int, ok bool) {
	switch {
	case side == "*":
		return -1, true
	case strings.Trim(side, "+") == "":
		return len(side), true
	default:
		return 0, false
	}
}

// named returns the op with this path, or the ops inside the graph with it.
func (g *OpGraph) named(path string) []*vertex {
	if v := g.ops[path]; v != nil {
		return []*vertex{v}
	}
	return g.inside[path]
}

// nearest suggests ops for a name that matches none.
func (g *OpGraph) nearest(name string) string {
	var last []string
	for _, p := range g.Paths {
		if strings.EqualFold(p, name) || strings.HasSuffix(p, "."+name) {
			return fmt.Sprintf("; did you mean %q?", p)
		}
		last = append(last, p)
	}
	if len(last) > 10 {
		return fmt.Sprintf("; the job has %d ops, for example %s", len(last), strings.Join(last[:10], ", "))
	}
	return "; the job has " + strings.Join(last, ", ")
}

// selection is what clauses ask for, by direction and number of levels (-1: all), so that many clauses are one walk.
type selection struct{ up, down map[int]map[*vertex]bool }

func newSelection() selection {
	return selection{up: map[int]map[*vertex]bool{0: {}}, down: map[int]map[*vertex]bool{}}
}

func (s selection) add(start []*vertex, up, down int) {
	for _, side := range []struct {
		of     map[int]map[*vertex]bool
		levels int
	}{{s.up, up}, {s.down, down}} {
		if side.of[side.levels] == nil {
			side.of[side.levels] = map[*vertex]bool{}
		}
		for _, v := range start {
			side.of[side.levels][v] = true
		}
	}
}

// ops are those that are selected.
func (s selection) ops() map[*vertex]bool {
	chosen := map[*vertex]bool{}
	for n, start := range s.up {
		walk(start, func(v *vertex) []*vertex { return v.up }, n, chosen)
	}
	for n, start := range s.down {
		walk(start, func(v *vertex) []*vertex { return v.down }, n, chosen)
	}
	return chosen
}

// walk adds start and the ops within n levels of it (-1: all) along edges. Places between ops are no levels.
func walk(start map[*vertex]bool, edges func(*vertex) []*vertex, n int, chosen map[*vertex]bool) {
	seen := make(map[*vertex]bool, len(start))
	var front []*vertex
	for v := range start {
		seen[v], chosen[v] = true, true
		front = append(front, v)
	}
	for ; len(front) > 0 && n != 0; n-- {
		var next []*vertex
		for len(front) > 0 {
			v := front[len(front)-1]
			front = front[:len(front)-1]
			for _, u := range edges(v) {
				switch {
				case seen[u]:
				case u.path == "":
					seen[u] = true
					front = append(front, u)
				default:
					seen[u], chosen[u] = true, true
					next = append(next, u)
				}
			}
		}
		front = next
	}
}

// missingInputs lists the inputs of chosen ops that come from ops left out.
func (g *OpGraph) missingInputs(chosen map[*vertex]bool) []Problem {
	var problems []Problem
	known := map[*vertex][]string{}
	for _, p := range g.Paths {
		v := g.ops[p]
		if !chosen[v] {
			continue
		}
		for _, in := range v.inputs {
			missing := missingAt(in.from, chosen, known)
			if len(missing) == 0 {
				continue
			}
			if len(missing) > maxNamed {
				missing[maxNamed] = "others"
			}
			problems = append(problems, Problem{
				Field: "op_selection",
				Path:  p,
				Message: fmt.Sprintf("input %q of op %s comes from %s, which is not selected; select it too, for example with *%s",
					in.name, p, strings.Join(missing, ", "), p),
			})
			if len(problems) == maxSelectionProblems {
				return problems
			}
		}
	}
	return problems
}

// missingAt are the ops left out that any of these come from, sorted; at most one
// more than is told. known keeps what was found out about places.
func missingAt(from []*vertex, chosen map[*vertex]bool, known map[*vertex][]string) []string {
	var missing []string
	for _, v := range from {
		switch at, looked := known[v]; {
		case v.path != "" && !chosen[v]:
			missing = append(missing, v.path)
		case v.path == "" && looked:
			missing = append(missing, at...)
		case v.path == "":
			known[v] = missingAt(v.up, chosen, known)
			missing = append(missing, known[v]...)
		}
	}
	sort.Strings(missing)
	missing = slices.Compact(missing)
	return missing[:min(len(missing), maxNamed+1)]
}
