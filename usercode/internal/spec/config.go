package spec

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"io"
	"maps"
	"slices"
	"strings"
)

// Config is one named object in the run config of every job that has an op that reads it.
type Config struct {
	Name        string
	Description string
	// Schema is the JSON schema of the object, compact.
	Schema []byte
	// Required means that an object must be given, because a field inside has no default.
	Required bool
	// Resolve checks an object as given (nil: not given), and returns it with all defaults filled in. The error is
	// Problems with every one that was found, paths starting at the object.
	Resolve func(given json.RawMessage) (json.RawMessage, error)
	// Secrets finds what a complete object refers to; nil when the config has no secrets.
	Secrets func(complete json.RawMessage) ([]SecretRef, error)
	// Origin is where the author made it, "file:line".
	Origin string
}

// Sections of a run config.
const (
	sectionConfig = "config"
	sectionInputs = "inputs"
)

// ResolveConfig reads a run config, {"config": {NAME: {…}}}, and returns the complete object of every config of the
// job. Empty input is an empty run config. Unknown keys are errors; the error is Problems, all that were found in the
// whole run config, so that of ResolveInputs too.
func (j *Job) ResolveConfig(runConfig []byte) (map[string]json.RawMessage, error) {
	sections, err := parseSections(runConfig)
	if err != nil {
		return nil, err
	}
	resolved, all := j.resolveConfigs(sections[sectionConfig])
	if _, err := j.resolveInputs(sections[sectionInputs]); err != nil {
		all = all.within("", err)
	}
	if len(all) > 0 {
		return nil, all
	}
	return resolved, nil
}

func (j *Job) resolveConfigs(section json.RawMessage) (resolved map[string]json.RawMessage, all Problems) {
	var given map[string]json.RawMessage
	if section != nil {
		var err error
		if given, err = ParseObject(section); err != nil {
			return nil, Problems{{Path: sectionConfig, Message: err.Error()}}
		}
	}
	resolved = make(map[string]json.RawMessage, len(j.Configs))
	for _, c := range j.Configs {
		object, err := c.Resolve(given[c.Name])
		all = all.within(sectionConfig+"."+c.Name, err)
		resolved[c.Name] = object
		delete(given, c.Name)
	}
	for _, name := range slices.Sorted(maps.Keys(given)) {
		all = append(all, Problem{Path: sectionConfig + "." + name, Message: "no op of this job has a config of that name; " + j.configNames()})
	}
	return resolved, all
}

// parseSections takes a run config apart.
func parseSections(runConfig []byte) (map[string]json.RawMessage, error) {
	if len(bytes.TrimSpace(runConfig)) == 0 {
		return nil, nil
	}
	sections, err := ParseObject(runConfig)
	if err != nil {
		return nil, Problems{{Message: err.Error()}}
	}
	var all Problems
	for _, name := range slices.Sorted(maps.Keys(sections)) {
		if name != sectionConfig && name != sectionInputs {
			all = append(all, Problem{Path: name, Message: `unknown; the sections are "config" and "inputs"`})
		}
	}
	if len(all) > 0 {
		return nil, all
	}
	return sections, nil
}

func (j *Job) configNames() string {
	if len(j.Configs) == 0 {
		return "its run config must be empty"
	}
	names := make([]string, len(j.Configs))
	for i, c := range j.Configs {
		names[i] = c.Name
	}
	return "known: " + strings.Join(names, ", ")
}

// ParseObject splits a JSON object into its members. Unlike json.Unmarshal it refuses null, a key that occurs twice
// and anything after the object.
func ParseObject(text []byte) (map[string]json.RawMessage, error) {
	dec := json.NewDecoder(bytes.NewReader(text))
	start, err := dec.Token()
	if err != nil {
		return nil, fmt.Errorf("not JSON: %w", unexpectedEnd(err))
	}
	if start != json.Delim('{') {
		return nil, errors.New("an object is needed here")
	}
	members := map[string]json.RawMessage{}
	for dec.More() {
		key, err := dec.Token()
		if err != nil {
			return nil, fmt.Errorf("not JSON: %w", unexpectedEnd(err))
		}
		name, _ := key.(string) // in an object the decoder yields nothing else here
		var member json.RawMessage
		if err := dec.Decode(&member); err != nil {
			return nil, fmt.Errorf("%q: not JSON: %w", name, unexpectedEnd(err))
		}
		if _, twice := members[name]; twice {
			return nil, fmt.Errorf("the key %q occurs twice; keep one of them", name)
		}
		members[name] = member
	}
	if _, err := dec.Token(); err != nil {
		return nil, fmt.Errorf("not JSON: %w", unexpectedEnd(err))
	}
	if _, err := dec.Token(); !errors.Is(err, io.EOF) {
		return nil, errors.New("there is more than one JSON value")
	}
	return members, nil
}

func unexpectedEnd(err error) error {
	if errors.Is(err, io.EOF) {
		return io.ErrUnexpectedEOF
	}
	return err
}

// Problem is one thing that is wrong with a run config.
type Problem struct {
	Path    string // "config.report.path"; empty for the whole
	Message string
}

// Error is one line.
func (p Problem) Error() string {
	if p.Path == "" {
		return "run config: " + p.Message
	}
	return "run config: " + p.Path + ": " + p.Message
}

// Problems is everything that is wrong with a run config.
type Problems []Problem

// Error has one line for each.
func (ps Problems) Error() string {
	lines := make([]string, len(ps))
	for i, p := range ps {
		lines[i] = p.Error()
	}
	return strings.Join(lines, "\n")
}

// within appends err, with its paths below path.
func (ps Problems) within(path string, err error) Problems {
	var below Problems
	switch {
	case err == nil:
	case errors.As(err, &below):
		for _, p := range below {
			switch {
			case p.Path == "":
				p.Path = path
			case path != "":
				p.Path = path + "." + p.Path
			}
			ps = append(ps, p)
		}
	default:
		ps = append(ps, Problem{Path: path, Message: err.Error()})
	}
	return ps
}
