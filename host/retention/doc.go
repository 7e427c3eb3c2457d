// Package retention deletes runs when they have been kept long enough, as the host's rules say.
//
// A [Policy] is a list of rules, each a selector and a time. The first rule that selects a run decides how long it stays
// after its end; a run that no rule selects stays for ever, and so do the newest of each job that the policy keeps. A
// [Keeper] looks at the store now and then; [Keeper.Preview] says what a policy would do, and changes nothing.
//
// Only runs that are final are ever deleted.
package retention
