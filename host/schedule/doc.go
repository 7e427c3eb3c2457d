// Package schedule makes the ticks of schedules, each once.
//
// What makes a tick be there once is the store: its row, its runs and the instant up to which all is done are one
// transaction, and the row is there once for an instant (see host.Store.CreateTick). So a Scheduler may be killed at any
// moment, and two of them may run by mistake. All that it keeps itself is a picture, which it draws again from the store.
package schedule
