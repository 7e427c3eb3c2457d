// Package bulk acts on all runs that a selector selects: cancels them, executes them again, changes their tags, or deletes
// them.
//
// # How an action goes on
//
// An action walks through its runs from the newest to the oldest, in batches. Before it acts on a batch it stores the
// names of the runs in it, together with what became of the batch before: so there is one write of the action for two
// writes of runs. A batch is acted on with a request of its own ([host.Request], or the request id of a launch), made of
// the action's id and the place of the batch, or the run. Whoever finds an action with a batch, after a kill at any
// moment, acts on that batch again: what was changed already says so and is counted, what was not is changed now. Every
// run is changed once, and the counts are exact.
//
// The runs are those with a sequence number below that of the first run to come when the action began. What selects them
// has no relative times. A run is looked at when the walk comes to it: one that the action does not apply to any more by
// then, or that is gone, is passed over.
//
// # Trouble
//
// What a run refuses with is a failure of that run, and the action goes on. When the store takes no writes, because its
// disk is full or for any other reason that is not about one run, the action waits, longer each time, and tries again.
package bulk
