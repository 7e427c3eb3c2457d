package tagindex

import (
	"bytes"
	"maps"
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
	"go.etcd.io/bbolt"
)

// sliceBytes ends a slice of a seal early: large sets are few, but a transaction with a thousand of them would be long.
const sliceBytes = 1 << 20

// sealing is how far the first chunk that is not sealed has been written. Readers know nothing of it: until it is sealed,
// a chunk is read from memory, and what the buckets have of it means nothing.
type sealing struct {
	// after is the last posting that was written, nil before the first one.
	after *posting
	// listed tells that no posting comes behind after.
	listed bool
	// dirty postings changed since they were written.
	dirty map[posting]bool
}

// sealed is what a slice has written.
type sealed struct {
	// drop is the chunk whose postings it removed, when isDrop; dropped tells that none is left.
	drop            uint32
	isDrop, dropped bool

	after  *posting
	listed bool
	clean  []posting
	// whole tells that the chunk is sealed, allDead that none of its documents is there.
	whole, allDead bool
}

// Due tells whether there is something for Seal to do: a full chunk in memory, or postings of dead documents alone. Any
// goroutine may ask.
func (x *Index) Due() bool {
	x.mu.RLock()
	defer x.mu.RUnlock()
	return x.full(x.sealed) || len(x.drops) > 0
}

// full tells that no document will be added to a chunk.
func (x *Index) full(chunk uint32) bool { return x.first(chunk+1) <= x.next }

// Seal writes the next slice of what is due, at most about slice postings, and tells whether more is. Call it at most once
// per batch. What is written means nothing before the last slice of a chunk: a crash in between costs the work alone.
func (b *Batch) Seal(slice int) (more bool, err error) {
	switch x := b.x; {
	case len(x.drops) > 0:
		b.seal = &sealed{isDrop: true, drop: x.drops[0]}
		if b.seal.dropped, err = drop(b.tx, x.drops[0], slice); err != nil {
			return false, err
		}
		return !b.seal.dropped || len(x.drops) > 1 || x.full(x.sealed), nil
	case x.full(x.sealed):
		m := x.tail[x.sealed]
		if m == nil {
			m = newMemory()
		}
		if b.seal, err = x.writeSlice(b.tx, x.sealed, m, &x.sealing, slice); err != nil {
			return false, err
		}
		return !b.seal.whole || x.full(x.sealed+1), nil
	default:
		return false, nil
	}
}

// writeSlice goes on with writing a chunk. The slice that comes to the end rewrites what changed meanwhile, and raises the
// number of sealed chunks. Changes of the same transaction are not in memory yet: Flush makes them to what was sealed.
// Dead documents stay in the sets, so that whoever is in the set of a value is in that of its key.
func (x *Index) writeSlice(tx *bbolt.Tx, chunk uint32, m *memory, s *sealing, slice int) (*sealed, error) {
	post := tx.Bucket(bucketPost)
	post.FillPercent = 0.95 // keys ascend
	done := &sealed{after: s.after, listed: s.listed}
	room := room{keys: slice, bytes: sliceBytes}
	if !s.listed {
		if err := x.writeListed(post, chunk, m, done, &room); err != nil {
			return nil, err
		}
	}
	for _, p := range slices.SortedFunc(maps.Keys(s.dirty), posting.compare) {
		if !room.some() {
			break
		}
		set := roaring.New()
		if found, ok := m.find(p); ok {
			set = found.bitmap()
		}
		if err := put(post, p.key(chunk), set); err != nil {
			return nil, err
		}
		done.clean = append(done.clean, p)
		room.take(int(set.GetSizeInBytes()))
	}
	if !done.listed || len(done.clean) < len(s.dirty) {
		return done, nil
	}
	done.whole = true
	dead := roaring.Flip(m.docs, 0, x.size())
	dead.Or(m.dead)
	done.allDead = dead.GetCardinality() == x.size()
	if err := putDead(tx.Bucket(bucketDead), chunkKey(chunk), dead); err != nil {
		return nil, err
	}
	return done, writeSealed(tx, chunk+1)
}

// room is what a slice may still write.
type room struct{ keys, bytes int }

func (r *room) some() bool { return r.keys > 0 && r.bytes > 0 }

func (r *room) take(bytes int) { r.keys, r.bytes = r.keys-1, r.bytes-bytes }

// writeListed writes postings in order, as many as there is room for.
func (x *Index) writeListed(post *bbolt.Bucket, chunk uint32, m *memory, done *sealed, room *room) error {
	from := chunkKey(chunk)
	if done.after != nil {
		from = append(done.after.key(chunk), 0) // the first key behind it
	}
	type kv struct{ key, value []byte }
	var list []kv
	done.listed = true
	for p, set := range m.postings(done.after) {
		if x.volatileKind(p.kind) {
			continue
		}
		if !room.some() {
			done.listed = false
			break
		}
		key := p.key(chunk)
		value, err := encodeSet(key, set)
		if err != nil {
			return err
		}
		list = append(list, kv{key, value})
		done.after = &p
		room.take(len(value))
	}
	to := chunkKey(chunk + 1)
	if !done.listed {
		to = append(done.after.key(chunk), 0)
	}
	// What an interrupted seal left behind.
	stray := 0
	var strays [][]byte
	c := post.Cursor()
	for k, _ := c.Seek(from); k != nil && bytes.Compare(k, to) < 0; k, _ = c.Next() {
		for stray < len(list) && bytes.Compare(list[stray].key, k) < 0 {
			stray++
		}
		if stray == len(list) || !bytes.Equal(list[stray].key, k) {
			strays = append(strays, bytes.Clone(k))
		}
	}
	for _, k := range strays {
		if err := post.Delete(k); err != nil {
			return err
		}
	}
	for _, e := range list {
		if err := post.Put(e.key, e.value); err != nil {
			return err
		}
	}
	return nil
}

func encodeSet(key []byte, set docset) ([]byte, error) {
	if set.more == nil {
		return encodeOne(key, set.one), nil
	}
	return encode(key, set.bitmap())
}

// drop removes postings of a chunk, and tells whether none is left.
func drop(tx *bbolt.Tx, chunk uint32, slice int) (none bool, err error) {
	post, prefix := tx.Bucket(bucketPost), chunkKey(chunk)
	var keys [][]byte
	c := post.Cursor()
	k, _ := c.Seek(prefix)
	for ; bytes.HasPrefix(k, prefix) && len(keys) < slice; k, _ = c.Next() {
		keys = append(keys, bytes.Clone(k))
	}
	none = !bytes.HasPrefix(k, prefix)
	for _, k := range keys {
		if err := post.Delete(k); err != nil {
			return false, err
		}
	}
	return none, nil
}

// settleSeal brings to memory what Seal has written.
func (x *Index) settleSeal(s *sealed) {
	if s.isDrop {
		if s.dropped {
			x.drops = slices.DeleteFunc(slices.Clone(x.drops), func(chunk uint32) bool { return chunk == s.drop })
		}
		return
	}
	x.sealing.after, x.sealing.listed = s.after, s.listed
	for _, p := range s.clean {
		delete(x.sealing.dirty, p)
	}
	if !s.whole {
		return
	}
	if s.allDead {
		x.drops = append(x.drops, x.sealed)
	}
	tail := make(map[uint32]*memory, len(x.tail))
	for chunk, m := range x.tail {
		if chunk != x.sealed {
			tail[chunk] = m
		} else if part := m.part(x.volatileKind); part != nil {
			x.replaceVolatile(map[uint32]*memory{chunk: part})
		}
	}
	x.tail, x.sealing = tail, sealing{}
	x.sealed++
}

// touched tells that an operation changed a chunk in memory. What of it is written already has to be written again.
func (x *Index) touched(chunk uint32, o op) {
	s := &x.sealing
	switch {
	case chunk != x.sealed || s.after == nil && !s.listed || o.do == die:
	case o.do == born:
		for p := range o.gains() {
			x.touchedPosting(p)
		}
	default:
		x.touchedPosting(o.p)
	}
}

func (x *Index) touchedPosting(p posting) {
	s := &x.sealing
	if x.volatileKind(p.kind) || !s.listed && p.compare(*s.after) > 0 {
		return // it is not written, or comes in a later slice
	}
	if s.dirty == nil {
		s.dirty = map[posting]bool{}
	}
	s.dirty[p] = true
}
