package automation

import (
	"fmt"
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/penstock-run/penstock/host"
)

// Metrics measure ticks. All methods may be called concurrently.
type Metrics struct {
	ticks    *prometheus.CounterVec
	duration *prometheus.HistogramVec
	lag      prometheus.Histogram
}

// NewMetrics makes metrics that are in the registry from the start.
func NewMetrics(registry prometheus.Registerer) (*Metrics, error) {
	m := &Metrics{
		ticks: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penstock_ticks_total",
			Help: "Ticks of schedules and sensors that were stored since the host started.",
		}, []string{"kind", "status"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "penstock_evaluation_duration_seconds",
			Help:    "How long user code took to evaluate schedules and sensors.",
			Buckets: []float64{0.01, 0.05, 0.1, 0.5, 1, 5, 10, 30, 60, 300, 600},
		}, []string{"kind"}),
		lag: prometheus.NewHistogram(prometheus.HistogramOpts{
			Name:    "penstock_schedule_lag_seconds",
			Help:    "How long after its instant the tick of a schedule was stored.",
			Buckets: []float64{0.1, 0.5, 1, 2, 5, 10, 30, 60, 300, 3600},
		}),
	}
	for _, kind := range []host.AutomationKind{host.ScheduleKind, host.SensorKind} {
		m.duration.WithLabelValues(string(kind))
		for _, status := range []host.TickStatus{host.TickSuccess, host.TickSkipped, host.TickFailure} {
			m.ticks.WithLabelValues(string(kind), string(status))
		}
	}
	for _, c := range []prometheus.Collector{m.ticks, m.duration, m.lag} {
		if err := registry.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics of schedules and sensors: %w", err)
		}
	}
	return m, nil
}

// Evaluated takes in how long user code took.
func (m *Metrics) Evaluated(kind host.AutomationKind, took time.Duration) {
	m.duration.WithLabelValues(string(kind)).Observe(took.Seconds())
}

// Ticked takes in a tick that was stored, and of a schedule how long after its instant.
func (m *Metrics) Ticked(t *host.Tick, lag time.Duration) {
	m.ticks.WithLabelValues(string(t.Name.Kind), string(t.Status)).Inc()
	if t.Name.Kind == host.ScheduleKind {
		m.lag.Observe(max(lag, 0).Seconds())
	}
}
