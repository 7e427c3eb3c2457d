// Package diagnose looks for what is wrong with a host, or soon will be: disk,
// clock, code locations and their versions, store, the address that workers are
// told, queue and configuration. Each finding says what it is and what to do.
//
// A [Doctor] looks at a host that runs. [Offline] looks at a data directory
// whose host does not run, and changes nothing in it.
package diagnose
