// Command peerserver is a synthetic user-code server of any protocol version,
// for end-to-end tests of the version gate. Its workers execute nothing and
// report that all went well.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"syscall"
	"time"

	"github.com/penstock-run/penstock/host/hosttest"
)

// options are the flags.
type options struct {
	listen, protocol, codeVersion string
	declare, hold, unsafe         bool
	work, drain                   time.Duration
}

func main() {
	var o options
	flag.StringVar(&o.listen, "listen", "127.0.0.1:4266", "address to listen on")
	flag.StringVar(&o.protocol, "protocol", "0.14.17", "protocol version to report; empty reports none")
	flag.StringVar(&o.codeVersion, "code-version", "abc123", "code version to report")
	flag.BoolVar(&o.declare, "declare", false, "declare every capability")
	flag.BoolVar(&o.hold, "hold", false, "keep workers busy until they are canceled")
	flag.DurationVar(&o.work, "work", 0, "keep each op busy for so long")
	flag.DurationVar(&o.drain, "drain", 0, "wait so long for workers after SIGTERM")
	flag.BoolVar(&o.unsafe, "unsafe", false, "send metadata that no SDK would let an author write")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := serve(ctx, os.Stdout, o)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "peerserver:", err)
		os.Exit(1)
	}
}

// serve runs until ctx ends, and says on out where it listens.
func serve(ctx context.Context, out io.Writer, o options) error {
	b := hosttest.Older(o.protocol)
	b.CodeVersion, b.HoldWorkers = o.codeVersion, o.hold
	if o.work > 0 {
		b.Work = func(ctx context.Context) {
			select {
			case <-time.After(o.work):
			case <-ctx.Done():
			}
		}
	}
	if o.declare {
		b.Declared, b.Capabilities = true, hosttest.AllCapabilities()
	}
	if o.unsafe {
		b.Repositories = hosttest.Unsafe()
	}
	p, err := hosttest.Listen(o.listen, b)
	if err != nil {
		return err
	}
	defer p.Stop()
	fmt.Fprintf(out, "listening on %s\n", p.Address())
	<-ctx.Done()
	if o.drain > 0 {
		ctx, cancel := context.WithTimeout(context.WithoutCancel(ctx), o.drain)
		defer cancel()
		_ = p.Drain(ctx) // what has not ended by then ends with the process
	}
	return nil
}
