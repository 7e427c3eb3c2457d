package launch

import (
	"maps"
	"slices"
	"strings"
	"unicode"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"

	"github.com/penstock-run/penstock/host"
)

// onlyReference is all that is said of what stands in place of a secret. What was typed there may be its value, which
// must not be repeated anywhere.
const onlyReference = "a secret takes only a reference such as {env: DB_PASSWORD}, the name of a variable in the environment " +
	"of the worker; what was given is neither stored nor repeated"

// findSecrets finds what the author has marked as written and never shown again.
func (s *schema) findSecrets() {
	s.secrets, s.aboveSecrets = map[string]int{}, map[string]bool{}
	up := map[string][]string{} // from each schema to those that lead to it
	var todo []*jsonschema.Schema
	for location, sub := range s.at {
		for _, next := range nextTo(sub) {
			up[next.Location] = append(up[next.Location], location)
		}
		if sub.WriteOnly {
			s.secrets[location] = 0
			todo = append(todo, sub)
		}
	}
	for len(todo) > 0 {
		sub, level := todo[0], s.secrets[todo[0].Location]
		todo = todo[1:]
		add := func(more []*jsonschema.Schema, level int) {
			for _, next := range more {
				if _, known := s.secrets[next.Location]; !known {
					s.secrets[next.Location] = level
					todo = append(todo, next)
				}
			}
		}
		add(beside(sub), level)
		add(below(sub).all(), level+1)
	}
	locations := slices.Collect(maps.Keys(s.secrets))
	for len(locations) > 0 {
		location := locations[len(locations)-1]
		locations = locations[:len(locations)-1]
		for _, above := range up[location] {
			if !s.aboveSecrets[above] {
				s.aboveSecrets[above] = true
				locations = append(locations, above)
			}
		}
	}
}

// isSecret is whether a schema, or what its $ref leads to, is that of a secret.
func (s *schema) isSecret(sub *jsonschema.Schema) bool {
	for ; sub != nil; sub = sub.Ref {
		if _, ok := s.secrets[sub.Location]; ok {
			return true
		}
	}
	return false
}

// nextTo are the schemas that a schema applies to its value, and to what is inside.
func nextTo(sub *jsonschema.Schema) []*jsonschema.Schema {
	return append(slices.Clone(beside(sub)), below(sub).all()...)
}

// secret adds the problem of what does not fit a secret, or one of several alternatives, and reports whether it is one.
// The path ends at the secret: keys inside of it may be its value.
func (m *misfits) secret(e *jsonschema.ValidationError) bool {
	level, is := m.schema.secrets[e.SchemaURL]
	path := e.InstanceLocation[:max(len(e.InstanceLocation)-level, 0)]
	switch e.ErrorKind.(type) {
	case *kind.AnyOf, *kind.OneOf:
		is = is || m.mentionsSecret(e, len(path))
	}
	if is {
		m.add(path, onlyReference)
	}
	return is
}

// mentionsSecret is whether the value itself, at so many levels, is refused as a secret somewhere below e.
func (m *misfits) mentionsSecret(e *jsonschema.ValidationError, depth int) bool {
	level, is := m.schema.secrets[e.SchemaURL]
	return is && len(e.InstanceLocation)-level == depth ||
		slices.ContainsFunc(e.Causes, func(c *jsonschema.ValidationError) bool { return m.mentionsSecret(c, depth) })
}

// describeQuietly is describe without the value.
func describeQuietly(value any) string {
	switch described := describe(value); {
	case strings.HasPrefix(described, "the text"):
		return "text"
	case strings.HasPrefix(described, "the number"):
		return "a number"
	default:
		return described
	}
}

// unquoted makes problems of a text that could not be read repeat nothing that may be a value in it. Where a secret would
// have been is not known, so it is done for every job that has any.
func (s *schema) unquoted(problems []host.Problem, text string) []host.Problem {
	if len(s.secrets) == 0 {
		return problems
	}
	lines := strings.Split(text, "\n")
	problems = slices.Clone(problems)
	for i, p := range problems {
		typed := text
		if p.Line > 0 && p.Line <= len(lines) {
			typed = lines[p.Line-1]
		}
		if _, value, ok := strings.Cut(typed, ":"); ok {
			typed = value
		}
		if repeats(p.Message, typed) {
			problems[i].Message = "this cannot be read; put text in quotes. What is here is not repeated, because the job has secrets"
		}
	}
	return problems
}

// repeats is whether a message holds a word of the text.
func repeats(message, text string) bool {
	words := map[string]bool{}
	for _, word := range strings.FieldsFunc(text, func(r rune) bool { return !unicode.IsLetter(r) && !unicode.IsDigit(r) }) {
		if len(word) >= 3 {
			words[clipBytes(word[:min(len(word), maxQuoted/2)])] = true
		}
	}
	for word := range maps.Keys(words) {
		if strings.Contains(message, word) {
			return true
		}
	}
	return false
}
