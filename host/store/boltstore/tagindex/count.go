package tagindex

import (
	"context"
	"math"

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
	a, err := c.answer(q, c.number, math.MaxUint64)
	if err != nil {
		return 0, err
	}
	set, err := c.resolve(ctx, a)
	if err != nil {
		return 0, err
	}
	return set.GetCardinality(), nil
}

// CountBy returns how many documents of q have each value of a key. Values that none has are left out.
func (v *View) CountBy(ctx context.Context, q Query, kind byte, key string) (map[string]uint64, error) {
	counts := map[string]uint64{}
	err := v.chunks(ctx, func(number uint32) error {
		if number < v.sealed && v.x.volatileKind(kind) && v.volatile[number] == nil {
			return nil
		}
		c, ok, err := v.at(number)
		if err != nil || !ok {
			return err
		}
		return c.countBy(ctx, q, field{kind: kind, key: key}, counts)
	})
	return counts, err
}

func (c *chunk) countBy(ctx context.Context, q Query, f field, counts map[string]uint64) error {
	var set *roaring.Bitmap // nil stands for all of a sealed chunk
	if all, ok := q.(and); !ok || !all.all() || c.inTail {
		a, err := c.answer(q, c.number, math.MaxUint64)
		if err != nil {
			return err
		}
		if set, err = c.resolve(ctx, a); err != nil || set.IsEmpty() {
			return err
		}
	}
	looked := 0
	return c.locked(func() error {
		return c.each(f, span{}, func(value []byte, p found) (bool, error) {
			if looked++; looked%1000 == 0 && ctx.Err() != nil {
				return false, ctx.Err()
			}
			n, err := c.countIn(set, p)
			if err == nil && n > 0 {
				counts[string(value)] += n
			}
			return err == nil, err
		})
	})
}

// countIn counts the documents of a posting that are in a set of living ones.
func (c *chunk) countIn(set *roaring.Bitmap, p found) (uint64, error) {
	if set == nil {
		return c.count(p)
	}
	own, err := p.set()
	if err != nil {
		return 0, err
	}
	return own.AndCardinality(set), nil
}
