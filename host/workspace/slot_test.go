package workspace

import (
	"context"
	"testing"
	"testing/synctest"
	"time"
)

func TestSlots(t *testing.T) {
	epoch := time.Unix(1_000, 0)
	s := slots{epoch: epoch, interval: time.Second}
	for _, c := range []struct {
		slot             int
		at, pause, until time.Duration // since the epoch
	}{
		{0, 0, time.Second, time.Second},
		{0, 0, 3 * time.Second, 3 * time.Second},
		{3, 0, time.Second, 1300 * time.Millisecond},
		{7, 0, time.Second, 700 * time.Millisecond},
		{3, 1305 * time.Millisecond, time.Second, 2300 * time.Millisecond}, // a little late, as always
		{3, 1299 * time.Millisecond, time.Second, 2300 * time.Millisecond},
		{3, 1300 * time.Millisecond, 0, 2300 * time.Millisecond}, // never at once
		{9, 60*time.Second + 905*time.Millisecond, 3 * time.Second, 63*time.Second + 900*time.Millisecond},
	} {
		now := epoch.Add(c.at)
		if got := s.next(c.slot, now, c.pause); now.Add(got) != epoch.Add(c.until) {
			t.Errorf("slot %d at %s, %s later: got %s, want %s", c.slot, c.at, c.pause, c.at+got, c.until)
		}
	}
}

func TestPlaces(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		p := newPlaces(systemClock{})
		var held []uint64
		for range maxCalls {
			held = append(held, p.take(t.Context()))
		}
		taken := make(chan uint64)
		next := func() { taken <- p.take(t.Context()) }
		go next()
		synctest.Wait()
		select {
		case <-taken:
			t.Fatal("there are more places than there may be")
		default:
		}
		p.give(held[0])
		mine := <-taken
		p.give(mine)
		p.give(mine) // twice is once
		held[0] = p.take(t.Context())

		// Those that hang give theirs back.
		before := time.Now()
		for range maxCalls {
			go next()
			<-taken
		}
		if waited := time.Since(before); waited != placeHeld {
			t.Errorf("waited %s for the places of those that hang", waited)
		}
		for _, h := range held {
			p.give(h) // of others now
		}
		if len(p.taken) != maxCalls {
			t.Errorf("%d places are taken", len(p.taken))
		}
		ctx, cancel := context.WithCancel(t.Context())
		cancel()
		if p.take(ctx) != 0 {
			t.Error("a place was taken by somebody who had gone")
		}
		p.give(0)
		if len(p.waiting) != 0 || len(p.taken) != maxCalls {
			t.Errorf("%d wait, %d places are taken", len(p.waiting), len(p.taken))
		}
	})
}
