// Package versioncheck decides what a host may show and do with user code of
// another version, and what user code may expect of a host.
//
// The host and each team's user-code server are deployed apart, so their
// protocol versions differ on most days. Two mistakes must never happen then:
// one feature that a side does not know takes a whole code location down, or
// something that an old server never sent is shown as empty, which reads as
// "there is none". The gate refuses only the feature, and says why.
//
// # The tour
//
//   - [Protocol] is the version of the contract that this source tree speaks,
//     [OldestProtocol] the oldest that it works with at all.
//   - [Requirements] is the capability table: what each capability needs of
//     the server and of the host. Baseline capabilities need only a
//     compatible location, gated ones are decided one by one.
//   - [Parse] reads a version by a grammar that is stricter than that of most
//     libraries, because what slips through a parser slips through the gate.
//   - [Decide] answers for one capability from the [Report] that came with a
//     snapshot, the [Host] and the [Policy] of the location.
//   - [DecideLocation] says whether a location can be used at all.
//   - [Resolve] turns a decision and what the host holds of one job into one
//     of the five states that people see.
//   - [CheckHost] is the other direction: user code that needs a newer host.
//   - [HostTable] is what another host asks, as data: [ReadHostTable] and
//     [HostTable.Decide] tell a build what it will have there before it is
//     deployed.
//
// # Promises
//
// Every function is pure and total: no I/O, no clock, no panic, whatever the
// input, and safe for concurrent use. A gate that cannot read its input
// refuses. Each text that an answer holds is printable ASCII of at most
// [MaxText] bytes, though versions, names and ids come from the network:
// what a peer reported appears quoted, escaped and cut at 64 characters.
//
// Only the protocol version gates. The SDK's version and the version of the
// team's code are shown to people and decide nothing.
package versioncheck
