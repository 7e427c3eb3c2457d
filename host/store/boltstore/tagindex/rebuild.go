package tagindex

import (
	"context"
	"errors"
	"fmt"

	"go.etcd.io/bbolt"
	berrors "go.etcd.io/bbolt/errors"
)

// rebuildSlice is how many postings a transaction of Rebuild writes.
const rebuildSlice = 10_000

// Rebuild throws the index away and makes it anew from the documents below next, which is the number of the document that
// comes next. update runs its argument in a transaction of its own and commits it; documents read with their own. When it
// ends early, by an error or a crash, the index is right and unfinished: Load takes the rest into memory, and Seal writes
// it. The index must not be in use.
func (x *Index) Rebuild(ctx context.Context, next uint64, documents Documents, update func(func(*bbolt.Tx) error) error) error {
	if err := update(func(tx *bbolt.Tx) error {
		for _, name := range Buckets() {
			if err := tx.DeleteBucket(name); err != nil && !errors.Is(err, berrors.ErrBucketNotFound) {
				return fmt.Errorf("remove bucket %s: %w", name, err)
			}
		}
		return CreateBuckets(tx)
	}); err != nil {
		return err
	}
	for chunk := uint32(0); x.first(chunk+1) <= next; chunk++ {
		if err := ctx.Err(); err != nil {
			return err
		}
		m, err := x.read(chunk, documents)
		if err != nil {
			return err
		}
		var s sealing
		for whole := false; !whole; {
			if err := update(func(tx *bbolt.Tx) error {
				done, err := x.writeSlice(tx, chunk, m, &s, rebuildSlice)
				if err == nil {
					s.after, s.listed, whole = done.after, done.listed, done.whole
				}
				return err
			}); err != nil {
				return fmt.Errorf("write chunk %d of the index: %w", chunk, err)
			}
		}
	}
	return nil
}

// read makes a chunk from its documents.
func (x *Index) read(chunk uint32, documents Documents) (*memory, error) {
	m := newMemory()
	var wrong error
	err := documents(x.first(chunk), x.first(chunk+1), func(seq uint64, terms []Term) {
		for _, t := range terms {
			wrong = errors.Join(wrong, checkTerm(t))
		}
		m.apply(op{do: born, terms: terms}, x.low(seq))
	})
	if err = errors.Join(err, wrong); err != nil {
		return nil, fmt.Errorf("index the documents from %d on: %w", x.first(chunk), err)
	}
	return m, nil
}
