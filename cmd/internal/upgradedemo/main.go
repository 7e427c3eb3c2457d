// Command upgradedemo shows a rolling upgrade of a workspace to a person who watches, and checks what it shows: three
// code locations at different versions, runs in flight, one location upgraded in place behind two replicas, one
// downgraded, one drained, and the host killed and started again. It prints each thing that it asserts and exits with 1
// at the first one that is not so.
package main

import (
	"context"
	"errors"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// options are the flags.
type options struct {
	// penstock, testcode and peerserver are binaries.
	penstock, testcode, peerserver string
	// listen is the address of the host.
	listen string
	// pace is how long to wait after each step, so that a person can look around.
	pace time.Duration
	// keep leaves everything running at the end until it is interrupted.
	keep bool
}

func main() {
	var o options
	bin := flag.String("bin", "bin", "`folder` with the binaries penstock, testcode and peerserver")
	flag.StringVar(&o.listen, "listen", "127.0.0.1:3000", "`address` of the host")
	flag.DurationVar(&o.pace, "pace", 4*time.Second, "`time` to wait after each step")
	flag.BoolVar(&o.keep, "keep", false, "leave everything running at the end, until Ctrl-C")
	flag.Parse()

	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	folder, err := filepath.Abs(*bin) // processes are started elsewhere
	if err == nil {
		o.penstock, o.testcode, o.peerserver = filepath.Join(folder, "penstock"), filepath.Join(folder, "testcode"), filepath.Join(folder, "peerserver")
		err = show(ctx, os.Stdout, o)
	}
	stop()
	switch {
	case errors.Is(err, context.Canceled):
		fmt.Fprintln(os.Stderr, "\ninterrupted")
		os.Exit(130)
	case err != nil:
		fmt.Fprintln(os.Stderr, "\nupgradedemo:", err)
		os.Exit(1)
	}
}

// show runs the whole demo.
func show(ctx context.Context, out io.Writer, o options) (err error) {
	dir, err := os.MkdirTemp("", "penstock-demo-")
	if err != nil {
		return err
	}
	d := &demo{options: o, out: out, dir: dir}
	defer func() {
		d.stopAll()
		err = errors.Join(err, os.RemoveAll(dir))
	}()
	for i, step := range []struct {
		title string
		play  func(context.Context) error
	}{
		{"Three locations, at protocol 0.14.17, 0.14.18 and the current one", d.begin},
		{"Runs in flight everywhere", d.launchEverywhere},
		{"legacy is upgraded to 0.14.18, one replica after the other", d.upgradeLegacy},
		{"minimum is downgraded to 0.14.17, and comes back", d.downgradeMinimum},
		{"current is drained and replaced", d.drainCurrent},
		{"The host is killed and started again while one location is down", d.restartHost},
		{"Nothing was lost", d.account},
	} {
		d.sayf("\n== %d. %s", i+1, step.title)
		if err := step.play(ctx); err != nil {
			if ctx.Err() != nil {
				return ctx.Err()
			}
			return fmt.Errorf("step %d, %s: %w%s", i+1, step.title, err, d.lastWords())
		}
		if err := d.pause(ctx, o.pace); err != nil {
			return err
		}
	}
	d.sayf("\nEverything was as it should be: %d assertions, %d runs.", d.asserted, len(d.runs))
	if o.keep {
		d.sayf("Look around at http://%s; Ctrl-C ends it.", o.listen)
		<-ctx.Done()
	}
	return nil
}
