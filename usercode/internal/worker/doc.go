// Package worker is the process that executes one attempt of one run: a team's binary, started by its own user-code
// server with a hidden argument, in a session of its own.
//
// It reads its instructions from an inherited pipe, asks the host for permission to start, runs the job with package
// engine, and reports events on one stream. What the host has not acknowledged is kept in memory, and beyond 8 MiB or
// 20,000 events on disk; when that is full, too, ops that report something wait. A broken stream is opened again, for as long as
// the run takes and a day longer; each event is sent again until it is acknowledged.
//
// The process ends with its children: none that the author's code started outlives it.
package worker
