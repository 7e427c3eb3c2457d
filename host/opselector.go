package host

import (
	"fmt"
	"strings"

	"github.com/penstock-run/penstock/host/opselection"
)

// opSelector finds what a selection selects of a graph.
type opSelector struct {
	graph *OpGraph
	walk  *opWalk
	// known are the ops of names and patterns that were looked up, by their text.
	known     map[string]opSet
	problems  []Problem
	suggested int
}

func newOpSelector(g *OpGraph) *opSelector {
	return &opSelector{graph: g, walk: newOpWalk(g), known: map[string]opSet{}}
}

// clauses are the ops of any clause. One that selects none is a problem.
func (s *opSelector) clauses(clauses []opselection.Clause) opSet {
	parts := make([]opselection.Expr, len(clauses))
	for i, c := range clauses {
		parts[i] = c.Expr
	}
	before := 0
	return s.anyOf(parts, func(i int, ops opSet) {
		if ops.empty() && len(s.problems) == before && !s.walk.tooMuch() {
			s.problem(clauses[i].Place, fmt.Sprintf("%.80q selects no op", parts[i]))
		}
		before = len(s.problems)
	})
}

// ops are those of one expression; none once there was too much work.
func (s *opSelector) ops(e opselection.Expr) opSet {
	if s.walk.tooMuch() {
		return s.graph.noOps()
	}
	switch e := e.(type) {
	case opselection.All:
		return s.graph.allOps()
	case opselection.Name:
		return s.named(e)
	case opselection.Pattern:
		return s.fitting(e)
	case opselection.Not:
		all := s.graph.allOps()
		all.drop(s.ops(e.Of))
		return all
	case opselection.And:
		both := s.graph.allOps()
		for _, part := range e.Of {
			both.keep(s.ops(part))
		}
		return both
	case opselection.Ends:
		edges := feeds // a root is fed by none
		if e.Side == opselection.Sinks {
			edges = needs
		}
		of := s.ops(e.Of)
		ends := s.graph.noOps()
		ends.join(of)
		ends.drop(s.walk.next(of, edges))
		return ends
	case opselection.Or:
		return s.anyOf(e.Of, func(int, opSet) {})
	case opselection.Around:
		return s.anyOf([]opselection.Expr{e}, func(int, opSet) {})
	default:
		panic(fmt.Sprintf("host: op selection with %T", e))
	}
}

// anyOf are the ops of any part, in one walk up and one down for all parts. It
// tells each of a part, or those in the middle when it has levels.
func (s *opSelector) anyOf(parts []opselection.Expr, each func(i int, ops opSet)) opSet {
	union := s.graph.noOps()
	up, down := map[int]opSet{}, map[int]opSet{}
	for i, part := range parts {
		around, ok := part.(opselection.Around)
		if !ok {
			around.Of = part
		}
		ops := s.ops(around.Of)
		each(i, ops)
		union.join(ops)
		s.start(up, around.Up, ops)
		s.start(down, around.Down, ops)
	}
	s.walk.within(up, needs, union)
	s.walk.within(down, feeds, union)
	return union
}

// start adds ops to those that so many levels are walked from.
func (s *opSelector) start(by map[int]opSet, levels int, ops opSet) {
	if most := len(s.graph.sorted); levels == opselection.AllLevels || levels > most {
		levels = most
	}
	if levels == 0 {
		return
	}
	if by[levels] == nil {
		by[levels] = s.graph.noOps()
	}
	by[levels].join(ops)
}

// named is the op with the path, or the ops inside the graph with it.
func (s *opSelector) named(e opselection.Name) opSet {
	ops, looked := s.known[e.Path]
	if !looked {
		ops = s.graph.noOps()
		if v := s.graph.ops[e.Path]; v != nil {
			ops.add(v)
		}
		for _, v := range s.graph.inside[e.Path] {
			ops.add(v)
		}
		s.known[e.Path] = ops
	}
	if ops.empty() {
		if unknown := s.graph.unknownInstance(e.Path); unknown != "" {
			s.problem(e.Place, unknown)
			return ops
		}
		hint := ""
		if s.suggested++; s.suggested <= maxSuggestions {
			hint = s.graph.suggestion(e.Path)
		}
		s.problem(e.Place, fmt.Sprintf("%.80q matches no op%s", e.Path, hint))
	}
	return ops
}

// fitting are the ops whose path fits the pattern, and those inside graphs whose path does.
func (s *opSelector) fitting(e opselection.Pattern) opSet {
	key := e.String() // no name is like it
	ops, looked := s.known[key]
	if !looked {
		ops = s.graph.noOps()
		pieces := strings.Split(e.Glob, "*")
		for _, v := range s.graph.sorted {
			if s.fits(v.path, pieces) {
				ops.add(v)
			}
		}
		for path, inside := range s.graph.inside {
			if s.fits(path, pieces) {
				for _, v := range inside {
					ops.add(v)
				}
			}
		}
		s.known[key] = ops
	}
	if ops.empty() && !s.walk.tooMuch() {
		s.problem(e.Place, fmt.Sprintf("the pattern %.80q matches no op%s", e.Glob, s.graph.listed()))
	}
	return ops
}

// fits tells whether the path is the pieces with anything between them.
func (s *opSelector) fits(path string, pieces []string) bool {
	s.walk.work += len(path)
	if s.walk.tooMuch() {
		return false
	}
	first, last := pieces[0], pieces[len(pieces)-1]
	if len(path) < len(first)+len(last) || !strings.HasPrefix(path, first) || !strings.HasSuffix(path, last) {
		return false
	}
	path = path[len(first) : len(path)-len(last)]
	for _, piece := range pieces[1 : len(pieces)-1] {
		at := strings.Index(path, piece)
		if at < 0 {
			return false
		}
		path = path[at+len(piece):]
	}
	return true
}

func (s *opSelector) problem(at opselection.Place, message string) {
	s.problems = append(s.problems, Problem{Field: "op_selection", Line: at.Line, Column: at.Column, Message: message})
}
