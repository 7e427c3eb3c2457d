package storetest

import (
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
)

func (x *exercise) tickSkippedAgain(t *testing.T) {
	s := x.new(t)
	a := s.knowAutomation(sensorNamed("a"))
	first := skip(newTick(a, 1), "nothing new")
	want, after := s.tick(first)
	if after.Version != a.Version+1 { // From has moved
		t.Errorf("the version is %d, want %d", after.Version, a.Version+1)
	}
	a = after
	next := func(minutes int) host.NewTick {
		n := skip(newTick(a, minutes), "nothing new")
		n.Next.From = a.From
		return n
	}
	for i := 2; i <= 4; i++ {
		n := next(i)
		got, after := s.tick(n)
		want.Count, want.LastAt = i, n.Tick.LastAt
		wantSame(t, "CreateTick that skips again", got, want)
		a.EvaluatedAt = n.Tick.At
		wantSame(t, "the sensor behind it", after, a)
		s.reopen()
	}
	for _, minutes := range []int{1, 2, 3, 4} { // as after an answer that was lost, or with a clock that went back
		got, created, err := s.CreateTick(s.ctx, next(minutes))
		if err != nil || created {
			t.Errorf("CreateTick that was counted = created %t, %v", created, err)
		}
		wantSame(t, "CreateTick that was counted", got, want)
	}
	all := []host.Tick{want}
	for i, edit := range []func(*host.NewTick){
		func(n *host.NewTick) { n.Tick.SkipReason = "other" },
		func(n *host.NewTick) { n.Tick.SkipReason, n.Tick.LogLines = "other", []string{"line"} },
		func(n *host.NewTick) { n.Tick.SkipReason = "other" }, // after one with a line
		func(n *host.NewTick) { n.Tick.SkipReason, n.Tick.Cursor = "other", "c" },
		func(n *host.NewTick) { n.Tick.SkipReason, n.Tick.Cursor, n.Tick.KnownKeyCount = "other", "c", 1 },
		func(n *host.NewTick) { n.Tick.Status, n.Tick.SkipReason = host.TickSuccess, "" },
		func(*host.NewTick) {},
		func(n *host.NewTick) { n.Tick.At = epoch.Add(-time.Hour) }, // the clock went back
	} {
		n := next(10 + i)
		edit(&n)
		got, _ := s.tick(n)
		wantSame(t, "CreateTick that is another", got, n.Tick)
		all = append([]host.Tick{got}, all...)
	}
	all = append(all[1:], all[0])
	s.wantTicks(a.Name, all...)

	s.knownKeysAgain()

	b := s.knowAutomation(scheduleNamed("b"))
	for i := range 2 {
		got, after := s.tick(skip(newTick(b, i), "no"))
		if b = after; got.Count != 1 {
			t.Error("a skipped tick of a schedule is counted with another")
		}
	}
}

// knownKeysAgain has a sensor that asks for runs of the same run keys each time.
func (s *store) knownKeysAgain() {
	a := s.knowAutomation(sensorNamed("again"))
	next := func(minutes int, keys ...string) host.NewTick {
		n := newTick(a, minutes, keys...)
		n.Next.From = a.From
		return n
	}
	first, a2 := s.tick(next(1, "k", "l"))
	a = a2
	var known host.Tick
	for i := 2; i <= 4; i++ {
		n := next(i, "k", "l")
		got, after := s.tick(n)
		if a = after; i == 2 {
			known = n.Tick
			known.KnownKeys, known.KnownKeyCount = []string{"k", "l"}, 2
		}
		known.Count, known.LastAt = i-1, n.Tick.LastAt
		wantSame(s.t, "CreateTick of the same run keys", got, known)
	}
	fewer := next(5, "k")
	got, after := s.tick(fewer)
	fewer.Tick.KnownKeys, fewer.Tick.KnownKeyCount = []string{"k"}, 1
	wantSame(s.t, "CreateTick of other run keys", got, fewer.Tick)
	a = after
	more, _ := s.tick(next(6, "k", "m"))
	s.wantTicks(a.Name, more, fewer.Tick, known, first)
}
