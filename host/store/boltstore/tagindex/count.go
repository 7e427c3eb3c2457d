package tagindex

import (
	"context"
	"math"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// Count returns how many documents q selects.
func (v *View) Count(ctx context.Context, q Query) (n uint64, err error) {
	err = v.chunks(ctx, func(number uint32) error {
		c, ok, err := v.at(number)
		if err != nil || !ok {
			return err
		}
		m, err := c.countOf(ctx, q)
		n += m
		return err
	})
	return n, err
}

// chunks calls f for each chunk that may have documents, the newest first.
func (v *View) chunks(ctx context.Context, f func(number uint32) error) error {
	number, ok := v.newest()
	for ; ok; number-- {
		if err := ctx.Err(); err != nil {
			return err
		}
		if err := f(number); err != nil {
			return err
		}
		ok = number > 0
	}
	return ctx.Err()
}

// countOf counts in a chunk. A single term, or none, of a sealed chunk without dead documents is counted without reading
// a set.
func (c *chunk) countOf(ctx context.Context, q Query) (uint64, error) {
	if !c.inTail {
		switch q := q.(type) {
		case matchPosting:
			f, err := c.find(q.p)
			if err != nil || f.n == 0 {
				return 0, err
			}
			return c.count(f)
		case and:
			if q.all() {
				return c.lives, nil
			}
		}
	}
	a, err := c.ask(q, math.MaxUint64)
	if err != nil {
		return 0, err
	}
	set, err := c.resolve(ctx, a)
	if err != nil {
		return 0, err
	}
	return set.GetCardinality(), nil
}

// CountBy returns how many documents of q have each value of a key of these kinds, by what they have at one moment. A
// document that has a value of two kinds counts twice. Values that none has are left out.
func (v *View) CountBy(ctx context.Context, q Query, key string, kinds ...byte) (map[string]uint64, error) {
	counts := map[string]uint64{}
	err := v.chunks(ctx, func(number uint32) error {
		c, ok, err := v.at(number)
		if err != nil || !ok || !c.mayHave(kinds) {
			return err
		}
		t := byValue{ctx: ctx, chunk: c, counts: counts}
		return t.add(q, key, kinds)
	})
	return counts, err
}

// mayHave tells that a posting of one of these kinds may be there.
func (c *chunk) mayHave(kinds []byte) bool {
	return c.mem != nil || slices.ContainsFunc(kinds, func(kind byte) bool { return !c.x.volatileKind(kind) })
}

// byValue counts documents of a chunk by value.
type byValue struct {
	ctx    context.Context //nolint:containedctx // it ends with the call that counts
	chunk  *chunk
	counts map[string]uint64
	// of is what is counted, everything when all: then no set of a sealed chunk has to be read.
	of  answer
	all bool
	// unsure are documents that have to be decided about, by value.
	unsure []unsureValue
	looked int
}

type unsureValue struct {
	value string
	docs  *roaring.Bitmap
}

// add counts what q selects. Its sets are read under the same lock as those of the values, or a document that changes in
// between would be counted by a value that q does not select, or not at all.
func (t *byValue) add(q Query, key string, kinds []byte) error {
	if every, ok := q.(and); ok && !t.chunk.inTail {
		t.all = every.all()
	}
	if err := t.chunk.locked(func() (err error) {
		if !t.all {
			if t.of, err = t.chunk.selected(q, math.MaxUint64); err != nil || t.of.possible().IsEmpty() {
				return err
			}
		}
		for _, kind := range kinds {
			if err := t.chunk.each(field{kind: kind, key: key}, span{}, t.value); err != nil {
				return err
			}
		}
		return nil
	}); err != nil || len(t.unsure) == 0 {
		return err
	}
	set, err := t.chunk.resolve(t.ctx, t.of)
	if err != nil {
		return err
	}
	for _, u := range t.unsure {
		t.count(u.value, u.docs.AndCardinality(set))
	}
	return nil
}

// value counts the documents with a value.
func (t *byValue) value(value []byte, p found) (more bool, err error) {
	if t.looked++; t.looked%1000 == 0 && t.ctx.Err() != nil {
		return false, t.ctx.Err()
	}
	if t.all {
		n, err := t.chunk.count(p)
		t.count(string(value), n)
		return err == nil, err
	}
	set, err := p.set()
	if err != nil {
		return false, err
	}
	t.count(string(value), set.AndCardinality(t.of.yes))
	if t.of.maybe != nil {
		t.unsure = append(t.unsure, unsureValue{string(value), roaring.And(set, t.of.maybe)})
	}
	return true, nil
}

func (t *byValue) count(value string, n uint64) {
	if n > 0 {
		t.counts[value] += n
	}
}
