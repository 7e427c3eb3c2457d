package launch

import (
	"fmt"
	"slices"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/jobdiff"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

func TestChangeLines(t *testing.T) {
	base := func(change func(*usercodev1.JobDefinition)) *usercodev1.JobDefinition {
		def := hosttest.WithTags("plain", "a", "1")
		change(def)
		return def
	}
	schema := func(text string) func(*usercodev1.JobDefinition) {
		return func(d *usercodev1.JobDefinition) { d.ConfigSchemaJson = []byte(text) }
	}
	same := func(*usercodev1.JobDefinition) {}
	const some = `{"type":"object","properties":{"n":{"type":"integer"}}}`
	for _, c := range []struct {
		name          string
		before, after func(*usercodev1.JobDefinition)
		want          []string
	}{
		{"Nothing", same, same, []string{"a part of its definition changed that does not concern the launch"}},
		{"ConfigComes", same, schema(some), []string{"it takes a config now"}},
		{"ConfigGoes", schema(some), same, []string{"it takes no config any more"}},
		{"TopOfTheConfig", schema(some), schema(strings.Replace(some, `"object"`, `["object","null"]`, 1)),
			[]string{"its config schema changed; different: the whole (an object → an object or null)"}},
		{"DescriptionAndValue", same, func(d *usercodev1.JobDefinition) {
			d.Description, d.Tags[0].Value = "New.", strings.Repeat("long ", 30)+"\x1b[2J"
		}, []string{
			"its tags changed; different: a (1 → " + strings.Repeat("long ", 9) + "lon…)", "its description changed",
		}},
		{"OpReplacedAndGone", func(d *usercodev1.JobDefinition) {
			d.Graph.Nodes = append(d.Graph.Nodes, hosttest.Place("gone", "gone"))
		},
			func(d *usercodev1.JobDefinition) {
				d.Graph.Nodes = slices.Clone(d.Graph.Nodes)
				d.Graph.Nodes[0] = hosttest.Place(d.Graph.Nodes[0].GetName(), "other")
			}, []string{"ops removed: gone", "ops or graphs that changed: " + hosttest.OneOp("plain").GetGraph().GetNodes()[0].GetName()}},
	} {
		t.Run(c.name, func(t *testing.T) {
			d := jobdiff.Compare(jobdiff.Job{Definition: base(c.before)}, jobdiff.Job{Definition: base(c.after)})
			if diff := cmp.Diff(c.want, changeLines(d)); diff != "" {
				t.Errorf("lines (-want +got):\n%s", diff)
			}
		})
	}
	t.Run("Many", func(t *testing.T) {
		var d jobdiff.Diff
		for i := range jobdiff.MaxChanges {
			d.Changes = append(d.Changes, jobdiff.Change{Section: jobdiff.Tags, Path: fmt.Sprintf("tag%03d", i), Kind: jobdiff.Added, After: "x"})
		}
		d.More = 5
		lines := changeLines(d)
		if len(lines) != 2 || !strings.HasSuffix(lines[0], "tag011 (x) and 988 more") || lines[1] != "and more: 5 changes" {
			t.Errorf("got %q", lines)
		}
	})
}
