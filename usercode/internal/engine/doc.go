// Package engine executes one attempt of one run: ready ops side by side, in the process that calls it. It knows
// neither processes nor connections; what happens leaves it as events through a sink, in order.
//
// A failed op takes only its descendants with it, other branches go on. A panic of the author's code is a failure of
// its op. The engine never trusts what comes out of the author's code to be small, valid UTF-8 or finite.
package engine
