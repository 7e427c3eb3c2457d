package main

import (
	"encoding/hex"
	"fmt"
	"net"
	"net/http"
	"time"

	"github.com/google/uuid"
	"github.com/prometheus/client_golang/prometheus"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/alert"
	"github.com/penstock-run/penstock/host/workspace"
)

// makeAlerts makes what tells people of runs. It does not run yet.
func (p *hostProcess) makeAlerts(store host.Store, feed *host.Feed, o hostOptions, registry prometheus.Registerer) error {
	metrics := alert.NewMetrics()
	if err := metrics.Register(registry); err != nil {
		return fmt.Errorf("register metrics of alerts: %w", err)
	}
	p.alerts = alert.New(alert.Options{
		Store: store, Feed: feed, Rules: o.Alerts, Address: p.address, MetadataTexts: workspace.MetadataTexts,
		Transport: &http.Transport{
			Proxy: http.ProxyFromEnvironment, DialContext: (&net.Dialer{Timeout: dialTimeout}).DialContext,
			TLSHandshakeTimeout: dialTimeout, ForceAttemptHTTP2: true, MaxResponseHeaderBytes: maxHeader, IdleConnTimeout: time.Minute,
		},
		NewID: func() string { id := uuid.New(); return hex.EncodeToString(id[:]) },
		Clock: systemClock{}, Logger: o.Logger, Metrics: metrics,
	})
	return nil
}
