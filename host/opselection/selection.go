package opselection

import "strings"

const (
	// MaxBytes is the longest op selection.
	MaxBytes = 16 << 10
	// MaxDepth is how deep parentheses, functions and not may nest.
	MaxDepth = 64
	// MaxLevels is the highest number of levels that may be written.
	MaxLevels = 1_000_000
	// MaxProblems is how many problems are told at once.
	MaxProblems = 100
)

// Selection is an op selection that was read: what any of its clauses selects.
type Selection struct {
	// Clauses are those between the commas, at least one.
	Clauses []Clause
}

// Clause is one part of a selection.
type Clause struct {
	// Place is where it begins.
	Place

	Expr Expr
}

// Place is a position in the text as typed, both from 1, Column in code points.
// The zero Place is the text as a whole.
type Place struct{ Line, Column int }

// Problem is one thing that is wrong with a selection.
type Problem struct {
	Place

	// Message says what is wrong and what was expected, for a person.
	Message string
}

// String is the selection in its one form. To read it again gives the same
// selection with other places, if it is within MaxBytes.
func (s Selection) String() string {
	texts := make([]string, len(s.Clauses))
	for i, c := range s.Clauses {
		texts[i] = c.Expr.String()
	}
	return strings.Join(texts, ", ")
}
