package workspace

import (
	"context"
	"net"
	"net/netip"
	"strconv"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
)

// book is a resolver whose answers tests write.
type book struct {
	mu    sync.Mutex
	names map[string][]netip.Addr
}

func (b *book) write(name string, ips ...string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.names == nil {
		b.names = map[string][]netip.Addr{}
	}
	b.names[name] = nil
	for _, ip := range ips {
		b.names[name] = append(b.names[name], netip.MustParseAddr(ip))
	}
}

func (b *book) LookupNetIP(_ context.Context, _, name string) ([]netip.Addr, error) {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.names[name]) == 0 {
		return nil, &net.DNSError{Err: "no such host", Name: name, IsNotFound: true}
	}
	return append([]netip.Addr(nil), b.names[name]...), nil
}

// startAt starts a peer at an address of this machine for the length of the test.
func startAt(t *testing.T, address string, b hosttest.Behavior) *hosttest.Peer {
	t.Helper()
	p, err := hosttest.Listen(address, b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Stop)
	return p
}

func portOf(t *testing.T, p *hosttest.Peer) string {
	t.Helper()
	_, port, err := net.SplitHostPort(p.Address())
	if err != nil {
		t.Fatal(err)
	}
	return port
}

func TestNameOfSeveralAddresses(t *testing.T) {
	one := hosttest.Start(t, hosttest.Current())
	port := portOf(t, one)
	other := startAt(t, "127.0.0.2:"+port, hosttest.Current())
	names := &book{}
	names.write("etl.test", "127.0.0.2", "127.0.0.1", "127.0.0.2")
	w := watch(t, Options{Resolver: names, Locations: []host.LocationConfig{{Name: "etl", Address: "etl.test:" + port, Insecure: true}}})
	awaitState(t, w.Workspace, "etl", host.LocationReady)
	w.probes(1)
	l := w.location()
	if len(l.Replicas) != 2 || len(l.Notices) != 0 || l.Mixed {
		t.Fatalf("got %+v", l)
	}
	for _, r := range l.Replicas {
		if want := map[string]string{one.ServerID(): one.Address(), other.ServerID(): other.Address()}[r.Server.GetServerId()]; r.Address != want {
			t.Errorf("server %s is at %s, want %s", r.Server.GetServerId(), r.Address, want)
		}
	}

	// A deploy of one of them is seen at the next probe.
	become(t, other, changedSample("def456"))
	w.probes(1)
	if l := w.location(); !l.Mixed || l.Server.GetServerId() != other.ServerID() {
		t.Errorf("mixed %t, server %v", l.Mixed, l.Server)
	}

	// One that is down is no fault.
	one.Stop()
	w.probes(2)
	l = w.location()
	if l.Fault != nil || len(l.Replicas) != 1 || len(l.Notices) != 1 || !strings.Contains(l.Notices[0], "127.0.0.1:"+port+", one of 2 addresses, does not answer") {
		t.Errorf("fault %+v, notices %q", l.Fault, l.Notices)
	}
	// It is not an address any more.
	names.write("etl.test", "127.0.0.2")
	w.probes(4)
	if l := w.location(); len(l.Notices) != 0 {
		t.Errorf("notices %q", l.Notices)
	}

	// What is up goes on while the name server fails.
	names.write("etl.test")
	w.probes(61)
	l = w.location()
	if l.State != host.LocationReady || len(l.Notices) != 1 || !strings.Contains(l.Notices[0], "The addresses from before are used") {
		t.Errorf("%s, notices %q", l.State, l.Notices)
	}
	other.Stop()
	pass(t, w.clock, time.Second)
	awaitState(t, w.Workspace, "etl", host.LocationStale)
}

// A name often has an address of the other family where nobody listens.
func TestNameOfBothFamilies(t *testing.T) {
	p := hosttest.Start(t, hosttest.Current())
	names := &book{}
	names.write("etl.test", "::1", "127.0.0.1")
	w := watch(t, Options{Resolver: names, Locations: []host.LocationConfig{{Name: "etl", Address: "etl.test:" + portOf(t, p), Insecure: true}}})
	awaitState(t, w.Workspace, "etl", host.LocationReady)
	w.probes(5)
	if l := w.location(); len(l.Notices) != 0 || len(l.Replicas) != 1 {
		t.Errorf("%d replicas, notices %q", len(l.Replicas), l.Notices)
	}
	if l := w.set.Load().byName["etl"]; !l.by4 {
		t.Error("the family that does not answer is asked first")
	}
}

// The certificate is for the name that was configured, whatever it stands for.
func TestNameInTheCertificate(t *testing.T) {
	good, ca := certificate(t, time.Now().Add(time.Hour))
	b := hosttest.Current()
	b.TLS = &good
	p := hosttest.Start(t, b)
	names := &book{}
	names.write("usercode.test", "127.0.0.1")
	names.write("other.test", "127.0.0.1")
	w := open(t, Options{Resolver: names, Locations: []host.LocationConfig{
		{Name: "etl", Address: "usercode.test:" + portOf(t, p), TLS: &host.LocationTLS{CAPEM: ca}},
		{Name: "other", Address: "other.test:" + portOf(t, p), TLS: &host.LocationTLS{CAPEM: ca}},
	}})
	awaitState(t, w, "etl", host.LocationReady)
	awaitFault(t, w, "other", FaultTLS)
}

func TestNameOfManyAddresses(t *testing.T) {
	l := &location{}
	var ips []netip.Addr
	for i := range 2 * maxAddresses {
		ips = append(ips, netip.MustParseAddr("10.0.0."+strconv.Itoa(i+1)))
	}
	l.targetsAre(append(ips, netip.MustParseAddr("fd00::1")), "80")
	if len(l.targets) != maxAddresses || l.targets[0].address != "10.0.0.1:80" || len(l.addresses) != maxAddresses {
		t.Errorf("%d targets", len(l.targets))
	}
	first := l.targets[0]
	l.targetsAre([]netip.Addr{netip.MustParseAddr("::ffff:10.0.0.1"), netip.MustParseAddr("10.9.9.9")}, "80")
	if len(l.targets) != 2 || l.targets[0] != first {
		t.Error("a target that stays was made anew")
	}
}
