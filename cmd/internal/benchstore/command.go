package main

import (
	"sync"
	"sync/atomic"
	"time"

	"github.com/penstock-run/penstock/host"
)

// commands measures durable commands: of one client beside the disk, and of many.
func (b *bench) commands(at string) error {
	return b.commandsAs("Command/runs="+at, "Commands/runs="+at)
}

func (b *bench) commandsAs(one, many string) error {
	probe, err := newDiskProbe(b.data + "-probe")
	if err != nil {
		return err
	}
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
	var took []time.Duration
	for i := range times {
		if err := probe.once(); err != nil {
			return err
		}
		began := time.Now()
		if err := touch(open(i)); err != nil {
			return err
		}
		took = append(took, time.Since(began))
	}
	p50 := quantile(took, 0.5)
	b.line(one, times, figure{p50, "p50-ms"}, figure{quantile(took, 0.99), "p99-ms"}, figure{p50 / quantile(probe.took, 0.5), "×fdatasync"})
	if err := probe.close(); err != nil || many == "" {
		return err
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
