// Package sensor evaluates sensors, each by itself: on a timer of its own, or for each run that ended.
//
// What a sensor has seen, its cursor or its place in the order in which runs ended, moves in the transaction that stores
// the tick and its runs (see host.Store.CreateTick). So a Watcher may be killed at any moment: what was not stored is
// evaluated again, and what was is not.
package sensor
