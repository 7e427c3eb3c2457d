package boltstore

import (
	"cmp"
	"testing"
	"time"

	"pgregory.net/rapid"
)

// TestSlots has instants on both sides of 1970, and the years at both ends of what a record can hold.
func TestSlots(t *testing.T) {
	begin, end := time.Date(1, 1, 1, 0, 0, 0, 0, time.UTC), time.Date(9999, 12, 31, 23, 59, 59, 0, time.UTC)
	instants := rapid.Custom(func(t *rapid.T) time.Time {
		seconds := rapid.OneOf(rapid.Int64Range(-2*slotSeconds, 2*slotSeconds), rapid.Int64Range(begin.Unix(), end.Unix()),
			rapid.SampledFrom([]int64{begin.Unix(), end.Unix()})).Draw(t, "seconds")
		return time.Unix(seconds, rapid.Int64Range(0, 999_999_999).Draw(t, "nanoseconds"))
	})
	rapid.Check(t, func(t *rapid.T) {
		at := instants.Draw(t, "an instant")
		other := rapid.OneOf(instants, rapid.Map(rapid.Int64Range(-2*slotSeconds, 2*slotSeconds), func(seconds int64) time.Time {
			return at.Add(time.Duration(seconds) * time.Second)
		})).Draw(t, "another")
		order := cmp.Compare(slotOf(at), slotOf(other))
		if order != 0 && order != at.Compare(other) {
			t.Fatalf("the slots of %v and %v are in order %d", at, other, order)
		}
		epoch := time.Unix(-1<<40*slotSeconds, 0)
		number := func(t time.Time) int64 { return (t.Unix() - epoch.Unix()) / slotSeconds }
		if (order == 0) != (number(at) == number(other)) {
			t.Fatalf("%v and %v are in slots %x and %x", at, other, slotOf(at), slotOf(other))
		}
	})
}
