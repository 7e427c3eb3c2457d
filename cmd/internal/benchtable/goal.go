package main

import "fmt"

// goal is a figure that is to be reached.
type goal struct {
	what            string
	benchmark, unit string // of the figure that is measured
	most, least     float64
	shown           string // unit in the table; times of ns/op are shown in ms
}

// goals are in the order of the table. Those without most and least are there to compare the others with.
var goals = []goal{
	{what: "this machine: a page written and synced, p50", benchmark: "SpeedMachine", unit: "fsync-p50-ms", shown: "ms"},
	{what: "this machine: a process that does nothing, p50", benchmark: "SpeedMachine", unit: "spawn-p50-ms", shown: "ms"},
	{what: "launch to success, one no-op op, a fresh process, p50", benchmark: "SpeedLaunch", unit: "p50-ms", most: 15, shown: "ms"},
	{what: "the same, p95", benchmark: "SpeedLaunch", unit: "p95-ms", most: 25, shown: "ms"},
	{what: "of it queue to dispatch, p95", benchmark: "SpeedLaunch", unit: "dispatch-p95-ms", most: 25, shown: "ms"},
	{what: "of it dispatch to grant, p50", benchmark: "SpeedLaunch", unit: "start-p50-ms", shown: "ms"},
	{what: "of it grant to success, p50", benchmark: "SpeedLaunch", unit: "run-p50-ms", shown: "ms"},
	{what: "a worker's packages are initialised, p50", benchmark: "SpeedWorkerStart", unit: "init-p50-ms", shown: "ms"},
	{what: "the same binary prints its commands, p50", benchmark: "SpeedWorkerStart", unit: "process-p50-ms", shown: "ms"},
	{what: "overhead per op, 200 ops in one run", benchmark: "SpeedOps/ops=200", unit: "ms-per-op", most: 0.5, shown: "ms"},
	{what: "40 ops in one run, p50", benchmark: "SpeedOps/ops=40", unit: "p50-ms", most: 50, shown: "ms"},
	{what: "100 runs of 10 ops, 10 at a time", benchmark: "SpeedBatch", unit: "wall-s", most: 1.5, shown: "s"},
	{what: "the same, CPU time of all processes", benchmark: "SpeedBatch", unit: "cpu-s", most: 3, shown: "s"},
	{what: "sustained no-op runs, a process each", benchmark: "SpeedSustained", unit: "runs/s", least: 100, shown: "/s"},
	{what: "accepted into the queue, 64 clients", benchmark: "SpeedAccept", unit: "runs/s", least: 2000, shown: "/s"},
	{what: "events of 64 workers", benchmark: "SpeedEvents", unit: "events/s", least: 50_000, shown: "/s"},
	{what: "idle memory of the host", benchmark: "SpeedIdle", unit: "host-MB", most: 40, shown: "MB"},
	{what: "idle memory of a user-code server with 100 jobs", benchmark: "SpeedIdle", unit: "code-MB", most: 20, shown: "MB"},
	{what: "host start until it answers", benchmark: "SpeedIdle", unit: "host-start-ms", most: 200, shown: "ms"},
	{what: "user-code server start until it answers", benchmark: "SpeedIdle", unit: "code-start-ms", most: 50, shown: "ms"},
	{what: "host start until it lists 1 job", benchmark: "HostStart/jobs=1/known=true", unit: "ns/op", most: 200, shown: "ms"},
	{what: "host start until it lists 1,000 jobs", benchmark: "HostStart/jobs=1000/known=true", unit: "ns/op", most: 300, shown: "ms"},
	{what: "host start until it lists 5,000 jobs", benchmark: "HostStart/jobs=5000/known=true", unit: "ns/op", most: 500, shown: "ms"},
	{what: "memory of the host with 1,000 jobs", benchmark: "HostStart/jobs=1000/known=true", unit: "MB", most: 60, shown: "MB"},
	{what: "memory of the host with 5,000 jobs", benchmark: "HostStart/jobs=5000/known=true", unit: "MB", most: 100, shown: "MB"},
	{what: "from a deploy until the UI is told", benchmark: "DeploySeen", unit: "ns/op", most: 2000, shown: "ms"},
	{what: "from a rollback behind two replicas until the UI is told", benchmark: "RollbackSeen", unit: "ns/op", most: 15_000, shown: "ms"},
}

// scale makes what is measured what is shown.
func (g goal) scale() float64 {
	if g.unit == "ns/op" {
		return 1e-6
	}
	return 1
}

// text is the goal as it is printed.
func (g goal) text() string {
	switch {
	case g.most > 0:
		return fmt.Sprintf("≤ %s %s", number(g.most), g.shown)
	case g.least > 0:
		return fmt.Sprintf("≥ %s %s", number(g.least), g.shown)
	default:
		return "–"
	}
}

// verdict is PASS, or how far it is to the goal.
func (g goal) verdict(value float64) string {
	switch {
	case g.most > 0 && value > g.most:
		return fmt.Sprintf("%s %s over (%.2f ×)", number(value-g.most), g.shown, value/g.most)
	case g.least > 0 && value < g.least:
		return fmt.Sprintf("%s %s short (%.2f ×)", number(g.least-value), g.shown, value/g.least)
	case g.most == 0 && g.least == 0:
		return ""
	default:
		return "PASS"
	}
}
