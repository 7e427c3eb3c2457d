// Package automation holds what schedules and sensors have in common: the books of which there are (Reconcile), a tick made
// of what user code said (Maker), turns at a location (Turns), and how one stands (Standing).
//
// What decides when something is evaluated is in host/schedule and host/sensor.
package automation
