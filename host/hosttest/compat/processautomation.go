package compat

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/automation"
	"github.com/penstock-run/penstock/host/partition"
	"github.com/penstock-run/penstock/host/queue"
	"github.com/penstock-run/penstock/host/schedule"
	"github.com/penstock-run/penstock/host/sensor"
)

// newAutomation makes what makes runs without a person. It has not started.
func (p *Process) newAutomation(o Options, q *queue.Queue, partitions *partition.Source, registry prometheus.Registerer, logger *slog.Logger) (
	*schedule.Scheduler, *sensor.Watcher, *automation.Feed, error,
) {
	metrics, err := automation.NewMetrics(registry)
	if err != nil {
		return nil, nil, nil, err
	}
	told, turns := &automation.Feed{}, automation.NewTurns()
	schedules := schedule.New(schedule.Options{
		Store: p.Store, Code: p.Workspace, CodeChanged: p.codeChanged(), Prepare: q.Prepare,
		Ended: func(ctx context.Context, name host.JobName, after, until time.Time, most int) ([]string, error) {
			job, err := p.Workspace.Job(name)
			if err != nil {
				return nil, err
			}
			defined, err := job.Partitions()
			if err != nil {
				return nil, err
			}
			if defined == nil {
				return nil, fmt.Errorf("job %s has no partitions", name)
			}
			set, err := partitions.Of(name, defined)
			if err != nil {
				return nil, err
			}
			return set.Ended(ctx, after, until, most)
		},
		Turns: turns, Feed: told, Metrics: metrics, Clock: o.Clock, Logger: logger,
	})
	sensors := sensor.New(sensor.Options{
		Store: p.Store, Runs: p.Feed, Code: p.Workspace, CodeChanged: p.codeChanged(), Prepare: q.Prepare,
		Turns: turns, Feed: told, Metrics: metrics, Clock: o.Clock, Logger: logger, Jitter: func() float64 { return 0 },
	})
	return schedules, sensors, told, nil
}

// codeChanged gets a value whenever code locations changed, until the host stops.
func (p *Process) codeChanged() <-chan struct{} {
	changes := p.Workspace.Watch()
	p.onStop(func() error { changes.Close(); return nil })
	return changes.Ready()
}
