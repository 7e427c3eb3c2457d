package tag

import (
	"slices"
	"time"
)

// Tag is one key of a run or a definition. Two tags are the same when they are ==.
type Tag struct {
	// Key is an optional namespace and a slash, then a name.
	Key string
	// Value is text; empty for a bare label.
	Value string
	// Origin is where it came from; OriginNone in definitions and requests.
	Origin Origin
	// EditedBy is who edited it, as their client said, and EditedAt when, in UTC; only with OriginEdited.
	EditedBy string
	EditedAt time.Time
}

// List is tags. What this package returns is sorted by key, with each key once; what it takes may be neither.
type List []Tag

// Get answers the value of a key. When the list has a key twice it is the first.
func (l List) Get(key string) (value string, ok bool) {
	if i := slices.IndexFunc(l, func(t Tag) bool { return t.Key == key }); i >= 0 {
		return l[i].Value, true
	}
	return "", false
}

// WithOrigin is a copy of the list in which every tag has the given origin, whatever it said before, and was edited by
// nobody.
func (l List) WithOrigin(o Origin) List {
	out := slices.Clone(l)
	for i, t := range out {
		out[i] = Tag{Key: t.Key, Value: t.Value, Origin: o}
	}
	return out
}
