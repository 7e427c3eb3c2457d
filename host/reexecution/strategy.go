package reexecution

// Strategy says which ops of a run are executed again.
type Strategy string

// The strategies.
const (
	// All are those that the run was to execute.
	All Strategy = "all"
	// FromFailure are those that did not end well, what is downstream of them, and those whose stored output is needed
	// and is not there.
	FromFailure Strategy = "from_failure"
	// Selected are those of an op selection.
	Selected Strategy = "selected"
)
