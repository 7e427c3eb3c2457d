package selector

import (
	"fmt"
	"strings"
)

// Error says why a text is no selector.
type Error struct {
	// Problems in the order of the text, at least one and at most MaxProblems.
	Problems []Problem
}

// Problem is one thing that is wrong with a text.
type Problem struct {
	// Column is the place in the text in code points, from 1.
	Column int
	// Message says what was found and what is allowed.
	Message string
	// Suggestion is what to write instead, as a sentence; empty when there is nothing to suggest.
	Suggestion string
}

// String is the message and the suggestion, without the place.
func (p Problem) String() string {
	if p.Suggestion == "" {
		return p.Message
	}
	return p.Message + "; " + p.Suggestion
}

// Error returns each problem with its place on a line of its own.
func (e *Error) Error() string {
	lines := make([]string, len(e.Problems))
	for i, p := range e.Problems {
		lines[i] = fmt.Sprintf("column %d: %s", p.Column, p)
	}
	return strings.Join(lines, "\n")
}
