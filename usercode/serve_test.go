package usercode

import (
	"cmp"
	"context"
	"errors"
	"net"
	"strings"
	"testing"
	"time"

	"google.golang.org/grpc"
	"google.golang.org/grpc/credentials/insecure"
	healthpb "google.golang.org/grpc/health/grpc_health_v1"

	"github.com/penstock-run/penstock/usercode/output"
)

func TestServe(t *testing.T) {
	RunWorkerIfAsked()
	ctx, stop := context.WithCancel(t.Context())
	defer stop()
	listening, served := make(chan net.Addr, 1), make(chan error, 1)
	go func() {
		served <- Serve(ctx, []*Repository{soundRepository()}, &ServeOptions{
			Listen: "127.0.0.1:0", Outputs: t.TempDir(), SpoolDir: t.TempDir(), Listening: func(a net.Addr) { listening <- a },
		})
	}()
	var address net.Addr
	select {
	case address = <-listening:
	case err := <-served:
		t.Fatal(err)
	}
	conn, err := grpc.NewClient(address.String(), grpc.WithTransportCredentials(insecure.NewCredentials()))
	if err != nil {
		t.Fatal(err)
	}
	defer conn.Close()
	answer, err := healthpb.NewHealthClient(conn).Check(ctx, &healthpb.HealthCheckRequest{})
	if err != nil || answer.GetStatus() != healthpb.HealthCheckResponse_SERVING {
		t.Errorf("got %v %v, want SERVING", answer, err)
	}
	t.Run("ErrPortInUse", func(t *testing.T) {
		code, _, stderr := call(t, []*Repository{soundRepository()}, nil, "serve", "--outputs", "none", "--listen", address.String())
		if code != exitError || !strings.Contains(stderr, "another process has this port; stop it, or choose another with --listen HOST:PORT") {
			t.Errorf("got %d %q", code, stderr)
		}
	})
	stop()
	if err := <-served; err != nil {
		t.Errorf("after its context has ended: %v", err)
	}
}

func TestServeRefuses(t *testing.T) {
	RunWorkerIfAsked()
	sound := []*Repository{soundRepository()}
	tests := map[string]struct {
		opts ServeOptions
		want string
	}{
		"ErrDrain":       {ServeOptions{Drain: -1}, "--drain is -1ns"},
		"ErrMinHost":     {ServeOptions{MinHostProtocol: "1.2.3.4"}, `--min-host: read version "1.2.3.4"`},
		"ErrOutputs":     {ServeOptions{Outputs: "s3://user:hush@bucket/folder?key=hush"}, `open output store s3://bucket/folder: this binary has no driver for it; add to its main package: import _ "github.com/penstock-run/penstock/usercode/output/s3"`},
		"ErrOutputsFile": {ServeOptions{Outputs: "/dev/null"}, "open output store /dev/null: it is a file, and a directory is needed"},
		"ErrOutputsDir":  {ServeOptions{Outputs: "/dev/null/outputs"}, "output store file:///dev/null/outputs: try the output store: "},
		"ErrOptions":     {ServeOptions{Listen: "nowhere"}, "it is not HOST:PORT"},
		"ErrCertificate": {ServeOptions{Listen: "127.0.0.1:0", TLSCert: "no-such-file", TLSKey: "no-such-file"}, "read the certificate no-such-file"},
		"ErrClientCA":    {ServeOptions{ClientCA: "no-such-file"}, "--client-ca asks hosts"},
		"ErrSpoolDir":    {ServeOptions{Listen: "127.0.0.1:0", SpoolDir: "no-such-directory"}, "name a directory that exists and that this user may write to"},
		"ErrPort":        {ServeOptions{Listen: "127.0.0.1:99999"}, "listen on 127.0.0.1:99999"},
		"ErrNotOurs":     {ServeOptions{Listen: "192.0.2.1:0", Insecure: true}, "this machine does not have that address"},
	}
	for name, test := range tests {
		t.Run(name, func(t *testing.T) {
			test.opts.Outputs = cmp.Or(test.opts.Outputs, output.None)
			if err := Serve(t.Context(), sound, &test.opts); err == nil || !strings.Contains(err.Error(), test.want) {
				t.Errorf("got %v, want %s", err, test.want)
			}
		})
	}
	t.Run("ErrDefinitions", func(t *testing.T) {
		var problems Problems
		if err := Serve(t.Context(), []*Repository{NewRepository("r", NewJob("bad", nil))}, nil); !errors.As(err, &problems) {
			t.Errorf("got %v, want Problems", err)
		}
	})
	t.Run("ErrNoWorkers", func(t *testing.T) {
		workersAnswer.Store(false)
		defer workersAnswer.Store(true)
		if err := Serve(t.Context(), sound, nil); err == nil || !strings.Contains(err.Error(), "RunWorkerIfAsked") {
			t.Errorf("got %v, want what to call", err)
		}
	})
}

func TestDrainOfTheFirstProcess(t *testing.T) {
	for _, c := range []struct {
		drain time.Duration
		pid   int
		want  time.Duration
	}{
		{0, 1, 25 * time.Second}, {0, 2, 0}, {time.Minute, 1, time.Minute}, {time.Minute, 2, time.Minute}, {time.Nanosecond, 1, time.Nanosecond},
	} {
		if got := (ServeOptions{Drain: c.drain}).drain(c.pid); got != c.want {
			t.Errorf("drain %s of process %d: got %s, want %s", c.drain, c.pid, got, c.want)
		}
	}
}
