package launch

import (
	"bytes"
	"encoding/json"
	"errors"
	"fmt"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"

	"github.com/penstock-run/penstock/host"
)

// config is a run config that fits its schema, with its defaults.
type config struct {
	// json is canonical: keys sorted, no space, one text for each number. It is what the worker gets.
	json []byte
	// yaml is the same for people, in the order typed, what was filled in behind.
	yaml string
	// inputs are the values of inputs in it, in the order typed.
	inputs []givenInput
}

// checkConfig reads a config as typed and checks it against a schema. The
// problems are all that are wrong, in the order of the text; config is nil when
// there are any.
func checkConfig(s *schema, text string) (*config, []host.Problem) {
	typed, problems := readConfig(text)
	if len(problems) > 0 {
		return nil, orderProblems(s.unquoted(problems, text), 0)
	}
	rest, section := typed.without(inputsSection)
	inputs, wrong := readInputs(section)
	filled, problems := s.check(rest)
	if len(wrong) > 0 {
		problems = orderProblems(append(problems, wrong...), 0)
	}
	if len(problems) > 0 {
		return nil, problems
	}
	if len(inputs) > 0 {
		filled[inputsSection] = section.plain()
	}
	out := canonicalJSON(filled)
	if len(out) > MaxConfigBytes {
		return nil, problemAt(place{}, "", "with the defaults of the job it has %d bytes as JSON; the limit is %d", len(out), MaxConfigBytes)
	}
	return &config{json: out, yaml: renderYAML(typed, filled), inputs: inputs}, nil
}

// check fills the defaults in and checks the result.
func (s *schema) check(typed *document) (filled map[string]any, problems []host.Problem) {
	filled, _ = typed.plain().(map[string]any)
	if s.root == nil {
		if len(filled) > 0 {
			return nil, problemAt(typed.at, "", "this job takes no config; remove it")
		}
		return filled, nil
	}
	defer func() {
		if p := recover(); p != nil { // the library has not seen every schema that somebody can write
			filled, problems = nil, jobProblem(fmt.Errorf("it cannot be applied: %v", p))
		}
	}()
	if s.workOf(filled, 0) > maxCheckWork {
		return nil, problemAt(typed.at, "", "checking it against the schema of this job would take too long; make the config smaller, or ask the job's author for a simpler schema")
	}
	filled, err := s.fillDefaults(filled)
	if err != nil {
		return nil, jobProblem(err)
	}
	if s.workOf(filled, 0) > maxCheckWork {
		return nil, jobProblem(errEndlessDefaults)
	}
	var invalid *jsonschema.ValidationError
	if err := s.root.Validate(filled); errors.As(err, &invalid) {
		return nil, s.explain(invalid, typed, filled)
	} else if err != nil {
		return nil, jobProblem(err)
	}
	return filled, nil
}

// jobProblem says that a job's schema itself cannot be used, which only its author can change.
func jobProblem(err error) []host.Problem {
	return []host.Problem{{
		Field:   "job",
		Message: "the config schema of this job cannot be used: " + clipMessage(strings.TrimSpace(err.Error())) + ". Its author has to change it",
	}}
}

// canonicalJSON encodes a value that readConfig or a schema gave: keys sorted, no space, no escapes for HTML.
func canonicalJSON(value any) []byte {
	var b bytes.Buffer
	enc := json.NewEncoder(&b)
	enc.SetEscapeHTML(false)
	if err := enc.Encode(value); err != nil {
		panic("encode a config: " + err.Error()) // there is nothing in it that JSON lacks
	}
	return bytes.TrimSuffix(b.Bytes(), []byte("\n"))
}
