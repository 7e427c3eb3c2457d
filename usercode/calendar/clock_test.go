package calendar

import (
	"testing"
	"time"
)

// TestStretchesFollowOneAnother goes through years under a yearly rule, leap years among them: each stretch begins where the
// one before ends.
func TestStretchesFollowOneAnother(t *testing.T) {
	for _, place := range moved {
		c, err := newClock(place.zone)
		if err != nil {
			t.Fatal(err)
		}
		s := c.at(time.Date(1960, 1, 1, 0, 0, 0, 0, time.UTC).Unix())
		for s.to < time.Date(2060, 1, 1, 0, 0, 0, 0, time.UTC).Unix() {
			next := c.at(s.to)
			if next.from != s.to || next.to <= next.from {
				t.Fatalf("%s: a stretch ends at %s, and the next one is from %s to %s", place.zone, c.in(s.to), c.in(next.from), c.in(next.to))
			}
			s = next
		}
	}
}
