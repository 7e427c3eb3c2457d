package usercode

import (
	"fmt"
	"reflect"
	"runtime"
	"strings"
)

// sdk is what names of functions of this package start with.
var sdk = reflect.TypeFor[Run]().PkgPath() + "."

// authorLine is "file:line" of the call into this package.
func authorLine() string {
	pcs := make([]uintptr, 16) // more than this package ever stacks up
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	for {
		frame, more := frames.Next()
		if authors(frame) || !more {
			return line(frame)
		}
	}
}

// authors tells code of others from code of this package.
func authors(f runtime.Frame) bool {
	return !strings.HasPrefix(f.Function, sdk) || strings.HasSuffix(f.File, "_test.go")
}

func line(f runtime.Frame) string { return fmt.Sprintf("%s:%d", f.File, f.Line) }

// describePanic says what was recovered, and where it happened in the author's code: the innermost line that is
// neither in the standard library nor here. Call it while the panic's frames are still on the stack.
func describePanic(recovered any, otherwise string) (at, what string) {
	if recovered == nil {
		return otherwise, "it ended its goroutine (runtime.Goexit, or t.FailNow in a test)"
	}
	what = fmt.Sprint(recovered)
	if err, ok := recovered.(runtime.Error); ok && strings.Contains(err.Error(), "nil pointer") {
		what += "; an op or graph that is still nil? Variables that init() or main() sets are nil when package variables are made"
	}
	pcs := make([]uintptr, 64)
	frames := runtime.CallersFrames(pcs[:runtime.Callers(2, pcs)])
	std := ""
	for {
		frame, more := frames.Next()
		if frame.Function == "runtime.gopanic" {
			std = strings.TrimSuffix(frame.File, "runtime/panic.go")
		} else if authors(frame) && !standard(frame, std) {
			return line(frame), what
		}
		if !more {
			return otherwise, what
		}
	}
}

// standard is whether the code is of the standard library, whose source is below root; in a binary built with
// -trimpath root is empty, and packages tell by having no domain.
func standard(f runtime.Frame, root string) bool {
	if root != "" {
		return strings.HasPrefix(f.File, root)
	}
	first, _, path := strings.Cut(f.Function, "/")
	if !path {
		first, _, _ = strings.Cut(first, ".")
		return first != "main"
	}
	return !strings.Contains(first, ".")
}
