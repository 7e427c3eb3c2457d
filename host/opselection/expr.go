package opselection

import (
	"strconv"
	"strings"
)

// AllLevels in an [Around] stands for any number of levels.
const AllLevels = -1

// Expr is one of the types of this file. Its String is its one form.
type Expr interface {
	String() string
	isExpr()
}

type (
	// All selects every op.
	All struct{}
	// Name selects the op with this path, or the ops inside the nested graph with it.
	Name struct {
		Place

		Path string
	}
	// Pattern selects what Name would select by any path that fits the glob, in
	// which "*" stands for any characters, dots too.
	Pattern struct {
		Place

		Glob string
	}
	// Around adds so many levels of what the ops need (Up) and feed (Down).
	Around struct {
		Of       Expr
		Up, Down int
	}
	// Ends keeps the ops that need (Roots) or feed (Sinks) no other of the same selection directly.
	Ends struct {
		Of   Expr
		Side Side
	}
	// Not selects all ops but these.
	Not struct{ Of Expr }
	// And selects the ops that each of two or more selects.
	And struct{ Of []Expr }
	// Or selects the ops that any of two or more selects.
	Or struct{ Of []Expr }
)

// Side of a graph, by the name of its function.
type Side string

// The sides: where it begins, and where it ends.
const (
	Roots Side = "roots"
	Sinks Side = "sinks"
)

func (All) isExpr()     {}
func (Name) isExpr()    {}
func (Pattern) isExpr() {}
func (Around) isExpr()  {}
func (Ends) isExpr()    {}
func (Not) isExpr()     {}
func (And) isExpr()     {}
func (Or) isExpr()      {}

// String is "*".
func (All) String() string { return "*" }

// String is the path, as name:"path" where the bare word would mean something else.
func (n Name) String() string {
	if reserved(n.Path) || isNumber(n.Path) {
		return `name:"` + n.Path + `"`
	}
	return n.Path
}

// String is name:"glob".
func (p Pattern) String() string { return `name:"` + p.Glob + `"` }

// String has signs on one or both sides.
func (a Around) String() string {
	of := a.Of.String()
	switch a.Of.(type) {
	case All, Around, Not, And, Or:
		of = "(" + of + ")"
	}
	up, down := "", ""
	switch {
	case a.Up == AllLevels:
		up = "*"
	case a.Up == 1:
		up = "+"
	case a.Up > 1:
		up = strconv.Itoa(a.Up) + "+"
	}
	switch {
	case a.Down == AllLevels:
		down = "*"
	case a.Down == 1:
		down = "+"
	case a.Down > 1:
		down = "+" + strconv.Itoa(a.Down)
	}
	return up + of + down
}

// String is the function with what it is of.
func (e Ends) String() string { return string(e.Side) + "(" + e.Of.String() + ")" }

// String begins with not.
func (n Not) String() string {
	switch n.Of.(type) {
	case And, Or:
		return "not (" + n.Of.String() + ")"
	}
	return "not " + n.Of.String()
}

// String has and between the parts.
func (a And) String() string {
	texts := make([]string, len(a.Of))
	for i, e := range a.Of {
		texts[i] = e.String()
		switch e.(type) {
		case And, Or:
			texts[i] = "(" + texts[i] + ")"
		}
	}
	return strings.Join(texts, " and ")
}

// String has or between the parts.
func (o Or) String() string {
	texts := make([]string, len(o.Of))
	for i, e := range o.Of {
		texts[i] = e.String()
	}
	return strings.Join(texts, " or ")
}
