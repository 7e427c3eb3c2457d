package launch

import (
	"bytes"
	"encoding/json"
	"fmt"
	"maps"
	"slices"
	"strings"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

// changedError says that a job is not as the user saw it, and what is different.
// saw is nil when this host does not remember it.
func changedError(name host.JobName, saw, now *host.JobDefinition) error {
	e := &host.Error{
		Code:    host.Conflict,
		Reason:  "DEFINITION_CHANGED",
		Message: fmt.Sprintf("job %s changed since you looked at it", name),
		Remedy:  "Look at the job as it is now and launch again; nothing was queued.",
	}
	if saw == nil {
		return e
	}
	for _, line := range changes(saw, now) {
		e.Problems = append(e.Problems, host.Problem{Field: "job", Message: line})
	}
	return e
}

// changes says what is different between two definitions of a job, for people.
func changes(before, after *host.JobDefinition) (lines []string) {
	lines = append(lines, schemaChanges(before.ConfigSchema, after.ConfigSchema)...)
	lines = append(lines, graphChanges(before, after)...)
	lines = append(lines, tagChanges(before.Tags, after.Tags)...)
	if before.Description != after.Description {
		lines = append(lines, "its description changed")
	}
	if len(lines) == 0 {
		return []string{"a part of its definition changed that does not concern the launch"}
	}
	return lines
}

func schemaChanges(before, after []byte) []string {
	switch {
	case bytes.Equal(before, after):
		return nil
	case len(before) == 0:
		return []string{"it takes a config now"}
	case len(after) == 0:
		return []string{"it takes no config any more"}
	}
	was, is := schemaKeys(before), schemaKeys(after)
	added, removed := difference(is, was), difference(was, is)
	var parts []string
	for key, text := range is {
		if old, ok := was[key]; ok && old != text {
			parts = append(parts, key)
		}
	}
	slices.Sort(parts)
	// A key whose members changed says less than those members.
	parts = slices.DeleteFunc(parts, func(key string) bool {
		return slices.ContainsFunc(slices.Concat(parts, added, removed), func(k string) bool { return strings.HasPrefix(k, key+".") })
	})
	line := "its config schema changed"
	line += changeList("added", added) + changeList("removed", removed) + changeList("different", parts)
	return []string{line}
}

// schemaKeys are the keys that a config schema names, as paths, each with the text of its schema.
func schemaKeys(schema []byte) map[string]string {
	keys := map[string]string{}
	var walk func(prefix string, text json.RawMessage, depth int)
	walk = func(prefix string, text json.RawMessage, depth int) {
		var s struct {
			Properties map[string]json.RawMessage `json:"properties"`
		}
		if depth > MaxConfigDepth || len(keys) > MaxSchemaValues || json.Unmarshal(text, &s) != nil {
			return
		}
		for name, sub := range s.Properties {
			keys[prefix+name] = string(sub)
			walk(prefix+name+".", sub, depth+1)
		}
	}
	if len(schema) <= MaxSchemaBytes {
		walk("", schema, 1)
	}
	return keys
}

func graphChanges(before, after *host.JobDefinition) []string {
	was, is := nodeMap(before), nodeMap(after)
	var lines []string
	if added := difference(is, was); len(added) > 0 {
		lines = append(lines, "ops added: "+listed(added))
	}
	if removed := difference(was, is); len(removed) > 0 {
		lines = append(lines, "ops removed: "+listed(removed))
	}
	var rewired []string
	for path, node := range is {
		if old, ok := was[path]; ok && old != node {
			rewired = append(rewired, path)
		}
	}
	if slices.Sort(rewired); len(rewired) > 0 {
		lines = append(lines, "ops or graphs with other inputs or another definition: "+listed(rewired))
	}
	return lines
}

// nodeMap gives each node of a job, by path, a text that is the same when nothing about it changed.
func nodeMap(d *host.JobDefinition) map[string]string {
	nodes := map[string]string{}
	var walk func(prefix string, g *host.Graph)
	walk = func(prefix string, g *host.Graph) {
		for i := range g.Nodes {
			n := &g.Nodes[i]
			nodes[prefix+n.Name] = fmt.Sprintf("%q %v %q %v", n.Op, n.Wires, n.After, n.Outputs)
			if n.Graph != nil {
				walk(prefix+n.Name+".", n.Graph)
			}
		}
	}
	walk("", &d.Graph)
	return nodes
}

func tagChanges(before, after []tag.Tag) []string {
	was, is := map[string]string{}, map[string]string{}
	for _, t := range before {
		was[t.Key] = t.Value
	}
	for _, t := range after {
		is[t.Key] = t.Value
	}
	var different []string
	for key, value := range is {
		if old, ok := was[key]; ok && old != value {
			different = append(different, key)
		}
	}
	slices.Sort(different)
	line := changeList("added", difference(is, was)) + changeList("removed", difference(was, is)) + changeList("different", different)
	if line == "" {
		return nil
	}
	return []string{"its tags changed" + line}
}

// difference are the keys of a that b lacks, sorted.
func difference(a, b map[string]string) []string {
	return slices.DeleteFunc(slices.Sorted(maps.Keys(a)), func(key string) bool {
		_, there := b[key]
		return there
	})
}

func changeList(what string, names []string) string {
	if len(names) == 0 {
		return ""
	}
	return "; " + what + ": " + listed(names)
}
