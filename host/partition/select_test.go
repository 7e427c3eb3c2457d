package partition_test

import (
	"errors"
	"strings"
	"testing"

	"github.com/google/go-cmp/cmp"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/partition"
)

func TestSelect(t *testing.T) {
	days := of(t, nil, daily("2026-11-18T00:00")) // 18 to 22
	pairs := of(t, nil, static("color", "red", "green", "blue"), static("size", "s", "l"))
	type sel = partition.Selection
	for name, c := range map[string]struct {
		set  *partition.Set
		sel  sel
		want []string
	}{
		"All":         {days, sel{All: true}, []string{"2026-11-18", "2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22"}},
		"Keys":        {days, sel{Keys: []string{"2026-11-21", "2026-11-19", "2026-11-21"}}, []string{"2026-11-19", "2026-11-21"}},
		"Range":       {days, sel{Ranges: []partition.Range{{From: "2026-11-20", To: "2026-11-21"}}}, []string{"2026-11-20", "2026-11-21"}},
		"OneDay":      {days, sel{Ranges: []partition.Range{{From: "2026-11-20", To: "2026-11-20"}}}, []string{"2026-11-20"}},
		"Until":       {days, sel{Ranges: []partition.Range{{To: "2026-11-19"}}}, []string{"2026-11-18", "2026-11-19"}},
		"Since":       {days, sel{Ranges: []partition.Range{{From: "2026-11-21"}}}, []string{"2026-11-21", "2026-11-22"}},
		"Overlapping": {days, sel{Keys: []string{"2026-11-20"}, Ranges: []partition.Range{{From: "2026-11-19", To: "2026-11-21"}, {From: "2026-11-20", To: "2026-11-22"}}}, []string{"2026-11-19", "2026-11-20", "2026-11-21", "2026-11-22"}},
		"PairsRange":  {pairs, sel{Ranges: []partition.Range{{From: "green"}}}, []string{"green|s", "green|l", "blue|s", "blue|l"}},
		"PairsKey":    {pairs, sel{Keys: []string{"blue|s", "red|l"}}, []string{"red|l", "blue|s"}},
	} {
		t.Run(name, func(t *testing.T) {
			got, err := c.set.Select(t.Context(), c.sel)
			if err != nil || !cmp.Equal(got, c.want) {
				t.Errorf("got %v, %v, want %v", got, err, c.want)
			}
		})
	}
}

func TestSelectRefuses(t *testing.T) {
	days := of(t, nil, daily("2026-11-18T00:00"))
	many := make([]string, host.MaxStaticPartitions)
	for i := range many {
		many[i] = "k" + strings.Repeat("x", i%5) + string(rune('a'+i%26)) + strings.Repeat("y", i/26%40) + string(rune('a'+i/1040))
	}
	huge := of(t, nil, static("a", many...), static("b", "0", "1", "2", "3", "4", "5", "6", "7", "8", "9", "ten"))
	type sel = partition.Selection
	for name, c := range map[string]struct {
		set      *partition.Set
		sel      sel
		reason   string
		problems int
		want     string
	}{
		"ErrNothing":   {days, sel{}, "NO_PARTITIONS_SELECTED", 0, "none is selected"},
		"ErrEmpty":     {of(t, nil, daily("2026-11-30T00:00")), sel{All: true}, "NO_PARTITIONS_SELECTED", 0, "none is selected"},
		"ErrUnknown":   {days, sel{Keys: []string{"2026-11-19", "x", "2026-11-30"}}, "PARTITION_UNKNOWN", 2, `2 of what is selected`},
		"ErrRangeEnd":  {days, sel{Ranges: []partition.Range{{From: "2026-11-19", To: "2026-12-01"}}}, "PARTITION_UNKNOWN", 1, "does not exist yet"},
		"ErrBackwards": {days, sel{Ranges: []partition.Range{{From: "2026-11-21", To: "2026-11-19"}}}, "PARTITION_UNKNOWN", 1, "comes after its end"},
		"ErrTooMany":   {huge, sel{All: true}, "TOO_MANY_PARTITIONS", 0, "110000 partitions"},
		"ErrNamesTen":  {days, sel{Keys: strings.Split(strings.Repeat("a,", 40), ",")}, "PARTITION_UNKNOWN", 20, "41 of what"},
	} {
		t.Run(name, func(t *testing.T) {
			_, err := c.set.Select(t.Context(), c.sel)
			e, _ := errors.AsType[*host.Error](err)
			if host.ReasonOf(err) != c.reason || len(e.Problems) != c.problems || !strings.Contains(e.Message, c.want) {
				t.Errorf("got %v with %d problems", err, len(e.Problems))
			}
		})
	}
}
