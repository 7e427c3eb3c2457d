package tagindex

import (
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"slices"
	"sync"

	"go.etcd.io/bbolt"
)

// Buckets of the index. A store makes them and copies them like its own; nothing else writes to them.
var (
	bucketPost  = []byte("post")  // posting, see term.go → container
	bucketDead  = []byte("dead")  // chunk → container; one for each sealed chunk
	bucketIndex = []byte("index") // name → record
)

// Buckets are the names of the index's buckets.
func Buckets() [][]byte {
	return [][]byte{slices.Clone(bucketPost), slices.Clone(bucketDead), slices.Clone(bucketIndex)}
}

// CreateBuckets makes the buckets that are not there. Without them nothing else works.
func CreateBuckets(tx *bbolt.Tx) error {
	for _, name := range Buckets() {
		if _, err := tx.CreateBucketIfNotExists(name); err != nil {
			return fmt.Errorf("create bucket %s: %w", name, err)
		}
	}
	return nil
}

// keySealed is the number of sealed chunks in bucket index: CRC32C, BE32.
var keySealed = []byte("sealed")

// maxChunkBits says how many documents a chunk has: the numbers of a container's documents are 16 bits wide.
const maxChunkBits = 16

// Options of an Index.
type Options struct {
	// Volatile says whether terms of a kind change so often that they are kept in memory alone: Load has to be told
	// which documents have them. nil: no kind is.
	Volatile func(kind byte) bool

	// chunkBits are fewer in tests.
	chunkBits int
}

// WithChunkBits makes chunks of 2^bits documents, so that tests of a store seal all the time. The number never changes
// for what is stored. It returns o.
func (o *Options) WithChunkBits(bits int) *Options {
	o.chunkBits = bits
	return o
}

// Index is the index of a store. Queries come from any goroutine; batches from the one that writes, one after another.
type Index struct {
	volatileKind func(kind byte) bool
	bits         int

	// mu guards what follows. The writer alone changes it, and reads it without.
	mu sync.RWMutex
	// sealed chunks lie in the buckets, with others only in tail.
	sealed uint32
	// next is the number behind the highest one that was ever added.
	next uint64
	// tail has the chunks from sealed on. The map is replaced, not changed; what is in a chunk changes under mu.
	tail map[uint32]*memory
	// volatile has what sealed chunks have of volatile kinds. Both the map and its chunks are replaced, not changed.
	volatile map[uint32]*memory
	// sealing is how far the chunk number sealed has been written.
	sealing sealing
	// drops are chunks without a living document whose postings are still there.
	drops []uint32
	// pending is the id of a transaction whose changes to the index have not reached memory, 0 when there is none;
	// settled is closed when they have, or never will.
	pending int
	settled chan struct{}
}

// New makes an index; o may be nil. It has to be loaded, but for Check and Rebuild.
func New(o *Options) *Index {
	x := &Index{volatileKind: func(byte) bool { return false }, bits: maxChunkBits}
	if o != nil && o.Volatile != nil {
		x.volatileKind = o.Volatile
	}
	if o != nil && o.chunkBits != 0 {
		x.bits = o.chunkBits
	}
	return x
}

// Documents passes on the documents whose numbers are at least from and less than to, in ascending order, each with all
// its terms. It may use the strings and the slice again when add returns.
type Documents func(from, to uint64, add func(seq uint64, terms []Term)) error

// Load reads what is in memory: how far chunks are sealed, then the documents behind those, and the volatile terms of
// documents before them. open passes all documents that have volatile terms, with these or with all their terms.
// It does not write. Nothing else may use the index meanwhile.
func (x *Index) Load(tx *bbolt.Tx, documents Documents, open func(add func(seq uint64, terms []Term)) error) error {
	sealed, err := readSealed(tx)
	if err != nil {
		return err
	}
	x.sealed, x.next = sealed, x.first(sealed)
	x.tail, x.volatile = map[uint32]*memory{}, map[uint32]*memory{}
	x.sealing, x.drops, x.pending = sealing{}, x.toDrop(tx), 0
	if err := documents(x.next, math.MaxUint64, func(seq uint64, terms []Term) {
		x.tailOf(x.chunk(seq)).apply(op{do: born, terms: terms}, x.low(seq))
		x.next = max(x.next, seq+1)
	}); err != nil {
		return fmt.Errorf("index the documents from %d on: %w", x.first(sealed), err)
	}
	if err := open(func(seq uint64, terms []Term) {
		chunk := x.chunk(seq)
		if chunk >= x.sealed {
			return
		}
		for _, t := range terms {
			if x.volatileKind(t.Kind) {
				m := x.volatile[chunk]
				if m == nil {
					m = newMemory()
					x.volatile[chunk] = m
				}
				m.add(t.posting(), x.low(seq))
			}
		}
	}); err != nil {
		return fmt.Errorf("index what changes often: %w", err)
	}
	return nil
}

// tailOf returns a chunk that is not sealed, for the writer to change.
func (x *Index) tailOf(chunk uint32) *memory {
	m := x.tail[chunk]
	if m == nil {
		m = newMemory()
		tail := make(map[uint32]*memory, len(x.tail)+1)
		maps.Copy(tail, x.tail)
		tail[chunk], x.tail = m, tail
	}
	return m
}

func (x *Index) chunk(seq uint64) uint32 { return uint32(seq >> x.bits) }

func (x *Index) low(seq uint64) uint16 { return uint16(seq & (x.size() - 1)) }

// first is the number of a chunk's first document.
func (x *Index) first(chunk uint32) uint64 { return uint64(chunk) << x.bits }

// size is the number of documents of a chunk.
func (x *Index) size() uint64 { return 1 << x.bits }

var errNoBucket = errors.New("the bucket is not there")

func readSealed(tx *bbolt.Tx) (uint32, error) {
	for _, name := range Buckets() {
		if tx.Bucket(name) == nil {
			return 0, damaged(name, nil, errNoBucket)
		}
	}
	v := tx.Bucket(bucketIndex).Get(keySealed)
	switch {
	case v == nil:
		return 0, nil
	case len(v) != checksumLen+chunkLen:
		return 0, damaged(bucketIndex, keySealed, fmt.Errorf("%d bytes are not a number", len(v)))
	case binary.BigEndian.Uint32(v) != checksum(keySealed, v[checksumLen:]):
		return 0, damaged(bucketIndex, keySealed, errChecksum)
	}
	return binary.BigEndian.Uint32(v[checksumLen:]), nil
}

func writeSealed(tx *bbolt.Tx, sealed uint32) error {
	v := binary.BigEndian.AppendUint32(make([]byte, checksumLen), sealed)
	return tx.Bucket(bucketIndex).Put(keySealed, seal(keySealed, v, len(v)))
}
