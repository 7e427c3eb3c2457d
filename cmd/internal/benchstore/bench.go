package main

import (
	"context"
	"fmt"
	"io"
	"time"

	"github.com/penstock-run/penstock/host/store/boltstore"
)

// bench is one run of the program.
type bench struct {
	options

	ctx   context.Context //nolint:containedctx // the program's, which ends with it
	out   io.Writer
	began time.Time
	data  string
	// window is how long what has no end is measured; times says how often what is quick is.
	window time.Duration

	store *boltstore.Store
	raw   *rawStore
	// runs are those that the store has, ids theirs by number.
	runs int
	ids  []idBytes
	// ingest is how many runs a second came in at a stage, page the p50 of its pages, by name; what later stages are
	// compared with.
	ingest map[string]float64
	pages  map[string]map[string]float64
}

// stage brings the store to a number of runs and measures it.
func (b *bench) stage(runs int) error {
	if err := b.open(); err != nil {
		return err
	}
	for _, step := range []struct {
		what string
		do   func(at string) error
	}{
		{"ingest", func(at string) error { return b.fill(at, runs) }},
		{"commands", b.commands},
		{"pages, counts, type-ahead", b.search},
		{"PostgreSQL", b.compare},
		{"retagging", b.retag},
		{"opening", b.reopen},
		{"memory of a host", b.hostMemory},
		{"events", b.events},
		{"retention", b.retention},
	} {
		b.sayf("%s runs: %s", label(runs), step.what)
		if err := b.profiled(step.what, label(runs), step.do); err != nil {
			return fmt.Errorf("%s: %w", step.what, err)
		}
	}
	return nil
}

// times is how often something is measured: as asked, less often on the few runs of a trial.
func (b *bench) times(n int) int { return min(n, b.options.runs/50) }

// open opens the store, and what it is compared with.
func (b *bench) open() (err error) {
	if b.store == nil {
		b.store, err = boltstore.Open(b.data, nil)
	}
	if err == nil && b.raw == nil {
		b.raw, err = openRaw(b.data + "-raw.db")
	}
	return err
}

func (b *bench) close() (err error) {
	if b.store != nil {
		err = b.store.Close()
		b.store = nil
	}
	if b.raw != nil {
		err = first(err, b.raw.close())
		b.raw = nil
	}
	return err
}
