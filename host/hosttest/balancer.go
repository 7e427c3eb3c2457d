package hosttest

import (
	"context"
	"fmt"
	"io"
	"net"
	"slices"
	"sync"
	"testing"
)

// Balancer stands in front of replicas as a load balancer does: it takes TCP
// connections and passes each on to the next of its backends in turn. What is
// in flight stays where it is when the backends change. All methods may be
// called concurrently.
type Balancer struct {
	listener net.Listener
	ctx      context.Context
	cancel   context.CancelFunc
	running  sync.WaitGroup

	mu       sync.Mutex
	backends []string
	next     int
	accepted int
	conns    map[net.Conn]struct{}
}

// ListenBalancer starts a balancer over the addresses of its backends. The
// address may have port 0.
func ListenBalancer(address string, backends ...string) (*Balancer, error) {
	listener, err := net.Listen("tcp", address)
	if err != nil {
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	b := &Balancer{listener: listener, backends: slices.Clone(backends), conns: map[net.Conn]struct{}{}}
	b.ctx, b.cancel = context.WithCancel(context.Background())
	b.running.Go(b.accept)
	return b, nil
}

// StartBalancer starts a balancer over peers on a free port of this machine for
// the length of a test.
func StartBalancer(t testing.TB, peers ...*Peer) *Balancer {
	t.Helper()
	b, err := ListenBalancer("127.0.0.1:0")
	if err != nil {
		t.Fatal(err)
	}
	for _, p := range peers {
		b.Add(p.Address())
	}
	t.Cleanup(b.Stop)
	return b
}

// Address is where it listens.
func (b *Balancer) Address() string { return b.listener.Addr().String() }

// Add puts a backend behind the others. One that is there already gets two turns.
func (b *Balancer) Add(backend string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.backends = append(b.backends, backend)
}

// Remove takes a backend out of the rotation. Connections to it go on.
func (b *Balancer) Remove(backend string) {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.backends = slices.DeleteFunc(b.backends, func(a string) bool { return a == backend })
}

// Accepted is the number of connections that it has taken.
func (b *Balancer) Accepted() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	return b.accepted
}

// Stop ends it with all its connections and waits for it. It may be called twice.
func (b *Balancer) Stop() {
	b.cancel()
	_ = b.listener.Close() // it answers only that it was closed before
	b.mu.Lock()
	for c := range b.conns {
		_ = c.Close()
	}
	b.mu.Unlock()
	b.running.Wait()
}

func (b *Balancer) accept() {
	for {
		in, err := b.listener.Accept()
		if err != nil {
			return
		}
		b.running.Go(func() { b.pass(in) })
	}
}

// pass connects in to the next backend. A backend that does not listen is
// skipped, as a health check would have it; without any, in is closed.
func (b *Balancer) pass(in net.Conn) {
	if !b.keep(in) {
		return
	}
	defer b.drop(in)
	out := b.dial()
	if out == nil || !b.keep(out) {
		return
	}
	defer b.drop(out)
	var back sync.WaitGroup
	back.Go(func() { b.copy(in, out) })
	b.copy(out, in)
	back.Wait()
}

func (b *Balancer) dial() net.Conn {
	var dialer net.Dialer
	for range b.turns() {
		out, err := dialer.DialContext(b.ctx, "tcp", b.turn())
		if err == nil {
			return out
		}
	}
	return nil
}

// turns is the number of backends.
func (b *Balancer) turns() int {
	b.mu.Lock()
	defer b.mu.Unlock()
	b.accepted++
	return len(b.backends)
}

// turn is the backend whose turn it is; empty when there is none.
func (b *Balancer) turn() string {
	b.mu.Lock()
	defer b.mu.Unlock()
	if len(b.backends) == 0 {
		return ""
	}
	b.next = (b.next + 1) % len(b.backends)
	return b.backends[b.next]
}

// copy moves bytes until one side ends, and ends the other.
func (b *Balancer) copy(to, from net.Conn) {
	_, _ = io.Copy(to, from)
	_ = to.Close()
	_ = from.Close()
}

// keep notes a connection, unless the balancer has stopped.
func (b *Balancer) keep(c net.Conn) bool {
	b.mu.Lock()
	defer b.mu.Unlock()
	if b.ctx.Err() != nil {
		_ = c.Close()
		return false
	}
	b.conns[c] = struct{}{}
	return true
}

func (b *Balancer) drop(c net.Conn) {
	b.mu.Lock()
	defer b.mu.Unlock()
	delete(b.conns, c)
	_ = c.Close()
}
