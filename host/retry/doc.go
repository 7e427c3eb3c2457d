// Package retry launches the automatic retries of runs that failed.
//
// That a retry is due is part of the run, stored in the transaction that makes it FAILURE (see host.Run.Fail). A Retrier
// makes a child of each such run, by a request id that is derived from its own, and then notes on it that this is done.
// So however often the host stops between the two, and whoever else does the same, a run gets one child.
package retry
