// Package evaluate calls the functions of authors that are asked outside of runs: those of schedules and sensors, and those
// that make config and tags of partitions. The server does it for a host, usertest for a test.
//
// A function may panic, log without end, ignore its context or answer nonsense. What comes out is an [Answer] within the
// limits of the contract all the same, without the values of secrets that the function was given.
package evaluate
