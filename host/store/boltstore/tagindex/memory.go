package tagindex

import (
	"cmp"
	"iter"
	"strings"

	"github.com/RoaringBitmap/roaring/v2"
)

// memory is a chunk, or the volatile part of one, in memory. Only the writer changes it, under the index's lock.
type memory struct {
	// docs were added, dead deleted. The sets of terms may still have dead ones.
	docs, dead *roaring.Bitmap
	fields     map[field]*values
	order      ordered[*values] // by the texts of fields
}

// values are those of a field, not empty.
type values struct {
	docs docset // have the field
	sets ordered[docset]
}

func newMemory() *memory {
	return &memory{docs: roaring.New(), dead: roaring.New(), fields: map[field]*values{}}
}

// add puts a document into the set of a value, and into that of its field.
func (m *memory) add(p posting, low uint16) {
	v := m.fields[p.field]
	if v == nil {
		v = &values{docs: docset{one: low}}
		m.put(p.field, v)
	}
	v.docs = v.docs.add(low)
	if set := v.sets.get(p.value); set != nil {
		*set = set.add(low)
	} else {
		v.sets.put(strings.Clone(p.value), docset{one: low})
	}
}

func (m *memory) put(f field, v *values) {
	f.key = strings.Clone(f.key) // it may lie in something large
	m.fields[f] = v
	m.order.put(f.text(), v)
}

// remove takes a document out of the set of a posting.
func (m *memory) remove(p posting, low uint16) {
	v := m.fields[p.field]
	if v == nil {
		return
	}
	var some bool
	if p.has {
		if v.docs, some = v.docs.remove(low); !some {
			delete(m.fields, p.field)
			m.order.remove(p.text())
		}
		return
	}
	set := v.sets.get(p.value)
	if set == nil {
		return
	}
	if *set, some = set.remove(low); !some {
		v.sets.remove(p.value)
	}
}

// find returns the set of a posting.
func (m *memory) find(p posting) (set docset, ok bool) {
	v := m.fields[p.field]
	switch {
	case v == nil:
		return docset{}, false
	case p.has:
		return v.docs, true
	}
	if set := v.sets.get(p.value); set != nil {
		return *set, true
	}
	return docset{}, false
}

// postings yields those behind after, or all, in the order of their keys.
func (m *memory) postings(after *posting) iter.Seq2[posting, docset] {
	return func(yield func(posting, docset) bool) {
		first := ""
		if after != nil {
			first = after.text()
		}
		for text, v := range m.order.from(first) {
			f, from := fieldOf(text), ""
			resumed := after != nil && f == after.field
			if resumed {
				from = after.value
			} else if !yield(f.posting(), v.docs) {
				return
			}
			for value, set := range v.sets.from(from) {
				if resumed && !after.has && value == after.value {
					continue
				}
				if !yield(posting{field: f, value: value}, set) {
					return
				}
			}
		}
	}
}

// compare orders postings as their keys are ordered.
func (p posting) compare(q posting) int {
	switch c := cmp.Or(cmp.Compare(p.kind, q.kind), cmp.Compare(p.field.key, q.field.key)); {
	case c != 0:
		return c
	case p.has != q.has && p.has:
		return -1
	case p.has != q.has:
		return 1
	default:
		return cmp.Compare(p.value, q.value)
	}
}

// part returns a copy of what m knows of the kinds that take takes, of documents that are not dead; nil when that is
// nothing.
func (m *memory) part(take func(kind byte) bool) *memory {
	part := newMemory()
	for f, v := range m.fields {
		if !take(f.kind) {
			continue
		}
		docs, ok := v.docs.without(m.dead)
		if !ok {
			continue
		}
		copied := &values{docs: docs}
		for value, set := range v.sets.from("") {
			if set, ok := set.without(m.dead); ok {
				copied.sets.put(value, set)
			}
		}
		part.put(f, copied)
	}
	if len(part.fields) == 0 {
		return nil
	}
	return part
}

// clone copies the volatile part of a chunk.
func (m *memory) clone() *memory {
	if part := m.part(func(byte) bool { return true }); part != nil {
		return part
	}
	return newMemory()
}

// forget removes a document from all sets; for volatile parts, which have few.
func (m *memory) forget(low uint16) {
	for f, v := range m.fields {
		var gone []string
		for value, set := range v.sets.from("") {
			if set.contains(low) {
				gone = append(gone, value)
			}
		}
		for _, value := range gone {
			m.remove(posting{field: f, value: value}, low)
		}
		m.remove(f.posting(), low)
	}
}
