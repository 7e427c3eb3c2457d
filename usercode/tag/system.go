package tag

import (
	"strings"
	"unicode"
	"unicode/utf8"
)

// Namespace is what every key of the system starts with.
const Namespace = "penstock/"

// Tags that the system attaches to runs.
const (
	// KeyLocation is the code location of the run's job; always there.
	KeyLocation = "penstock/location"
	// KeyRepository is the repository of the run's job; always there.
	KeyRepository = "penstock/repository"
	// KeyJob is the name of the run's job; always there.
	KeyJob = "penstock/job"
	// KeyCodeVersion is the version of the user code, such as a git hash, as its server reports it.
	KeyCodeVersion = "penstock/code_version"
	// KeyImage is the image that the run uses: set by a user, or reported by the location where none was set.
	KeyImage = "penstock/image"
	// KeyOpSelection is the op selection as typed, when the run executes a subset of its job.
	KeyOpSelection = "penstock/op_selection"
	// KeyParentRun is the run that this one executes again.
	KeyParentRun = "penstock/parent_run"
	// KeyRootRun is the first run of a chain of re-executions.
	KeyRootRun = "penstock/root_run"
	// KeyRetryNumber counts automatic retries: 1 for the first, then 2 and so on.
	KeyRetryNumber = "penstock/retry_number"
	// KeyResume is ResumeFromFailure when a re-execution takes what its parent has done well.
	KeyResume = "penstock/resume"
	// KeyInputsFrom is the run whose stored outputs stand for ops that were not selected, at a launch that executes no run again.
	KeyInputsFrom = "penstock/inputs_from"
	// KeyPartition is the key of the run's partition: of two dimensions both keys, with "|" between them.
	KeyPartition = "penstock/partition"
	// KeyPartitionSet is the name of the partitions that the partition is of.
	KeyPartitionSet = "penstock/partition_set"
	// KeyPartitionDimension begins the key that a dimension of two has for its own key: penstock/partition.<dimension>.
	KeyPartitionDimension = "penstock/partition."
	// KeySchedule is the schedule that launched the run.
	KeySchedule = "penstock/schedule"
	// KeySensor is the sensor that launched the run.
	KeySensor = "penstock/sensor"
	// KeyTick is the tick of the schedule or sensor, as its instant.
	KeyTick = "penstock/tick"
	// KeyRunKey is the key of the request that a schedule or sensor made the run by.
	KeyRunKey = "penstock/run_key"
	// KeyBackfill is the backfill that the run is part of.
	KeyBackfill = "penstock/backfill"
	// KeyFailureReason is why the run failed, such as op_failure or worker_lost.
	KeyFailureReason = "penstock/failure_reason"
)

// ResumeFromFailure is the value of KeyResume.
const ResumeFromFailure = "from_failure"

// System is a tag of the system. The value is cleaned, not refused, because runs must start whatever a code server
// reports: bytes that are not UTF-8 and control characters become U+FFFD, line breaks and tabs a space, and what is
// over 4 KiB is cut and ends in an ellipsis.
func System(key, value string) Tag {
	value = strings.Map(func(r rune) rune {
		switch {
		case r == '\n' || r == '\r' || r == '\t':
			return ' '
		case unicode.IsControl(r):
			return utf8.RuneError
		}
		return r
	}, strings.ToValidUTF8(value, string(utf8.RuneError)))
	if len(value) > MaxValueBytes {
		const ellipsis = "…"
		value = cut(value, MaxValueBytes-len(ellipsis)) + ellipsis
	}
	return Tag{Key: key, Value: value, Origin: OriginSystem}
}

// cut shortens text to at most n bytes without splitting a character.
func cut(s string, n int) string {
	if len(s) <= n {
		return s
	}
	for back := 0; back < utf8.UTFMax && n > 0 && !utf8.RuneStart(s[n]); back++ {
		n--
	}
	return s[:n]
}
