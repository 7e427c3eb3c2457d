// Package workspace keeps the host's view of its code locations: it dials each
// location's user-code server, learns what the server is and what jobs it has,
// and keeps that current while servers are deployed, fail and come back.
//
// # The tour
//
//   - [Workspace] holds the locations. Each has one goroutine, so a location
//     that hangs, floods or lies costs only itself.
//   - [Location] is what is known of one: its state, its fault with a remedy,
//     and what the version gate decided.
//   - [Job] is one job of the definitions in use. Its bodies are kept as they
//     came and are decoded when somebody asks.
//   - [MetadataView] is a job's metadata in one of five states, [ViewMetadata]
//     the same for a run, as of its launch.
//   - [Subscription] tells which locations changed.
//   - [Conn] is a shared connection for starting and ending workers.
//
// # What is promised
//
// Definitions are exchanged whole: readers see those of one server process at
// one moment, and keep them while a newer set replaces them. Every digest is
// computed here, never believed. Package versioncheck alone decides what may
// be shown; what it refuses is neither asked for nor kept.
//
// Peers are not trusted: replies have deadlines and sizes, and what would grow
// when decoded is counted on the wire first. See limits.go.
package workspace
