package storetest

import (
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
)

func (x *exercise) tickTidy(t *testing.T) {
	s := x.new(t)
	a, few := s.knowAutomation(sensorNamed("a")), s.knowAutomation(sensorNamed("few"))
	_, few = s.tick(newTick(few, 0))
	now := epoch.Add(2 * host.KeepTicks)
	var want []host.Tick
	add := func(age time.Duration, status host.TickStatus, kept bool) {
		n := newTick(a, 0)
		if status == host.TickSuccess {
			n = newTick(a, 0, "")
		}
		n.Tick.At, n.Tick.Status, n.Next.From = now.Add(-age), status, epoch
		if n.Tick.LastAt = n.Tick.At; status == host.TickSkipped {
			n.Tick.SkipReason = age.String() // not counted with another
		}
		n.Tick.StartedAt, n.Tick.EndedAt = n.Tick.At, n.Tick.At
		var got host.Tick
		if got, a = s.tick(n); kept {
			want = append([]host.Tick{got}, want...)
		}
	}
	for i, status := range []host.TickStatus{host.TickSuccess, host.TickSkipped, host.TickFailure} {
		add(host.KeepTicks+time.Duration(3-i), status, false)
	}
	add(host.KeepTicks-1, host.TickSuccess, true)
	add(host.KeepTicks-2, host.TickSkipped, false)
	add(host.KeepSkippedTicks+2, host.TickFailure, true)
	add(host.KeepSkippedTicks+1, host.TickSkipped, false)
	known := newTick(a, 0)
	known.Tick.At = now.Add(-host.KeepSkippedTicks - 3)
	known.Tick.KnownKeys, known.Tick.KnownKeyCount, known.Next.From = []string{"k"}, 1, epoch
	known.Tick.StartedAt, known.Tick.EndedAt, known.Tick.LastAt = known.Tick.At, known.Tick.At, known.Tick.At
	_, a = s.tick(known)
	add(host.KeepSkippedTicks-1, host.TickSkipped, true)
	for i := range host.MinTicksKept {
		add(time.Duration(host.MinTicksKept-i), host.TickSuccess, true)
	}
	for _, gone := range []int{6, 0} {
		if n, err := s.TidyTicks(s.ctx, now); n != gone || err != nil {
			t.Errorf("TidyTicks = %d, %v; want %d", n, err, gone)
		}
		s.wantTicks(a.Name, want...)
	}
	if n, err := s.TidyTicks(s.ctx, now.Add(2)); n != 2 || err != nil { // one has grown old, and one was not old enough
		t.Errorf("TidyTicks later = %d, %v; want 2", n, err)
	}
	s.reopen()
	if n, err := s.TidyTicks(s.ctx, now.Add(host.KeepTicks)); n != 1 || err != nil {
		t.Errorf("TidyTicks = %d, %v; want all but the newest gone", n, err)
	}
	s.wantTicks(a.Name, want[:host.MinTicksKept]...)
	s.wantTicks(few.Name, newTick(few, 0).Tick)
}
