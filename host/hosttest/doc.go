// Package hosttest stands in for the other side in tests of the host: a
// user-code server of any version, honest or not.
//
// A [Peer] is a real gRPC server on a real port that speaks
// penstock.usercode.v1. What it reports, which jobs it has and how it
// misbehaves is a [Behavior], and [Peer.Become] changes that in place, at the
// same address, as a deploy would. It records what was asked of it. Workers
// that the host starts on it run inside the peer: they attach to the host, get
// their grant, report every op and finish, so that launched runs succeed.
//
// The package is written against the contract alone and imports nothing of
// package usercode: a mistake made there is not repeated here.
//
// [Clock] is a clock that tests move by hand.
package hosttest
