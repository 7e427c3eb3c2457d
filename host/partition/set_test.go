package partition_test

import (
	"strings"
	"testing"
	"time"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/partition"
	"github.com/penstock-run/penstock/usercode/tag"
)

func TestHas(t *testing.T) {
	one := of(t, nil, daily("2026-11-20T00:00"))
	pairs := of(t, kept{"customer": {"acme", "zenith", "omega", "nadir"}}, daily("2026-11-20T00:00"), host.PartitionDimension{Name: "customer", Dynamic: true})
	colors := of(t, nil, static("color", "red", "green", "blue"))
	none := of(t, nil, host.PartitionDimension{Name: "customer", Dynamic: true})
	for name, c := range map[string]struct {
		set  *partition.Set
		key  string
		want []string // of the error; nil means that it exists
	}{
		"OK":              {one, "2026-11-22", nil},
		"OKFirst":         {one, "2026-11-20", nil},
		"OKPair":          {pairs, "2026-11-22|nadir", nil},
		"OKStatic":        {colors, "green", nil},
		"ErrBeforeStart":  {one, "2026-11-19", []string{"before the start", `"2026-11-22"`, "penstock partition list etl/tutorial/report"}},
		"ErrNotEnded":     {one, "2026-11-23", []string{"does not exist yet", "2026-11-24 00:00 UTC"}},
		"ErrNoTime":       {one, "yesterday", []string{`no partition "yesterday"`}},
		"ErrEmpty":        {one, "", []string{`no partition ""`}},
		"ErrPairOfOne":    {one, "2026-11-22|x", []string{"hold no |"}},
		"ErrOneOfPair":    {pairs, "2026-11-22", []string{"write it as day|customer"}},
		"ErrThree":        {pairs, "2026-11-22|nadir|x", []string{"write it as"}},
		"ErrFirst":        {pairs, "2026-11-29|nadir", []string{"dimension day", "does not exist yet"}},
		"ErrSecond":       {pairs, "2026-11-22|zenit", []string{"dimension customer", `there are "zenith"`}},
		"ErrNear":         {colors, "gren", []string{`there are "green"`}},
		"ErrFar":          {colors, "violet or so", []string{`"red", "green", "blue"`}},
		"ErrNoneAtAll":    {none, "acme", []string{"none at all"}},
		"ErrNoKey":        {none, "a\x00b", []string{"control character"}},
		"ErrLong":         {colors, strings.Repeat("x", 10_000), []string{"…"}},
		"ErrNotUTF8":      {colors, "\xff", []string{"\uFFFD"}},
		"ErrAnotherColor": {colors, "Red", []string{`"red"`}},
	} {
		t.Run(name, func(t *testing.T) {
			err := c.set.Has(t.Context(), c.key)
			if len(c.want) == 0 {
				if err != nil {
					t.Error(err)
				}
				return
			}
			text := ""
			if e, ok := err.(*host.Error); ok { //nolint:errorlint // it is that itself
				text = e.Message + " " + e.Remedy
			}
			if host.CodeOf(err) != host.Invalid || host.ReasonOf(err) != "PARTITION_UNKNOWN" || len(text) > 2000 {
				t.Fatalf("got %v", err)
			}
			for _, part := range c.want {
				if !strings.Contains(text, part) {
					t.Errorf("%q does not say %q", text, part)
				}
			}
		})
	}
}

func TestTagsOfPartition(t *testing.T) {
	for key, c := range map[string]struct {
		set  *partition.Set
		want map[string]string
	}{
		"2026-11-22": {of(t, nil, daily("2026-11-20T00:00")), map[string]string{
			"penstock/partition": "2026-11-22", "penstock/partition_set": "parts",
		}},
		"2026-11-22|red": {of(t, nil, daily("2026-11-20T00:00"), static("color", "red")), map[string]string{
			"penstock/partition": "2026-11-22|red", "penstock/partition_set": "parts",
			"penstock/partition.day": "2026-11-22", "penstock/partition.color": "red",
		}},
	} {
		got := map[string]string{}
		for _, tg := range c.set.Tags(key) {
			if tg.Origin != tag.OriginSystem {
				t.Errorf("%s: origin %q", tg.Key, tg.Origin)
			}
			got[tg.Key] = tg.Value
		}
		if diff := cmp.Diff(c.want, got); diff != "" {
			t.Errorf("%s: %s", key, diff)
		}
	}
}

func TestSpanOfPartition(t *testing.T) {
	day := time.Date(2026, time.November, 22, 0, 0, 0, 0, time.UTC)
	for name, set := range map[string]*partition.Set{
		"2026-11-22":     of(t, nil, daily("2026-11-20T00:00")),
		"red|2026-11-22": of(t, nil, static("color", "red"), daily("2026-11-20T00:00")),
	} {
		start, end, ok := set.Span(name)
		if !ok || !start.Equal(day) || !end.Equal(day.Add(24*time.Hour)) {
			t.Errorf("%s: got %v %v %t", name, start, end, ok)
		}
	}
	if _, _, ok := of(t, nil, static("color", "red")).Span("red"); ok {
		t.Error("a color has a span of time")
	}
}

func TestEndedPartitions(t *testing.T) {
	after, until := time.Time(noon).Add(-48*time.Hour), time.Time(noon)
	days := []string{"2026-11-21", "2026-11-22"}
	for name, c := range map[string]struct {
		set  *partition.Set
		most int
		want []string
		err  string
	}{
		"OK":         {of(t, nil, daily("2026-11-20T00:00")), 2, days, ""},
		"OKPairs":    {of(t, nil, daily("2026-11-20T00:00"), static("c", "x", "y")), 4, []string{"2026-11-21|x", "2026-11-21|y", "2026-11-22|x", "2026-11-22|y"}, ""},
		"OKSecond":   {of(t, nil, static("c", "x", "y"), daily("2026-11-22T00:00")), 4, []string{"x|2026-11-22", "y|2026-11-22"}, ""},
		"ErrMany":    {of(t, nil, daily("2026-11-20T00:00")), 1, nil, "TOO_MANY_PARTITIONS"},
		"ErrPairs":   {of(t, nil, daily("2026-11-20T00:00"), static("c", "x", "y")), 3, nil, "TOO_MANY_PARTITIONS"},
		"ErrNoTime":  {of(t, nil, static("c", "x")), 3, nil, "NO_TIME_PARTITIONS"},
		"OKNoneThen": {of(t, nil, daily("2026-11-25T00:00")), 3, nil, ""},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.set.Ended(t.Context(), after, until, c.most)
			if host.ReasonOf(err) != c.err || (err != nil) != (c.err != "") {
				t.Fatalf("got %v", err)
			}
			if len(got)+len(c.want) > 0 && !cmp.Equal(got, c.want) {
				t.Error(cmp.Diff(c.want, got))
			}
		})
	}
}

func TestPartitionsThatMakeNoCalendar(t *testing.T) {
	bad := &host.Partitions{Name: "parts", Dimensions: []host.PartitionDimension{{Name: "day", Time: &host.TimePartitions{Unit: host.UnitDay, Zone: "Nowhere/Else", Start: "2026-01-01T00:00"}}}}
	_, err := partition.NewSource(kept{}, noon, nil).Of(job, bad)
	if host.CodeOf(err) != host.Invalid || !strings.Contains(err.Error(), "Nowhere/Else") || !strings.Contains(err.Error(), "dimension day") {
		t.Errorf("got %v", err)
	}
}
