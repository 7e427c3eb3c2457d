// Package partition knows which partitions jobs have: spans of time that have
// ended, keys that are written down, keys that the host keeps, and pairs of them.
//
// A [Source] makes a [Set] of a job's partitions as they are at an instant: it
// counts and pages through them, says whether one exists, selects some of them,
// and gives the tags that the run of one has.
package partition
