package launch

import (
	"slices"
	"strings"

	"go.yaml.in/yaml/v4"
)

// fromNode makes a document of a YAML node at a depth (1 for the root). open are
// the aliases that are being written out. What cannot be read is nil; why is in r,
// and then the whole is not used.
func (r *reader) fromNode(n *yaml.Node, depth int, open []*yaml.Node) *document {
	at := place{n.Line, n.Column}
	if n.Kind == yaml.AliasNode {
		if slices.Contains(open, n.Alias) {
			r.addf(at, "the alias *%s stands inside its own anchor, so it has no end", n.Value)
			return nil
		}
		d := r.fromNode(n.Alias, depth, append(slices.Clip(open), n.Alias))
		if d != nil {
			d.at = at
		}
		return d
	}
	if !r.count(at, len(n.Value)) {
		return nil
	}
	switch n.Kind {
	case yaml.MappingNode:
		return r.fromMapping(n, depth, open)
	case yaml.SequenceNode:
		return r.fromSequence(n, depth, open)
	default:
		return r.fromScalar(n)
	}
}

func (r *reader) fromMapping(n *yaml.Node, depth int, open []*yaml.Node) *document {
	d := &document{kind: objectKind, at: place{n.Line, n.Column}}
	if !r.deeper(d.at, depth) {
		return nil
	}
	if tag := n.ShortTag(); tag != "!!map" {
		r.addf(d.at, "the tag %.64q is not known here; leave it out", tag)
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		key, value := n.Content[i], n.Content[i+1]
		if key.Kind == yaml.AliasNode {
			key = key.Alias
		}
		m := member{key: key.Value, at: place{n.Content[i].Line, n.Content[i].Column}}
		switch {
		case !r.count(m.at, len(key.Value)):
			return d
		case key.Kind != yaml.ScalarNode:
			r.addf(m.at, "a key is a list or an object here; keys are text")
			continue
		case key.ShortTag() == "!!merge":
			r.addf(m.at, "merge keys (<<) are not read; write the keys out, or give the whole object an anchor and an alias")
			continue
		case !isText(key):
			r.addf(m.at, "the key %.64s is %s; keys are text, so put it in quotes: %.64q", key.Value, describeNode(key), key.Value)
			continue
		}
		m.value = r.fromNode(value, depth+1, open)
		if first, ok := d.addMember(m); !ok {
			r.addf(m.at, "the key %.64q is there already, on line %d; keep one of them", m.key, first.line)
		}
	}
	return d
}

func (r *reader) fromSequence(n *yaml.Node, depth int, open []*yaml.Node) *document {
	d := &document{kind: listKind, at: place{n.Line, n.Column}}
	if !r.deeper(d.at, depth) {
		return nil
	}
	if tag := n.ShortTag(); tag != "!!seq" {
		r.addf(d.at, "the tag %.64q is not known here; leave it out", tag)
		return nil
	}
	for _, c := range n.Content {
		d.items = append(d.items, r.fromNode(c, depth+1, open))
	}
	return d
}

const quotedStyles = yaml.SingleQuotedStyle | yaml.DoubleQuotedStyle | yaml.LiteralStyle | yaml.FoldedStyle

// fromScalar gives a scalar its one meaning: what is quoted is text; what is not
// is what plainScalar says; an explicit tag must be one of JSON's and fit.
func (r *reader) fromScalar(n *yaml.Node) *document {
	d := &document{at: place{n.Line, n.Column}}
	var problem string
	switch tag := n.ShortTag(); {
	case n.Style&yaml.TaggedStyle == 0 && n.Style&quotedStyles != 0:
		d.scalar = n.Value
		return d
	case n.Style&yaml.TaggedStyle == 0:
		d.scalar, problem = plainScalar(n.Value)
		d.typed = n.Value
	default:
		d.scalar, problem = taggedScalar(tag, n.Value)
	}
	if problem != "" {
		r.addf(d.at, "%s", problem)
		return nil
	}
	return d
}

// taggedScalar reads a scalar with an explicit tag.
func taggedScalar(tag, text string) (value any, problem string) {
	if tag == "!!str" {
		return text, ""
	}
	value, problem = plainScalar(text)
	if problem != "" {
		return nil, problem
	}
	if name := describe(value); (tag == "!!int" || tag == "!!float" || tag == "!!bool" || tag == "!!null") && scalarTag(value) != tag &&
		(tag != "!!float" || scalarTag(value) != "!!int") {
		return nil, "the tag " + tag + " does not fit: this is " + name
	}
	switch tag {
	case "!!int", "!!float", "!!bool", "!!null":
		return value, ""
	}
	return nil, "the tag " + clip(tag) + " is not known here; leave it out, or use !!str, !!int, !!float, !!bool or !!null"
}

func isText(n *yaml.Node) bool {
	if n.Style&yaml.TaggedStyle != 0 {
		return n.ShortTag() == "!!str"
	}
	if n.Style&quotedStyles != 0 {
		return true
	}
	value, problem := plainScalar(n.Value)
	_, text := value.(string)
	return text && problem == ""
}

func describeNode(n *yaml.Node) string {
	value, problem := plainScalar(n.Value)
	if problem != "" || n.Style&yaml.TaggedStyle != 0 {
		return "tagged " + strings.TrimSpace(n.ShortTag())
	}
	return describe(value)
}
