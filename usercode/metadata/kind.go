package metadata

import "slices"

// Kind names what a Value holds. The text is stored and sent; it never changes.
type Kind string

// The kinds that this version knows.
const (
	KindText        Kind = "text"
	KindURL         Kind = "url"
	KindPath        Kind = "path"
	KindNotebook    Kind = "notebook"
	KindJSON        Kind = "json"
	KindMarkdown    Kind = "markdown"
	KindInt         Kind = "int"
	KindFloat       Kind = "float"
	KindBool        Kind = "bool"
	KindNull        Kind = "null"
	KindTimestamp   Kind = "timestamp"
	KindTable       Kind = "table"
	KindTableSchema Kind = "table_schema"
	KindCode        Kind = "code"
	KindRun         Kind = "run"
	KindJob         Kind = "job"
	KindAsset       Kind = "asset"
)

var kinds = []Kind{
	KindText, KindURL, KindPath, KindNotebook, KindJSON, KindMarkdown, KindInt, KindFloat, KindBool, KindNull,
	KindTimestamp, KindTable, KindTableSchema, KindCode, KindRun, KindJob, KindAsset,
}

// Kinds lists every kind that this version knows, so that converters can prove in tests that they handle each.
// The slice is the caller's.
func Kinds() []Kind { return slices.Clone(kinds) }

// Known reports whether this version knows the kind.
func (k Kind) Known() bool { return slices.Contains(kinds, k) }

// wellFormed reports whether the kind may travel on the wire: 1-64 visible ASCII characters, none in upper case.
func (k Kind) wellFormed() bool {
	if len(k) == 0 || len(k) > maxKindBytes {
		return false
	}
	for _, c := range []byte(k) {
		if c <= ' ' || c > '~' || c >= 'A' && c <= 'Z' {
			return false
		}
	}
	return true
}
