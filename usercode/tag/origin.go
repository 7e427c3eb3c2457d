package tag

import "slices"

// Origin is where a run's tag came from. The text is stored and shown; it never changes. An origin that this
// version does not know keeps its text.
type Origin string

// Origins, from the weakest in Merge to the strongest.
const (
	OriginNone       Origin = ""           // not said: a tag in a definition or in a request
	OriginDefinition Origin = "definition" // job definition
	OriginSchedule   Origin = "schedule"   // schedule definition
	OriginSensor     Origin = "sensor"     // sensor definition; as strong as a schedule, a run has one of them
	OriginPartition  Origin = "partition"  // partition
	OriginInherited  Origin = "inherited"  // parent run, at re-execution
	OriginLaunch     Origin = "launch"     // launch request: UI, CLI, API
	OriginRun        Origin = "run"        // the run's own user code
	OriginEdited     Origin = "edited"     // a person, after launch
	OriginSystem     Origin = "system"     // the host itself
)

// ranks gives origins of the same strength the same place.
var ranks = [][]Origin{
	{OriginNone}, {OriginDefinition}, {OriginSchedule, OriginSensor}, {OriginPartition}, {OriginInherited},
	{OriginLaunch}, {OriginRun}, {OriginEdited}, {OriginSystem},
}

// Origins lists every origin except OriginNone, from the weakest to the strongest, so that converters can prove in
// tests that they handle each. The slice is the caller's.
func Origins() []Origin { return slices.Concat(ranks[1:]...) }

// rank orders origins in Merge. An unknown one is weak: it must not displace what this version understands.
func (o Origin) rank() int {
	return max(0, slices.IndexFunc(ranks, func(same []Origin) bool { return slices.Contains(same, o) }))
}
