// Package collect has the outputs of deleted runs removed from where they are kept.
//
// Outputs belong to user code: the host has never seen them, and only the servers of a run's location can remove them. So
// deleting a run leaves a record of it in the store, and a Collector asks the location, as soon as that answers and can do
// it. The records of a location that is away, or not configured any more, stay.
package collect
