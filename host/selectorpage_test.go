package host_test

import (
	"os"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
)

// TestSelectorsOfThePage reads every example of docs/selectors.md, as a configuration does: with the schema alone, without a
// host or a store.
func TestSelectorsOfThePage(t *testing.T) {
	page, err := os.ReadFile("../docs/selectors.md")
	if err != nil {
		t.Fatal(err)
	}
	examples := map[string]int{}
	kind := ""
	for i, line := range strings.Split(string(page), "\n") {
		if language, fence := strings.CutPrefix(line, "```"); fence {
			kind = language
			continue
		}
		var schema selector.Schema
		switch kind {
		case "selector":
			schema = host.RunSchema()
		case "selector-of-jobs":
			schema = host.JobSchema()
		default:
			continue
		}
		examples[kind]++
		e, err := selector.Parse(line, schema, nil)
		if err != nil {
			t.Errorf("docs/selectors.md:%d: %s: %v", i+1, line, err)
			continue
		}
		if again, err := selector.Parse(e.String(), schema, nil); err != nil || again.String() != e.String() {
			t.Errorf("docs/selectors.md:%d: %s is %s, which is %v, %v", i+1, line, e, again, err)
		}
	}
	if examples["selector"] < 20 || examples["selector-of-jobs"] < 3 {
		t.Errorf("examples found: %v", examples)
	}
	for _, f := range host.RunSchema().Fields {
		if !strings.Contains(string(page), "`"+f.Name+"`") {
			t.Errorf("docs/selectors.md does not describe the field %s", f.Name)
		}
	}
}

// A tag whose key is the name of a field, of runs or jobs, is printed so that it is not read as the field.
func TestFieldsAreWordsOfTheLanguage(t *testing.T) {
	for _, schema := range []selector.Schema{host.RunSchema(), host.JobSchema()} {
		for _, f := range schema.Fields {
			text := selector.TagIs(f.Name, "x").String()
			if e, err := selector.Parse(text, schema, nil); err != nil || e.On != selector.Tag || e.Name != f.Name {
				t.Errorf("the tag %s of a %s is printed as %s, which is %v, %v", f.Name, schema.What, text, e, err)
			}
		}
	}
}
