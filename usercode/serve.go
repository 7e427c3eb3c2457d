package usercode

import (
	"context"
	"errors"
	"fmt"
	"log/slog"
	"net"
	"os"
	"sync/atomic"
	"syscall"
	"time"

	"github.com/penstock-run/penstock/usercode/internal/server"
	"github.com/penstock-run/penstock/versioncheck"
)

// DefaultListen is where a server listens when nothing else is said.
const DefaultListen = "127.0.0.1:4266"

// ServeOptions of Serve. The zero value, like nil, serves on loopback.
type ServeOptions struct {
	// Listen is HOST:PORT. Anything but loopback needs TLSCert, TLSKey and Token, or Insecure. Default: DefaultListen.
	Listen string
	// TLSCert and TLSKey are PEM files: the certificate chain and its key. They are read again when they change; new
	// files that cannot be used are logged, and the old ones stay in use. Default: no TLS.
	TLSCert, TLSKey string
	// ClientCA is a PEM file with the authorities that the certificate of a host must lead to; hosts without one are
	// refused. It needs TLSCert, and is read again as that. Default: a host shows none.
	ClientCA string
	// Token is what a host has to show. Default: none is asked for.
	Token string
	// Insecure allows to listen elsewhere than on loopback without TLS or without a token.
	Insecure bool
	// HostCA is a PEM file with the certificates that the host's own is checked against, by this server and its
	// workers. Default: those of the system.
	HostCA string
	// Outputs is where outputs of ops are stored: a directory, or a URL for which the binary has a driver, such as
	// s3://bucket/folder; see package output. Serve tries the store before it serves. "none" stores none. Default: a
	// directory below that of the user's caches, or of temporary files, or none where neither can be written.
	Outputs string
	// CodeVersion is the version of the team's code, such as a git hash; it is shown and attached to runs. Default:
	// unknown.
	CodeVersion string
	// Image is the container image that the process runs in. Default: none.
	Image string
	// SpoolDir is a directory for what workers report while the host is away and their memory is full, up to 128 MiB for
	// each. Nothing in it outlives a worker. Default: that for temporary files.
	SpoolDir string
	// MaxWorkers is how many runs are executed at a time; a host is told to wait when there are more. Default: no
	// limit.
	MaxWorkers int
	// MinHostProtocol is the oldest protocol of a host that the code works with, a version such as 0.15.0. An older host
	// refuses what it has to, and the server warns of it. Default: any.
	MinHostProtocol string
	// Drain is how long a server that stops waits for its workers. Meanwhile it answers, says that it drains, and starts
	// nothing; it ends with its last worker. When the time is over the workers go on without it, except where everything
	// ends with it. Default: 25 seconds for process 1, which is what a server is in a container; for others none at all.
	// A nanosecond means none for process 1, too.
	Drain time.Duration
	// Halt, when it is closed, ends the draining at once, for a second signal to the process. Default: nothing does.
	Halt <-chan struct{}
	// Logger gets the notes of the server. Default: none are made.
	Logger *slog.Logger
	// Listening is called once, when hosts can connect, with the address that is bound.
	Listening func(address net.Addr)
}

func (o ServeOptions) withDefaults() ServeOptions {
	if o.Listen == "" {
		o.Listen = DefaultListen
	}
	if o.Logger == nil {
		o.Logger = slog.New(slog.DiscardHandler)
	}
	if o.Listening == nil {
		o.Listening = func(net.Addr) {}
	}
	return o
}

// firstProcess is the process with which all others of a container end.
const firstProcess = 1

// firstProcessDrain leaves a few of the 30 seconds that a container usually has to end.
const firstProcessDrain = 25 * time.Second

// drain is how long the process of this id waits for its workers.
func (o ServeOptions) drain(pid int) time.Duration {
	if o.Drain == 0 && pid == firstProcess {
		return firstProcessDrain
	}
	return o.Drain
}

// check is about the options alone, so that what is wrong can be answered as wrong usage.
func (o ServeOptions) check() error {
	o = o.withDefaults()
	var wrong []error
	host, _, err := net.SplitHostPort(o.Listen)
	if err != nil {
		wrong = append(wrong, fmt.Errorf("listen on %q: it is not HOST:PORT, such as %s", o.Listen, DefaultListen))
	} else if !loopback(host) && !o.Insecure && (o.TLSCert == "" || o.Token == "") {
		wrong = append(wrong, fmt.Errorf("listen on %s: others can reach it, so it needs a certificate with its key and a token "+
			"(--tls-cert, --tls-key, --token-file), or --insecure if the network keeps them away", o.Listen))
	}
	if (o.TLSCert == "") != (o.TLSKey == "") {
		wrong = append(wrong, errors.New("a certificate and its key go together: give both --tls-cert and --tls-key, or neither"))
	}
	if o.ClientCA != "" && o.TLSCert == "" {
		wrong = append(wrong, errors.New("--client-ca asks hosts for their certificates, which needs TLS: give --tls-cert and --tls-key, too"))
	}
	if o.MaxWorkers < 0 {
		wrong = append(wrong, fmt.Errorf("--max-workers is %d; give a positive number, or 0 for no limit", o.MaxWorkers))
	}
	if o.Drain < 0 {
		wrong = append(wrong, fmt.Errorf("--drain is %s; give a time such as 10m, or 0 to wait for no worker", o.Drain))
	}
	if err := checkMinHost(o.MinHostProtocol); err != nil {
		wrong = append(wrong, err)
	}
	return errors.Join(wrong...)
}

// checkMinHost refuses what no host could be compared with.
func checkMinHost(version string) error {
	if version == "" {
		return nil
	}
	if _, err := versioncheck.Parse(version); err != nil {
		return fmt.Errorf("--min-host: %w; give the protocol of the oldest host that the code works with, such as %s", err, versioncheck.Protocol)
	}
	return nil
}

func loopback(host string) bool {
	ip := net.ParseIP(host)
	return host == "localhost" || ip != nil && ip.IsLoopback()
}

// workersAnswer is whether this binary does a worker's work when it is started as one.
var workersAnswer atomic.Bool

// Serve validates the definitions and serves them until ctx ends, which is not an error: the server then drains, see
// [ServeOptions]. Wrong definitions are [Problems], and nothing is served.
//
// A server starts its own binary again for each run, so main has to begin with [RunWorkerIfAsked], as that of [Main]
// does; without it Serve refuses.
func Serve(ctx context.Context, repos []*Repository, opts *ServeOptions) error {
	if opts == nil {
		opts = &ServeOptions{}
	}
	o := opts.withDefaults()
	if err := o.check(); err != nil {
		return err
	}
	if !workersAnswer.Load() {
		return errors.New("serve: this binary would not execute runs: make usercode.RunWorkerIfAsked(repositories…) the first call in main")
	}
	plain, err := compile(repos)
	if err != nil {
		return err
	}
	store, location, err := o.openOutputs(ctx)
	if err != nil {
		return err
	}
	if store != nil {
		defer func() { _ = store.Close() }() // nothing is under way any more
	}
	spoolDir, err := o.checkedSpoolDir()
	if err != nil {
		return err
	}
	s, err := server.New(plain, server.Options{
		Outputs: store, OutputLocation: location,
		TLSCert: o.TLSCert, TLSKey: o.TLSKey, ClientCA: o.ClientCA, Token: o.Token, Insecure: o.Insecure, HostCA: o.HostCA,
		CodeVersion: o.CodeVersion, Image: o.Image, SpoolDir: spoolDir, MaxWorkers: o.MaxWorkers, MinHostProtocol: o.MinHostProtocol,
		LookupEnv: os.LookupEnv, //nolint:forbidigo // the environment of workers is that of the process, whoever calls
		Drain:     o.drain(os.Getpid()), Halt: o.Halt, Last: os.Getpid() == firstProcess, Logger: o.Logger,
	})
	if err != nil {
		return err
	}
	l, err := listen(ctx, o.Listen)
	if err != nil {
		return err
	}
	o.Listening(l.Addr())
	return s.Serve(ctx, l)
}

// listen says what to do about the errors that people meet.
func listen(ctx context.Context, address string) (net.Listener, error) {
	l, err := new(net.ListenConfig).Listen(ctx, "tcp", address)
	switch {
	case errors.Is(err, syscall.EADDRINUSE):
		return nil, fmt.Errorf("listen on %s: another process has this port; stop it, or choose another with --listen HOST:PORT", address)
	case errors.Is(err, syscall.EACCES):
		return nil, fmt.Errorf("listen on %s: this user may not use the port; choose one above 1023 with --listen HOST:PORT", address)
	case errors.Is(err, syscall.EADDRNOTAVAIL):
		return nil, fmt.Errorf("listen on %s: this machine does not have that address; choose one of its own with --listen HOST:PORT", address)
	case err != nil:
		return nil, fmt.Errorf("listen on %s: %w", address, err)
	}
	return l, nil
}
