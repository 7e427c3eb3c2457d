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

	"github.com/penstock-run/penstock/host/hosttest"
)

func main() {
	listen := flag.String("listen", "127.0.0.1:4266", "address to listen on")
	protocol := flag.String("protocol", "0.14.17", "protocol version to report; empty reports none")
	declare := flag.Bool("declare", false, "declare every capability")
	hold := flag.Bool("hold", false, "keep workers busy until they are canceled")
	unsafe := flag.Bool("unsafe", false, "send metadata that no SDK would let an author write")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := serve(ctx, os.Stdout, *listen, *protocol, *declare, *hold, *unsafe)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "peerserver:", err)
		os.Exit(1)
	}
}

// serve runs until ctx ends, and says on out where it listens.
func serve(ctx context.Context, out io.Writer, listen, protocol string, declare, hold, unsafe bool) error {
	b := hosttest.Older(protocol)
	b.HoldWorkers = hold
	if declare {
		b.Declared, b.Capabilities = true, hosttest.AllCapabilities()
	}
	if unsafe {
		b.Repositories = hosttest.Unsafe()
	}
	p, err := hosttest.Listen(listen, b)
	if err != nil {
		return err
	}
	defer p.Stop()
	fmt.Fprintf(out, "listening on %s\n", p.Address())
	<-ctx.Done()
	return nil
}
