package server

import (
	"context"
	"sync"
	"time"

	"google.golang.org/grpc"

	"github.com/penstock-run/penstock/usercode/internal/worker"
)

const (
	// maxKeptHosts is how many connections to hosts are kept; a server has one host, or two while one takes over.
	maxKeptHosts = 4
	// askKept is how long a kept connection may take to lead to an answer. The rest of the time is for a new one.
	askKept = 500 * time.Millisecond
)

// hostChecks asks hosts whether they answer before workers are started for them. Connections are kept from one start to
// the next, since to make one takes longer than to ask. Only a new one says that a host does not answer.
type hostChecks struct {
	ca string // file of certificates to trust

	mu   sync.Mutex
	kept map[string]*grpc.ClientConn // by address; nil once closed
}

func newHostChecks(ca string) *hostChecks {
	return &hostChecks{ca: ca, kept: map[string]*grpc.ClientConn{}}
}

// check asks the host at the address. The error says what was tried.
func (h *hostChecks) check(ctx context.Context, address string) error {
	if conn := h.of(address); conn != nil {
		keptCtx, done := context.WithTimeout(ctx, askKept)
		err := worker.AskHost(keptCtx, conn, address)
		done()
		if err == nil || ctx.Err() != nil {
			return err
		}
		h.drop(address, conn)
	}
	conn, err := worker.DialHost(address, h.ca)
	if err != nil {
		return err
	}
	if err := worker.AskHost(ctx, conn, address); err != nil {
		_ = conn.Close()
		return err
	}
	h.keep(address, conn)
	return nil
}

func (h *hostChecks) of(address string) *grpc.ClientConn {
	h.mu.Lock()
	defer h.mu.Unlock()
	return h.kept[address]
}

// keep keeps the connection, unless another start has kept one meanwhile.
func (h *hostChecks) keep(address string, conn *grpc.ClientConn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.kept == nil || h.kept[address] != nil || len(h.kept) == maxKeptHosts {
		_ = conn.Close()
		return
	}
	h.kept[address] = conn
}

// drop closes a connection that leads to no answer.
func (h *hostChecks) drop(address string, conn *grpc.ClientConn) {
	h.mu.Lock()
	defer h.mu.Unlock()
	if h.kept[address] == conn {
		delete(h.kept, address)
		_ = conn.Close()
	}
}

// close closes all; what is checked later keeps nothing.
func (h *hostChecks) close() {
	h.mu.Lock()
	defer h.mu.Unlock()
	for _, conn := range h.kept {
		_ = conn.Close()
	}
	h.kept = nil
}
