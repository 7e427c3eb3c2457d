// Package host is the domain of a Penstock host: what a run, an event, a job
// and a location are, which changes a run's status may make, and what a Store
// and a Launcher promise. It does no input or output; technology lives in the
// folders below, wiring in cmd/penstock.
package host
