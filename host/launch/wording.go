package launch

import (
	"encoding/json"
	"fmt"
	"math/big"
	"slices"
	"strconv"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
	"github.com/santhosh-tekuri/jsonschema/v6/kind"
)

// maxListed is how many names or values a message lists.
const maxListed = 12

// maxMessage is the longest part of a message that is made of a schema's own words, in bytes.
const maxMessage = 400

// typeName is a JSON type in words that fit YAML.
func typeName(jsonType string) string {
	switch jsonType {
	case "string":
		return "text"
	case "integer":
		return "a whole number"
	case "number":
		return "a number"
	case "boolean":
		return "true or false"
	case "array":
		return "a list"
	case "object":
		return "an object (lines of \"key: value\")"
	default:
		return jsonType
	}
}

// constraint says what a limit of a schema asks for, "" for kinds that are rare.
func constraint(k jsonschema.ErrorKind) string {
	switch k := k.(type) {
	case *kind.Minimum:
		return "it must be at least " + number(k.Want)
	case *kind.Maximum:
		return "it must be at most " + number(k.Want)
	case *kind.ExclusiveMinimum:
		return "it must be more than " + number(k.Want)
	case *kind.ExclusiveMaximum:
		return "it must be less than " + number(k.Want)
	case *kind.MultipleOf:
		return "it must be a multiple of " + number(k.Want)
	case *kind.MinLength:
		return fmt.Sprintf("it has %d characters and must have at least %d", k.Got, k.Want)
	case *kind.MaxLength:
		return fmt.Sprintf("it has %d characters and may have at most %d", k.Got, k.Want)
	case *kind.Pattern:
		return "it must match the pattern " + clipMessage(k.Want)
	case *kind.MinItems:
		return fmt.Sprintf("it has %d items and must have at least %d", k.Got, k.Want)
	case *kind.MaxItems:
		return fmt.Sprintf("it has %d items and may have at most %d", k.Got, k.Want)
	case *kind.UniqueItems:
		return fmt.Sprintf("its items must differ, and those at %d and %d are the same", k.Duplicates[0], k.Duplicates[1])
	case *kind.MinProperties:
		return fmt.Sprintf("it has %d keys and must have at least %d", k.Got, k.Want)
	case *kind.MaxProperties:
		return fmt.Sprintf("it has %d keys and may have at most %d", k.Got, k.Want)
	case *kind.DependentRequired:
		return fmt.Sprintf("with the key %s it also needs %s", clip(k.Prop), listed(k.Missing))
	case *kind.Not:
		return "this is ruled out by the job's schema"
	case *kind.OneOf:
		return "it fits more than one of the forms that exclude each other"
	}
	return ""
}

// number writes a number of a schema with its digits.
func number(r *big.Rat) string {
	if r.IsInt() {
		return clip(r.Num().String())
	}
	digits, exact := r.FloatPrec()
	if !exact || digits > 20 {
		f, _ := r.Float64()
		return strconv.FormatFloat(f, 'g', -1, 64)
	}
	return r.FloatString(digits)
}

// needed says what a missing property has to be: its type and description.
func needed(s *jsonschema.Schema, name string) string {
	if s == nil || s.Properties[name] == nil {
		return ""
	}
	sub := s.Properties[name]
	for sub.Ref != nil && sub.Types == nil {
		sub = sub.Ref
	}
	var out string
	switch {
	case sub.WriteOnly:
		out = ": a reference such as {env: DB_PASSWORD}"
	case sub.Enum != nil:
		out = ": one of " + choices(sub.Enum.Values)
	case sub.Types != nil && !sub.Types.IsEmpty():
		var names []string
		for _, t := range sub.Types.ToStrings() {
			names = append(names, typeName(t))
		}
		out = ": " + strings.Join(names, " or ")
	}
	if d := firstLine(sub.Description); d != "" {
		out += " (" + d + ")"
	}
	return out
}

// unknownKey says which keys there are, the nearest first.
func unknownKey(name string, s *jsonschema.Schema) string {
	known := knownKeys(s)
	if len(known) == 0 {
		return "unknown key; nothing is allowed here, remove it"
	}
	if best := nearest(name, known); best != "" {
		return fmt.Sprintf("unknown key; did you mean %q? Known are %s", clipBytes(best), listed(known))
	}
	return "unknown key; known are " + listed(known)
}

// suggestValue suggests the nearest of the allowed values for a text.
func suggestValue(got any, want []any) string {
	text, ok := got.(string)
	if !ok {
		return ""
	}
	var texts []string
	for _, w := range want {
		if t, ok := w.(string); ok {
			texts = append(texts, t)
		}
	}
	if best := nearest(text, texts); best != "" {
		return fmt.Sprintf("; did you mean %q?", clipBytes(best))
	}
	return ""
}

func choices(values []any) string {
	texts := make([]string, len(values))
	for i, v := range values {
		texts[i] = compact(v)
	}
	return listed(texts)
}

// listed joins names, at most maxListed of them.
func listed(names []string) string {
	more := ""
	if len(names) > maxListed {
		more = fmt.Sprintf(" and %d more", len(names)-maxListed)
		names = names[:maxListed]
	}
	cut := make([]string, len(names))
	for i, n := range names {
		cut[i] = clip(n)
	}
	return strings.Join(cut, ", ") + more
}

// compact is a value as JSON, cut.
func compact(value any) string {
	b, err := json.Marshal(value)
	if err != nil {
		return "?"
	}
	return clip(string(b))
}

func firstLine(text string) string {
	line, _, _ := strings.Cut(strings.TrimSpace(text), "\n")
	return clipMessage(line)
}

// clipMessage makes longer text of a schema fit for a message.
func clipMessage(text string) string {
	if len(text) > maxMessage {
		text = strings.ToValidUTF8(text[:maxMessage], "") + "…"
	}
	return strings.Map(func(r rune) rune {
		if r < ' ' || r == 0x7f {
			return ' '
		}
		return r
	}, text)
}

// nearest is the name that is most like text, "" when none is: a different case,
// or a few letters added, left out, changed or swapped.
func nearest(text string, names []string) string {
	if len(text) > maxQuoted {
		return ""
	}
	best, bestDistance := "", min(max(len(text)/3, 1), len(text)-1)+1 // one letter is not like another
	for _, n := range names {
		if len(n) > maxQuoted {
			continue
		}
		if strings.EqualFold(n, text) {
			return n
		}
		if d := editDistance(text, n); d < bestDistance {
			best, bestDistance = n, d
		}
	}
	return best
}

// editDistance counts insertions, deletions, changes and swaps of neighbours.
func editDistance(a, b string) int {
	x, y := []rune(strings.ToLower(a)), []rune(strings.ToLower(b))
	rows := [3][]int{make([]int, len(y)+1), make([]int, len(y)+1), make([]int, len(y)+1)}
	for j := range rows[1] {
		rows[1][j] = j
	}
	for i := 1; i <= len(x); i++ {
		before, last, row := rows[0], rows[1], rows[2]
		row[0] = i
		for j := 1; j <= len(y); j++ {
			change := last[j-1]
			if x[i-1] != y[j-1] {
				change++
			}
			row[j] = slices.Min([]int{change, last[j] + 1, row[j-1] + 1})
			if i > 1 && j > 1 && x[i-1] == y[j-2] && x[i-2] == y[j-1] {
				row[j] = min(row[j], before[j-2]+1)
			}
		}
		rows = [3][]int{last, row, before}
	}
	return rows[1][len(y)]
}
