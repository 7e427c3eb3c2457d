// Package attempt is the host's side of a worker: who may start an attempt,
// what its worker reports, how it is told to end, and when it counts as lost.
//
// A worker holds one stream (see penstock.worker.v1), which is a Session here;
// host/api moves its messages. What decides is always the run in the store,
// changed by compare-and-set: a Session may break, come twice or stay for too
// long, and the worst that happens is a note in the run's events.
package attempt
