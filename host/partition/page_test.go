package partition_test

import (
	"fmt"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"
	"pgregory.net/rapid"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/partition"
)

// dimensions are drawn: one of each kind, with the keys that it has in order.
func drawDimension(t *rapid.T, name string, k kept) (host.PartitionDimension, []string) {
	keys := rapid.SliceOfNDistinct(rapid.StringMatching(`[ab][a-c]{0,3}`), 0, 12, rapid.ID[string]).Draw(t, name)
	switch rapid.SampledFrom([]string{"static", "dynamic", "time"}).Draw(t, name+" kind") {
	case "static":
		return static(name, keys...), keys
	case "dynamic":
		k[name] = keys
		return host.PartitionDimension{Name: name, Dynamic: true}, keys
	}
	days := rapid.IntRange(0, 40).Draw(t, name+" days")
	today := time.Date(2026, time.November, 23, 0, 0, 0, 0, time.UTC)
	keys = nil
	for n := days; n > 0; n-- {
		keys = append(keys, today.AddDate(0, 0, -n).Format(time.DateOnly))
	}
	d := daily(today.AddDate(0, 0, -days).Format("2006-01-02T15:04"))
	d.Name = name
	return d, keys
}

// TestPagesYieldEachKeyOnce compares pages, selections and existence with lists made by hand.
func TestPagesYieldEachKeyOnce(t *testing.T) {
	t.Parallel()
	rapid.Check(t, func(rt *rapid.T) {
		k := kept{}
		first, want := drawDimension(rt, "one", k)
		dimensions := []host.PartitionDimension{first}
		rows := [][]string{want}
		if rapid.Bool().Draw(rt, "pairs") {
			second, keys := drawDimension(rt, "two", k)
			dimensions, rows = append(dimensions, second), append(rows, keys)
			want = nil
			for _, a := range rows[0] {
				for _, b := range keys {
					want = append(want, a+"|"+b)
				}
			}
		}
		set := of(t, k, dimensions...)
		if n, err := set.Count(t.Context()); err != nil || n != len(want) {
			rt.Fatalf("count is %d, %v, want %d", n, err, len(want))
		}
		r := partition.PageRequest{
			Limit: rapid.IntRange(1, 30).Draw(rt, "limit"), NewestFirst: rapid.Bool().Draw(rt, "newest"),
			Prefix: rapid.SampledFrom([]string{"", "a", "aa", "2026-11-1", "b", "zz"}).Draw(rt, "prefix"),
		}
		if i := rapid.IntRange(-1, len(rows)-1).Draw(rt, "dimension"); i >= 0 {
			r.Dimension = dimensions[i].Name
			check(rt, t, set, r, rows[i])
			return
		}
		check(rt, t, set, r, want)
		for _, key := range want {
			if err := set.Has(t.Context(), key); err != nil {
				rt.Fatal(err)
			}
		}
		if got, err := set.Select(t.Context(), partition.Selection{All: true}); len(want) > 0 && (err != nil || !slices.Equal(got, want)) {
			rt.Fatalf("all are %v, %v, want %v", got, err, want)
		}
	})
}

func check(rt *rapid.T, t *testing.T, set *partition.Set, r partition.PageRequest, keys []string) {
	var want []string
	for _, key := range keys {
		if strings.HasPrefix(key, r.Prefix) {
			want = append(want, key)
		}
	}
	if r.NewestFirst {
		slices.Reverse(want)
	}
	if got := all(t, set, r); !slices.Equal(got, want) {
		rt.Fatalf("%+v: %s", r, cmp.Diff(want, got))
	}
}

// Between two pages keys are added and removed.
func TestPagesWhileKeysChange(t *testing.T) {
	k := kept{"c": {"a", "b", "c", "d", "e", "f"}}
	dynamic := host.PartitionDimension{Name: "c", Dynamic: true}
	for _, newest := range []bool{false, true} {
		k["c"] = []string{"a", "b", "c", "d", "e", "f"}
		page, err := of(t, k, dynamic).Page(t.Context(), partition.PageRequest{Limit: 3, NewestFirst: newest})
		if err != nil {
			t.Fatal(err)
		}
		k["c"] = []string{"b", "c", "d", "e", "f", "g"} // one before and one behind
		if newest {
			k["c"] = []string{"a", "b", "c", "e", "f", "g"} // the last one of the page is gone
		}
		got := rest(t, of(t, k, dynamic), partition.PageRequest{Limit: 3, NewestFirst: newest, Cursor: page.Next})
		want := []string{"d", "e", "f", "g"}
		if newest {
			want = []string{"c", "b", "a"}
		}
		if !slices.Equal(got, want) {
			t.Errorf("newest first %t: got %v, want %v", newest, got, want)
		}
	}
}

// rest is all without the total, which counts pages that were read before.
func rest(t *testing.T, set *partition.Set, r partition.PageRequest) (keys []string) {
	t.Helper()
	for {
		page, err := set.Page(t.Context(), r)
		if err != nil {
			t.Fatal(err)
		}
		for _, p := range page.Keys {
			keys = append(keys, p.Key)
		}
		if r.Cursor = page.Next; r.Cursor == "" {
			return keys
		}
	}
}

func TestPageRefuses(t *testing.T) {
	set := of(t, nil, daily("2026-11-20T00:00"), static("color", "red"))
	for name, c := range map[string]struct {
		r      partition.PageRequest
		reason string
	}{
		"ErrDimension": {partition.PageRequest{Limit: 1, Dimension: "size"}, "PARTITION_DIMENSION"},
		"ErrCursor":    {partition.PageRequest{Limit: 1, Cursor: "later"}, "PAGE_CURSOR"},
		"ErrNegative":  {partition.PageRequest{Limit: 1, Cursor: "-1:x"}, "PAGE_CURSOR"},
	} {
		if _, err := set.Page(t.Context(), c.r); host.ReasonOf(err) != c.reason {
			t.Errorf("%s: got %v", name, err)
		}
	}
}

func BenchmarkPageOfTenYearsOfHours(b *testing.B) {
	d := host.PartitionDimension{Name: "hour", Time: &host.TimePartitions{Unit: host.UnitHour, Zone: "Europe/Berlin", Start: "2016-11-23T00:00"}}
	set := of(b, nil, d)
	for _, prefix := range []string{"", "2020-02"} {
		b.Run(fmt.Sprintf("prefix=%s", prefix), func(b *testing.B) {
			for b.Loop() {
				if _, err := set.Page(b.Context(), partition.PageRequest{Limit: 100, NewestFirst: true, Prefix: prefix}); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
