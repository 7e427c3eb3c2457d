package tagindex

import (
	"context"
	"math"

	"github.com/RoaringBitmap/roaring/v2"
)

// checksAhead is how many documents are checked beyond a full page, to learn whether there is a next one.
const checksAhead = 1000

// Page returns the numbers of the newest documents that q selects, newest first: at most limit of those below before, or
// of all when before is 0. next is the before of the page that follows, 0 at the end. That page may be empty only when q
// has checks.
func (v *View) Page(ctx context.Context, q Query, before uint64, limit int) (seqs []uint64, next uint64, err error) {
	if before == 0 {
		before = math.MaxUint64
	}
	number, ok := v.newest()
	if !ok || limit <= 0 {
		return nil, 0, ctx.Err()
	}
	number = min(number, uint32(min((before-1)>>v.x.bits, math.MaxUint32)))
	p := page{limit: limit}
	for ; ; number-- {
		if err := ctx.Err(); err != nil {
			return nil, 0, err
		}
		a, err := v.answer(q, number, before)
		if err != nil {
			return nil, 0, err
		}
		if next, err := p.take(ctx, a, v.x.first(number)); err != nil {
			return nil, 0, err
		} else if next > 0 || number == 0 {
			return p.seqs, next, nil
		}
	}
}

// page is what a query has selected so far.
type page struct {
	limit int
	seqs  []uint64
	// checked are documents that were, ahead those of them when the page was full.
	checked, ahead int
}

// take adds what an answer selects of the chunk that begins with first. next is 0 while the page is not full, or nothing
// is known to come behind it.
func (p *page) take(ctx context.Context, a answer, first uint64) (next uint64, err error) {
	for it := a.possible().ReverseIterator(); it.HasNext(); {
		low := it.Next()
		full := len(p.seqs) == p.limit
		if full && p.ahead == checksAhead {
			return first + uint64(low) + 1, nil
		}
		held := a.yes.Contains(low)
		if !held {
			if held, err = p.check(ctx, a, low, full); err != nil {
				return 0, err
			}
		}
		switch {
		case !held:
		case full:
			return first + uint64(low) + 1, nil
		default:
			p.seqs = append(p.seqs, first+uint64(low))
		}
	}
	return 0, nil
}

func (p *page) check(ctx context.Context, a answer, low uint32, full bool) (bool, error) {
	if p.checked++; p.checked%checksPerLook == 0 && ctx.Err() != nil {
		return false, ctx.Err()
	}
	if full {
		p.ahead++
	}
	return a.decide(low)
}

// checksPerLook is after how many checks the context is looked at.
const checksPerLook = 64

// answer evaluates a query for a chunk, for documents below before that are there.
func (v *View) answer(q Query, number uint32, before uint64) (a answer, err error) {
	c, ok, err := v.at(number)
	if err != nil || !ok {
		return answer{yes: roaring.New()}, err
	}
	return c.ask(q, before)
}

func (c *chunk) ask(q Query, before uint64) (a answer, err error) {
	err = c.locked(func() (err error) {
		a, err = c.selected(q, before)
		return err
	})
	return a, err
}

// selected is ask under the lock that the chunk needs.
func (c *chunk) selected(q Query, before uint64) (answer, error) {
	a, err := q.eval(c)
	if err != nil {
		return answer{}, err
	}
	a.yes = c.below(c.living(a.yes), before)
	if a.maybe == nil {
		return a, nil
	}
	if a.maybe = c.below(c.living(a.maybe), before); a.maybe.IsEmpty() {
		a.maybe, a.decide = nil, nil
	}
	return a, nil
}

// below leaves out the documents from a number on.
func (c *chunk) below(set *roaring.Bitmap, before uint64) *roaring.Bitmap {
	first := c.x.first(c.number)
	if before >= first+c.x.size() {
		return set
	}
	limit := roaring.New()
	limit.AddRange(0, before-first)
	return roaring.And(set, limit)
}

// resolve returns the documents that an answer selects. The set must not be changed.
func (v *View) resolve(ctx context.Context, a answer) (*roaring.Bitmap, error) {
	if a.maybe == nil {
		return a.yes, nil
	}
	set, checked := a.yes.Clone(), 0
	for it := a.maybe.ReverseIterator(); it.HasNext(); {
		if checked++; checked%checksPerLook == 0 && ctx.Err() != nil {
			return nil, ctx.Err()
		}
		low := it.Next()
		if held, err := a.decide(low); err != nil {
			return nil, err
		} else if held {
			set.Add(low)
		}
	}
	return set, nil
}
