package tagindex

import (
	"bytes"
	"errors"
	"fmt"

	"github.com/RoaringBitmap/roaring/v2"
	"go.etcd.io/bbolt"
)

// lookup finds a container. A flipped bit in a key makes bbolt find nothing where something was; the search then ends
// beside it, so the neighbours of a gap are checked too.
func lookup(c *bbolt.Cursor, bucket, key []byte) (found container, ok bool, err error) {
	k, v := c.Seek(key)
	if bytes.Equal(k, key) {
		if found, err = open(key, v); err != nil {
			return container{}, false, damaged(bucket, key, err)
		}
		return found, true, nil
	}
	if err := checkBeside(bucket, k, v); err != nil {
		return container{}, false, err
	}
	if k != nil {
		k, v = c.Prev()
	} else {
		k, v = c.Last()
	}
	return container{}, false, checkBeside(bucket, k, v)
}

// checkBeside checks what lies beside the place where a search ended, if anything does. One that was marked as lost has its
// key.
func checkBeside(bucket, key, value []byte) error {
	if key == nil {
		return nil
	}
	if _, err := open(key, value); err != nil && !errors.Is(err, errLost) {
		return damaged(bucket, key, err)
	}
	return nil
}

var (
	errNoDead  = errors.New("a sealed chunk has none")
	errNoField = errors.New("values of a key are there, but not who has the key")
)

// deadOf reads which documents of a sealed chunk are deleted.
func deadOf(c *bbolt.Cursor, chunk uint32) (container, error) {
	key := chunkKey(chunk)
	found, ok, err := lookup(c, bucketDead, key)
	if err == nil && !ok {
		err = damaged(bucketDead, key, errNoDead)
	}
	return found, err
}

// toDrop lists the sealed chunks that are wholly dead and still have postings. A row that is damaged is not looked
// behind: whoever reads the chunk is told.
func (x *Index) toDrop(tx *bbolt.Tx) (drops []uint32) {
	dead, post := tx.Bucket(bucketDead).Cursor(), tx.Bucket(bucketPost).Cursor()
	for chunk := range x.sealed {
		found, err := deadOf(dead, chunk)
		if err != nil || found.n != x.size() {
			continue
		}
		if k, _ := post.Seek(chunkKey(chunk)); bytes.HasPrefix(k, chunkKey(chunk)) {
			drops = append(drops, chunk)
		}
	}
	return drops
}

// put stores a set, or removes its key when it is empty.
func put(b *bbolt.Bucket, key []byte, set *roaring.Bitmap) error {
	if set.IsEmpty() {
		return b.Delete(key)
	}
	v, err := encode(key, set)
	if err != nil {
		return err
	}
	return b.Put(key, v)
}

// rewrite is what a batch does to a stored set.
type rewrite struct {
	key []byte
	to  []bit
}

type bit struct {
	low uint16
	on  bool
}

// apply changes a stored set. One that cannot be read is marked as lost: the documents' records are right, so nothing
// may stop the writer, and nobody may read a set that misses a change.
func (r rewrite) apply(b *bbolt.Bucket, c *bbolt.Cursor) error {
	found, ok, err := lookup(c, bucketPost, r.key)
	set := roaring.New()
	if err == nil && ok {
		set, err = found.own()
	}
	if err != nil {
		return b.Put(r.key, lost(r.key))
	}
	for _, bit := range r.to {
		if bit.on {
			set.Add(uint32(bit.low))
		} else {
			set.Remove(uint32(bit.low))
		}
	}
	return put(b, r.key, set)
}

// kill changes which documents of a sealed chunk are dead, and tells how many are. What cannot be read stays as it is.
func kill(tx *bbolt.Tx, chunk uint32, to []bit) (dead uint64, err error) {
	b, key := tx.Bucket(bucketDead), chunkKey(chunk)
	found, err := deadOf(b.Cursor(), chunk)
	if err != nil {
		return 0, nil //nolint:nilerr // see above
	}
	set, err := found.own()
	if err != nil {
		return 0, nil //nolint:nilerr // see above
	}
	for _, bit := range to {
		if bit.on {
			set.Add(uint32(bit.low))
		} else {
			set.Remove(uint32(bit.low))
		}
	}
	return set.GetCardinality(), putDead(b, key, set)
}

func putDead(b *bbolt.Bucket, key []byte, set *roaring.Bitmap) error {
	v, err := encode(key, set)
	if err != nil {
		return err
	}
	return b.Put(key, v)
}

func checkTerm(t Term) error {
	if n := len(t.Key) + len(t.Value); n > MaxTermBytes {
		return fmt.Errorf("a term of kind %#x and key %.64q has %d bytes of at most %d", t.Kind, t.Key, n, MaxTermBytes)
	}
	return nil
}
