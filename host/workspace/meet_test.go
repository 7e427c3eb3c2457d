package workspace

import (
	"sync"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
)

// Whoever is met over a connection of one's own while the location is configured
// anew counts no more, and its connection is held by nobody.
func TestMeetingsOfAnotherConfiguration(t *testing.T) {
	before, after := hosttest.Start(t, hosttest.Current()), hosttest.Start(t, hosttest.Current())
	w := open(t, Options{Locations: []host.LocationConfig{at("etl", before)}})
	old := awaitState(t, w, "etl", host.LocationReady).Server.GetServerId()

	var mu sync.Mutex
	var made []*connection
	var dialling sync.WaitGroup
	stop := make(chan struct{})
	for range 4 {
		dialling.Go(func() {
			for {
				select {
				case <-stop:
					return
				default:
				}
				c, err := w.Dial(deadlineContext(t), "etl", 0)
				if err != nil {
					continue // it was configured anew, or is gone
				}
				mu.Lock()
				made = append(made, c.connection)
				mu.Unlock()
				c.Release()
			}
		})
	}
	for range 50 {
		configure(t, w, at("etl", after))
		l, err := w.Reload(deadlineContext(t), "etl")
		if err != nil || l.State != host.LocationReady {
			t.Fatalf("got %s, %v", l.State, err)
		}
		for _, r := range l.Replicas {
			if r.Server.GetServerId() == old {
				t.Fatalf("the location is at %s, and knows a server at %s", after.Address(), r.Address)
			}
		}
		configure(t, w, at("etl", before))
	}
	configure(t, w)
	close(stop)
	dialling.Wait()
	if len(made) == 0 {
		t.Fatal("nobody was met")
	}
	for _, c := range made {
		if n := c.holders.Load(); n != 0 {
			t.Errorf("a connection of a location that is gone is held %d times", n)
		}
	}
}

// A stop and changes of the configuration, at once.
func TestStopWhileConfiguring(t *testing.T) {
	p := hosttest.Start(t, hosttest.Current())
	for range 20 {
		w := open(t, Options{Locations: []host.LocationConfig{at("etl", p)}})
		awaitState(t, w, "etl", host.LocationReady)
		var all sync.WaitGroup
		all.Go(func() {
			for i := 0; ; i++ {
				etl, ml := at("etl", p), at("ml", p)
				etl.AllowDevVersions, ml.RefuseStaleLaunches = i%2 == 0, i%3 == 0
				err := w.Configure([]host.LocationConfig{etl, ml})
				if host.CodeOf(err) == host.Unavailable {
					return
				}
				if err != nil {
					t.Error(err)
				}
			}
		})
		for range 2 {
			all.Go(w.Stop)
		}
		all.Wait()
		if _, err := w.Conn("etl"); err == nil {
			t.Error("a stopped workspace has connections")
		}
	}
}
