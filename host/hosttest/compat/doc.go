// Package compat is the compatibility kit: it runs peers of other versions against the host of this source tree, whole
// and in one process, and checks what is shown, field by field.
//
// # What it proves
//
//   - [Peers] are user-code servers that are older, newer, broken and lying. [Inspect] looks at a host beside such a peer
//     through its API: the location, the listing, every job's page, the state of metadata with its entries or its
//     refusal, a run from launch to end, a run that is canceled. What is withheld holds a text that is nowhere else, the
//     canary; it must not be asked for, answered, found, logged, counted or, by [Stored], stored.
//   - A matrix of upgrades and downgrades, of peers and of hosts, with a run under way and another one queued: nothing is
//     lost, nothing begins twice, and what is shown afterwards is judged by what was reported with it.
//   - A random row of events is compared with [Model], which says the decision anew from the table in docs/versions.md
//     and shares no code with package versioncheck.
//   - Messages on the wire, as they were in earlier and will be in later versions, are read as they always were: see
//     proto/testdata/wire.
//
// All of it uses [Fixture], which a test keeps complete: a fixture that lacks a feature proves nothing about it.
//
// # What proves the kit
//
// Hosts that decide wrongly on purpose (a decoder that rejects unknown fields, a gate that always shows, one that never
// does, one that shows a refusal as empty) must have findings; a test demands each by name.
//
// # To add a peer
//
// Give it a row in Peers: its name, its behavior, which is one of package hosttest, and what must be shown of it. A new
// way to misbehave is a [hosttest.Trick] first. A new capability needs no change here as long as its row in package
// versioncheck is a gated one of metadata's kind; one with content of its own needs a place in Fixture and a check.
package compat
