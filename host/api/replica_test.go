package api_test

import (
	"bytes"
	"strings"
	"testing"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	hostv1 "github.com/penstock-run/penstock/proto/gen/penstock/host/v1"
)

// meet reloads the location "code" until ok.
func meet(t *testing.T, f *fixture, ok func(*hostv1.Location) bool) *hostv1.Location {
	t.Helper()
	for range 50 {
		res, err := f.locations.ReloadLocation(t.Context(), &hostv1.ReloadLocationRequest{Name: "code"})
		if err != nil {
			t.Fatal(err)
		}
		if ok(res.GetLocation()) {
			return res.GetLocation()
		}
	}
	t.Fatal("the location never got there")
	return nil
}

func TestReplicasOnTheWire(t *testing.T) {
	changed, drains := hosttest.Current(), hosttest.Current()
	changed.Repositories = hosttest.Many(3)
	drains.Draining = true
	old, recent := hosttest.Start(t, drains), hosttest.Start(t, changed)
	balancer := hosttest.StartBalancer(t, old)
	f := newFixture(t, settings{locations: []host.LocationConfig{
		{Name: "code", Address: balancer.Address()}, {Name: "other", Address: old.Address()},
	}})
	l := meet(t, f, func(l *hostv1.Location) bool { return len(l.GetNotices()) > 0 })
	if !l.GetDraining() || l.GetMixed() || !bytes.Equal(l.GetDefinitionsDigest(), old.DefinitionsDigest()) || !strings.Contains(l.GetNotices()[0], "location other") {
		t.Errorf("got %v", l)
	}
	balancer.Add(recent.Address())
	l = meet(t, f, func(l *hostv1.Location) bool { return len(l.GetReplicas()) == 2 })
	if !l.GetMixed() || l.GetDraining() || !bytes.Equal(l.GetDefinitionsDigest(), recent.DefinitionsDigest()) {
		t.Errorf("got %v", l)
	}
	for i, want := range []*hosttest.Peer{recent, old} {
		r := l.GetReplicas()[i]
		if r.GetServer().GetServerId() != want.ServerID() || r.GetInUse() != (want == recent) || r.GetAddress() != balancer.Address() ||
			r.GetFirstSeenAt().AsTime().IsZero() || r.GetAnsweredAt().AsTime().Before(r.GetFirstSeenAt().AsTime()) {
			t.Errorf("replica %d is %v", i, r)
		}
	}
}
