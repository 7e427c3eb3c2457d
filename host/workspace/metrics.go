package workspace

import (
	"time"

	"github.com/prometheus/client_golang/prometheus"

	"github.com/penstock-run/penstock/host"
)

// Metrics are what a workspace counts.
type Metrics struct {
	refused *prometheus.CounterVec
	state   *prometheus.GaugeVec
	jobs    *prometheus.GaugeVec
	loads   *prometheus.HistogramVec

	replicas, mixed *prometheus.GaugeVec
}

// NewMetrics makes metrics that nobody collects until Register.
func NewMetrics() *Metrics {
	return &Metrics{
		refused: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penstock_capability_refused_total",
			Help: "Decisions of the version gate that refused a capability of a location, each change counted once.",
		}, []string{"location", "capability", "code"}),
		state: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "penstock_location_state",
			Help: "1 for the state that the code location is in, 0 for the others.",
		}, []string{"location", "state"}),
		jobs: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "penstock_location_jobs",
			Help: "Jobs in the definitions in use.",
		}, []string{"location"}),
		replicas: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "penstock_location_replicas",
			Help: "Server processes of the code location that are known.",
		}, []string{"location"}),
		mixed: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "penstock_location_mixed",
			Help: "1 while servers of the code location report different definitions, versions or capabilities, else 0.",
		}, []string{"location"}),
		loads: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "penstock_location_reload_seconds",
			Help:    "Time to exchange definitions with a code location, by result.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10, 30, 120},
		}, []string{"location", "result"}),
	}
}

// Register makes the metrics known to a registry.
func (m *Metrics) Register(r prometheus.Registerer) error {
	for _, c := range []prometheus.Collector{m.refused, m.state, m.jobs, m.loads, m.replicas, m.mixed} {
		if err := r.Register(c); err != nil {
			return err
		}
	}
	return nil
}

// states are all that a location can be in.
var states = []host.LocationState{
	host.LocationLoading, host.LocationReady, host.LocationStale,
	host.LocationUnavailable, host.LocationIncompatible, host.LocationError,
}

func (m *Metrics) setState(location string, state host.LocationState, jobs int) {
	for _, s := range states {
		value := 0.0
		if s == state {
			value = 1
		}
		m.state.WithLabelValues(location, string(s)).Set(value)
	}
	m.jobs.WithLabelValues(location).Set(float64(jobs))
}

// forget deletes the series of a location.
func (m *Metrics) forget(location string) {
	of := prometheus.Labels{"location": location}
	m.refused.DeletePartialMatch(of)
	m.state.DeletePartialMatch(of)
	m.jobs.DeletePartialMatch(of)
	m.loads.DeletePartialMatch(of)
	m.replicas.DeletePartialMatch(of)
	m.mixed.DeletePartialMatch(of)
}

func (m *Metrics) setServers(location string, replicas int, mixed bool) {
	m.replicas.WithLabelValues(location).Set(float64(replicas))
	value := 0.0
	if mixed {
		value = 1
	}
	m.mixed.WithLabelValues(location).Set(value)
}

func (m *Metrics) loaded(location string, took time.Duration, f *fault) {
	result := "ok"
	if f != nil {
		result = f.code
	}
	m.loads.WithLabelValues(location, result).Observe(took.Seconds())
}
