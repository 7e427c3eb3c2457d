package usercode

import (
	"fmt"
	"strings"
	"unicode"
	"unicode/utf8"
)

// CodeVersion names the version of an op's code, which its author changes with what the op does:
//
//	var parse = usercode.NewOp1("parse", parseOrders, usercode.CodeVersion("3"))
//
// A run with the tag penstock/memoize=true does not run an op again whose code version, configs and inputs are those of
// an earlier run of the same job: it takes the output of that run, and the op is reported as reused. So an op with a
// code version must yield the same for the same; what else it reads (the time, tags of its run, a resource, a file) is
// not looked at. Ops without an output are always run.
type CodeVersion string

const maxCodeVersionBytes = 256

func (v CodeVersion) applyOp(def *opDef) {
	if err := v.check(); err != nil {
		def.faultf("CodeVersion: %v", err)
		return
	}
	if def.op.CodeVersion != "" {
		def.faultf("CodeVersion is given twice, %q and %q; keep one", def.op.CodeVersion, string(v))
		return
	}
	def.op.CodeVersion = string(v)
}

func (v CodeVersion) applyCommand(c *command) { c.opOptions = append(c.opOptions, v) }

func (v CodeVersion) check() error {
	if v == "" || len(v) > maxCodeVersionBytes || !utf8.ValidString(string(v)) || strings.ContainsFunc(string(v), unicode.IsControl) {
		return fmt.Errorf("%.100q is no text of 1 to %d bytes on one line; leave it out for none", string(v), maxCodeVersionBytes)
	}
	return nil
}

// Transient keeps the output of an op out of the output store: because it is a secret, a handle that means nothing to
// another process, or cheap to make again. A re-execution of what needs it has to execute the op, too.
type Transient struct{}

func (Transient) applyOp(def *opDef)        { def.op.Transient = true }
func (t Transient) applyCommand(c *command) { c.opOptions = append(c.opOptions, t) }

// MaxOutput is how many bytes the stored output of an op may have, up to 1 GiB; 256 MiB when it is not given. A larger
// one is not stored, which is said in the run and does not fail the op. All of it is in memory once more while it is
// on its way, so what is large has better a place of its own, of which the op returns the name.
type MaxOutput int64

const maxMaxOutput = 1 << 30

func (n MaxOutput) applyOp(def *opDef) {
	if n < 1 || n > maxMaxOutput {
		def.faultf("MaxOutput is %d; it is a number of bytes from 1 to %d, leave it out for the default", n, maxMaxOutput)
		return
	}
	def.op.MaxOutput = int64(n)
}

func (n MaxOutput) applyCommand(c *command) { c.opOptions = append(c.opOptions, n) }
