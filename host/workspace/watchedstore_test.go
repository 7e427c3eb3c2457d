package workspace

import (
	"context"
	"log/slog"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/store/boltstore"
)

// lateClock is the system's, ahead by as much as a test wants.
type lateClock struct {
	ahead atomic.Int64
	// minute gets a time when the next touch is due; nobody else waits that long.
	minute chan time.Time
}

func newLateClock(ahead time.Duration) *lateClock {
	c := &lateClock{minute: make(chan time.Time)}
	c.ahead.Store(int64(ahead))
	return c
}

func (c *lateClock) Now() time.Time { return time.Now().Add(time.Duration(c.ahead.Load())) }

func (c *lateClock) After(d time.Duration) <-chan time.Time {
	if d == touchInterval {
		return c.minute
	}
	return time.After(d)
}

// watchedStore is a real store that a test looks at and makes fail.
type watchedStore struct {
	*boltstore.Store

	mu   sync.Mutex
	puts []host.KnownLocation
	fail error // of puts
	// edit spoils what is read; nil leaves it.
	edit func(all []host.KnownLocation) ([]host.KnownLocation, error)
	body func(host.Digest) ([]byte, error)
	put  chan struct{} // closed and replaced at each put
}

func openStore(t testing.TB, dir string) *watchedStore {
	t.Helper()
	s, err := boltstore.Open(dir, nil)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := s.Close(); err != nil {
			t.Error(err)
		}
	})
	return &watchedStore{Store: s, put: make(chan struct{})}
}

func (s *watchedStore) PutKnownLocation(ctx context.Context, l host.KnownLocation, bodies map[host.Digest][]byte) error {
	s.mu.Lock()
	defer s.mu.Unlock()
	err := s.fail
	if err == nil {
		err = s.Store.PutKnownLocation(ctx, l, bodies)
	}
	s.puts = append(s.puts, l)
	close(s.put)
	s.put = make(chan struct{})
	return err
}

func (s *watchedStore) KnownLocations(ctx context.Context) ([]host.KnownLocation, error) {
	all, err := s.Store.KnownLocations(ctx)
	if s.edit != nil && err == nil {
		all, err = s.edit(all)
	}
	return all, err
}

func (s *watchedStore) Body(ctx context.Context, d host.Digest) ([]byte, error) {
	if s.body != nil {
		if body, err := s.body(d); body != nil || err != nil {
			return body, err
		}
	}
	return s.Store.Body(ctx, d)
}

// awaitPuts waits until there were n puts.
func (s *watchedStore) awaitPuts(t testing.TB, n int) {
	t.Helper()
	limit := time.After(20 * time.Second)
	for {
		s.mu.Lock()
		had, put := len(s.puts), s.put
		s.mu.Unlock()
		if had >= n {
			return
		}
		select {
		case <-put:
		case <-limit:
			t.Fatalf("%d puts, want %d", had, n)
		}
	}
}

func (s *watchedStore) saved() int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return len(s.puts)
}

// begin starts a workspace that keeps what it knows in s. Unlike open it can be stopped before the test ends.
func begin(t testing.TB, s Store, o Options) *Workspace {
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
	w.Keep(s)
	if err := w.Start(context.Background()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	return w
}

// known makes a store that knows the location "etl" as p has it, by a host with these options.
func known(t testing.TB, p *hosttest.Peer, o Options) *watchedStore {
	t.Helper()
	s := openStore(t, filepath.Join(t.TempDir(), "store"))
	if o.Locations == nil {
		o.Locations = []host.LocationConfig{at("etl", p)}
	}
	w := begin(t, s, o)
	for _, l := range o.Locations {
		awaitState(t, w, l.Name, host.LocationReady)
	}
	w.Stop()
	return s
}
