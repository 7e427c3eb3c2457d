package api

import (
	"context"
	"fmt"
	"log/slog"
	"time"

	"connectrpc.com/connect/v2"
	"github.com/prometheus/client_golang/prometheus"
)

// metrics are what the server measures of itself, and what it reads from others when it is asked.
type metrics struct {
	calls    *prometheus.CounterVec
	duration *prometheus.HistogramVec
}

// newMetrics registers them with the registry of the server's options.
func newMetrics(s *Server) (*metrics, error) {
	m := &metrics{
		calls: prometheus.NewCounterVec(prometheus.CounterOpts{
			Name: "penstock_rpc_calls_total",
			Help: "Calls that ended, by procedure and code.",
		}, []string{"procedure", "code"}),
		duration: prometheus.NewHistogramVec(prometheus.HistogramOpts{
			Name:    "penstock_rpc_duration_seconds",
			Help:    "Time of a call that is not a stream.",
			Buckets: []float64{.001, .0025, .005, .01, .025, .05, .1, .25, .5, 1, 2.5, 5, 10},
		}, []string{"procedure"}),
	}
	info := prometheus.NewGauge(prometheus.GaugeOpts{
		Name: "penstock_build_info",
		Help: "Always 1; the labels say what this host is.",
		ConstLabels: prometheus.Labels{
			"version": s.o.Identity.Version, "commit": s.o.Identity.Commit, "protocol": s.o.Identity.Protocol,
		},
	})
	info.Set(1)
	gauge := func(name, help string, read func() float64) prometheus.Collector {
		return prometheus.NewGaugeFunc(prometheus.GaugeOpts{Name: name, Help: help}, read)
	}
	for _, c := range []prometheus.Collector{
		m.calls, m.duration, info, streamCollector{s.streams},
		gauge("penstock_workers_attached", "Workers with an open stream.", func() float64 { return float64(s.workers.Load()) }),
		gauge("penstock_queue_in_progress", "Runs that take a slot of the queue.",
			func() float64 { return float64(s.o.Queue.Status().InProgress) }),
		gauge("penstock_queue_waiting", "Runs that are queued or wait for their code.",
			func() float64 { return float64(s.o.Queue.Status().Queued) }),
		gauge("penstock_queue_max_in_progress", "Limit of runs in progress; -1 means none.",
			func() float64 { return float64(s.o.Queue.Status().MaxInProgress) }),
		gauge("penstock_config_error", "1 while the configuration file cannot be used as it is, so that an older one is in use; else 0.", func() float64 {
			if c, ok := s.o.Config(); ok && c.Error != "" {
				return 1
			}
			return 0
		}),
		gauge("penstock_store_read_only", "1 while nothing can be stored, for want of room on the disk or after an error; else 0.", func() float64 {
			if why, _ := s.readOnly(context.Background()); why != "" {
				return 1
			}
			return 0
		}),
		gauge("penstock_store_disk_free_bytes", "Bytes that are free on the disk of the store; 0 when that is not known.", func() float64 {
			_, free := s.readOnly(context.Background())
			return float64(free)
		}),
		gauge("penstock_store_bytes", "Bytes of the store's files.", func() float64 {
			size, err := s.o.Store.Size()
			if err != nil {
				s.o.Logger.Error("measure the store", "error", err)
				return -1
			}
			return float64(size)
		}),
	} {
		if err := s.o.Metrics.Register(c); err != nil {
			return nil, fmt.Errorf("register metrics: %w", err)
		}
	}
	return m, nil
}

// request notes a call that ended. A stream's duration is its client's patience and says nothing.
func (m *metrics) request(spec connect.Spec, err error, took time.Duration) {
	code := "ok"
	if err != nil {
		code = connect.CodeOf(err).String()
	}
	m.calls.WithLabelValues(spec.Procedure, code).Inc()
	if spec.StreamType == connect.StreamTypeUnary {
		m.duration.WithLabelValues(spec.Procedure).Observe(took.Seconds())
	}
}

var streamsOpen = prometheus.NewDesc("penstock_streams_open", "Streams of clients that are open, by procedure.",
	[]string{"procedure"}, nil)

// streamCollector reads the open streams when it is asked.
type streamCollector struct{ s *streams }

// Describe is for prometheus.
func (c streamCollector) Describe(out chan<- *prometheus.Desc) { out <- streamsOpen }

// Collect is for prometheus.
func (c streamCollector) Collect(out chan<- prometheus.Metric) {
	for procedure, n := range c.s.byProcedure() {
		out <- prometheus.MustNewConstMetric(streamsOpen, prometheus.GaugeValue, float64(n), procedure)
	}
}

// metricsLog passes what the exposition complains about on to the log.
type metricsLog struct{ log *slog.Logger }

// Println is for promhttp.
func (l metricsLog) Println(v ...any) { l.log.Error("serve metrics", "error", fmt.Sprint(v...)) }
