// Package explain says why a run is where it is: why one that waits is not
// started, what one that runs is at, and why one that has ended did so.
//
// An explanation is a list of rules in the order in which they apply, each with
// whether it holds the run, since when, until when, and what to do about it. It
// is of the moment, and is made of what the deciding parts themselves go by: the
// queue's picture, the check that a start makes, the worker's session, its
// launcher, and the events that are stored. Nothing of it is stored.
package explain
