package workspace

import (
	"context"
	"fmt"
	"log/slog"
	"os"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
)

func TestMain(m *testing.M) {
	if n := os.Getenv(peersVariable); n != "" {
		if err := servePeers(os.Stdout, n); err != nil {
			fmt.Fprintln(os.Stderr, err)
			os.Exit(1)
		}
		return
	}
	goleak.VerifyTestMain(m)
}

type systemClock struct{}

func (systemClock) Now() time.Time                         { return time.Now() }
func (systemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// testInterval keeps tests of things that come with the next probe short.
const testInterval = 2 * time.Millisecond

// at is a location called name at the peer's address.
func at(name string, p *hosttest.Peer) host.LocationConfig {
	return host.LocationConfig{Name: name, Address: p.Address()}
}

// open starts a workspace for the length of the test.
func open(t testing.TB, o Options) *Workspace {
	t.Helper()
	if o.Clock == nil {
		o.Clock = systemClock{}
	}
	if o.ProbeInterval == 0 {
		o.ProbeInterval = testInterval
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.NewTextHandler(t.Output(), nil))
	}
	w, err := New(o)
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	return w
}

// openOne is a workspace with one location, "etl".
func openOne(t testing.TB, p *hosttest.Peer) *Workspace {
	t.Helper()
	return open(t, Options{Locations: []host.LocationConfig{at("etl", p)}})
}

// await waits until the location satisfies ok.
func await(t testing.TB, w *Workspace, name string, ok func(Location) bool) Location {
	t.Helper()
	s := w.Watch()
	defer s.Close()
	limit := time.After(20 * time.Second)
	for {
		l, err := w.Location(name)
		if err != nil {
			t.Fatal(err)
		}
		if ok(l) {
			return l
		}
		select {
		case <-s.Ready():
			s.Take()
		case <-limit:
			t.Fatalf("location %s never got there; it is %s, fault %+v", name, l.State, l.Fault)
		}
	}
}

func awaitState(t testing.TB, w *Workspace, name string, state host.LocationState) Location {
	t.Helper()
	return await(t, w, name, func(l Location) bool { return l.State == state })
}

func awaitFault(t testing.TB, w *Workspace, name, code string) Location {
	t.Helper()
	return await(t, w, name, func(l Location) bool { return l.Fault != nil && l.Fault.Code == code })
}

func find(t testing.TB, w *Workspace, name string) *Job {
	t.Helper()
	j, err := w.FindJob(name)
	if err != nil {
		t.Fatal(err)
	}
	return j
}

func become(t testing.TB, p *hosttest.Peer, b hosttest.Behavior) {
	t.Helper()
	if err := p.Become(b); err != nil {
		t.Fatal(err)
	}
}

// deadlineContext ends with the test's patience.
func deadlineContext(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(context.Background(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}

// Conn is the first of Conns.
func (w *Workspace) Conn(name string) (*Conn, error) {
	all, err := w.Conns(name)
	if err != nil {
		return nil, err
	}
	for _, c := range all[1:] {
		c.Release()
	}
	return all[0], nil
}
