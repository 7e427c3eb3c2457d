package partition_test

import (
	"slices"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/partition"
)

func TestChanged(t *testing.T) {
	name := host.DynamicName{Location: job.Location, Repository: job.Repository, Dimension: "customer"}
	elsewhere := name
	elsewhere.Dimension = "region"
	before := of(t, kept{"customer": {"a", "b", "c"}}, host.PartitionDimension{Name: "customer", Dynamic: true}, static("kind", "x", "y"))
	after := before.Changed([]host.PartitionKeysChange{
		{Name: name, Add: []string{"d", "b", "e"}, Remove: []string{"a", "never"}},
		{Name: elsewhere, Add: []string{"f"}},
		{Name: name, Add: []string{"a"}, Remove: []string{"e"}},
	})
	for key, want := range map[string]bool{"a|x": true, "b|y": true, "c|x": true, "d|x": true, "e|x": false, "f|x": false, "never|x": false, "d|z": false} {
		if err := after.Has(t.Context(), key); (err == nil) != want {
			t.Errorf("Has(%q) = %v", key, err)
		}
	}
	if err := before.Has(t.Context(), "d|x"); err == nil {
		t.Error("the set before has what was added")
	}
	got := all(t, after, partition.PageRequest{Limit: 3})
	if want := []string{"b|x", "b|y", "c|x", "c|y", "d|x", "d|y", "a|x", "a|y"}; !slices.Equal(got, want) {
		t.Errorf("after the changes there are %v, want %v", got, want)
	}
	if n, err := after.Count(t.Context()); n != 8 || err != nil {
		t.Errorf("Count = %d, %v", n, err)
	}
}
