package compat

import (
	"fmt"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
)

// TestPeers runs every peer that the kit knows against this host, with a healthy one beside it.
func TestPeers(t *testing.T) {
	t.Parallel() // as its subtests
	for _, p := range Peers() {
		if !p.Slow {
			t.Run(p.Name, func(t *testing.T) {
				t.Parallel() // each has a host of its own
				runPeers(t, p)
			})
		}
	}
}

// TestSlowPeers runs those that take as long as the host's patience, all beside each other.
func TestSlowPeers(t *testing.T) {
	t.Parallel() // it waits most of the time
	var slow []Peer
	for _, p := range Peers() {
		if p.Slow {
			slow = append(slow, p)
		}
	}
	runPeers(t, slow...)
}

// runPeers checks a host with the peers and a healthy one as its locations.
func runPeers(t *testing.T, peers ...Peer) {
	t.Helper()
	directory, beside := t.TempDir(), healthy(t)
	configs, subjects := []host.LocationConfig{beside.Config()}, []Subject{}
	for i, p := range peers {
		s := p.Run(t, fmt.Sprintf("subject_%d", i), newCanary())
		configs, subjects = append(configs, p.Config(s)), append(subjects, s)
	}
	h := Start(t, Options{Directory: directory, Clock: clock{}, Locations: configs})
	settled(t, h, beside)
	for _, s := range subjects {
		if s.Behavior.Definitions == hosttest.Stall {
			if err := s.Peer.Tick(patience(t)); err != nil {
				t.Fatal(err)
			}
		}
	}
	subjects = append(subjects, beside)
	for _, s := range subjects {
		settled(t, h, s)
		inspected(t, h, s)
	}

	// The healthy one is asked on and on, and nothing makes the host fetch it again.
	before := beside.Peer.Recorded()
	if err := beside.Peer.Await(patience(t), func(r hosttest.Recorded) bool { return r.InfoCalls > before.InfoCalls+2 }); err != nil {
		t.Errorf("the healthy location is asked no more: %v", err)
	}
	if n := len(beside.Peer.Recorded().Opens); n != 1 {
		t.Errorf("the healthy location was fetched %d times, want once", n)
	}
	for _, s := range subjects {
		settled(t, h, s)
	}
	if err := h.Stop(); err != nil {
		t.Fatal(err)
	}
	found, err := Stored(patience(t), directory, clock{}, subjects...)
	if err != nil {
		t.Fatal(err)
	}
	for _, f := range found {
		t.Error(f)
	}
}
