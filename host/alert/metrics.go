package alert

import "github.com/prometheus/client_golang/prometheus"

// Metrics are what an Alerter counts.
type Metrics struct {
	sent, refused, dropped *prometheus.CounterVec
	waiting                *prometheus.GaugeVec
}

// NewMetrics makes metrics that nobody collects until Register.
func NewMetrics() *Metrics {
	counter := func(name, help string) *prometheus.CounterVec {
		return prometheus.NewCounterVec(prometheus.CounterOpts{Name: name, Help: help}, []string{"rule"})
	}
	return &Metrics{
		sent:    counter("penstock_alerts_delivered_total", "Messages of alerts that a receiver took."),
		refused: counter("penstock_alerts_failed_total", "Attempts to deliver a message of an alert that failed."),
		dropped: counter("penstock_alerts_given_up_total", "Messages of alerts that were given up."),
		waiting: prometheus.NewGaugeVec(prometheus.GaugeOpts{
			Name: "penstock_alerts_waiting", Help: "Messages of alerts that wait to be delivered.",
		}, []string{"rule"}),
	}
}

// Register makes the metrics known to a registry.
func (m *Metrics) Register(r prometheus.Registerer) error {
	for _, c := range []prometheus.Collector{m.sent, m.refused, m.dropped, m.waiting} {
		if err := r.Register(c); err != nil {
			return err
		}
	}
	return nil
}

func (m *Metrics) delivered(rule string)    { m.sent.WithLabelValues(rule).Inc() }
func (m *Metrics) failed(rule string)       { m.refused.WithLabelValues(rule).Inc() }
func (m *Metrics) gaveUp(rule string)       { m.dropped.WithLabelValues(rule).Inc() }
func (m *Metrics) waits(rule string, n int) { m.waiting.WithLabelValues(rule).Set(float64(n)) }

// forget drops what was counted of a rule that is gone.
func (m *Metrics) forget(rule string) {
	for _, v := range []interface{ DeleteLabelValues(...string) bool }{m.sent, m.refused, m.dropped, m.waiting} {
		v.DeleteLabelValues(rule)
	}
}
