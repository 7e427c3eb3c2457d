package main

import "time"

// explanation is why a run is where it is.
type explanation struct {
	Run     runObject      `json:"run"`
	Summary string         `json:"summary"` // one sentence that says it all
	Reasons []reasonObject `json:"reasons"` // the rules that were looked at, in the order in which they apply
	// Place in the queue, from 1, among the runs that could start; at most 10001, which stands for any from there on; 0 for none.
	Position uint32 `json:"position"`
	Among    uint32 `json:"among"` // how many runs could start, with this one
}

// reasonObject is one rule.
type reasonObject struct {
	Code    string     `json:"code"`    // for example CONCURRENCY_LIMIT
	Blocks  bool       `json:"blocks"`  // whether it is what holds the run
	Message string     `json:"message"` // what is so
	Remedy  string     `json:"remedy"`  // what to do about it; empty when there is nothing to do but wait
	Since   *time.Time `json:"since"`
	Until   *time.Time `json:"until"` // when it changes by itself; null when it does not or that is not known
	Runs    []string   `json:"runs"`  // ids of runs that it is about, at most 10
	Op      string     `json:"op"`    // op path that it is about; empty for the run
}

// diagnosis is all that doctor looked at.
type diagnosis struct {
	Checks []checkedObject `json:"checks"` // by area, the worst first in each
}

// checkedObject is one thing that was looked at.
type checkedObject struct {
	Area     string `json:"area"`  // disk, clock, store, address, config, locations, queue
	Level    string `json:"level"` // OK, WARNING, ERROR
	Message  string `json:"message"`
	Remedy   string `json:"remedy"`   // what to do; empty when it is well
	Location string `json:"location"` // code location that it is about; empty when none
}
