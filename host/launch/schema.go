package launch

import (
	"encoding/json"
	"errors"
	"fmt"
	"regexp"
	"regexp/syntax"
	"strings"

	"github.com/santhosh-tekuri/jsonschema/v6"
)

// schemaURL names the schema while it is compiled. It is never fetched: .invalid has no hosts.
const schemaURL = "https://config.invalid/schema.json"

// schema is a compiled config schema, read-only once made.
type schema struct {
	root *jsonschema.Schema
	// at finds the schema that an error names by its location.
	at map[string]*jsonschema.Schema
	// secrets are the locations of schemas of secrets and of all below them, with the number of levels that they are below;
	// aboveSecrets are those that have one below.
	secrets      map[string]int
	aboveSecrets map[string]bool
	// work is what one value at each depth costs to check at most, see workBound.
	work []float64
}

// compileSchema makes a schema of JSON that user code sent. The error is for the
// author of the job. Schemas that lead elsewhere, that are too large, or that
// could not be checked in bounded time are refused.
func compileSchema(text []byte) (s *schema, err error) {
	if len(text) > MaxSchemaBytes {
		return nil, fmt.Errorf("it has %d bytes; the limit is %d", len(text), MaxSchemaBytes)
	}
	if !json.Valid(text) {
		return nil, errors.New("it is not JSON")
	}
	r := &reader{maxDepth: MaxSchemaDepth, maxValues: MaxSchemaValues, maxBytes: MaxSchemaBytes}
	doc := r.readJSON(text)
	if len(r.problems) > 0 {
		return nil, errors.New(r.problems[0].Message)
	}
	defer func() {
		if p := recover(); p != nil { // the library has not seen every schema that somebody can write
			s, err = nil, fmt.Errorf("it cannot be compiled: %v", p)
		}
	}()
	c := jsonschema.NewCompiler()
	c.DefaultDraft(jsonschema.Draft2020)
	c.UseLoader(noLoader{})
	expressions := &patterns{known: map[string]*pattern{}}
	c.UseRegexpEngine(expressions.compile)
	if err := c.AddResource(schemaURL, doc.plain()); err != nil {
		return nil, err
	}
	root, err := c.Compile(schemaURL)
	switch {
	case expressions.err != nil:
		return nil, expressions.err
	case err != nil:
		return nil, readableSchemaError(err)
	}
	s = &schema{root: root, at: map[string]*jsonschema.Schema{}}
	s.index(root)
	s.findSecrets()
	s.work, err = workBound(s.at)
	if err != nil {
		return nil, err
	}
	return s, nil
}

// index finds every schema below sub, and takes format out: it is for people, here
// as in the newer drafts, because nobody can bound what checking a format does.
func (s *schema) index(sub *jsonschema.Schema) {
	if s.at[sub.Location] != nil {
		return
	}
	s.at[sub.Location] = sub
	sub.Format = nil
	for _, next := range beside(sub) {
		s.index(next)
	}
	for _, next := range below(sub).all() {
		s.index(next)
	}
}

// noLoader refuses every schema that is not in the document itself.
type noLoader struct{}

func (noLoader) Load(url string) (any, error) {
	return nil, fmt.Errorf("%.200q is not part of the schema, and a host fetches nothing; put it under $defs", url)
}

func readableSchemaError(err error) error {
	invalid, ok := errors.AsType[*jsonschema.SchemaValidationError](err)
	if !ok {
		return err
	}
	v, ok := errors.AsType[*jsonschema.ValidationError](invalid.Err)
	if !ok {
		return err
	}
	leaf := firstLeaf(v)
	return fmt.Errorf("it is not a JSON schema: at /%s: %s", strings.Join(leaf.InstanceLocation, "/"), kindText(leaf.ErrorKind))
}

// patterns compiles the regular expressions of one schema, within a budget for
// all. The library asks for each several times.
type patterns struct {
	known map[string]*pattern
	steps int
	// err is the first error, which the library would wrap beyond recognition.
	err error
}

// pattern is a regular expression and its size.
type pattern struct {
	*regexp.Regexp
	steps int
}

func (p *patterns) compile(text string) (jsonschema.Regexp, error) {
	if known := p.known[text]; known != nil {
		return known, nil
	}
	made, err := p.compileNew(text)
	if err != nil {
		err = fmt.Errorf("the pattern %s cannot be used: %w", clip(text), err)
		if p.err == nil {
			p.err = err
		}
		return nil, err
	}
	p.known[text] = made
	return made, nil
}

func (p *patterns) compileNew(text string) (*pattern, error) {
	if len(text) > MaxPatternBytes {
		return nil, fmt.Errorf("it has %d bytes; the limit is %d", len(text), MaxPatternBytes)
	}
	parsed, err := syntax.Parse(text, syntax.Perl)
	if err != nil {
		return nil, err
	}
	steps := patternSteps(parsed)
	if p.steps += steps; p.steps > MaxPatternSteps {
		return nil, fmt.Errorf("all patterns of the schema are too large together; the limit is %d steps with their repetitions written out", MaxPatternSteps)
	}
	compiled, err := regexp.Compile(text)
	if err != nil {
		return nil, err
	}
	return &pattern{Regexp: compiled, steps: steps}, nil
}

// patternSteps is how large an expression becomes when its repetitions are written out.
func patternSteps(re *syntax.Regexp) int {
	steps := 1 + len(re.Rune)/16
	if re.Op == syntax.OpLiteral {
		steps = 1 + len(re.Rune)
	}
	for _, sub := range re.Sub {
		steps += patternSteps(sub)
	}
	if re.Op == syntax.OpRepeat {
		steps *= max(re.Min, re.Max, 1)
	}
	return min(steps, 2*MaxPatternSteps)
}
