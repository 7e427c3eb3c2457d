package jobdiff

import (
	"maps"
	"slices"

	tagv1 "github.com/penstock-run/penstock/proto/gen/penstock/tag/v1"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// Job is one side of a comparison.
type Job struct {
	// Definition is one whose graphs can be walked: no graph contains itself, and what is placed is defined.
	Definition *usercodev1.JobDefinition
	// Entries is the metadata that the gate shows; nil when it shows none, which leaves out all of metadata.
	Entries *Entries
}

// Compare lists what is different between two snapshots of one job. Compare(a, b) and Compare(b, a) say the same with the
// sides exchanged.
func Compare(before, after Job) Diff {
	var d Diff
	if before.Entries != nil && after.Entries != nil {
		d.metadata(before.Entries, after.Entries)
	}
	a, b := before.Definition, after.Definition
	d.tags(a.GetTags(), b.GetTags())
	d.graphs(a, b)
	d.configSchema(a.GetConfigSchemaJson(), b.GetConfigSchemaJson())
	d.compare(Description, "", a.GetDescription(), b.GetDescription())
	return d
}

func (d *Diff) tags(before, after []*tagv1.Tag) {
	byKey := func(tags []*tagv1.Tag) map[string]*tagv1.Tag {
		m := make(map[string]*tagv1.Tag, len(tags))
		for _, t := range tags {
			m[t.GetKey()] = t
		}
		return m
	}
	was, is := byKey(before), byKey(after)
	for _, key := range keys(was, is) {
		a, b := was[key], is[key]
		switch {
		case a == nil:
			d.add(Change{Section: Tags, Path: key, Kind: Added, After: b.GetValue()})
		case b == nil:
			d.add(Change{Section: Tags, Path: key, Kind: Removed, Before: a.GetValue()})
		case a.GetValue() != b.GetValue():
			d.add(Change{Section: Tags, Path: key, Kind: Changed, Before: a.GetValue(), After: b.GetValue()})
		}
	}
}

// keys are those of both maps, each once, sorted.
func keys[V any](a, b map[string]V) []string {
	all := slices.AppendSeq(slices.Collect(maps.Keys(a)), maps.Keys(b))
	slices.Sort(all)
	return slices.Compact(all)
}
