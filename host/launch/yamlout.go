package launch

import (
	"encoding/json"
	"maps"
	"slices"

	"go.yaml.in/yaml/v4"
)

// renderYAML writes a config with its defaults: keys in the order typed, then
// those that were filled in, sorted. An empty config is an empty text. What is
// written reads back as the same config.
func renderYAML(typed *document, filled map[string]any) string {
	if len(filled) == 0 {
		return ""
	}
	out, err := yaml.Dump(toNode(typed, filled))
	if err != nil {
		return string(canonicalJSON(filled)) + "\n" // JSON is YAML too
	}
	return string(out)
}

// toNode makes a node of a value; typed, if there is one, gives the order of keys.
func toNode(typed *document, value any) *yaml.Node {
	switch v := value.(type) {
	case map[string]any:
		n := &yaml.Node{Kind: yaml.MappingNode, Tag: "!!map"}
		for _, key := range orderKeys(typed, v) {
			n.Content = append(n.Content, textNode(key), toNode(typedChild(typed, key), v[key]))
		}
		if len(v) == 0 {
			n.Style = yaml.FlowStyle
		}
		return n
	case []any:
		n := &yaml.Node{Kind: yaml.SequenceNode, Tag: "!!seq"}
		for i, item := range v {
			var d *document
			if typed != nil && i < len(typed.items) {
				d = typed.items[i]
			}
			n.Content = append(n.Content, toNode(d, item))
		}
		if len(v) == 0 {
			n.Style = yaml.FlowStyle
		}
		return n
	case string:
		return textNode(v)
	case json.Number:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: scalarTag(v), Value: v.String()}
	default:
		return &yaml.Node{Kind: yaml.ScalarNode, Tag: scalarTag(v), Value: string(canonicalJSON(v))}
	}
}

// textNode quotes what this package would not read as the same text.
func textNode(text string) *yaml.Node {
	n := &yaml.Node{Kind: yaml.ScalarNode, Tag: "!!str", Value: text}
	if value, problem := plainScalar(text); value != any(text) || problem != "" {
		n.Style = yaml.DoubleQuotedStyle
	}
	return n
}

func orderKeys(typed *document, object map[string]any) []string {
	keys := make([]string, 0, len(object))
	known := map[string]bool{}
	if typed != nil {
		for _, m := range typed.members {
			keys = append(keys, m.key)
			known[m.key] = true
		}
	}
	for _, key := range slices.Sorted(maps.Keys(object)) {
		if !known[key] {
			keys = append(keys, key)
		}
	}
	return keys
}

func typedChild(typed *document, key string) *document {
	if typed == nil {
		return nil
	}
	return typed.child(key)
}
