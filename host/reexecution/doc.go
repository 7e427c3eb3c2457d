// Package reexecution works out what of a run is executed again, and what stands for the rest of it: from the events
// that its worker and those of its ancestors reported, which op ended how, which outputs are stored and which instances
// the maps had.
package reexecution
