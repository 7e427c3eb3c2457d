package host

import (
	"fmt"
	"sort"
	"strings"
	"unicode/utf8"
)

// maxSelection is the longest op selection in bytes.
const maxSelection = 16 << 10

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
	chosen := map[string]bool{}
	var problems []Problem
	column := 1
	for clause := range strings.SplitSeq(expr, ",") {
		text := strings.TrimLeft(clause, " \t\n")
		at := column + utf8.RuneCountInString(clause[:len(clause)-len(text)])
		column += utf8.RuneCountInString(clause) + 1
		if message := g.selectClause(strings.TrimSpace(text), chosen); message != "" {
			problems = append(problems, Problem{Field: "op_selection", Column: at, Message: message})
		}
	}
	if len(problems) == 0 {
		problems = g.missingInputs(chosen)
	}
	if len(problems) > 0 {
		return nil, selectionError(problems)
	}
	paths := make([]string, 0, len(chosen))
	for p := range chosen {
		paths = append(paths, p)
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

// selectClause adds what the clause selects to chosen, or says what is wrong.
func (g *OpGraph) selectClause(clause string, chosen map[string]bool) (message string) {
	if clause == "*" {
		for _, p := range g.Paths {
			chosen[p] = true
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
	walk(start, g.up, up, chosen)
	walk(start, g.down, down, chosen)
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
func (g *OpGraph) named(path string) []string {
	if i := sort.SearchStrings(g.Paths, path); i < len(g.Paths) && g.Paths[i] == path {
		return []string{path}
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

// walk adds start and what is within n levels of it (-1: all) along edges.
func walk(start []string, edges map[string][]string, n int, chosen map[string]bool) {
	seen := map[string]bool{}
	for _, p := range start {
		seen[p], chosen[p] = true, true
	}
	for front := start; len(front) > 0 && n != 0; n-- {
		var next []string
		for _, p := range front {
			for _, q := range edges[p] {
				if !seen[q] {
					seen[q], chosen[q] = true, true
					next = append(next, q)
				}
			}
		}
		front = next
	}
}

// missingInputs lists the inputs of chosen ops that come from ops left out.
func (g *OpGraph) missingInputs(chosen map[string]bool) []Problem {
	var problems []Problem
	for _, p := range g.Paths {
		if !chosen[p] {
			continue
		}
		for _, in := range g.inputs[p] {
			var missing []string
			for _, from := range in.from {
				if !chosen[from] {
					missing = append(missing, from)
				}
			}
			if len(missing) > 0 {
				problems = append(problems, Problem{
					Field: "op_selection",
					Path:  p,
					Message: fmt.Sprintf("input %q of op %s comes from %s, which is not selected; select it too, for example with *%s",
						in.name, p, strings.Join(unique(missing), ", "), p),
				})
			}
		}
	}
	return problems
}
