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
	order      ordered // of the texts of fields
}

// values are those of a field, not empty.
type values struct {
	docs  docset // have the field
	sets  map[string]docset
	order ordered
}

func newMemory() *memory {
	return &memory{docs: roaring.New(), dead: roaring.New(), fields: map[field]*values{}}
}

// add puts a document into the set of a value, and into that of its field.
func (m *memory) add(p posting, low uint16) {
	v := m.fields[p.field]
	if v == nil {
		v = &values{docs: docset{one: low}, sets: map[string]docset{}}
		p.field.key = strings.Clone(p.field.key) // it may lie in something large
		m.fields[p.field] = v
		m.order.add(p.field.text())
	}
	v.docs = v.docs.add(low)
	set, ok := v.sets[p.value]
	if ok {
		if next := set.add(low); next != set {
			v.sets[p.value] = next
		}
		return
	}
	value := strings.Clone(p.value)
	v.sets[value] = docset{one: low}
	v.order.add(value)
}

// remove takes a document out of the set of a posting.
func (m *memory) remove(p posting, low uint16) {
	v := m.fields[p.field]
	if v == nil {
		return
	}
	if p.has {
		var some bool
		if v.docs, some = v.docs.remove(low); !some {
			delete(m.fields, p.field)
			m.order.remove(p.field.text())
		}
		return
	}
	set, ok := v.sets[p.value]
	if !ok {
		return
	}
	if set, ok = set.remove(low); ok {
		v.sets[p.value] = set
		return
	}
	delete(v.sets, p.value)
	v.order.remove(p.value)
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
	set, ok = v.sets[p.value]
	return set, ok
}

// postings yields those behind after, or all, in the order of their keys.
func (m *memory) postings(after *posting) iter.Seq2[posting, docset] {
	return func(yield func(posting, docset) bool) {
		first := ""
		if after != nil {
			first = after.field.text()
		}
		for text := range m.order.from(first) {
			f := fieldOf(text)
			v, from := m.fields[f], ""
			resumed := after != nil && f == after.field
			if resumed {
				from = after.value
			} else if !yield(f.posting(), v.docs) {
				return
			}
			for value := range v.order.from(from) {
				if resumed && !after.has && value == after.value {
					continue
				}
				if !yield(posting{field: f, value: value}, v.sets[value]) {
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
		copied := &values{docs: docs, sets: make(map[string]docset, len(v.sets))}
		for value, set := range v.sets {
			if set, ok := set.without(m.dead); ok {
				copied.sets[value] = set
				copied.order.add(value)
			}
		}
		part.fields[f] = copied
		part.order.add(f.text())
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
		for value := range v.sets {
			m.remove(posting{field: f, value: value}, low)
		}
		m.remove(f.posting(), low)
	}
}
