// Package runtag changes the tags of runs after their launch, and says what became of them.
//
// An [Edit] obeys the one rule for tags, package tag, and what a launch checks besides. It works on a run in any state.
// [Edit.Change] makes of it what host.Store applies to one run or to many; every change leaves a host event of kind
// tags_changed, in the same write as the run itself. [History] reads these events, so a value of before is there to be put
// back, by another edit.
package runtag
