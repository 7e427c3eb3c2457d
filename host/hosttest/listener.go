package hosttest

import (
	"net"
	"sync"
	"time"
)

// listener counts connections, breaks them, and makes them drip.
type listener struct {
	net.Listener
	peer *Peer
	drip bool

	mu    sync.Mutex
	conns map[net.Conn]struct{}
}

// Accept is that of the listener.
func (l *listener) Accept() (net.Conn, error) {
	c, err := l.Listener.Accept()
	if err != nil {
		return nil, err
	}
	l.mu.Lock()
	l.conns[c] = struct{}{}
	l.mu.Unlock()
	l.peer.record(func(r *Recorded) { r.Connections++ })
	tracked := &conn{Conn: c, of: l, closed: make(chan struct{})}
	if l.drip {
		return &drippingConn{tracked}, nil
	}
	return tracked, nil
}

// crash stops listening and breaks every connection.
func (l *listener) crash() {
	_ = l.Close()
	l.mu.Lock()
	defer l.mu.Unlock()
	for c := range l.conns {
		_ = c.Close()
	}
}

// conn forgets itself when it is closed.
type conn struct {
	net.Conn
	of     *listener
	once   sync.Once
	closed chan struct{}
}

// Close is that of the connection.
func (c *conn) Close() error {
	c.once.Do(func() {
		close(c.closed)
		c.of.mu.Lock()
		delete(c.of.conns, c.Conn)
		c.of.mu.Unlock()
	})
	return c.Conn.Close()
}

// drippingConn sends one byte at a time.
type drippingConn struct{ *conn }

// Write sends b slowly.
func (c *drippingConn) Write(b []byte) (n int, err error) {
	pause := time.NewTicker(5 * time.Millisecond)
	defer pause.Stop()
	for i := range b {
		select {
		case <-pause.C:
		case <-c.closed:
			return n, net.ErrClosed
		}
		if _, err := c.Conn.Write(b[i : i+1]); err != nil {
			return n, err
		}
		n++
	}
	return n, nil
}
