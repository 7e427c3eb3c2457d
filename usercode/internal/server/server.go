package server

import (
	"context"
	crand "crypto/rand"
	"encoding/hex"
	"errors"
	"fmt"
	"io"
	"log/slog"
	"net"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/health"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"
	"google.golang.org/grpc/keepalive"

	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
	"github.com/penstock-run/penstock/usercode/internal/evaluate"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/internal/wire"
	"github.com/penstock-run/penstock/usercode/internal/worker"
	"github.com/penstock-run/penstock/usercode/output"
	"github.com/penstock-run/penstock/versioncheck"
)

const (
	// hostCheck is how long the host may take to answer before a start is refused.
	hostCheck = 2 * time.Second
	// stopCeiling is how long calls under way may take when the server stops.
	stopCeiling = 5 * time.Second
)

// Options of New. The zero value serves on loopback without TLS or a token.
type Options struct {
	// TLSCert and TLSKey are PEM files of the certificate chain and its key. Default: no TLS.
	TLSCert, TLSKey string
	// ClientCA is a PEM file with the authorities that a host's certificate must lead to; it needs TLSCert. Default: a
	// host shows none.
	ClientCA string
	// Token is what a host has to show. Default: none is asked for.
	Token string
	// Insecure allows to serve elsewhere than on loopback without TLS or a token.
	Insecure bool
	// HostCA is a PEM file with the certificates that a host's is checked against. Default: those of the system.
	HostCA string
	// CodeVersion is the version of the team's code, for people. Default: unknown.
	CodeVersion string
	// Image is the container image of the process, for people. Default: none.
	Image string
	// SpoolDir is where workers keep events that find no room in memory. Default: the directory for temporary files.
	SpoolDir string
	// MaxWorkers is how many workers run at a time. Default: no limit.
	MaxWorkers int
	// LookupEnv finds the variables that are secrets: of workers, to keep them out of what a crashed one has printed, and of
	// functions that are evaluated here.
	// Default: none is set, so that nothing of a worker with secrets is repeated.
	LookupEnv func(variable string) (value string, ok bool)
	// Outputs is the output store, which stays the caller's to close, and OutputLocation where workers find it, an
	// absolute location. Default: outputs are not stored.
	Outputs        output.Store
	OutputLocation string
	// Logger gets the notes of the server. Default: none are made.
	Logger *slog.Logger
	// Now is the clock. Default: the system's.
	Now func() time.Time
	// Random is where the server's id comes from. Default: crypto/rand.
	Random io.Reader
	// MinHostProtocol is the oldest host protocol that the user code works with, a version. Default: any.
	MinHostProtocol string
	// Drain is how long the server waits for its workers when it stops. Default: it does not.
	Drain time.Duration
	// Halt, when it is closed, ends the wait for workers and for calls under way. Default: nothing does.
	Halt <-chan struct{}
	// Last says that the workers end with this process, as they do with process 1 of a container. Default: they go on.
	Last bool
	// Protocol is what the server says that it speaks; only tests, which are peers of another age, set it. Default: this
	// tree's protocol.
	Protocol string
}

func (o Options) withDefaults() Options {
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Now == nil {
		o.Now = time.Now //nolint:forbidigo // the default of the injected clock
	}
	if o.LookupEnv == nil {
		o.LookupEnv = func(string) (string, bool) { return "", false }
	}
	if o.Random == nil {
		o.Random = crand.Reader
	}
	if o.Protocol == "" {
		o.Protocol = versioncheck.Protocol
	}
	return o
}

// Server is one user-code server process. Make it with New; Serve may be called once.
type Server struct {
	usercodev1.UnimplementedUserCodeServiceServer

	opts         Options
	repositories []*spec.Repository
	definitions  *wire.Definitions
	evaluator    *evaluate.Evaluator
	info         *usercodev1.ServerInfo // without what changes: workers, draining
	id           string
	grpc         *grpc.Server
	health       *health.Server
	attempts     *attempts
	hosts        *hostChecks
	deletes      chan struct{}             // has an element for each run whose outputs are being deleted
	drainUntil   atomic.Pointer[time.Time] // nil while it does not drain

	hostsMu    sync.Mutex
	hostsNoted map[string]bool // versions of hosts that were warned of
}

// New encodes the definitions, which were validated, and prepares to serve them. The error is about definitions that
// are too large, or about the files of the options.
func New(repositories []*spec.Repository, opts Options) (*Server, error) {
	opts = opts.withDefaults()
	definitions, err := wire.Encode(repositories)
	if err != nil {
		return nil, err
	}
	var id [16]byte
	if _, err := io.ReadFull(opts.Random, id[:]); err != nil {
		return nil, fmt.Errorf("make the server's id: %w", err)
	}
	s := &Server{
		opts: opts, repositories: repositories, definitions: definitions, id: hex.EncodeToString(id[:]),
		health: health.NewServer(), attempts: newAttempts(opts.Now, opts.MaxWorkers, opts.LookupEnv, opts.Logger),
		evaluator: evaluate.New(evaluate.Options{LookupEnv: opts.LookupEnv, Now: opts.Now}),
		hosts:     newHostChecks(opts.HostCA), hostsNoted: map[string]bool{}, deletes: make(chan struct{}, maxDeletes),
	}
	s.attempts.adopts = opts.Last
	s.info = s.makeInfo()
	options := []grpc.ServerOption{
		grpc.ChainUnaryInterceptor(s.unary),
		grpc.ChainStreamInterceptor(s.stream),
		grpc.MaxRecvMsgSize(4 << 20),
		grpc.MaxHeaderListSize(64 << 10),
		grpc.MaxConcurrentStreams(1000),
		grpc.ConnectionTimeout(10 * time.Second),
		// Less than what hosts use, or they would be cut off for asking.
		grpc.KeepaliveEnforcementPolicy(keepalive.EnforcementPolicy{MinTime: 5 * time.Second, PermitWithoutStream: true}),
		grpc.KeepaliveParams(keepalive.ServerParameters{Time: 30 * time.Second, Timeout: 10 * time.Second}),
	}
	if opts.TLSCert != "" || opts.TLSKey != "" {
		files := tlsFiles{cert: opts.TLSCert, key: opts.TLSKey, clientCA: opts.ClientCA, now: opts.Now, log: opts.Logger}
		creds, err := files.credentials()
		if err != nil {
			return nil, err
		}
		options = append(options, grpc.Creds(creds))
	}
	if opts.HostCA != "" { // read again for each connection; a wrong file is for whoever starts the server, not for a run
		if _, err := worker.ReadCertificates(opts.HostCA); err != nil {
			return nil, err
		}
	}
	s.grpc = grpc.NewServer(options...)
	usercodev1.RegisterUserCodeServiceServer(s.grpc, s)
	healthpb.RegisterHealthServer(s.grpc, s.health)
	return s, nil
}

// ID is the server's random id, 32 hex digits.
func (s *Server) ID() string { return s.id }

// Serve serves on the listener, which it closes, until ctx ends; that is not an error. Then it drains: it answers, but
// says that it drains and starts nothing, until its workers have ended, Options.Drain is over, or Halt is closed. After
// that it returns when calls under way are done, in a few seconds at most. Workers that are left go on, if they can.
func (s *Server) Serve(ctx context.Context, listener net.Listener) error {
	if err := s.mayServe(listener.Addr()); err != nil {
		return errors.Join(err, listener.Close())
	}
	defer s.hosts.close()
	var group sync.WaitGroup
	defer group.Wait()
	watchCtx, stopWatching := context.WithCancel(context.WithoutCancel(ctx))
	defer stopWatching()
	group.Go(func() { s.attempts.watch(watchCtx) })

	s.opts.Logger.Info("serving definitions", "address", listener.Addr().String(), "server", s.id,
		"jobs", s.definitions.Jobs, "protocol", s.opts.Protocol, "definitions", s.definitions.Digest.String())
	served := make(chan error, 1)
	group.Go(func() { served <- s.grpc.Serve(listener) })
	select {
	case err := <-served:
		return fmt.Errorf("serve on %s: %w", listener.Addr(), err)
	case <-ctx.Done():
	}
	if err := s.drain(served); err != nil {
		return fmt.Errorf("serve on %s: %w", listener.Addr(), err)
	}
	stopped := make(chan struct{})
	group.Go(func() {
		defer close(stopped)
		s.grpc.GracefulStop()
	})
	ceiling := time.NewTimer(stopCeiling)
	defer ceiling.Stop()
	select {
	case <-stopped:
	case <-ceiling.C: // somebody watches health, or does not read what they asked for
		s.grpc.Stop()
	case <-s.opts.Halt:
		s.grpc.Stop()
	}
	return nil
}

// mayServe refuses an address that others can reach without the means to keep them out.
func (s *Server) mayServe(address net.Addr) error {
	tcp, ok := address.(*net.TCPAddr)
	if ok && tcp.IP.IsLoopback() || s.opts.Insecure || s.opts.TLSCert != "" && s.opts.Token != "" {
		return nil
	}
	return fmt.Errorf("serve on %s: others can reach it, so it needs a certificate with its key and a token, or to be told that it may be insecure", address)
}
