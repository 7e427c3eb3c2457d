package api

import (
	"fmt"
	"sync"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/penstock-run/penstock/host"
)

// RunMetrics count what the store committed. All methods may be called concurrently.
type RunMetrics struct {
	transitions *prometheus.CounterVec
	events      prometheus.Counter
	open        *prometheus.GaugeVec

	mu   sync.Mutex
	runs map[host.RunID]runCount
}

// runCount is what was counted of a run that is not final.
type runCount struct {
	status  host.RunStatus
	attempt uint32
	seq     uint64
}

// NewRunMetrics makes metrics that are in the registry from the start.
func NewRunMetrics(registry prometheus.Registerer) (*RunMetrics, error) {
	m := &RunMetrics{
		transitions: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penstock_run_transitions_total",
			Help: "Runs that came into a status since the host started.",
		}, []string{"status"}),
		events: prometheus.NewCounter(prometheus.CounterOpts{
			Name: "penstock_events_stored_total",
			Help: "Events of workers that were stored since the host started.",
		}),
		open: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "penstock_runs",
			Help: "Runs that are not final, by status.",
		}, []string{"status"}),
		runs: map[host.RunID]runCount{},
	}
	for _, status := range host.RunStatuses {
		m.transitions.WithLabelValues(string(status))
		if !status.Final() {
			m.open.WithLabelValues(string(status))
		}
	}
	for _, c := range []prometheus.Collector{m.transitions, m.events, m.open} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics of runs: %w", err)
		}
	}
	return m, nil
}

// Seed takes a run in that was open when the host started, with the seq of the last event of its attempt.
func (m *RunMetrics) Seed(run *host.Run, lastSeq uint64) {
	m.mu.Lock()
	defer m.mu.Unlock()
	m.runs[run.ID] = runCount{status: run.Status, attempt: run.Attempt, seq: lastSeq}
	m.open.WithLabelValues(string(run.Status)).Inc()
}

// Observe takes a change in; the store's OnChange may call it.
func (m *RunMetrics) Observe(c host.Change) {
	m.mu.Lock()
	defer m.mu.Unlock()
	was, known := m.runs[c.Run.ID]
	if c.Deleted || !known && c.Run.Status.Final() {
		return // only final runs are deleted, and what comes after the end was counted or is a note
	}
	if c.Run.Attempt != was.attempt {
		was.seq = 0
	}
	now := runCount{status: c.Run.Status, attempt: c.Run.Attempt, seq: was.seq}
	if c.Events && c.LastEvent.Attempt == now.attempt && c.LastEvent.Seq > now.seq {
		m.events.Add(float64(c.LastEvent.Seq - now.seq))
		now.seq = c.LastEvent.Seq
	}
	if was.status != now.status {
		m.transitions.WithLabelValues(string(now.status)).Inc()
		if known {
			m.open.WithLabelValues(string(was.status)).Dec()
		}
		if !now.status.Final() {
			m.open.WithLabelValues(string(now.status)).Inc()
		}
	}
	if now.status.Final() {
		delete(m.runs, c.Run.ID)
		return
	}
	m.runs[c.Run.ID] = now
}
