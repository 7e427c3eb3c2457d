// Package spec is the plain form of definitions: what package usercode makes of an author's code, and what the
// engine executes, the server encodes and usertest runs. It knows neither the wire nor type parameters: typed
// functions are wrapped by package usercode, so that everything behind it works on any.
//
// A tree of definitions is made once per process and never changed afterwards; it may be read from any goroutine.
// One op, graph or config is one pointer, in all jobs that use it.
//
// The package also holds the contract between who executes an op and the author's code inside: see [Execution].
package spec
