// Command benchstore measures the run store at millions of runs: commands, ingest, pages, counts, events, opening, and the
// same after retention, beside what the disk does and beside PostgreSQL with a tuned schema, which it starts itself. It
// prints benchmark lines for benchtable.
//
// Everything is compared within one process run: figures of a shared machine say little by themselves.
package main

import (
	"context"
	"flag"
	"fmt"
	"io"
	"os"
	"os/signal"
	"path/filepath"
	"syscall"
	"time"
)

// base is the number of runs that the other numbers are compared with, and that PostgreSQL gets.
const base = 1_000_000

// options are the flags.
type options struct {
	runs     int
	dir      string
	penstock string
	postgres bool
	keep     bool
	profiles string
}

func main() {
	o := options{}
	flag.IntVar(&o.runs, "n", base, "runs in all; measured at 1,000,000 too when there are more")
	flag.StringVar(&o.dir, "dir", "", "where to put the store and the database; default: a temporary directory")
	flag.StringVar(&o.penstock, "penstock", "", "binary of the host, to measure its memory; default: not measured")
	flag.BoolVar(&o.postgres, "postgres", true, "compare with PostgreSQL")
	flag.BoolVar(&o.keep, "keep", false, "leave the directory behind")
	flag.StringVar(&o.profiles, "profiles", "", "directory for a CPU profile of each step; default: none")
	flag.Parse()
	ctx, stop := signal.NotifyContext(context.Background(), os.Interrupt, syscall.SIGTERM)
	err := run(ctx, o, os.Stdout)
	stop()
	if err != nil {
		fmt.Fprintln(os.Stderr, "benchstore:", err)
		os.Exit(1)
	}
}

func run(ctx context.Context, o options, out io.Writer) (err error) {
	if o.runs < 1000 {
		return fmt.Errorf("-n %d: at least 1,000 runs are needed", o.runs)
	}
	if o.dir == "" {
		if o.dir, err = os.MkdirTemp("", "benchstore-"); err != nil {
			return err
		}
	}
	if !o.keep {
		defer func() { err = first(err, os.RemoveAll(o.dir)) }()
	}
	b := &bench{options: o, window: min(5*time.Second, time.Duration(o.runs)*100*time.Microsecond), ctx: ctx, out: out, began: time.Now(), data: filepath.Join(o.dir, "store")}
	defer func() { err = first(err, b.close()) }()
	stages := []int{o.runs}
	if o.runs > base {
		stages = []int{base, o.runs}
	}
	for _, runs := range stages {
		if err := b.stage(runs); err != nil { //nolint:contextcheck // b has it
			return fmt.Errorf("%s runs: %w", label(runs), err)
		}
	}
	return nil
}

// label names a number of runs in benchmarks: "1M".
func label(runs int) string {
	if runs%1_000_000 == 0 {
		return fmt.Sprintf("%dM", runs/1_000_000)
	}
	return fmt.Sprint(runs)
}

func first(errs ...error) error {
	for _, err := range errs {
		if err != nil {
			return err
		}
	}
	return nil
}
