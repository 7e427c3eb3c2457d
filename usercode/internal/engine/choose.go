package engine

import (
	"errors"
	"fmt"
	"slices"
	"strings"
)

// choice is which instances of an op are executed: all, or those below keys, the outermost map's first. Nil is none.
type choice struct {
	all  bool
	keys map[string]*choice
}

// at is the choice among the instances that have the keys.
func (c *choice) at(keys []string) *choice {
	for _, key := range keys {
		if c == nil || c.all {
			return c
		}
		c = c.keys[key]
	}
	return c
}

// choose says of every placement which instances are executed, and of those that are not whether their stored values
// are needed.
func (p *plan) choose(opPaths []string, outputs Outputs) error {
	var problems []error
	for _, path := range opPaths {
		if err := p.pick(path); err != nil {
			problems = append(problems, err)
		}
	}
	if len(opPaths) == 0 {
		for _, o := range p.ops {
			o.chosen = &choice{all: true}
		}
	}
	c := &chooser{outputs: outputs}
	p.root.live = true
	for _, o := range p.ops {
		if o.chosen == nil {
			continue
		}
		c.enliven(o.in)
		path := o.path.render(nil)
		for i, v := range o.inputs {
			input := o.op.Inputs[i].Name
			given := outputs != nil && outputs.Given(path, input)
			if given && c.executed(v) {
				c.problems = append(c.problems, fmt.Errorf("inputs give %s of op %s, which the run makes itself; leave it out of the config", input, path))
			}
			if !given {
				c.consume(fmt.Sprintf("op %s needs its input %s", path, input), v, reader{op: o, in: o.in})
			}
		}
	}
	return errors.Join(append(problems, c.problems...)...)
}

// pick makes a path of an op, or of instances of one, chosen.
func (p *plan) pick(path string) error {
	var template strings.Builder
	var keys []string
	for rest := path; ; {
		text, behind, found := strings.Cut(rest, "[")
		template.WriteString(text)
		key, behind, closed := strings.Cut(behind, "]")
		if !found || !closed {
			break
		}
		keys = append(keys, key)
		rest = behind
	}
	o := p.byPath[template.String()]
	if o == nil || o.path.render(keys) != path { // keys in other places, or too many
		return fmt.Errorf("the job has no op %q", path)
	}
	if o.chosen == nil {
		o.chosen = &choice{}
	}
	c := o.chosen
	for _, key := range keys {
		if c.all {
			return nil
		}
		if c.keys == nil {
			c.keys = map[string]*choice{}
		}
		if c.keys[key] == nil {
			c.keys[key] = &choice{}
		}
		c = c.keys[key]
	}
	c.all, c.keys = true, nil
	return nil
}

// chooser follows what those that are executed read.
type chooser struct {
	outputs  Outputs
	problems []error
}

// enliven makes it known which instances of a map, and so of those around it, there are.
func (c *chooser) enliven(m *mapping) {
	if m.live {
		return
	}
	m.live = true
	c.enliven(m.outer)
	c.consume("the map of "+m.label()+" needs its items", m.items, reader{items: m, in: m.outer})
}

// reader is who reads a value: an op that is executed, or a map for its items.
type reader struct {
	op    *placement
	items *mapping
	in    *mapping
}

// readBy makes a map know who outside of it reads what its instances yield, and maps around it as well.
func (m *mapping) readBy(r reader) {
	for ; !m.around(r.in); m = m.outer {
		if n := len(m.readers); n == 0 || m.readers[n-1] != r {
			m.readers = append(m.readers, r)
		}
	}
}

// consume follows a value that is needed by what is told.
func (c *chooser) consume(who string, v value, by reader) {
	v.visit(func(o *placement) {
		c.enliven(o.in)
		o.in.readBy(by)
		if o.chosen != nil && o.chosen.all {
			return
		}
		o.read = true
		path := o.path.render(nil)
		if o.chosen == nil && (c.outputs == nil || o.in.outer == nil && !c.outputs.Stored(path)) {
			c.problems = append(c.problems, fmt.Errorf("%s from %s, which is not selected", who, path))
		}
	}, func(m *mapping) {
		c.enliven(m)
		m.readBy(by)
	})
}

// wantedAt tells whether it matters which instances a map has in a frame: one is executed, or read by one that is. Where
// others only come after it, it does not, and what it is made of may be neither made nor stored.
func (m *mapping) wantedAt(keys []string) bool {
	wanted := slices.ContainsFunc(m.readers, func(r reader) bool {
		shared := keys[:min(len(keys), r.in.sharedDepth(m))]
		if r.op != nil {
			return r.op.chosen.at(shared) != nil
		}
		return r.items.wantedAt(shared)
	})
	m.all(func(o *placement) { wanted = wanted || o.chosen.at(keys) != nil })
	return wanted
}

// sharedDepth is how many maps are around both.
func (m *mapping) sharedDepth(other *mapping) int {
	for !m.around(other) {
		m = m.outer
	}
	depth := 0
	for ; m.outer != nil; m = m.outer {
		depth++
	}
	return depth
}

// executed tells whether the run makes every part of the value, and there is one.
func (c *chooser) executed(v value) bool {
	some, all := false, true
	v.visit(func(o *placement) {
		some = true
		all = all && o.chosen != nil && o.chosen.all
	}, func(*mapping) {})
	return some && all
}

// label names a map by the ops directly in it, or else by those inside.
func (m *mapping) label() string {
	var paths []string
	m.all(func(o *placement) { paths = append(paths, o.path.render(nil)) })
	if len(m.steps) > 0 {
		paths = paths[:0]
		for _, o := range m.steps {
			paths = append(paths, o.path.render(nil))
		}
	}
	if len(paths) > 3 {
		paths = append(paths[:3], "…")
	}
	return strings.Join(paths, ", ")
}
