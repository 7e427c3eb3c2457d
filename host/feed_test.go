package host_test

import (
	"sync"
	"testing"

	"github.com/penstock-run/penstock/host"
)

func TestFeedKeepsTheNewestPerRun(t *testing.T) {
	var f host.Feed
	all, one := f.Subscribe(2), f.SubscribeRun("b")
	defer all.Close()
	defer one.Close()
	f.Publish(host.Change{Run: host.Run{ID: "a", Status: host.Queued}, Events: true, LastEvent: host.Cursor{Note: 1}})
	f.Publish(host.Change{Run: host.Run{ID: "b", Status: host.Queued}})
	f.Publish(host.Change{Run: host.Run{ID: "a", Status: host.Starting}})
	<-all.Ready()
	changes, lost := all.Take()
	if lost || len(changes) != 2 || changes[0].Run.Status != host.Starting || !changes[0].Events || changes[1].Run.ID != "b" {
		t.Errorf("Take = %+v, lost %t", changes, lost)
	}
	<-one.Ready()
	if changes, _ := one.Take(); len(changes) != 1 || changes[0].Run.ID != "b" {
		t.Errorf("the run's subscription took %+v", changes)
	}
}

func TestFeedTellsWhatWasLost(t *testing.T) {
	var f host.Feed
	s := f.Subscribe(1)
	f.Publish(host.Change{Run: host.Run{ID: "a"}})
	f.Publish(host.Change{Run: host.Run{ID: "b"}})
	if changes, lost := s.Take(); !lost || len(changes) != 1 {
		t.Errorf("Take = %+v, lost %t; want one change and lost", changes, lost)
	}
	if _, lost := s.Take(); lost {
		t.Error("lost is told twice")
	}
	s.Close()
	s.Close()
	f.Publish(host.Change{Run: host.Run{ID: "c"}})
	if changes, _ := s.Take(); len(changes) != 0 {
		t.Errorf("a closed subscription took %+v", changes)
	}
}

func TestFeedConcurrently(t *testing.T) {
	var f host.Feed
	var w sync.WaitGroup
	for range 4 {
		w.Go(func() {
			for range 200 {
				s := f.Subscribe(8)
				f.Publish(host.Change{Run: host.Run{ID: "a"}})
				if c, _ := s.Take(); len(c) == 0 {
					t.Error("a subscriber missed a change that came after it subscribed")
				}
				s.Close()
			}
		})
	}
	w.Wait()
}
