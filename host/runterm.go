package host

import "github.com/penstock-run/penstock/host/selector"

// TermQuery asks which keys, or values, runs have.
type TermQuery struct {
	// On is tags, metadata or a field.
	On selector.Subject
	// Name is the key, or the field, whose values are asked for; empty asks for the keys of tags or metadata.
	Name string
	// Prefix is what they begin with.
	Prefix string
	// Limit is how many at most.
	Limit int
}

// TermPage answers a TermQuery.
type TermPage struct {
	// Terms are in order of their text.
	Terms []TermCount
	// More tells that there are more.
	More bool
}

// TermCount is a key or a value, and how many runs have it, exactly.
type TermCount struct {
	Text string
	Runs uint64
}

// RunCounts says how many runs have each status; statuses that none has are left out.
type RunCounts map[RunStatus]uint64

// Total is the number of all.
func (c RunCounts) Total() (n uint64) {
	for _, runs := range c {
		n += runs
	}
	return n
}

// RunRef names a run both ways.
type RunRef struct {
	Seq uint64
	ID  RunID
}

// RunRefs is a page of runs by name, newest first.
type RunRefs struct {
	Runs []RunRef
	// Next is the Seq below which the next page starts; 0 at the end.
	Next uint64
}

// RunResult is what became of one run of several.
type RunResult struct {
	// Run as it is stored now; zero with an Err.
	Run Run
	// Err is why it was not changed.
	Err error
	// Repeated tells that it was changed before, by the same Request.
	Repeated bool
}
