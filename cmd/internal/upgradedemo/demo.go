package main

import (
	"context"
	"fmt"
	"io"
	"net/http"
	"time"

	"connectrpc.com/connect/v2"
	"connectrpc.com/connect/v2/connecthttp"

	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/proto/gen/penstock/host/v1/hostv1connect"
)

// patience bounds every wait for what is asserted; the machine may be busy, and
// a location counts as mixed for a minute after the last old answer.
const patience = 100 * time.Second

// demo is the world of the demo.
type demo struct {
	options
	out io.Writer
	dir string

	host                 *process
	one, two             *process // replicas of legacy
	minimum, current     *process
	balancer             *hosttest.Balancer
	oneAt, twoAt         string
	minimumAt, currentAt string
	watch                *watch
	processes            []*process
	runs                 []launched
	asserted             int
	jobs                 hostv1connect.JobServiceClient
	locations            hostv1connect.LocationServiceClient
	runService           hostv1connect.RunServiceClient
	history              hostv1connect.HistoryServiceClient
}

// connect makes the clients of the host. Nothing is sent before the first call.
func (d *demo) connect() {
	caller := connect.NewClient(connecthttp.NewTransport(http.DefaultClient, "http://"+d.listen))
	d.jobs = hostv1connect.NewJobServiceClient(caller)
	d.locations = hostv1connect.NewLocationServiceClient(caller)
	d.runService = hostv1connect.NewRunServiceClient(caller)
	d.history = hostv1connect.NewHistoryServiceClient(caller)
}

func (d *demo) sayf(format string, args ...any) { fmt.Fprintf(d.out, format+"\n", args...) }

// pause lets a person look.
func (d *demo) pause(ctx context.Context, long time.Duration) error {
	select {
	case <-time.After(long):
		return nil
	case <-ctx.Done():
		return ctx.Err()
	}
}

// await asserts that something comes true. ask answers nil once it is, and until then what it is instead.
func (d *demo) await(ctx context.Context, claim string, ask func(context.Context) error) error {
	ctx, cancel := context.WithTimeout(ctx, patience)
	defer cancel()
	began := time.Now()
	for {
		err := ask(ctx)
		if err == nil {
			d.asserted++
			d.sayf("   ok  %s (%s)", claim, time.Since(began).Round(time.Millisecond))
			return nil
		}
		select {
		case <-time.After(50 * time.Millisecond): // what is asked is in another process, which sends no signal
		case <-ctx.Done():
			return fmt.Errorf("it never came true that %s: %w", claim, err)
		}
	}
}

// holds asserts that something is true now.
func (d *demo) holds(ctx context.Context, claim string, ask func(context.Context) error) error {
	if err := ask(ctx); err != nil {
		return fmt.Errorf("it is not true that %s: %w", claim, err)
	}
	d.asserted++
	d.sayf("   ok  %s", claim)
	return nil
}
