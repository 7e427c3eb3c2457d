package engine

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"strings"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

const (
	maxCauses     = 16
	maxCauseBytes = 4 << 10
)

// errorFailure describes the error that an attempt of an op ended with.
func errorFailure(err error) *workerv1.Failure {
	if late, ok := err.(*timeoutError); ok { //nolint:errorlint // our own, not one that the function passed on
		return timeoutFailure(late)
	}
	if wrong, ok := err.(*inputError); ok { //nolint:errorlint // our own as well
		return &workerv1.Failure{Reason: "input", Message: clean(errorText(wrong.error), maxMessageBytes), Causes: causes(wrong.error)}
	}
	f := &workerv1.Failure{Reason: "error", Message: clean(errorText(err), maxMessageBytes), Causes: causes(err)}
	if unopened := unopenedBy(err); unopened != nil {
		f.Reason, f.Stack = "resource", clean(string(unopened.Stack), maxStackBytes)
	}
	return f
}

// unopenedBy is the resource whose opening is among the causes, if there is one.
func unopenedBy(err error) (unopened *spec.ResourceError) {
	defer func() {
		if recover() != nil { // an Is, As or Unwrap of the author's
			unopened = nil
		}
	}()
	errors.As(err, &unopened)
	return unopened
}

// errorText is err.Error(), which is the author's code and may panic.
func errorText(err error) (text string) {
	defer func() {
		if p := recover(); p != nil {
			text = fmt.Sprintf("an error of type %T, whose Error method panicked", err)
		}
	}()
	return err.Error()
}

// causes are the texts of the errors below err, outermost first, those of a joined error one after the other.
func causes(err error) []string {
	var texts []string
	var walk func(error)
	walk = func(err error) {
		for _, below := range unwrap(err) {
			if below == nil {
				continue
			}
			if len(texts) == maxCauses {
				return
			}
			texts = append(texts, clean(errorText(below), maxCauseBytes))
			walk(below)
		}
	}
	walk(err)
	return texts
}

func unwrap(err error) (below []error) {
	defer func() {
		if recover() != nil { // an Unwrap of the author's
			below = nil
		}
	}()
	switch err := err.(type) { //nolint:errorlint // the chain itself is what is asked for
	case interface{ Unwrap() error }:
		if e := err.Unwrap(); e != nil {
			return []error{e}
		}
	case interface{ Unwrap() []error }:
		return err.Unwrap()
	}
	return nil
}

// panicFailure describes a panic of an op. fmt survives methods of the value that panic as well. Returned is what its
// function returned before, when it is what decides about another attempt that panicked.
func panicFailure(p any, stack []byte, returned string) *workerv1.Failure {
	f := &workerv1.Failure{
		Reason:  "panic",
		Message: clean(fmt.Sprintf("panic: %v", p), maxMessageBytes),
		Stack:   clean(string(trimStack(stack)), maxStackBytes),
	}
	if err, ok := p.(error); ok {
		f.Causes = causes(err)
	}
	if returned != "" {
		f.Message = clean("Retry.When: "+f.GetMessage(), maxMessageBytes)
		f.Causes = append([]string{clean(returned, maxCauseBytes)}, f.Causes...)
		f.Causes = f.Causes[:min(len(f.Causes), maxCauses)]
	}
	return f
}

// trimStack leaves of a stack what an author wants to see: from the call that panicked to the op's function.
func trimStack(stack []byte) []byte {
	lines := bytes.SplitAfter(stack, []byte("\n"))
	from := 0
	for i := 1; i+1 < len(lines); i += 2 { // the first line names the goroutine, then each frame has two
		switch {
		case from == 0 && bytes.HasPrefix(lines[i], []byte("panic(")):
			from = i + 2
		case from > 0 && bottom(lines[i]):
			return bytes.Join(lines[from:i], nil)
		}
	}
	return stack
}

// bottom is whether the line of a stack is the call that called the author's code.
func bottom(line []byte) bool {
	for _, f := range []string{"(*schedule).invoke(", "(*resources).open(", "callClose("} {
		if bytes.Contains(line, []byte("/usercode/internal/engine."+f)) {
			return true
		}
	}
	return false
}

// canceledFailure describes an op or a run that ended because ctx did. With is what the op said, if anything.
func canceledFailure(ctx context.Context, with *workerv1.Failure) *workerv1.Failure {
	text := "the run was canceled"
	if cause := context.Cause(ctx); !errors.Is(cause, context.Canceled) {
		text = cause.Error()
	}
	f := &workerv1.Failure{Reason: "canceled", Message: clean(text, maxMessageBytes)}
	if with != nil {
		f.Stack = with.GetStack()
		f.Causes = append([]string{clean(with.GetMessage(), maxCauseBytes)}, with.GetCauses()...)
		f.Causes = f.Causes[:min(len(f.Causes), maxCauses)]
	}
	return f
}

// runFailure sums up the ops that failed.
func runFailure(failed []failedOp) *workerv1.Failure {
	f := &workerv1.Failure{Reason: "op_failure"}
	paths := make([]string, len(failed))
	for i, op := range failed {
		paths[i] = op.path
		if i < maxCauses {
			f.Causes = append(f.Causes, clean(op.path+": "+op.failure.GetMessage(), maxCauseBytes))
		}
	}
	if len(failed) == 1 {
		f.Message = clean("op "+f.Causes[0], maxMessageBytes)
	} else {
		f.Message = clean(fmt.Sprintf("%s failed: %s", count(len(failed), "op"), strings.Join(paths, ", ")), maxMessageBytes)
	}
	return f
}
