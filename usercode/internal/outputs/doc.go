// Package outputs keeps what the ops of one run return in an output store, and takes from it what other runs have
// there. It is the engine's Outputs of a worker, and what a server does with the outputs of deleted runs.
//
// A run's outputs are named by what they are, "runs/RUN/SHA-256", so an output is stored once for each run, and a run is
// deleted by a prefix. What memoization remembers is a record "memo/KEY" that names a run; "runs/RUN/memo.KEY" lets
// the record be found when that run is deleted.
//
// An output is encoded in its op's goroutine and stored behind its back, several at a time. Nothing of this fails the
// op: what is not stored is said in the run's events.
package outputs
