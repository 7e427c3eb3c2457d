package main

import (
	"errors"
	"slices"
	"strconv"
	"strings"

	"go.yaml.in/yaml/v4"
)

// placeOf finds line and column of a field such as "locations[2].tls.ca_file". When the file does not have it, it is the
// place of what should; 0 when there is none.
func placeOf(root *yaml.Node, field string) (line, column int) {
	for _, n := range nodesTo(root, field) {
		line, column = n.Line, n.Column
	}
	return line, column
}

// nodesTo are the nodes on the way to a field, as far as they are there.
func nodesTo(root *yaml.Node, field string) []*yaml.Node {
	n := root
	if n.Kind == yaml.DocumentNode && len(n.Content) > 0 {
		n = n.Content[0]
	}
	way := []*yaml.Node{n}
	for field != "" {
		var step string
		step, field = nextStep(field)
		if n = below(n, step); n == nil {
			break
		}
		way = append(way, n)
	}
	return way
}

// nextStep splits "a[1].b" into "a" and "[1].b", that into "[1]" and "b".
func nextStep(field string) (step, rest string) {
	i := strings.IndexAny(field[1:], ".[") + 1
	if i == 0 {
		return field, ""
	}
	return field[:i], strings.TrimPrefix(field[i:], ".")
}

// below is an element of a list or a value of a mapping; nil when it is not there. A single value counts as a list of it.
func below(n *yaml.Node, step string) *yaml.Node {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if digits, ok := strings.CutPrefix(step, "["); ok {
		i, err := strconv.Atoi(strings.TrimSuffix(digits, "]"))
		switch {
		case n.Kind == yaml.ScalarNode:
			return n
		case err == nil && n.Kind == yaml.SequenceNode && i < len(n.Content):
			return n.Content[i]
		}
		return nil
	}
	if n.Kind != yaml.MappingNode {
		return nil
	}
	var found *yaml.Node
	for i := 0; i+1 < len(n.Content); i += 2 {
		switch n.Content[i].Value {
		case step:
			return n.Content[i+1]
		case "<<":
			found = below(n.Content[i+1], step)
		}
	}
	return found
}

// notEmpty are the fields in which an empty text would mean the same as leaving them out. That is not what was meant, and
// leaving out the authorities to trust trusts those of the system, a rule without a selector is about all runs, and a limit
// without a key counts them together.
var notEmpty = []string{"ca_file", "cert_file", "key_file", "token_file", "server_name", "where", "each", "when", "url", "url_env", "username", "password_env", "tls"}

// emptyFields are the fields of the mapping at a field, and of mappings in it, that are written without a value.
func emptyFields(root *yaml.Node, field string) (empty []string) {
	way, steps := nodesTo(root, field), 0
	for rest := field; rest != ""; steps++ {
		_, rest = nextStep(rest)
	}
	n := way[len(way)-1]
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	if len(way) != steps+1 || n.Kind != yaml.MappingNode { // it is not written, or is none
		return nil
	}
	for i := 0; i+1 < len(n.Content); i += 2 {
		name, value := field+"."+n.Content[i].Value, n.Content[i+1]
		if value.Kind == yaml.AliasNode {
			value = value.Alias
		}
		switch {
		case value.Kind == yaml.ScalarNode && (value.Tag == "!!null" || strings.TrimSpace(value.Value) == "" && slices.Contains(notEmpty, n.Content[i].Value)):
			empty = append(empty, name)
		case value.Kind == yaml.MappingNode:
			empty = append(empty, emptyFields(root, name)...)
		}
	}
	return empty
}

// textList reads a text or a list of texts; nothing when the node was not written.
func textList(n *yaml.Node) ([]string, error) {
	if n.Kind == yaml.AliasNode {
		n = n.Alias
	}
	switch {
	case n.Kind == 0 || n.Tag == "!!null":
		return nil, nil
	case n.Kind == yaml.ScalarNode:
		return []string{n.Value}, nil
	case n.Kind != yaml.SequenceNode:
		return nil, errors.New("a mapping; write a text or a list of texts")
	case len(n.Content) == 0:
		return nil, errors.New("an empty list; leave it out to accept every server with a good certificate")
	}
	var all []string
	for _, item := range n.Content {
		if item.Kind == yaml.AliasNode {
			item = item.Alias
		}
		if item.Kind != yaml.ScalarNode {
			return nil, errors.New("a list of something else than texts")
		}
		all = append(all, item.Value)
	}
	return all, nil
}
