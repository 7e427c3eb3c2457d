package calendar

import (
	"slices"
	"testing"
	"time"
)

// TestStretchesFollowOneAnother goes through years of the zone database and under a yearly rule, leap years among them:
// stretches move on, and what the clock shows it shows at one instant, unless it is moved.
func TestStretchesFollowOneAnother(t *testing.T) {
	for _, place := range moved {
		c, err := newClock(place.zone)
		if err != nil {
			t.Fatal(err)
		}
		s := c.at(time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC).Unix())
		for s.to < time.Date(2060, 1, 1, 0, 0, 0, 0, time.UTC).Unix() {
			next := c.after(s)
			if next.to <= next.from {
				t.Fatalf("%s: the stretch from %s ends at %s", place.zone, c.in(next.from), c.in(next.to))
			}
			for _, at := range []int64{next.from - 1, next.from, next.from + 30*hour} {
				shows := c.shows(c.wall(at))
				if !slices.Contains(shows, at) || len(slices.Compact(slices.Clone(shows))) != len(shows) {
					t.Fatalf("%s: what the clock shows at %s, it shows at %d", place.zone, c.in(at), shows)
				}
			}
			s = next
		}
	}
}
