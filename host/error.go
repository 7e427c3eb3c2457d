package host

import (
	"errors"
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// Code says what kind of error happened. The set is closed; host/api maps it
// to the wire in one function.
type Code int

const (
	// Internal is a fault of the host itself. It is the code of an error that is not an *Error.
	Internal Code = iota
	// NotFound means that what was named does not exist.
	NotFound
	// Invalid means that the request can never work as it is.
	Invalid
	// Conflict means that the request does not fit the present state.
	Conflict
	// Refused means that policy or the version gate says no.
	Refused
	// Unavailable means that something needed does not answer now.
	Unavailable
)

// Error is an error that people see.
type Error struct {
	// Code is for machines.
	Code Code
	// Reason is a finer code in capitals, for example JOB_NOT_FOUND.
	Reason string
	// Message is for a person: what they have and what is needed. It never holds internals.
	Message string
	// Remedy is for a person: what to do. It may be empty.
	Remedy string
	// Problems lists everything wrong with an input, in its order.
	Problems []Problem
	// Err is the cause, for the log only.
	Err error
}

// Problem is one thing that is wrong with an input.
type Problem struct {
	// Field is the part of the request: "config", "tags", "op_selection", "job".
	Field string
	// Path is the place in the part, for example "ops.read.path"; it may be empty.
	Path string
	// Line and Column are the place in the text as typed, from 1, the column in
	// code points; 0 when unknown.
	Line, Column int
	// Message says what is wrong and what is allowed.
	Message string
}

// String renders the problem on one line: place, then message.
func (p Problem) String() string {
	var b strings.Builder
	b.WriteString(p.Field)
	if p.Path != "" {
		fmt.Fprintf(&b, " %s", p.Path)
	}
	switch {
	case p.Line > 0 && p.Column > 0:
		fmt.Fprintf(&b, " (line %d, column %d)", p.Line, p.Column)
	case p.Line > 0:
		fmt.Fprintf(&b, " (line %d)", p.Line)
	case p.Column > 0:
		fmt.Fprintf(&b, " (column %d)", p.Column)
	}
	if b.Len() > 0 {
		b.WriteString(": ")
	}
	b.WriteString(p.Message)
	return b.String()
}

// Error returns the message, then each problem on a line of its own.
func (e *Error) Error() string {
	var b strings.Builder
	b.WriteString(e.Message)
	for _, p := range e.Problems {
		b.WriteString("\n  ")
		b.WriteString(p.String())
	}
	return b.String()
}

// Advice is the remedy as a sentence of its own, which is how people get it; empty when there is none.
func (e *Error) Advice() string {
	first, size := utf8.DecodeRuneInString(e.Remedy)
	if size == 0 {
		return ""
	}
	text := string(unicode.ToUpper(first)) + e.Remedy[size:]
	if last, _ := utf8.DecodeLastRuneInString(text); strings.ContainsRune(".!?…", last) {
		return text
	}
	return text + "."
}

// Unwrap returns the cause.
func (e *Error) Unwrap() error { return e.Err }

// CodeOf returns the code of the first *Error in err's chain, or Internal.
func CodeOf(err error) Code {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Code
	}
	return Internal
}

// ReasonOf returns the reason of the first *Error in err's chain, or "".
func ReasonOf(err error) string {
	if e, ok := errors.AsType[*Error](err); ok {
		return e.Reason
	}
	return ""
}
