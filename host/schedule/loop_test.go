package schedule_test

import (
	"sync"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
)

// TestStartAndStop starts and stops, also twice, before it started, and by several at once while it makes ticks.
func TestStartAndStop(t *testing.T) {
	f := newFixture(t)
	f.scheduler.Stop()
	f.code.deploy(t, "s", missing(fixed("* * * * *"), all, 100))
	for range 10 {
		f.scheduler = f.another()
		if err := f.scheduler.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		var all sync.WaitGroup
		all.Go(func() { f.clock.Advance(90 * time.Second) })
		all.Go(f.scheduler.Poke)
		all.Go(func() {
			if _, err := f.scheduler.Switch(t.Context(), named("s"), host.SwitchOn, ""); err != nil {
				t.Error(err)
			}
		})
		all.Go(func() { f.scheduler.Standing(named("s")) })
		all.Go(f.scheduler.Stop)
		all.Wait()
		f.scheduler.Stop()
	}
	f.restart(time.Minute)
	if n := len(f.ticks("s")); n != 16 { // of 16 minutes, wherever it was stopped
		t.Errorf("there are %d ticks, want 16", n)
	}
	f.bijection()
}

// TestLoop lets the Scheduler run by itself, on a clock that goes on in small steps.
func TestLoop(t *testing.T) {
	f := newFixture(t)
	changes := f.changes.Subscribe()
	defer changes.Close()
	f.code.deploy(t, "s", missing(fixed("* * * * *"), all, 100))
	if err := f.scheduler.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for len(f.ticks("s")) < 5 {
		select {
		case <-changes.Ready():
			changes.Take()
		case <-time.After(time.Millisecond):
			f.clock.Advance(5 * time.Second)
		case <-t.Context().Done():
			t.Fatal("it makes no ticks")
		}
	}
	f.scheduler.Stop()
	for i, tick := range f.ticks("s") {
		if want := at(t, "22 10:00").Add(time.Duration(i+1) * time.Minute); !tick.At.Equal(want) || tick.Late {
			t.Errorf("tick %d is at %s, late: %t", i, tick.At, tick.Late)
		}
	}
	f.bijection()
}
