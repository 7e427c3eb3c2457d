package diagnose_test

import (
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/workspace"
)

func TestLocations(t *testing.T) {
	t.Run("None", func(t *testing.T) {
		newFixture(t, 10).want("locations", "WARNING there is no code location")
	})
	t.Run("Ready", func(t *testing.T) {
		f := newFixture(t, 10, host.LocationConfig{Name: "code", Address: hosttest.Start(t, hosttest.Current()).Address()})
		f.await("code", ready)
		f.want("locations", "OK READY: 4 jobs, protocol ")
	})
	t.Run("Down", func(t *testing.T) {
		f := newFixture(t, 10, host.LocationConfig{Name: "code", Address: "127.0.0.1:1"})
		f.await("code", func(l workspace.Location) bool { return l.State == host.LocationUnavailable })
		f.want("locations", "ERROR (LOCATION_UNREACHABLE): ")
	})
	t.Run("Refused", func(t *testing.T) {
		f := newFixture(t, 10, host.LocationConfig{Name: "code", Address: hosttest.Start(t, hosttest.Older("0.14.2")).Address()})
		f.await("code", ready)
		l, err := f.workspace.Location("code")
		f.must(err)
		var wants []string
		for _, d := range l.Capabilities {
			if workspace.RefusalOf(d, "code", 0) != nil {
				wants = append(wants, "WARNING "+d.Capability+" is refused (")
			}
		}
		if len(wants) == 0 {
			t.Fatal("nothing is refused of an old server")
		}
		f.want("locations", wants...)
	})
	t.Run("Loading", func(t *testing.T) {
		b := hosttest.Current()
		b.Info = hosttest.Hang
		f := newFixture(t, 10, host.LocationConfig{Name: "code", Address: hosttest.Start(t, b).Address()})
		f.want("locations", "OK LOADING: 0 jobs")
		f.options.Uptime = func() time.Duration { return time.Minute }
		f.want("locations", "WARNING has not answered yet")
	})
	t.Run("OutputsApart", func(t *testing.T) {
		one, other := hosttest.Current(), hosttest.Current()
		one.OutputStore, other.OutputStore = "file:///a", "file:///b"
		other.Draining = true
		first := hosttest.Start(t, one)
		balancer := hosttest.StartBalancer(t, first)
		f := newFixture(t, 10, host.LocationConfig{Name: "code", Address: balancer.Address()})
		f.await("code", ready)
		balancer.Add(hosttest.Start(t, other).Address())
		for range 50 {
			l, err := f.workspace.Reload(t.Context(), "code")
			f.must(err)
			if len(l.Replicas) == 2 {
				break
			}
		}
		f.want("locations", "WARNING store outputs in different places, so that a re-execution may not find them: file:///")
	})
}
