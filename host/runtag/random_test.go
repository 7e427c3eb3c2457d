package runtag_test

import (
	"fmt"
	"math/rand/v2"
	"slices"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host/runtag"
	"github.com/penstock-run/penstock/usercode/tag"
)

// TestHistoryOfRandomEdits compares the history of each key with what was done.
func TestHistoryOfRandomEdits(t *testing.T) {
	seed := rand.Uint64()
	r := rand.New(rand.NewPCG(seed, 0))
	f := newFixture(t)
	for range 5 {
		keys := []string{"a", "b", "c", tag.KeyPriority}
		value := func() string { return fmt.Sprint(r.IntN(3)) }
		now, want := map[string]string{}, map[string][]string{} // by key: the value, and "value by whom" or "- by whom"
		var launched []tag.Tag
		for _, key := range keys {
			if r.IntN(2) == 0 {
				now[key] = value()
				want[key] = []string{now[key] + " by "}
				launched = append(launched, launchTag(key, now[key]))
			}
		}
		run := f.launched(launched...)
		for i := range 12 {
			var e runtag.Edit
			by := fmt.Sprint("editor ", i)
			for _, key := range keys {
				before, had := now[key]
				switch r.IntN(4) {
				case 0:
					e.Remove = append(e.Remove, key)
					if delete(now, key); had {
						want[key] = append(want[key], "- by "+by)
					}
				case 1:
					v := value()
					e.Set = append(e.Set, tag.Tag{Key: key, Value: v})
					if now[key] = v; !had || before != v {
						want[key] = append(want[key], v+" by "+by)
					}
				}
			}
			if len(e.Set)+len(e.Remove) > 0 {
				f.clock.Advance(time.Second)
				f.edit(run.ID, e, by)
			}
		}
		for _, key := range keys {
			history, err := runtag.History(t.Context(), f.store, run.ID, key)
			if err != nil {
				t.Fatal(err)
			}
			var got []string
			for i, c := range history {
				text := c.Tag.Value + " by " + c.By
				if c.Removed {
					text = "- by " + c.By
				}
				got = append(got, text)
				if c.Tag.Key != key || i > 0 && c.Time.Before(history[i-1].Time) || !c.Removed && c.By != c.Tag.EditedBy {
					t.Errorf("seed %d: change %d of %s is %+v", seed, i, key, c)
				}
			}
			if !slices.Equal(got, want[key]) {
				t.Errorf("seed %d: the history of %s is %q, want %q", seed, key, got, want[key])
			}
		}
	}
}
