package tagindex

import (
	"iter"

	"github.com/RoaringBitmap/roaring/v2"
)

// span is a range of values: from on, and less than to when it is bounded.
type span struct {
	from, to string
	bounded  bool
}

func prefixSpan(prefix string) span {
	for i := len(prefix) - 1; i >= 0; i-- {
		if prefix[i] < 0xff {
			return span{from: prefix, to: prefix[:i] + string([]byte{prefix[i] + 1}), bounded: true}
		}
	}
	return span{from: prefix}
}

// each passes on the values of a field in the chunk, in order, until yield returns false. The value is there until yield
// returns.
func (c *chunk) each(f field, s span, yield func(value []byte, p found) (more bool, err error)) error {
	if c.inTail || c.x.volatileKind(f.kind) {
		return c.eachInMemory(f, s, yield)
	}
	start := f.appendKey(nil, c.number, hasValue)
	prefix := len(start)
	values, err := c.scan(append(start, s.from...), f.endOf(c.number, s))
	for ; err == nil && values.key != nil; err = values.next() {
		if more, err := yield(values.key[prefix:], values.at); err != nil || !more {
			return err
		}
	}
	return err
}

// endOf is the key behind those of a field's values in a span.
func (f field) endOf(chunk uint32, s span) []byte {
	if s.bounded {
		return append(f.appendKey(nil, chunk, hasValue), s.to...)
	}
	return f.appendKey(nil, chunk, pastField)
}

func (c *chunk) eachInMemory(f field, s span, yield func([]byte, found) (bool, error)) error {
	for value, set := range c.remembered(f, s) {
		if more, err := yield([]byte(value), found{n: set.len(), mem: set}); err != nil || !more {
			return err
		}
	}
	return nil
}

// remembered yields the values of a field in memory, in order.
func (c *chunk) remembered(f field, s span) iter.Seq2[string, docset] {
	return func(yield func(string, docset) bool) {
		if c.mem == nil || c.mem.fields[f] == nil {
			return
		}
		for value, set := range c.mem.fields[f].sets.from(s.from) {
			if s.bounded && value >= s.to || !yield(value, set) {
				return
			}
		}
	}
}

// union returns the documents that have a value of a field.
func (c *chunk) union(f field, s span) (*roaring.Bitmap, error) {
	var u union
	if c.inTail || c.x.volatileKind(f.kind) {
		for _, set := range c.remembered(f, s) {
			set.addTo(&u)
		}
		return u.bitmap(), nil
	}
	err := c.each(f, s, func(_ []byte, p found) (bool, error) { return true, p.addTo(&u) })
	return u.bitmap(), err
}
