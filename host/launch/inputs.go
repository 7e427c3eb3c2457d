package launch

import (
	"strings"

	"github.com/penstock-run/penstock/host"
)

// inputsSection is the part of a run config that gives the values of inputs: {op path: {input: value}}. It is no part of a
// job's schema.
const inputsSection = "inputs"

// givenInput is one of those, with its place in the text.
type givenInput struct {
	host.GivenInput

	at place
}

func (g *givenInput) problem(format string, args ...any) []host.Problem {
	return problemAt(g.at, strings.Join([]string{inputsSection, clip(g.OpPath), clip(g.Input)}, "."), format, args...)
}

// without is an object without a member, and that member; nil when it has none.
func (d *document) without(key string) (rest, taken *document) {
	taken = d.child(key)
	if taken == nil {
		return d, nil
	}
	rest = &document{at: d.at, kind: d.kind}
	for _, m := range d.members {
		if m.key != key {
			rest.addMember(m)
		}
	}
	return rest, taken
}

// readInputs reads the section. Nothing, and null, are none.
func readInputs(section *document) (given []givenInput, problems []host.Problem) {
	if section == nil || section.kind == scalarKind && section.scalar == nil {
		return nil, nil
	}
	if section.kind != objectKind {
		return nil, problemAt(section.at, inputsSection, "it is %s; write it as op path, input and value: {my_op: {my_input: 1}}", describe(section.plain()))
	}
	for _, op := range section.members {
		if op.value.kind != objectKind {
			problems = append(problems, problemAt(op.value.at, inputsSection+"."+clip(op.key),
				"it is %s; give an object with the inputs of the op and their values", describe(op.value.plain()))...)
			continue
		}
		for _, in := range op.value.members {
			given = append(given, givenInput{GivenInput: host.GivenInput{OpPath: op.key, Input: in.key}, at: in.at})
		}
	}
	return given, problems
}

// givenBy tells whether a config gives the value of an input: for the instance of a mapped op, or for all of them.
func givenBy(inputs []givenInput) func(opPath, input string) bool {
	all := make(map[host.GivenInput]bool, len(inputs))
	for _, in := range inputs {
		all[in.GivenInput] = true
	}
	return func(opPath, input string) bool {
		if len(all) == 0 {
			return false
		}
		return all[host.GivenInput{OpPath: opPath, Input: input}] ||
			all[host.GivenInput{OpPath: host.OpOf(opPath), Input: input}]
	}
}

// checkInputs says which values cannot be given to these ops. Those of ops that are not executed are left alone where
// the config was another run's before.
func checkInputs(graph *host.OpGraph, paths []string, inputs []givenInput, lenient bool) (problems []host.Problem) {
	given := make([]host.GivenInput, len(inputs))
	for i, in := range inputs {
		given[i] = in.GivenInput
	}
	for i, fault := range graph.CheckGiven(paths, given) {
		if fault.Message != "" && (!lenient || !fault.Unused) {
			problems = append(problems, inputs[i].problem("%s", fault.Message)...)
		}
	}
	return problems
}
