package tagindex

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"iter"

	"github.com/RoaringBitmap/roaring/v2"
	"go.etcd.io/bbolt"
)

// Check compares what is stored with the documents, and reports each difference: a *DamageError. Rebuild repairs them all.
// What is in memory when the index is in use is not looked at, nor what an unfinished seal has written. unknown says, of
// those between two numbers that documents was asked for before, which it did not pass on although they are there: nothing
// of these is compared. It may be nil. The error is that of documents or ctx.
func (x *Index) Check(
	ctx context.Context, tx *bbolt.Tx, documents Documents, unknown func(from, to uint64) []uint64, report func(problem error),
) error {
	sealed, err := readSealed(tx)
	if err != nil {
		report(err)
		return ctx.Err()
	}
	for chunk := range sealed {
		if err := ctx.Err(); err != nil {
			return err
		}
		m, err := x.read(chunk, documents)
		if err != nil {
			return err
		}
		skip := roaring.New()
		if unknown != nil {
			for _, seq := range unknown(x.first(chunk), x.first(chunk+1)) {
				skip.Add(uint32(x.low(seq)))
			}
		}
		dead := x.checkDead(tx, chunk, m, skip, report)
		x.checkPostings(tx, chunk, m, dead, report)
	}
	return ctx.Err()
}

// checkDead compares which documents are dead with those that are there, and returns all of which m knows nothing.
func (x *Index) checkDead(tx *bbolt.Tx, chunk uint32, m *memory, skip *roaring.Bitmap, report func(error)) *roaring.Bitmap {
	want := roaring.Flip(m.docs, 0, x.size())
	stored, err := deadOf(tx.Bucket(bucketDead).Cursor(), chunk)
	if err == nil {
		var set *roaring.Bitmap
		if set, err = stored.own(); err == nil && !roaring.Or(set, skip).Equals(want) {
			err = fmt.Errorf("%d of %d documents are dead here, and %d are not in the store",
				set.GetCardinality(), x.size(), roaring.AndNot(want, skip).GetCardinality())
		}
		if err != nil {
			err = damaged(bucketDead, chunkKey(chunk), err)
		}
	}
	if err != nil {
		report(err)
	}
	return want
}

var (
	errMissing = errors.New("it is missing")
	errStray   = errors.New("no document has it")
)

// checkPostings compares the postings of a chunk with those that its documents make. Dead documents may be in them.
func (x *Index) checkPostings(tx *bbolt.Tx, chunk uint32, m *memory, dead *roaring.Bitmap, report func(error)) {
	problem := func(key []byte, err error) {
		if _, p, parsed := parseKey(key); parsed == nil {
			err = fmt.Errorf("%v of chunk %d: %w", p, chunk, err)
		}
		report(damaged(bucketPost, key, err))
	}
	next, stop := iter.Pull2(x.lasting(m))
	defer stop()
	p, set, ok := next()
	var key []byte
	if ok {
		key = p.key(chunk)
	}
	cursor, prefix := tx.Bucket(bucketPost).Cursor(), chunkKey(chunk)
	k, v := cursor.Seek(prefix)
	for {
		there := bytes.HasPrefix(k, prefix)
		switch {
		case !ok && !there:
			return
		case !there, ok && bytes.Compare(key, k) < 0:
			problem(key, errMissing)
		default:
			living, err := living(k, v, dead)
			match := ok && bytes.Equal(key, k)
			switch {
			case err != nil:
				problem(k, err)
			case !match && !living.IsEmpty():
				problem(k, errStray)
			case match && !living.Equals(set.bitmap()):
				problem(k, fmt.Errorf("%d documents are in it, and %d have it", living.GetCardinality(), set.len()))
			}
			if k, v = cursor.Next(); !match {
				continue
			}
		}
		if p, set, ok = next(); ok {
			key = p.key(chunk)
		}
	}
}

// lasting are the postings that are stored.
func (x *Index) lasting(m *memory) iter.Seq2[posting, docset] {
	return func(yield func(posting, docset) bool) {
		for p, set := range m.postings(nil) {
			if !x.volatileKind(p.kind) && !yield(p, set) {
				return
			}
		}
	}
}

func living(key, value []byte, dead *roaring.Bitmap) (*roaring.Bitmap, error) {
	stored, err := open(key, value)
	if err != nil {
		return nil, err
	}
	set, err := stored.own()
	if err == nil {
		set.AndNot(dead)
	}
	return set, err
}
