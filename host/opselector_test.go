package host_test

import (
	"fmt"
	"maps"
	"regexp"
	"slices"
	"strconv"
	"strings"
	"testing"

	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/opselection"
)

// TestExpressionsAreWhatTheEdgesSay compares expressions by chance on graphs by
// chance with sets made op by op, in the one form and in another that means the same.
func TestExpressionsAreWhatTheEdgesSay(t *testing.T) {
	rapid.Check(t, func(t *rapid.T) {
		d := &host.JobDefinition{Name: "j", Graph: *drawGraph(t, 0, nil)}
		s := &simple{up: map[string]map[string]bool{}, inputs: map[string]map[string]bool{}, below: map[string][]string{}}
		root := &scope{graph: &d.Graph}
		all := s.list(root)
		s.link(root, nil)
		names := slices.Sorted(slices.Values(slices.Concat(all, slices.Collect(maps.Keys(s.below)))))
		e := drawExpr(t, names, 3)
		want, known := s.eval(e, all)
		missing := false
		for p := range want {
			for u := range s.inputs[p] {
				missing = missing || !want[u]
			}
		}
		refused := !known || len(want) == 0 || missing
		ops := d.Ops()
		for _, text := range []string{e.String(), loose(e)} {
			got, err := ops.Select(text)
			if (err != nil) != refused {
				t.Fatalf("%s: %v; names known: %t, ops: %v, inputs missing: %t", text, err, known, want, missing)
			}
			if paths := slices.Sorted(maps.Keys(want)); err == nil && !slices.Equal(got, paths) {
				t.Fatalf("%s = %v, want %v", text, got, paths)
			}
		}
	})
}

// drawExpr draws an expression over these paths, and rarely over others.
func drawExpr(t *rapid.T, names []string, depth int) opselection.Expr {
	least := 0
	if depth == 0 {
		least = 6
	}
	inner := func() opselection.Expr { return drawExpr(t, names, depth-1) }
	levels := rapid.SampledFrom([]int{0, 0, 1, 2, 3, opselection.AllLevels})
	switch rapid.IntRange(least, 10).Draw(t, "kind") {
	case 0:
		return opselection.Not{Of: inner()}
	case 1:
		return opselection.And{Of: []opselection.Expr{inner(), inner()}}
	case 2, 3:
		return opselection.Or{Of: []opselection.Expr{inner(), inner(), inner()}}
	case 4:
		return opselection.Ends{Of: inner(), Side: rapid.SampledFrom([]opselection.Side{opselection.Roots, opselection.Sinks}).Draw(t, "side")}
	case 5:
		return opselection.Around{Of: inner(), Up: levels.Draw(t, "up"), Down: levels.Draw(t, "down")}
	case 6:
		return opselection.All{}
	case 7:
		name := rapid.SampledFrom(names).Draw(t, "like")
		at := rapid.IntRange(0, len(name)).Draw(t, "at")
		return opselection.Pattern{Glob: name[:at] + "*" + name[min(len(name), at+rapid.IntRange(0, 2).Draw(t, "cut")):]}
	case 8:
		return opselection.Around{Of: opselection.Name{Path: rapid.SampledFrom(names).Draw(t, "name")}, Up: opselection.AllLevels}
	default:
		if rapid.IntRange(0, 30).Draw(t, "misspelt") == 0 {
			return opselection.Name{Path: "nobody"}
		}
		return opselection.Name{Path: rapid.SampledFrom(names).Draw(t, "name")}
	}
}

// loose prints an expression with parentheses everywhere, plus signs instead of numbers, and no quotation marks.
func loose(e opselection.Expr) string {
	many := func(word string, of []opselection.Expr) string {
		texts := make([]string, len(of))
		for i, part := range of {
			texts[i] = loose(part)
		}
		return "( " + strings.Join(texts, word) + " )"
	}
	switch e := e.(type) {
	case opselection.Pattern:
		return "(name:" + e.Glob + ")"
	case opselection.Around:
		side := func(n int) string {
			if n == opselection.AllLevels {
				return "*"
			}
			return strings.Repeat("+", n)
		}
		return "(" + side(e.Up) + "(" + loose(e.Of) + ")" + side(e.Down) + ")"
	case opselection.Ends:
		return string(e.Side) + " (" + loose(e.Of) + ")"
	case opselection.Not:
		return "(NOT " + loose(e.Of) + ")"
	case opselection.And:
		return many(" AND ", e.Of)
	case opselection.Or:
		return many(" , ", e.Of)
	default:
		return "(" + e.String() + ")"
	}
}

// eval makes the set of an expression; known is false when a name or pattern matches nothing.
func (s *simple) eval(e opselection.Expr, all []string) (set map[string]bool, known bool) {
	set, known = map[string]bool{}, true
	of := func(e opselection.Expr) map[string]bool {
		inner, k := s.eval(e, all)
		known = known && k
		return inner
	}
	switch e := e.(type) {
	case opselection.All:
		for _, p := range all {
			set[p] = true
		}
	case opselection.Name:
		s.fit(set, all, func(path string) bool { return path == e.Path })
		known = len(set) > 0
	case opselection.Pattern:
		s.fit(set, all, regexp.MustCompile("^"+strings.ReplaceAll(regexp.QuoteMeta(e.Glob), `\*`, ".*")+"$").MatchString)
		known = len(set) > 0
	case opselection.Not:
		inner := of(e.Of)
		for _, p := range all {
			if !inner[p] {
				set[p] = true
			}
		}
	case opselection.And:
		count := map[string]int{}
		for _, part := range e.Of {
			for p := range of(part) {
				count[p]++
			}
		}
		for p, n := range count {
			if n == len(e.Of) {
				set[p] = true
			}
		}
	case opselection.Or:
		for _, part := range e.Of {
			maps.Copy(set, of(part))
		}
	case opselection.Ends:
		inner := of(e.Of)
		for p := range inner {
			other := false
			for q := range inner {
				other = other || e.Side == opselection.Roots && s.up[p][q] || e.Side == opselection.Sinks && s.up[q][p]
			}
			if !other {
				set[p] = true
			}
		}
	case opselection.Around:
		start := slices.Collect(maps.Keys(of(e.Of)))
		levels := func(n int) int {
			if n == opselection.AllLevels {
				return 4 // as walk has it
			}
			return n
		}
		s.walk(start, levels(e.Up), set, func(from, to string) bool { return s.up[from][to] })
		s.walk(start, levels(e.Down), set, func(from, to string) bool { return s.up[to][from] })
	}
	return set, known
}

func (s *simple) fit(set map[string]bool, all []string, fits func(path string) bool) {
	for _, p := range all {
		if fits(p) {
			set[p] = true
		}
	}
	for path, inside := range s.below {
		if fits(path) {
			for _, p := range inside {
				set[p] = true
			}
		}
	}
}

// chain is n ops, each of which needs the ten before it.
func chain(n int) *host.OpGraph {
	d := &host.JobDefinition{Name: "j", Graph: host.Graph{Name: "j"}}
	for i := range n {
		node := host.Node{Name: fmt.Sprint("op_", i), Op: "o"}
		for j := max(0, i-10); j < i; j++ {
			node.Wires = append(node.Wires, host.Wire{Input: "in", FromNode: fmt.Sprint("op_", j), FromPort: "result"})
		}
		d.Graph.Nodes = append(d.Graph.Nodes, node)
	}
	return d.Ops()
}

// TestSelectIsBounded has long selections of a large job: those that are one
// walk work, and those that are thousands are refused as too much.
func TestSelectIsBounded(t *testing.T) {
	const n = 20_000
	g := chain(n)
	last := fmt.Sprint("op_", n-1)
	for _, c := range []struct {
		name, unit string // %d is another number each time
		join       string
		want       int // -1: refused
	}{
		{"ManyClauses", "*" + last, ",", n},
		{"ManyLevels", "%d+" + last + ",*" + last, ",", n},
		{"ManyOr", "*" + last + "*", " or ", n},
		{"Few", "(*" + last + ")*", " and ", -1},
		{"Patterns", `name:"*1*%d*"`, " or ", -1},
		{"Ends", "roots(sinks(roots(*)))", " or ", -1},
		{"Not", "not (not op_0)", ",", 1},
	} {
		t.Run(c.name, func(t *testing.T) {
			var units []string
			for i, left := 0, opselection.MaxBytes-100; left > 0; i++ {
				units = append(units, strings.ReplaceAll(c.unit, "%d", strconv.Itoa(i)))
				left -= len(units[i]) + len(c.join)
			}
			paths, err := g.Select(strings.Join(units, c.join))
			switch {
			case c.want < 0 && (err == nil || !strings.Contains(err.Error(), "too much work")):
				t.Errorf("%d ops, %.200v; want a refusal", len(paths), err)
			case c.want >= 0 && (err != nil || len(paths) != c.want):
				t.Errorf("%d ops, %.200v; want %d", len(paths), err, c.want)
			}
		})
	}
}
