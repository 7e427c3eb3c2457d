package engine

import (
	"context"

	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/internal/spec"
)

// Outputs is what stands in for ops that are not executed, and where outputs of those that are go. Op paths are those of
// events: of an instance of a mapped op "parse[key]". Methods are called from any goroutine.
type Outputs interface {
	// Stored tells whether an op that is not executed has an output that Load finds. It does no I/O.
	Stored(opPath string) bool
	// Load reads it. It is called at most once for an op path, when the first op that needs the value is otherwise
	// ready, in a goroutine of its own. Its error is what the ops fail with that need it, reason "stored_output".
	Load(ctx context.Context, op *spec.Op, opPath string) (any, error)

	// Given tells whether the run config gives the value of an input. It does no I/O. For an instance of a mapped op it is
	// asked with the instance's path and, when that has none, with that of the op without its keys.
	Given(opPath, input string) bool
	// Literal is the value that is given. It is called in the goroutine of the op that takes it, before each attempt. Its
	// error is what the op fails with, reason "input".
	Literal(op *spec.Op, opPath, input string) (any, error)

	// MayReuse tells whether Reuse is worth asking for an op. It does no I/O.
	MayReuse(op *spec.Op) bool
	// Reuse looks for an output of an earlier run that is as good as what the op would make. It is called in a goroutine of
	// the op's own, once, before its first attempt, and has a place among the ops that run. When ok, the op is
	// reported as reused, and Save is not called for it.
	Reuse(ctx context.Context, use Use) (r Reused, ok bool)

	// Encode is called in the goroutine of an op whose function has just returned well, before anybody else gets the value:
	// who takes it may change it. It may wait for room, until ctx ends, and never fails the op; the time that it takes is
	// neither the op's duration nor part of its time-out. What it answers is Made.Encoded. Reuse of ops that need
	// the value comes after it.
	Encode(ctx context.Context, made Made) (encoded any)
	// Save takes what an op returned, after its op_finished. It is called for every op that ends well, in the order of
	// their ends, from the goroutine that starts ops: it hands over and returns at once. Report sends the op's event of
	// kind output, any time until Flush has returned; it must not be called from within Save.
	Save(made Made, report func(*workerv1.Output))
	// Flush waits until all that was saved is reported. It is called once, when all ops have ended; run_finished
	// follows. Ctx ends when nobody waits any longer.
	Flush(ctx context.Context)
}

// Use is an op about to run, and what its inputs are made of.
type Use struct {
	OpPath string
	Op     *spec.Op
	Inputs []Origin // in the order of Op.Inputs
	// Value makes the value of an input as the op would get it. It runs functions of the author, so it may panic. It is
	// called in Reuse alone, for inputs of which the origin does not tell enough: two structs of equal parts differ
	// when their fields are set the other way around.
	Value func(input int) any
}

// Reused is an output that is taken in place of running an op.
type Reused struct {
	Output any
	// Event is reported as the op's event of kind output, after its op_finished. Its reused_from says which run.
	Event *workerv1.Output
}

// Made is what an op returned.
type Made struct {
	OpPath    string
	Attempt   int
	Op        *spec.Op
	Output    any // nil when the op has none
	Execution *spec.Execution
	Encoded   any // by Encode
}

// Origin says what a value is made of: exactly one of its fields is set, except that Item comes with Parts. Two values
// of equal origins are equal, as far as the functions that put them together are the same.
type Origin struct {
	// OpPath is the op whose output it is, executed, stored or reused.
	OpPath string
	// Literal is the value itself, as the run config gives it.
	Literal *any
	// Item is one item of a list that is mapped over; Parts has one origin, the list's.
	Item *Item
	// Parts are what a list or a struct is made of, in order; of a mapped op's results, one for each instance. Not nil
	// for a list of none.
	Parts []Origin
}

// Item is one of a list.
type Item struct {
	Key   string // unique in the list
	Value any
}
