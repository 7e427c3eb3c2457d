// Package alert sends messages about runs, as the host's rules say.
//
// A [Rule] says which runs it is about, what has to be true of them (they ended, or are late), and where its messages go:
// a [webhook], or people by e-mail. An [Alerter] finds what is due, and stores it as a host.Alert in one transaction with
// how far it has read, so that nothing is lost or found twice, whatever ends the host. Each rule has a courier of its own,
// which sends what waits until a receiver took it, and gives up after GiveUpAfter. A message may be received twice, when the
// host ended between the receiver's answer and the note of it; it has the same id then.
//
// A failed run that is to be retried is told of when that is settled: not at all when a retry was launched, whose own end
// counts then.
//
// docs/alerts.md describes alerts for people.
package alert
