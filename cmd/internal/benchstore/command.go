package main

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
)

// commands measures durable commands: of one client beside the disk, and of many; and launches of one client.
func (b *bench) commands(at string) error {
	if err := b.commandsAs("Command/runs="+at, "Commands/runs="+at); err != nil {
		return err
	}
	return b.launches(at)
}

// launches measures launches of one client beside the disk.
func (b *bench) launches(at string) error {
	times := b.times(1000)
	runs := runsFrom(b.runs, times)
	for i := range runs {
		runs[i].RequestID = uuid.NewString() // as clients make them: in no order
	}
	took, disk, err := b.besideDisk(times, func(i int) error {
		run, _, err := b.store.CreateRun(b.ctx, runs[i])
		runs[i].Run.ID = run.ID
		return err
	})
	if err != nil {
		return err
	}
	p50 := quantile(took, 0.5)
	b.line("Launch/runs="+at, times, figure{p50, "p50-ms"}, figure{quantile(took, 0.99), "p99-ms"}, figure{p50 / quantile(disk, 0.5), "×fdatasync"})
	return b.drop(runs)
}

// drop ends runs and deletes them, so that what follows has as many as it counts.
func (b *bench) drop(runs []host.NewRun) error {
	ids := make([]host.RunID, len(runs))
	for i := range runs {
		ids[i] = runs[i].Run.ID
	}
	if _, err := b.store.UpdateRuns(b.ctx, host.Request{}, ids, func(r *host.Run) ([][]byte, error) {
		r.Status, r.EndedAt = host.Canceled, r.CreatedAt
		return nil, nil
	}); err != nil {
		return err
	}
	_, err := b.store.DeleteRuns(b.ctx, host.Request{}, ids)
	return err
}

// besideDisk measures what is done, and in turn with it what the disk needs to make a page durable.
func (b *bench) besideDisk(times int, do func(i int) error) (took, disk []time.Duration, err error) {
	probe, err := newDiskProbe(b.data + "-probe")
	if err != nil {
		return nil, nil, err
	}
	defer func() { err = first(err, probe.close()) }()
	for i := range times {
		if err := probe.once(); err != nil {
			return nil, nil, err
		}
		began := time.Now()
		if err := do(i); err != nil {
			return nil, nil, err
		}
		took = append(took, time.Since(began))
	}
	return took, probe.took, nil
}

func (b *bench) commandsAs(one, many string) error {
	// Runs that are queued: what people change.
	open := func(i int) host.RunID { return b.ids[b.runs-1-i%still].run() }
	touch := func(id host.RunID) error {
		_, err := b.store.UpdateRun(b.ctx, id, func(r *host.Run) ([][]byte, error) {
			r.StartTimeouts++
			return nil, nil
		})
		return err
	}
	times := b.times(2000)
	took, disk, err := b.besideDisk(times, func(i int) error { return touch(open(i)) })
	if err != nil {
		return err
	}
	p50 := quantile(took, 0.5)
	b.line(one, times, figure{p50, "p50-ms"}, figure{quantile(took, 0.99), "p99-ms"}, figure{p50 / quantile(disk, 0.5), "×fdatasync"})
	if many == "" {
		return nil
	}
	var group sync.WaitGroup
	var done, failed atomic.Int64
	until := time.Now().Add(b.window)
	began := time.Now()
	for c := range clients {
		group.Go(func() {
			for time.Now().Before(until) {
				if touch(open(c)) != nil {
					failed.Add(1)
					return
				}
				done.Add(1)
			}
		})
	}
	group.Wait()
	rate := float64(done.Load()) / time.Since(began).Seconds()
	b.line(many, int(done.Load()), figure{rate, "commands/s"}, figure{rate * p50 / 1e3, "×one-client"}, figure{float64(failed.Load()), "failed"})
	return nil
}
