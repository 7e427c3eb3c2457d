package main

import (
	"context"
	"log/slog"
	"math/rand/v2"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/automation"
	"github.com/penstock-run/penstock/host/partition"
	"github.com/penstock-run/penstock/host/schedule"
	"github.com/penstock-run/penstock/host/sensor"
	"github.com/penstock-run/penstock/host/workspace"
)

// hostAutomation is what makes runs without a person.
type hostAutomation struct {
	schedules *schedule.Scheduler
	sensors   *sensor.Watcher
	tidier    *automation.Tidier
	// changes tells which schedules and sensors changed.
	changes *automation.Feed
}

// newAutomation makes what makes runs without a person, on the store and the queue of the host. It has not started.
func (p *hostProcess) newAutomation(runs *host.Feed, partitions *partition.Source, registry prometheus.Registerer, logger *slog.Logger) (*hostAutomation, error) {
	metrics, err := automation.NewMetrics(registry)
	if err != nil {
		return nil, err
	}
	a := &hostAutomation{changes: &automation.Feed{}, tidier: automation.NewTidier(p.store, systemClock{}, logger)}
	turns := automation.NewTurns()
	a.schedules = schedule.New(schedule.Options{
		Store: p.store, Code: p.workspace, CodeChanged: p.watchCode(), Ended: endedPartitions(p.workspace, partitions), Prepare: p.queue.Prepare,
		Turns: turns, Feed: a.changes, Metrics: metrics, Clock: systemClock{}, Logger: logger,
	})
	a.sensors = sensor.New(sensor.Options{
		Store: p.store, Runs: runs, Code: p.workspace, CodeChanged: p.watchCode(), Prepare: p.queue.Prepare,
		Turns: turns, Feed: a.changes, Metrics: metrics, Clock: systemClock{}, Logger: logger, Jitter: rand.Float64,
	})
	return a, nil
}

// watchCode gets a value whenever code locations changed, until the host stops.
func (p *hostProcess) watchCode() <-chan struct{} {
	changes := p.workspace.Watch()
	p.onStop(func() error { changes.Close(); return nil })
	return changes.Ready()
}

// start begins to make runs. They end with the host.
func (a *hostAutomation) start(ctx context.Context, p *hostProcess) error {
	if err := a.schedules.Start(ctx); err != nil {
		return err
	}
	p.onStop(func() error { a.schedules.Stop(); return nil })
	if err := a.sensors.Start(ctx); err != nil {
		return err
	}
	p.onStop(func() error { a.sensors.Stop(); return nil })
	if err := a.tidier.Start(ctx); err != nil {
		return err
	}
	p.onStop(func() error { a.tidier.Stop(); return nil })
	return nil
}

// endedPartitions finds the partitions of a job that came to exist between two instants.
func endedPartitions(code *workspace.Workspace, partitions *partition.Source) func(context.Context, host.JobName, time.Time, time.Time, int) ([]string, error) {
	return func(ctx context.Context, name host.JobName, after, until time.Time, most int) ([]string, error) {
		job, err := code.Job(name)
		if err != nil {
			return nil, err
		}
		p, err := job.Partitions()
		if err != nil {
			return nil, err
		}
		if p == nil {
			return nil, &host.Error{
				Code: host.Invalid, Reason: "NO_PARTITIONS", Message: "job " + name.String() + " has no partitions, and the schedule launches them",
				Remedy: "give the job partitions, or the schedule another job, and deploy again",
			}
		}
		set, err := partitions.Of(name, p)
		if err != nil {
			return nil, err
		}
		return set.Ended(ctx, after, until, most)
	}
}
