package partition_test

import (
	"context"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/partition"
)

var job = host.JobName{Location: "etl", Repository: "tutorial", Job: "report"}

// stopped is a clock that stands still.
type stopped time.Time

func (c stopped) Now() time.Time                     { return time.Time(c) }
func (stopped) After(time.Duration) <-chan time.Time { return nil }

var noon = stopped(time.Date(2026, time.November, 23, 12, 0, 0, 0, time.UTC))

// kept is the keys of dynamic dimensions; a page of them has at most three.
type kept map[string][]string

func (k kept) PartitionKeys(_ context.Context, name host.DynamicName, prefix string, after uint64, limit int) (page host.PartitionKeyPage, err error) {
	all := k[name.Dimension]
	page.Total = len(all)
	for i := int(after); i < len(all); i++ {
		if len(page.Keys) == min(limit, 3) {
			page.Next = uint64(i)
			break
		}
		if strings.HasPrefix(all[i], prefix) {
			page.Keys = append(page.Keys, all[i])
		}
	}
	return page, nil
}

func (k kept) HasPartitionKeys(_ context.Context, name host.DynamicName, keys []string) (map[string]bool, error) {
	there := map[string]bool{}
	for _, key := range keys {
		if slices.Contains(k[name.Dimension], key) {
			there[key] = true
		}
	}
	return there, nil
}

func daily(start string) host.PartitionDimension {
	return host.PartitionDimension{Name: "day", Time: &host.TimePartitions{Unit: host.UnitDay, Start: start}}
}

func static(name string, keys ...string) host.PartitionDimension {
	return host.PartitionDimension{Name: name, Static: keys}
}

func of(t testing.TB, k kept, dimensions ...host.PartitionDimension) *partition.Set {
	t.Helper()
	set, err := partition.NewSource(k, noon, nil).Of(job, &host.Partitions{Name: "parts", Dimensions: dimensions})
	if err != nil {
		t.Fatal(err)
	}
	return set
}

// all pages through everything.
func all(t testing.TB, set *partition.Set, r partition.PageRequest) (keys []string) {
	t.Helper()
	for pages := 0; ; pages++ {
		page, err := set.Page(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		if len(page.Keys) > r.Limit {
			t.Fatalf("a page of %d has %d keys", r.Limit, len(page.Keys))
		}
		for _, p := range page.Keys {
			keys = append(keys, p.Key)
		}
		if r.Cursor = page.Next; r.Cursor == "" {
			if page.Total != len(keys) {
				t.Fatalf("%d keys, and a total of %d", len(keys), page.Total)
			}
			return keys
		}
		if pages > 10_000 {
			t.Fatal("the pages do not end")
		}
	}
}
