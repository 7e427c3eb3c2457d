// Package tagindex finds documents by their terms: which have a value of a key, how many, and what keys and values there
// are. It knows documents by number, and nothing else of them; the store that has them says what their terms are, and can
// have the index made anew at any time. docs/index-design.md explains it with an example, and says what was measured.
//
// # Chunks
//
// Numbers are split: the upper bits are a chunk, the lower 16 a document in it. A posting is the set of a chunk's documents
// that have a term, or a key. The newest chunks, the tail, are in memory (memory.go). A chunk that is full is sealed: its
// postings are written in slices to the store's file, in ascending order, and the last slice makes them count (seal.go).
//
//	post   chunk, kind, key, value → container, see term.go and container.go
//	dead   chunk                   → container: the documents of a sealed chunk that are not there
//	index  sealed                  → how many chunks are sealed
//
// Terms of volatile kinds are in memory for all chunks, and never written.
//
// # Writing
//
// One goroutine writes. It collects what a transaction does to documents in a [Batch]. Flush rewrites the containers of
// sealed chunks, each once; Done brings the rest to memory after the commit. A document's terms so change in the very
// transaction that changes its record, and what is in memory is read from the records at the next start.
//
// # Reading
//
// A [View] is a read transaction with the memory that fits it. A [Query] is evaluated chunk by chunk, the newest first, by
// operations on sets; what a set cannot tell, Check asks the store, about candidates alone. Every container has a checksum
// over its key and itself, and each read checks it: a damaged one is a [DamageError], never an answer.
//
// # Repair
//
// Check compares what is stored with the documents; Rebuild makes it anew.
package tagindex
