package hosttest

import (
	"context"
	"crypto/rand"
	"encoding/hex"
	"fmt"
	"net"
	"slices"
	"sync"
	"sync/atomic"
	"testing"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

// Peer is a user-code server. All methods may be called concurrently.
type Peer struct {
	address string
	tick    chan struct{}
	lasting lasting

	mu       sync.Mutex
	process  *process // nil when none runs
	recorded Recorded
	called   chan struct{} // closed and replaced at each call
}

// Recorded is what was asked of a peer since it listens, over all its processes.
type Recorded struct {
	// InfoCalls is the number of GetServerInfo calls; Hosts who asked last.
	InfoCalls int
	Host      *usercodev1.HostInfo
	// Opens are the openings of GetDefinitions, Wanted the digests asked for in each.
	Opens  []*usercodev1.GetDefinitionsRequest_Open
	Wanted [][][]byte
	// Starts and Cancels are the requests as they came.
	Starts  []*usercodev1.StartRunRequest
	Cancels []*usercodev1.CancelRunRequest
	// Schedules, Sensors and Partitions are the requests for evaluations as they came.
	Schedules  []*usercodev1.EvaluateScheduleRequest
	Sensors    []*usercodev1.EvaluateSensorRequest
	Partitions []*usercodev1.GetPartitionRunsRequest
	// Grants are the beginnings of user code: one for each worker that a host let start.
	Grants []Grant
	// Connections is the number of connections accepted.
	Connections int
}

// Grant is a worker that a host let start user code.
type Grant struct {
	RunID   string
	Attempt uint32
	// WorkerID is the worker's process, Protocol and CodeVersion what it was built as.
	WorkerID, Protocol, CodeVersion string
}

// process is what a deploy replaces.
type process struct {
	peer     *Peer
	behavior Behavior
	id       string
	encoded  *encoded
	server   *grpc.Server
	listener *listener
	served   chan struct{}

	ctx    context.Context // of the process: ends with it
	cancel context.CancelFunc

	draining atomic.Bool

	mu       sync.Mutex
	attempts map[attemptKey]*attempt
	workers  sync.WaitGroup
}

// Listen starts a peer. The address may have port 0.
func Listen(address string, b Behavior) (*Peer, error) {
	p := &Peer{address: address, tick: make(chan struct{}), called: make(chan struct{}), lasting: newLasting()}
	if err := p.Become(b); err != nil {
		return nil, err
	}
	return p, nil
}

// Start starts a peer on a free port of this machine for the length of a test.
func Start(t testing.TB, b Behavior) *Peer {
	t.Helper()
	return StartAt(t, "127.0.0.1:0", b)
}

// StartAt starts a peer at an address, which may have port 0, for the length of a test.
func StartAt(t testing.TB, address string, b Behavior) *Peer {
	t.Helper()
	p, err := Listen(address, b)
	if err != nil {
		t.Fatal(err)
	}
	t.Cleanup(p.Close)
	return p
}

// Address is where it listens.
func (p *Peer) Address() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	return p.address
}

// Become replaces the process by a new one at the same address.
func (p *Peer) Become(b Behavior) error {
	p.Stop()
	p.mu.Lock()
	defer p.mu.Unlock()
	tcp, err := net.Listen("tcp", p.address)
	if err != nil {
		return fmt.Errorf("listen on %s: %w", p.address, err)
	}
	p.address = tcp.Addr().String()
	s := &process{
		peer: p, behavior: b, id: randomID(), encoded: encode(b.Repositories, b.Future),
		listener: &listener{Listener: tcp, peer: p, drip: b.Drip, conns: map[net.Conn]struct{}{}},
		served:   make(chan struct{}), attempts: map[attemptKey]*attempt{},
	}
	s.ctx, s.cancel = context.WithCancel(context.Background())
	s.draining.Store(b.Draining)
	options := []grpc.ServerOption{grpc.ForceServerCodecV2(rawCodec{}), grpc.MaxSendMsgSize(64 << 20)}
	if b.TLSConfig != nil {
		options = append(options, grpc.Creds(credentials.NewTLS(b.TLSConfig)))
	} else if b.TLS != nil {
		options = append(options, grpc.Creds(credentials.NewServerTLSFromCert(b.TLS)))
	}
	s.server = grpc.NewServer(options...)
	s.server.RegisterService(&serviceDesc, s)
	p.process = s
	go func() {
		defer close(s.served)
		_ = s.server.Serve(s.listener) // it answers only that it was stopped
	}()
	return nil
}

// Stop ends the process with all its connections and workers, except those that outlive it, as a kill would, and waits
// for it. It may be called twice.
func (p *Peer) Stop() {
	p.mu.Lock()
	s := p.process
	p.process = nil
	p.mu.Unlock()
	if s == nil {
		return
	}
	s.cancel()
	s.server.Stop()
	s.listener.crash()
	<-s.served
	s.workers.Wait()
}

// ServerID is that of the process that runs, empty when none does.
func (p *Peer) ServerID() string {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.process == nil {
		return ""
	}
	return p.process.id
}

// DefinitionsDigest is that of the process that runs.
func (p *Peer) DefinitionsDigest() []byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.process == nil {
		return nil
	}
	return p.process.encoded.root
}

// MetadataDigests are those of all metadata bodies that the process has.
func (p *Peer) MetadataDigests() [][]byte {
	p.mu.Lock()
	defer p.mu.Unlock()
	if p.process == nil {
		return nil
	}
	return p.process.encoded.metadata
}

// Recorded is what was asked until now.
func (p *Peer) Recorded() Recorded {
	p.mu.Lock()
	defer p.mu.Unlock()
	r := p.recorded
	r.Opens, r.Wanted = append(r.Opens[:0:0], r.Opens...), append(r.Wanted[:0:0], r.Wanted...)
	r.Starts, r.Cancels = append(r.Starts[:0:0], r.Starts...), append(r.Cancels[:0:0], r.Cancels...)
	r.Grants = append(r.Grants[:0:0], r.Grants...)
	r.Schedules, r.Sensors = slices.Clone(r.Schedules), slices.Clone(r.Sensors)
	r.Partitions = slices.Clone(r.Partitions)
	return r
}

// Await returns once what was asked satisfies ok.
func (p *Peer) Await(ctx context.Context, ok func(Recorded) bool) error {
	for {
		p.mu.Lock()
		called := p.called
		p.mu.Unlock()
		if ok(p.Recorded()) {
			return nil
		}
		select {
		case <-called:
		case <-ctx.Done():
			return ctx.Err()
		}
	}
}

// Tick lets a peer with the trick Stall send one more frame.
func (p *Peer) Tick(ctx context.Context) error {
	select {
	case p.tick <- struct{}{}:
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

func (p *Peer) record(f func(*Recorded)) {
	p.mu.Lock()
	defer p.mu.Unlock()
	f(&p.recorded)
	close(p.called)
	p.called = make(chan struct{})
}

func randomID() string {
	var b [16]byte
	_, _ = rand.Read(b[:]) // it never fails
	return hex.EncodeToString(b[:])
}
