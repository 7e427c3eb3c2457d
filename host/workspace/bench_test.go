package workspace

import (
	"context"
	"fmt"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
)

// BenchmarkColdLoad is from an empty host to all jobs listed, over loopback.
func BenchmarkColdLoad(b *testing.B) {
	for _, n := range []int{100, 1_000, 5_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			behavior := hosttest.Current()
			behavior.Repositories = hosttest.Many(n)
			p := hosttest.Start(b, behavior)
			for b.Loop() {
				w, err := New(Options{Clock: systemClock{}, ProbeInterval: time.Hour, Locations: []host.LocationConfig{at("etl", p)}})
				if err != nil {
					b.Fatal(err)
				}
				s := w.Watch()
				if err := w.Start(context.Background()); err != nil {
					b.Fatal(err)
				}
				<-s.Ready()
				listed := 0
				for _, j := range w.Jobs() {
					if j.Err() == nil && j.Ops() == 10 && j.MetadataState() == "SHOWN" {
						listed++
					}
				}
				s.Close()
				w.Stop()
				if listed != n {
					b.Fatalf("listed %d jobs", listed)
				}
			}
		})
	}
}

// BenchmarkReload is a reload by hand, over a new connection.
func BenchmarkReload(b *testing.B) {
	for _, n := range []int{100, 1_000} {
		behavior := hosttest.Current()
		behavior.Repositories = hosttest.Many(n)
		changed := hosttest.Current()
		changed.Repositories = hosttest.Many(n)
		changed.Repositories[0].Jobs[n/2].Definition.Description = "changed"
		b.Run(fmt.Sprintf("Unchanged/%d", n), func(b *testing.B) {
			w := open(b, Options{ProbeInterval: time.Hour, Locations: []host.LocationConfig{at("etl", hosttest.Start(b, behavior))}})
			awaitState(b, w, "etl", host.LocationReady)
			for b.Loop() {
				if l, err := w.Reload(context.Background(), "etl"); err != nil || l.Jobs() != n {
					b.Fatal(l, err)
				}
			}
		})
		b.Run(fmt.Sprintf("OneChanged/%d", n), func(b *testing.B) {
			one, other := hosttest.Start(b, behavior), hosttest.Start(b, changed)
			w := open(b, Options{ProbeInterval: time.Hour, Locations: []host.LocationConfig{at("etl", one)}})
			awaitState(b, w, "etl", host.LocationReady)
			for i := 0; b.Loop(); i++ {
				p := one
				if i%2 == 0 {
					p = other
				}
				if err := w.Configure([]host.LocationConfig{at("etl", p)}); err != nil {
					b.Fatal(err)
				}
				if l, err := w.Reload(context.Background(), "etl"); err != nil || l.Jobs() != n || l.Fault != nil {
					b.Fatal(l, err)
				}
			}
		})
	}
}
