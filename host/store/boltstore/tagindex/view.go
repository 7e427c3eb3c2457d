package tagindex

import (
	"fmt"

	"github.com/RoaringBitmap/roaring/v2"
	"go.etcd.io/bbolt"
)

// View is the index as of a moment, beside the transaction that shows the documents as of that moment. Documents in memory
// may be newer by what was committed while the view is open: a document is never seen half changed, but for one whose
// record is read through Tx, see Check. A View is for one goroutine, which has to close it; bbolt cannot reuse a page
// that an open one may still see.
type View struct {
	x        *Index
	tx       *bbolt.Tx
	sealed   uint32
	next     uint64
	tail     map[uint32]*memory
	volatile map[uint32]*memory

	post, dead *bbolt.Cursor
}

// View opens a view in the read transaction that open returns. Its error is that of open.
func (x *Index) View(open func() (*bbolt.Tx, error)) (*View, error) {
	for {
		v, settled, err := x.tryView(open)
		if err != nil || settled == nil {
			return v, err
		}
		// The transaction shows a commit that memory does not have yet.
		if err := v.Close(); err != nil {
			return nil, fmt.Errorf("end a read transaction: %w", err)
		}
		<-settled
	}
}

// tryView opens a view. With settled it is of no use, and another can be opened once that is closed.
func (x *Index) tryView(open func() (*bbolt.Tx, error)) (v *View, settled <-chan struct{}, err error) {
	x.mu.RLock()
	defer x.mu.RUnlock()
	tx, err := open()
	if err != nil {
		return nil, nil, err
	}
	v = &View{
		x: x, tx: tx, sealed: x.sealed, next: x.next, tail: x.tail, volatile: x.volatile,
		post: tx.Bucket(bucketPost).Cursor(), dead: tx.Bucket(bucketDead).Cursor(),
	}
	if x.pending != 0 && tx.ID() >= x.pending {
		settled = x.settled
	}
	return v, settled, nil
}

// Tx is the transaction of the view. It ends with Close.
func (v *View) Tx() *bbolt.Tx { return v.tx }

// Close ends the view and its transaction.
func (v *View) Close() error { return v.tx.Rollback() }

// chunk is a chunk in a view.
type chunk struct {
	*View

	number uint32
	// mem is the chunk in the tail, or the volatile part of a sealed one, or nil. A tail's is read under the lock.
	mem    *memory
	inTail bool
	// gone are the dead documents of a sealed chunk, nil when there are none.
	gone *roaring.Bitmap
	// lives is how many documents of a sealed chunk are not dead.
	lives uint64
}

// at returns a chunk; ok tells that it has documents.
func (v *View) at(number uint32) (c *chunk, ok bool, err error) {
	c = &chunk{View: v, number: number}
	if number >= v.sealed {
		c.inTail, c.mem = true, v.tail[number]
		return c, c.mem != nil, nil
	}
	c.mem = v.volatile[number]
	dead, err := deadOf(v.dead, number)
	if err != nil {
		return nil, false, err
	}
	if c.lives = v.x.size() - dead.n; dead.n > 0 && c.lives > 0 {
		if c.gone, err = dead.set(); err != nil {
			return nil, false, damaged(bucketDead, chunkKey(number), err)
		}
	}
	return c, c.lives > 0, nil
}

// newest is the highest number of a chunk that may have documents, ok false when there is none.
func (v *View) newest() (number uint32, ok bool) {
	if v.next == 0 {
		return 0, false
	}
	return v.x.chunk(v.next - 1), true
}

// locked runs f under the lock that a chunk of the tail needs.
func (c *chunk) locked(f func() error) error {
	if c.inTail {
		c.x.mu.RLock()
		defer c.x.mu.RUnlock()
	}
	return f()
}

// living returns the documents of a set that are there. The set is not changed.
func (c *chunk) living(set *roaring.Bitmap) *roaring.Bitmap {
	if c.inTail {
		set = roaring.And(set, c.mem.docs)
		set.AndNot(c.mem.dead)
		if first := c.x.first(c.number); c.next < first+c.x.size() {
			set.RemoveRange(c.next-first, c.x.size())
		}
		return set
	}
	if c.gone == nil {
		return set
	}
	return roaring.AndNot(set, c.gone)
}

// every is the set of all numbers of the chunk.
func (c *chunk) every() *roaring.Bitmap {
	set := roaring.New()
	set.AddRange(0, c.x.size())
	return set
}

// found is a posting that was found in a chunk.
type found struct {
	// n is how many documents are in it, dead ones too; 0 when there is none.
	n      uint64
	key    []byte // of a stored one
	stored container
	mem    docset
}

// find finds a posting.
func (c *chunk) find(p posting) (found, error) {
	if c.inTail || c.x.volatileKind(p.kind) {
		if c.mem == nil {
			return found{}, nil
		}
		set, ok := c.mem.find(p)
		if !ok {
			return found{}, nil
		}
		return found{n: set.len(), mem: set}, nil
	}
	key := p.key(c.number)
	stored, ok, err := lookup(c.post, bucketPost, key)
	if err != nil || !ok {
		return found{}, err
	}
	return found{n: stored.n, key: key, stored: stored}, nil
}

// set returns the documents. It must not be changed, and may lie in the memory of the transaction.
func (f found) set() (*roaring.Bitmap, error) {
	if f.key == nil {
		return f.mem.bitmap(), nil
	}
	set, err := f.stored.set()
	if err != nil {
		return nil, damaged(bucketPost, f.key, err)
	}
	return set, nil
}

// addTo adds the documents of a stored posting to a union.
func (f found) addTo(u *union) error {
	if err := f.stored.addTo(u); err != nil {
		return damaged(bucketPost, f.key, err)
	}
	return nil
}

// count returns how many documents of a posting are there.
func (c *chunk) count(f found) (uint64, error) {
	if !c.inTail && c.gone == nil {
		return f.n, nil
	}
	set, err := f.set()
	if err != nil {
		return 0, err
	}
	if c.inTail {
		return c.living(set).GetCardinality(), nil
	}
	return f.n - set.AndCardinality(c.gone), nil
}
