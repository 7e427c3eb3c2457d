// Package launch decides what a launch becomes, and starts it. [Planner] checks
// a request against the job as it is now (config, tags, op selection, all
// problems at once) and says which run would be queued; before each start it
// checks the run again. [Local] asks the code location of the run's job to start
// a worker.
//
// A config is text that somebody typed and a schema that somebody else's code
// sent; neither is trusted. What is read of them, and the work of checking one
// against the other, is bounded before it begins.
package launch
