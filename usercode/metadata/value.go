package metadata

import (
	"errors"
	"math"
	"reflect"
	"slices"
	"time"
)

// Value is one immutable piece of metadata. Make it with a constructor; the zero Value is invalid. A Value may be
// copied and read by several goroutines. Compare with Equal.
type Value struct {
	_    [0]func() // makes == not compile: it would panic on tables and call NaN different from itself
	kind Kind
	// payload by kind: a string for text, url, path, notebook, json, markdown and run; int64 or, beyond 64 bits,
	// bigInt for int; nil for null; otherwise the type that the accessor returns. Nil when err is set.
	payload any
	err     error
}

type (
	bigInt  string // canonical decimal digits that do not fit int64
	unknown struct{ fallback, raw string }
)

// Kind is what the value holds. It may be a kind for which Known is false, and is empty for a Go value that could
// not be converted.
func (v Value) Kind() Kind { return v.kind }

// Err says what was wrong with the input of the constructor, or nil. A value with an error holds no payload.
func (v Value) Err() error {
	if v.err == nil && v.kind == "" {
		return errors.New("the zero metadata.Value holds nothing; make values with a constructor, such as metadata.Null()")
	}
	return v.err
}

// The accessors below return the zero value unless the value is of the kind they name, so switch on Kind first.

// Text is the text of kind text.
func (v Value) Text() string { return payload[string](v, KindText) }

// URL is the address of kind url: http, https, mailto, or a path on the same origin. It is safe as a link target.
func (v Value) URL() string { return payload[string](v, KindURL) }

// Path is the file path of kinds path and notebook, as its author wrote it.
func (v Value) Path() string { return payload[string](v, KindPath, KindNotebook) }

// JSON is the JSON text of kind json.
func (v Value) JSON() string { return payload[string](v, KindJSON) }

// Markdown is the source of kind markdown. It is not sanitised.
func (v Value) Markdown() string { return payload[string](v, KindMarkdown) }

// Int64 is the number of kind int; ok is false when it does not fit 64 bits (see Digits) or the kind differs.
func (v Value) Int64() (n int64, ok bool) {
	n, ok = v.payload.(int64)
	return n, ok
}

// Float is the number of kind float; it may be NaN or infinite.
func (v Value) Float() float64 { return payload[float64](v, KindFloat) }

// Bool is the truth value of kind bool.
func (v Value) Bool() bool { return payload[bool](v, KindBool) }

// Time is the instant of kind timestamp, in UTC.
func (v Value) Time() time.Time { return payload[time.Time](v, KindTimestamp) }

// Table is the schema and the rows of kind table. The result is the caller's to change.
func (v Value) Table() TableData { return payload[TableData](v, KindTable).clone() }

// Schema is the schema of kind table_schema. The result is the caller's to change.
func (v Value) Schema() Schema { return payload[Schema](v, KindTableSchema).clone() }

// Code is the symbol of kind code.
func (v Value) Code() CodeReference { return payload[CodeReference](v, KindCode) }

// RunID is the run's id of kind run.
func (v Value) RunID() string { return payload[string](v, KindRun) }

// Job is the reference of kind job.
func (v Value) Job() JobReference { return payload[JobReference](v, KindJob) }

// Asset is the key path of kind asset, outermost name first. The result is the caller's to change.
func (v Value) Asset() []string { return slices.Clone(payload[[]string](v, KindAsset)) }

// Fallback is the text that stands in for an unknown kind. Unlike the other accessors it goes with every kind for
// which Known is false.
func (v Value) Fallback() string {
	u, _ := v.payload.(unknown)
	return u.fallback
}

// Raw is the canonical JSON of an unknown kind, as it came. The result is the caller's to change.
func (v Value) Raw() []byte {
	u, _ := v.payload.(unknown)
	if u.raw == "" {
		return nil
	}
	return []byte(u.raw)
}

func payload[T any](v Value, of ...Kind) T {
	var zero T
	if !slices.Contains(of, v.kind) {
		return zero
	}
	p, ok := v.payload.(T)
	if !ok {
		return zero
	}
	return p
}

// Equal reports whether both values have the same kind and payload. NaN equals NaN, and 0 differs from -0, as they
// are shown. Two invalid values are equal when they say the same.
func (v Value) Equal(w Value) bool {
	if v.kind != w.kind || (v.err == nil) != (w.err == nil) || v.err != nil && v.err.Error() != w.err.Error() {
		return false
	}
	switch p := v.payload.(type) {
	case float64:
		q, ok := w.payload.(float64)
		return ok && (math.Float64bits(p) == math.Float64bits(q) || math.IsNaN(p) && math.IsNaN(q))
	case TableData:
		q, ok := w.payload.(TableData)
		return ok && reflect.DeepEqual(p.Schema, q.Schema) && slices.EqualFunc(p.Rows, q.Rows, func(a, b []Value) bool {
			return slices.EqualFunc(a, b, Value.Equal)
		})
	default:
		return reflect.DeepEqual(p, w.payload)
	}
}

// MarshalJSON always fails. Without it a Value put by mistake into a JSON value or a tag would silently become {}.
func (v Value) MarshalJSON() ([]byte, error) {
	return nil, errors.New("a metadata.Value cannot be part of a JSON value or a tag; give it a metadata key of its own")
}

// size is how much the payload counts towards MaxTotalBytes.
func (v Value) size() int {
	switch p := v.payload.(type) {
	case string:
		return len(p)
	case bigInt:
		return len(p)
	case int64, float64, time.Time:
		return 8
	case bool, nil:
		return 1
	case unknown:
		return len(v.kind) + len(p.fallback) + len(p.raw)
	case TableData:
		return p.size()
	case Schema:
		return p.size()
	case CodeReference:
		return len(p.Module) + len(p.Symbol) + len(p.File) + len(p.RepositoryURL) + 4
	case JobReference:
		return len(p.Location) + len(p.Repository) + len(p.Job)
	case []string:
		return sizeOf(p)
	}
	return 0
}

func sizeOf(texts []string) int {
	n := 0
	for _, s := range texts {
		n += len(s)
	}
	return n
}

func invalid(k Kind, err error) Value { return Value{kind: k, err: err} }
