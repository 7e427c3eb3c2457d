package reexecution

import (
	"strings"

	"github.com/penstock-run/penstock/host"
)

// splitPath takes the keys of instances out of an op path: "load[a].parse[b]" is "load.parse" with a and b. Keys hold dots
// but no brackets. What is no path of that kind is a path without keys.
func splitPath(path string) (op string, keys []string) {
	if !strings.Contains(path, "[") {
		return path, nil
	}
	var b strings.Builder
	for rest := path; ; {
		before, after, found := strings.Cut(rest, "[")
		b.WriteString(before)
		if !found {
			return b.String(), keys
		}
		key, behind, closed := strings.Cut(after, "]")
		if !closed {
			return path, nil
		}
		keys, rest = append(keys, key), behind
	}
}

// coverage is a set of ops, some with all their instances and some with a few of them.
type coverage struct {
	all bool
	// ops has each op that is named, with the keys that it is named with, behind it.
	ops map[string]bool
	// named has each op of which anything is in the set.
	named map[string]bool
}

// coverageOf are the ops that a run was to execute.
func coverageOf(run *host.Run) coverage {
	if !run.Subset {
		return coverage{all: true}
	}
	return coverageOfPaths(run.OpPaths)
}

func coverageOfPaths(paths []string) coverage {
	c := coverage{ops: make(map[string]bool, len(paths)), named: map[string]bool{}}
	for _, p := range paths {
		op, keys := splitPath(p)
		c.ops[keyed(op, keys)] = true
		c.named[op] = true
	}
	return c
}

// keyed is one text for an op and the first keys of its instances. No name of an op holds a bracket.
func keyed(op string, keys []string) string { return op + "[" + strings.Join(keys, "[") }

// has tells whether the op of this path is in the set, or all instances of which it is one.
func (c coverage) has(path string) bool {
	if c.all {
		return true
	}
	op, keys := splitPath(path)
	if !c.named[op] {
		return false
	}
	for n := len(keys); n >= 0; n-- {
		if c.ops[keyed(op, keys[:n])] {
			return true
		}
	}
	return false
}
