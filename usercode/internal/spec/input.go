package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"reflect"
	"slices"
	"strings"
)

// GivenInputs are values that a run config gives to inputs of ops: by op path, then by input.
type GivenInputs map[string]map[string]json.RawMessage

// ResolveInputs reads the section {"inputs": {OP PATH: {INPUT: value}}} of a run config. Each value fits the type of its
// input: DecodeInput reads it. Whether another op of the run yields the value as well is not looked at. The error is
// Problems, all that were found in that section.
func (j *Job) ResolveInputs(runConfig []byte) (GivenInputs, error) {
	sections, err := parseSections(runConfig)
	if err != nil {
		return nil, err
	}
	return j.resolveInputs(sections[sectionInputs])
}

func (j *Job) resolveInputs(section json.RawMessage) (GivenInputs, error) {
	if section == nil {
		return nil, nil
	}
	byOp, err := ParseObject(section)
	if err != nil {
		return nil, Problems{{Path: sectionInputs, Message: err.Error()}}
	}
	given := make(GivenInputs, len(byOp))
	var all Problems
	for _, opPath := range slices.Sorted(maps.Keys(byOp)) {
		at := sectionInputs + "." + opPath
		op := j.OpAt(opPath)
		if op == nil {
			all = append(all, Problem{Path: at, Message: "the job has no op of that path; names of graphs and ops are joined by dots"})
			continue
		}
		inputs, err := ParseObject(byOp[opPath])
		if err != nil {
			all = append(all, Problem{Path: at, Message: err.Error()})
			continue
		}
		given[opPath] = inputs
		for _, name := range slices.Sorted(maps.Keys(inputs)) {
			all = all.within(at+"."+name, op.checkInput(name, inputs[name]))
		}
	}
	if len(all) > 0 {
		return nil, all
	}
	return given, nil
}

func (op *Op) checkInput(name string, text json.RawMessage) error {
	i := slices.IndexFunc(op.Inputs, func(p Port) bool { return p.Name == name })
	if i < 0 {
		names := make([]string, len(op.Inputs))
		for i, p := range op.Inputs {
			names[i] = p.Name
		}
		if len(names) == 0 {
			return errors.New("the op has no inputs")
		}
		return fmt.Errorf("the op has no input of that name; it has %s", strings.Join(names, ", "))
	}
	_, err := DecodeInput(op.Inputs[i], text)
	return err
}

// DecodeInput makes the value of an input out of its JSON, strictly: a member that the type has no field for is an
// error.
func DecodeInput(p Port, text json.RawMessage) (any, error) {
	if p.Go == nil {
		return nil, fmt.Errorf("no value of type %s can be made of text", p.Type)
	}
	if string(bytes.TrimSpace(text)) == "null" && !nullable(p.Go) {
		return nil, fmt.Errorf("a value of type %s is needed; this is null", p.Type)
	}
	into := reflect.New(p.Go)
	dec := json.NewDecoder(bytes.NewReader(text))
	dec.DisallowUnknownFields()
	err := dec.Decode(into.Interface())
	if mismatch, ok := errors.AsType[*json.UnmarshalTypeError](err); ok {
		return nil, Problems{{Path: mismatch.Field, Message: fmt.Sprintf("the %s does not fit a Go %v", mismatch.Value, mismatch.Type)}}
	}
	if err != nil {
		return nil, errors.New(strings.TrimPrefix(err.Error(), "json: "))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one JSON value")
	}
	return into.Elem().Interface(), nil
}

// nullable is whether null says something of the type, other than that somebody forgot the value.
func nullable(t reflect.Type) bool {
	switch t.Kind() {
	case reflect.Pointer, reflect.Slice, reflect.Map, reflect.Interface:
		return true
	}
	return reflect.PointerTo(t).Implements(reflect.TypeFor[json.Unmarshaler]())
}

// OpAt is the op at a path: names of nodes joined by dots, each of a mapped one with the keys of an instance, or without
// keys for all; nil when there is none.
func (j *Job) OpAt(path string) *Op {
	g := j.Graph
	for path != "" {
		name, keys, rest, ok := firstNode(path)
		if !ok {
			return nil
		}
		i := slices.IndexFunc(g.Nodes, func(n *Node) bool { return n.Name == name })
		if i < 0 || keys > 0 && keys != g.Nodes[i].Map.depth() {
			return nil
		}
		switch n := g.Nodes[i]; {
		case n.Op != nil && rest == "":
			return n.Op
		case n.Graph == nil:
			return nil
		default:
			g = n.Graph
		}
		path = rest
	}
	return nil
}

// depth is in how many maps of its graph a node is.
func (m *Map) depth() (n int) {
	for ; m != nil; m = m.Parent {
		n++
	}
	return n
}

// firstNode takes the first node off a path, "load[a.b].parse". Keys may have dots; ok is false when the path ends in a
// dot or has keys that are not closed.
func firstNode(path string) (name string, keys int, rest string, ok bool) {
	end := strings.IndexAny(path, ".[")
	if end < 0 {
		return path, 0, "", true
	}
	name, rest = path[:end], path[end:]
	for strings.HasPrefix(rest, "[") {
		closed := strings.IndexByte(rest, ']')
		if closed < 0 {
			return "", 0, "", false
		}
		keys++
		rest = rest[closed+1:]
	}
	if rest == "" {
		return name, keys, "", true
	}
	if rest[0] != '.' || len(rest) == 1 {
		return "", 0, "", false
	}
	return name, keys, rest[1:], true
}
