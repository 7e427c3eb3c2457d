// Package queue decides which run starts when, and sees a start through until
// its worker says hello: highest priority first, then first in; at most a
// number of runs in progress; nothing that is blocked blocks another.
//
// What it holds in memory is a picture of the open runs in the store, kept up
// to date by the store's own feed. Slots are counted from that picture, so
// none can leak.
package queue
