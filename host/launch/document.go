package launch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"unicode/utf8"

	"go.yaml.in/yaml/v4"

	"github.com/penstock-run/penstock/host"
)

// place is where something stands in the text as typed: line and column in code
// points, from 1. The zero place is unknown.
type place struct{ line, column int }

// document is a value as it was typed: ordered, with places.
type document struct {
	at place
	// members of an object, items of a list; both nil for a scalar.
	members []member
	items   []*document
	kind    documentKind
	// index finds a member by its key.
	index map[string]int
	// scalar is nil, bool, string or json.Number.
	scalar any
	// typed is the text of a scalar that is no quoted text, for messages.
	typed string
}

type documentKind int

const (
	scalarKind documentKind = iota
	objectKind
	listKind
)

type member struct {
	key   string
	at    place
	value *document
}

// addMember adds a member, or reports false with the place of the one that has its key already.
func (d *document) addMember(m member) (first place, ok bool) {
	if i, twice := d.index[m.key]; twice {
		return d.members[i].at, false
	}
	if d.index == nil {
		d.index = map[string]int{}
	}
	d.index[m.key] = len(d.members)
	d.members = append(d.members, m)
	return place{}, true
}

// plain returns the value as encoding/json would decode it, numbers as json.Number.
func (d *document) plain() any {
	switch d.kind {
	case objectKind:
		object := make(map[string]any, len(d.members))
		for _, m := range d.members {
			object[m.key] = m.value.plain()
		}
		return object
	case listKind:
		list := make([]any, len(d.items))
		for i, item := range d.items {
			list[i] = item.plain()
		}
		return list
	default:
		return d.scalar
	}
}

// reader collects what is wrong while a document is read, within limits.
type reader struct {
	maxDepth, maxValues, maxBytes int
	values, bytes                 int
	problems                      []host.Problem
}

func configReader() *reader {
	return &reader{maxDepth: MaxConfigDepth, maxValues: MaxConfigValues, maxBytes: MaxConfigBytes}
}

// readConfig reads a config as typed: one document of YAML or JSON that is an
// object. Nothing, or nothing but comments, is an empty object.
func readConfig(text string) (*document, []host.Problem) {
	r := configReader()
	if len(text) > MaxConfigBytes {
		return nil, problemAt(place{}, "", "it has %d bytes; the limit is %d", len(text), MaxConfigBytes)
	}
	if at, problem := firstInvalid(text); problem != "" {
		return nil, problemAt(at, "", "%s", problem)
	}
	var root *document
	if raw := []byte(text); json.Valid(raw) {
		root = r.readJSON(raw)
	} else {
		root = r.readYAML(raw)
	}
	if len(r.problems) > 0 {
		return nil, r.problems
	}
	if root == nil || root.kind == scalarKind && root.scalar == nil {
		return &document{kind: objectKind}, nil
	}
	if root.kind != objectKind {
		return nil, problemAt(root.at, "", "it is %s; a config is an object, lines of \"key: value\"", describe(root.plain()))
	}
	return root, nil
}

// readYAML reads the only document of a YAML text; nil when there is none or it cannot be read.
func (r *reader) readYAML(text []byte) *document {
	loader, err := yaml.NewLoader(bytes.NewReader(text))
	if err != nil {
		r.addSyntax(err)
		return nil
	}
	var first, second yaml.Node
	if err := loader.Load(&first); errors.Is(err, io.EOF) {
		return nil
	} else if err != nil {
		r.addSyntax(err)
		return nil
	}
	if err := loader.Load(&second); err == nil {
		r.addf(place{second.Line, second.Column}, "a second document begins here; a config is one document, so remove the --- and what follows, or launch twice")
		return nil
	} else if !errors.Is(err, io.EOF) {
		r.addSyntax(err)
		return nil
	}
	if len(first.Content) == 0 {
		return nil
	}
	return r.fromNode(first.Content[0], 1, nil)
}

// addSyntax adds what the YAML parser says, at its place.
func (r *reader) addSyntax(err error) {
	if load, ok := errors.AsType[*yaml.LoadError](err); ok {
		at := place{load.Mark.Line, load.Mark.Column}
		r.addf(at, "it is not YAML: %s", load.Message)
		return
	}
	r.addf(place{}, "it is not YAML: %s", err.Error())
}

func (r *reader) addf(at place, format string, args ...any) {
	r.problems = append(r.problems, problemAt(at, "", format, args...)...)
}

// count takes n values and the bytes of a text out of the budget; false when it is spent, which is said once.
func (r *reader) count(at place, textBytes int) bool {
	if r.values > r.maxValues || r.bytes > r.maxBytes {
		return false
	}
	r.values++
	r.bytes += textBytes
	if r.values > r.maxValues {
		r.addf(at, "it holds more than %d values, aliases written out; the limit is %d", r.maxValues, r.maxValues)
	} else if r.bytes > r.maxBytes {
		r.addf(at, "it holds more than %d bytes of text, aliases written out; the limit is %d", r.maxBytes, r.maxBytes)
	}
	return r.values <= r.maxValues && r.bytes <= r.maxBytes
}

// deeper reports whether a container at this depth is allowed; one that is not is said once.
func (r *reader) deeper(at place, depth int) bool {
	if depth > r.maxDepth {
		r.addf(at, "objects and lists nest deeper than %d here; the limit is %d", r.maxDepth, r.maxDepth)
		return false
	}
	return true
}

func problemAt(at place, path, format string, args ...any) []host.Problem {
	return []host.Problem{{
		Field: "config", Path: path, Line: at.line, Column: at.column, Message: fmt.Sprintf(format, args...),
	}}
}

// firstInvalid finds the first byte that no text may hold and says what it is.
func firstInvalid(text string) (at place, problem string) {
	at = place{1, 1}
	for rest := text; rest != ""; {
		r, size := utf8.DecodeRuneInString(rest)
		switch {
		case r == utf8.RuneError && size <= 1:
			return at, "it is not UTF-8 text; save it as UTF-8"
		case r < ' ' && r != '\t' && r != '\n' && r != '\r':
			return at, fmt.Sprintf("it holds the control character %q; write it as an escape in a quoted text", r)
		case r == '\n':
			at = place{at.line + 1, 1}
		default:
			at.column++
		}
		rest = rest[size:]
	}
	return place{}, ""
}
