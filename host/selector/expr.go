package selector

import (
	"iter"
	"slices"
	"time"
)

// Expr is a condition. A nil Expr selects everything. An Expr never changes once it is made, so it may be shared.
type Expr struct {
	// Op says what it is, and which of the other fields count.
	Op Op
	// Args are the conditions of And and Or, which have at least two, and the one of Not.
	Args []*Expr
	// On and Name say what is looked at, unless there are Args: a tag or metadata of a key, or a field.
	On   Subject
	Name string
	// Value is what Is and HasPrefix compare with.
	Value string
	// Time is what Before, NotAfter, After and NotBefore compare with.
	Time Time
}

// Op is what an Expr does.
type Op int

// The operators.
const (
	And Op = iota + 1
	Or
	Not
	// Exists: it has the tag, the metadata or the field, whatever the value.
	Exists
	// Is: one of its values is Value.
	Is
	// HasPrefix: one of its values begins with Value.
	HasPrefix
	// Before, NotAfter, After and NotBefore compare a time: <, <=, > and >=. Who has no such time does not match.
	Before
	NotAfter
	After
	NotBefore
)

// Subject is what an Expr looks at.
type Subject int

// The subjects.
const (
	// Tag is a tag by its key.
	Tag Subject = iota + 1
	// Metadata is an entry of a job's metadata by its key; of a run, as it was at launch.
	Metadata
	// Field is a field of the Schema, such as status.
	Field
)

// Time is an instant, or a distance from the moment at which the Expr is evaluated.
type Time struct {
	// At is the instant; it counts unless Relative.
	At time.Time
	// Ago is how long before now, negative for later; it counts when Relative.
	Ago      time.Duration
	Relative bool
}

// All selects what every one of args does; nil ones, which select everything, are left out.
func All(args ...*Expr) *Expr { return join(And, args) }

// Any selects what at least one of args does. Without any it is a mistake of the caller: nothing means that.
func Any(args ...*Expr) *Expr {
	if len(args) == 0 {
		panic("selector: Any of nothing")
	}
	if slices.Contains(args, nil) {
		return nil
	}
	return join(Or, args)
}

func join(op Op, args []*Expr) *Expr {
	args = slices.DeleteFunc(slices.Clone(args), func(e *Expr) bool { return e == nil })
	switch len(args) {
	case 0:
		return nil
	case 1:
		return args[0]
	}
	return &Expr{Op: op, Args: args}
}

// None selects what e does not. e must not be nil.
func None(e *Expr) *Expr { return &Expr{Op: Not, Args: []*Expr{e}} }

// TagIs selects what has this tag.
func TagIs(key, value string) *Expr { return &Expr{Op: Is, On: Tag, Name: key, Value: value} }

// FieldIs selects what has this value in a field.
func FieldIs(field, value string) *Expr { return &Expr{Op: Is, On: Field, Name: field, Value: value} }

// FieldHasPrefix selects what has a value in a field that begins so.
func FieldHasPrefix(field, value string) *Expr {
	return &Expr{Op: HasPrefix, On: Field, Name: field, Value: value}
}

// Bind replaces relative times by instants, so that e means the same whenever it is evaluated.
func (e *Expr) Bind(now time.Time) *Expr {
	if e == nil {
		return nil
	}
	bound := *e
	if e.Time.Relative {
		bound.Time = Time{At: now.Add(-e.Time.Ago)}
	}
	if len(e.Args) > 0 {
		bound.Args = make([]*Expr, len(e.Args))
		for i, arg := range e.Args {
			bound.Args[i] = arg.Bind(now)
		}
	}
	return &bound
}

// Terms are the conditions of e on one thing each, in the order of its text.
func (e *Expr) Terms() iter.Seq[*Expr] {
	return func(yield func(*Expr) bool) { e.each(yield) }
}

// each tells yield each condition until it says that it has enough.
func (e *Expr) each(yield func(*Expr) bool) (more bool) {
	if e == nil {
		return true
	}
	if len(e.Args) == 0 {
		return yield(e)
	}
	for _, arg := range e.Args {
		if !arg.each(yield) {
			return false
		}
	}
	return true
}
