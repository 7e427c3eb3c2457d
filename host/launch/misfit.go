package launch

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
	"golang.org/x/text/language"
	"golang.org/x/text/message"

	"github.com/penstock-run/penstock/host"
)

// misfits turns what does not fit a schema into problems with places.
type misfits struct {
	schema *schema
	// typed is the config as typed, filled the one that was checked, with defaults.
	typed    *document
	filled   any
	problems []host.Problem
	// more counts problems that were not kept.
	more int
}

// maxCollected is how many problems are kept before they are put in order.
const maxCollected = 10_000

// explain returns all problems of a check, in the order of the text.
func (s *schema) explain(err *jsonschema.ValidationError, typed *document, filled any) []host.Problem {
	m := &misfits{schema: s, typed: typed, filled: filled}
	m.walk(err)
	return orderProblems(m.problems, m.more)
}

// orderProblems sorts by place, drops repetitions and cuts the list at its limit.
func orderProblems(list []host.Problem, more int) []host.Problem {
	slices.SortStableFunc(list, func(a, b host.Problem) int {
		return cmp.Or(cmp.Compare(a.Line, b.Line), cmp.Compare(a.Column, b.Column), cmp.Compare(a.Path, b.Path), cmp.Compare(a.Message, b.Message))
	})
	list = slices.Compact(list)
	if over := len(list) - MaxProblems; over > 0 {
		list = append(list[:MaxProblems:MaxProblems], problemAt(place{}, "", "and %d more problems", over+more)...)
	}
	return list
}

// walk goes down to what is really wrong.
func (m *misfits) walk(e *jsonschema.ValidationError) {
	if m.secret(e) {
		return
	}
	switch e.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf:
		if len(e.Causes) > 0 {
			m.alternatives(e)
			return
		}
	case *kind.PropertyNames, *kind.Contains, *kind.MinContains:
		m.leaf(e)
		return
	}
	if len(e.Causes) == 0 {
		m.leaf(e)
		return
	}
	for _, c := range e.Causes {
		m.walk(c)
	}
}

// alternatives explains a value that fits none of several schemas: by what is
// wrong with the only one for its type, or by all types that are allowed.
func (m *misfits) alternatives(e *jsonschema.ValidationError) {
	var near []*jsonschema.ValidationError
	var types []string
	for _, c := range e.Causes {
		if t := typeMismatch(c, len(e.InstanceLocation)); t != nil {
			types = append(types, t.Want...)
		} else {
			near = append(near, c)
		}
	}
	switch len(near) {
	case 0:
		slices.Sort(types)
		m.add(e.InstanceLocation, m.wrongType(e.InstanceLocation, slices.Compact(types), m.schema.aboveSecrets[e.SchemaURL]))
	case 1:
		m.walk(near[0])
	default:
		var ways []string
		for _, c := range near[:min(len(near), 4)] {
			sub := &misfits{schema: m.schema, typed: m.typed, filled: m.filled}
			sub.leaf(firstLeaf(c))
			ways = append(ways, sub.problems[0].Message)
		}
		m.add(e.InstanceLocation, "it fits none of the forms that are allowed here: "+strings.Join(ways, "; or "))
	}
}

// typeMismatch is the wrong type of the value itself, when that is all an alternative says.
func typeMismatch(e *jsonschema.ValidationError, depth int) *kind.Type {
	leaf := e
	for len(leaf.Causes) == 1 {
		leaf = leaf.Causes[0]
	}
	t, ok := leaf.ErrorKind.(*kind.Type)
	if !ok || len(leaf.Causes) > 0 || len(leaf.InstanceLocation) != depth {
		return nil
	}
	return t
}

func firstLeaf(e *jsonschema.ValidationError) *jsonschema.ValidationError {
	for len(e.Causes) > 0 {
		e = e.Causes[0]
	}
	return e
}

// leaf adds the problem or problems of one error without causes that matter.
func (m *misfits) leaf(e *jsonschema.ValidationError) {
	at := e.InstanceLocation
	sub := m.schema.at[e.SchemaURL]
	describe, quiet := describe, m.schema.aboveSecrets[e.SchemaURL]
	if quiet {
		describe = describeQuietly
	}
	switch k := e.ErrorKind.(type) {
	case *kind.Required:
		for _, name := range k.Missing {
			m.add(append(slices.Clip(at), name), "it is missing"+needed(sub, name))
		}
	case *kind.AdditionalProperties:
		for _, name := range k.Properties {
			m.add(append(slices.Clip(at), name), unknownKey(name, sub))
		}
	case *kind.PropertyNames:
		m.add(append(slices.Clip(at), k.Property), "a key like this is not allowed here: "+kindText(firstLeaf(e).ErrorKind))
	case *kind.FalseSchema:
		m.add(at, "nothing is allowed here; remove it")
	case *kind.Type:
		m.add(at, m.wrongType(at, k.Want, quiet))
	case *kind.Enum:
		m.add(at, "it is "+describe(k.Got)+"; allowed are "+choices(k.Want)+suggestValue(k.Got, k.Want))
	case *kind.Const:
		m.add(at, "it is "+describe(k.Got)+"; only "+compact(k.Want)+" is allowed")
	default:
		text := constraint(k)
		if text == "" {
			text = kindText(k)
		}
		m.add(at, "it is "+describe(m.value(at))+"; "+text)
	}
}

// wrongType says what a value is, quietly without the value, and what it must be. Text that only lacks quotes is shown with them.
func (m *misfits) wrongType(path []string, want []string, quiet bool) string {
	names := make([]string, len(want))
	text := false
	for i, w := range want {
		names[i] = typeName(w)
		text = text || w == "string"
	}
	if quiet {
		return "it is " + describeQuietly(m.value(path)) + "; it must be " + strings.Join(names, " or ")
	}
	out := "it is " + describe(m.value(path)) + "; it must be " + strings.Join(names, " or ")
	if d := m.typed.find(path); text && d != nil && d.kind == scalarKind && d.typed != "" && d.scalar != d.typed {
		out += ": write " + strconv.Quote(clipBytes(d.typed)) + ", with the quotes"
	}
	return out
}

// value is what stands at a path of the config that was checked.
func (m *misfits) value(path []string) any {
	value := m.filled
	for _, token := range path {
		switch v := value.(type) {
		case map[string]any:
			value = v[token]
		case []any:
			i, err := strconv.Atoi(token)
			if err != nil || i < 0 || i >= len(v) {
				return nil
			}
			value = v[i]
		}
	}
	return value
}

// add adds a problem at the path, or the part of it that was typed.
func (m *misfits) add(path []string, text string) {
	if len(m.problems) == maxCollected {
		m.more++
		return
	}
	at, exact := m.typed.place(path)
	if !exact && m.value(path) != nil {
		text = "the default in the job's definition does not fit its own schema, so give a value: " + text
	}
	m.problems = append(m.problems, problemAt(at, m.render(path), "%s", text)...)
}

// render writes a path as people do: config.read.paths[2].
func (m *misfits) render(path []string) string {
	var b strings.Builder
	value := m.filled
	for _, token := range path {
		if list, ok := value.([]any); ok {
			fmt.Fprintf(&b, "[%s]", token)
			value = nil
			if i, err := strconv.Atoi(token); err == nil && i >= 0 && i < len(list) {
				value = list[i]
			}
			continue
		}
		switch {
		case !isPathWord(token):
			fmt.Fprintf(&b, "[%q]", clipBytes(token))
		case b.Len() > 0:
			b.WriteString("." + token)
		default:
			b.WriteString(token)
		}
		object, _ := value.(map[string]any)
		value = object[token]
	}
	return b.String()
}

func isPathWord(token string) bool {
	for _, r := range token {
		if r != '_' && r != '-' && (r < '0' || r > '9') && (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') {
			return false
		}
	}
	return token != "" && len(token) <= maxQuoted
}

// find returns what was typed at a path, nil when nothing was.
func (d *document) find(path []string) *document {
	for _, token := range path {
		d = d.child(token)
		if d == nil {
			return nil
		}
	}
	return d
}

// place is where a path, or the longest part of it that was typed, stands.
// exact tells that it is the whole path. A member's place is that of its key.
func (d *document) place(path []string) (at place, exact bool) {
	at = d.at
	for _, token := range path {
		if i, ok := d.index[token]; ok {
			at = d.members[i].at
		}
		child := d.child(token)
		if child == nil {
			return at, false
		}
		if d.kind == listKind {
			at = child.at
		}
		d = child
	}
	return at, true
}

func (d *document) child(token string) *document {
	if d.kind == listKind {
		if i, err := strconv.Atoi(token); err == nil && i >= 0 && i < len(d.items) {
			return d.items[i]
		}
		return nil
	}
	if i, ok := d.index[token]; ok {
		return d.members[i].value
	}
	return nil
}

// kindText is the library's own words, in English.
func kindText(k jsonschema.ErrorKind) string {
	return clipMessage(k.LocalizedString(message.NewPrinter(language.English)))
}

func pointerOf(s *jsonschema.Schema) string {
	_, pointer, _ := strings.Cut(s.Location, "#")
	return clipMessage("#" + pointer)
}

// knownKeys are the property names of a schema, and of what it applies to the same value.
func knownKeys(s *jsonschema.Schema) []string {
	if s == nil {
		return nil
	}
	names := slices.Collect(maps.Keys(s.Properties))
	slices.Sort(names)
	return names
}
