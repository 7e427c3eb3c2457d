package server

import (
	"context"
	"net"
	"strings"
	"sync/atomic"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
)

// counting counts the connections that are accepted.
type counting struct {
	net.Listener

	n *atomic.Int32
}

func (c counting) Accept() (net.Conn, error) {
	conn, err := c.Listener.Accept()
	if err == nil {
		c.n.Add(1)
	}
	return conn, err
}

// healthyHost answers at the address until stop is called.
func healthyHost(t *testing.T, address string, n *atomic.Int32) (at string, stop func()) {
	t.Helper()
	l, err := net.Listen("tcp", address)
	if err != nil {
		t.Fatal(err)
	}
	s := grpc.NewServer()
	healthpb.RegisterHealthServer(s, health.NewServer())
	done := make(chan struct{})
	go func() { defer close(done); _ = s.Serve(counting{l, n}) }()
	return l.Addr().String(), func() { s.Stop(); <-done }
}

func TestHostChecks(t *testing.T) {
	check := func(h *hostChecks, address string) error {
		ctx, done := context.WithTimeout(t.Context(), 5*time.Second)
		defer done()
		return h.check(ctx, "http://"+address)
	}
	t.Run("KeepsAConnection", func(t *testing.T) {
		var n atomic.Int32
		address, stop := healthyHost(t, "127.0.0.1:0", &n)
		defer stop()
		h := newHostChecks("")
		defer h.close()
		for range 5 {
			if err := check(h, address); err != nil {
				t.Fatal(err)
			}
		}
		if n.Load() != 1 {
			t.Errorf("5 checks made %d connections, want 1", n.Load())
		}
	})
	t.Run("HostThatCameBack", func(t *testing.T) {
		var n atomic.Int32
		address, stop := healthyHost(t, "127.0.0.1:0", &n)
		h := newHostChecks("")
		defer h.close()
		if err := check(h, address); err != nil {
			t.Fatal(err)
		}
		stop()
		if err := check(h, address); err == nil || !strings.Contains(err.Error(), "http://"+address+": ") {
			t.Errorf("a host that is gone: %v", err)
		}
		_, stop = healthyHost(t, address, &n)
		defer stop()
		if err := check(h, address); err != nil {
			t.Errorf("a host that came back: %v", err)
		}
	})
	t.Run("AnyNumberOfHosts", func(t *testing.T) {
		h := newHostChecks("")
		defer h.close()
		for range maxKeptHosts + 2 {
			var n atomic.Int32
			address, stop := healthyHost(t, "127.0.0.1:0", &n)
			defer stop()
			if err := check(h, address); err != nil {
				t.Fatal(err)
			}
		}
		if len(h.kept) != maxKeptHosts {
			t.Errorf("%d connections are kept, want %d", len(h.kept), maxKeptHosts)
		}
	})
	t.Run("Closed", func(t *testing.T) {
		var n atomic.Int32
		address, stop := healthyHost(t, "127.0.0.1:0", &n)
		defer stop()
		h := newHostChecks("")
		h.close()
		if err := check(h, address); err != nil || len(h.kept) != 0 {
			t.Errorf("got %v, and %d connections are kept", err, len(h.kept))
		}
	})
	t.Run("ErrAddress", func(t *testing.T) {
		h := newHostChecks("no-such-file")
		defer h.close()
		if err := h.check(t.Context(), "nonsense"); err == nil || !strings.Contains(err.Error(), "is not understood") {
			t.Errorf("got %v", err)
		}
		if err := h.check(t.Context(), "https://127.0.0.1:1"); err == nil || !strings.Contains(err.Error(), "no such file") {
			t.Errorf("got %v", err)
		}
	})
}
