package e2e

import (
	"context"
	"net"
	"sync"
	"testing"
)

// cuttable stands between two processes and does to their connections what networks do.
type cuttable struct {
	listener net.Listener
	target   string
	done     sync.WaitGroup

	mu     sync.Mutex
	thawed chan struct{} // closed while bytes pass
	conns  map[net.Conn]bool
	closed bool
}

// newCuttable passes connections of listen on to target until the end of the test.
func newCuttable(t testing.TB, listen, target string) *cuttable {
	t.Helper()
	listener, err := (&net.ListenConfig{}).Listen(t.Context(), "tcp", listen)
	if err != nil {
		t.Fatal(err)
	}
	c := &cuttable{listener: listener, target: target, thawed: make(chan struct{}), conns: map[net.Conn]bool{}}
	close(c.thawed)
	c.done.Go(c.accept)
	t.Cleanup(func() {
		_ = listener.Close()
		c.mu.Lock()
		c.closed = true
		c.mu.Unlock()
		c.thaw()
		c.cut()
		c.done.Wait()
	})
	return c
}

// cut resets every connection; new ones work.
func (c *cuttable) cut() {
	c.mu.Lock()
	defer c.mu.Unlock()
	for conn := range c.conns {
		if tcp, ok := conn.(*net.TCPConn); ok {
			_ = tcp.SetLinger(0) // a reset, not an orderly end
		}
		_ = conn.Close()
	}
	clear(c.conns)
}

// freeze lets nothing pass, while everybody goes on to believe in their connections and new ones are accepted.
func (c *cuttable) freeze() {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.thawed:
		c.thawed = make(chan struct{})
	default:
	}
}

// thaw delivers what was held back, and lets all pass again.
func (c *cuttable) thaw() {
	c.mu.Lock()
	defer c.mu.Unlock()
	select {
	case <-c.thawed:
	default:
		close(c.thawed)
	}
}

func (c *cuttable) accept() {
	for {
		in, err := c.listener.Accept()
		if err != nil {
			return
		}
		c.done.Go(func() { c.pass(in) })
	}
}

func (c *cuttable) pass(in net.Conn) {
	defer in.Close()
	out, err := (&net.Dialer{}).DialContext(context.Background(), "tcp", c.target)
	if err != nil {
		return
	}
	defer out.Close()
	c.mu.Lock()
	if c.closed {
		c.mu.Unlock()
		return
	}
	c.conns[in], c.conns[out] = true, true
	c.mu.Unlock()
	defer func() {
		c.mu.Lock()
		defer c.mu.Unlock()
		delete(c.conns, in)
		delete(c.conns, out)
	}()
	var both sync.WaitGroup
	both.Go(func() { c.copy(out, in) })
	both.Go(func() { c.copy(in, out) })
	both.Wait()
}

// copy ends both directions with its own: nobody here needs half a connection.
func (c *cuttable) copy(to, from net.Conn) {
	defer to.Close()
	defer from.Close()
	buffer := make([]byte, 32<<10)
	for {
		n, err := from.Read(buffer)
		c.mu.Lock()
		thawed := c.thawed
		c.mu.Unlock()
		<-thawed
		if n > 0 {
			if _, err := to.Write(buffer[:n]); err != nil {
				return
			}
		}
		if err != nil {
			return
		}
	}
}
