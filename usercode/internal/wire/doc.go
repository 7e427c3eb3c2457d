// Package wire writes definitions, metadata and tags in the form of the contracts, and holds the formulas of their
// digests. It is the one place in which user code's plain tree and the generated messages meet.
package wire
