package tagindex

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/crc32"

	"github.com/RoaringBitmap/roaring/v2"
)

// Forms of a stored container, its fifth byte.
const (
	// formList: the documents follow as BE16 in ascending order, and the checksum is over the key and all of it. Most
	// postings of unique values have one document, and take 7 bytes.
	formList byte = 1
	// formBitmap: the number of documents less one as BE16, the checksum of what follows, and a roaring bitmap. The first
	// checksum is over the key and what stands before the bitmap, so that a count reads nothing else.
	formBitmap byte = 2
	// formLost: nothing follows. What stood here could not be read when it was to be changed, see Batch.Flush.
	formLost byte = 3
)

const (
	checksumLen  = 4
	listHeader   = checksumLen + 1
	bitmapHeader = checksumLen + 1 + 2 + checksumLen
	// listMax is the most documents of a list: what a count has to read of it is less than a cache line or two.
	listMax = 64
)

var castagnoli = crc32.MakeTable(crc32.Castagnoli)

func checksum(key, rest []byte) uint32 {
	return crc32.Update(crc32.Update(0, castagnoli, key), castagnoli, rest)
}

// encode makes the value that is stored under key. It may change how the set is kept.
func encode(key []byte, set *roaring.Bitmap) ([]byte, error) {
	n := set.GetCardinality()
	if n <= listMax {
		v := make([]byte, listHeader, listHeader+2*n)
		v[checksumLen] = formList
		set.Iterate(func(low uint32) bool {
			v = binary.BigEndian.AppendUint16(v, uint16(low))
			return true
		})
		return seal(key, v, len(v)), nil
	}
	set.RunOptimize()
	body, err := set.ToBytes()
	if err != nil {
		return nil, fmt.Errorf("encode a set of %d documents: %w", n, err)
	}
	v := make([]byte, bitmapHeader, bitmapHeader+len(body))
	v[checksumLen] = formBitmap
	binary.BigEndian.PutUint16(v[listHeader:], uint16(n-1))
	binary.BigEndian.PutUint32(v[listHeader+2:], crc32.Checksum(body, castagnoli))
	return append(seal(key, v, bitmapHeader), body...), nil
}

// encodeOne is encode for a single document.
func encodeOne(key []byte, low uint16) []byte {
	v := make([]byte, listHeader, listHeader+2)
	v[checksumLen] = formList
	v = binary.BigEndian.AppendUint16(v, low)
	return seal(key, v, len(v))
}

// lost is the value that says that what stood there could not be read.
func lost(key []byte) []byte {
	v := make([]byte, listHeader)
	v[checksumLen] = formLost
	return seal(key, v, len(v))
}

// seal puts the checksum over the key and the first n bytes of v in front.
func seal(key, v []byte, n int) []byte {
	binary.BigEndian.PutUint32(v, checksum(key, v[checksumLen:n]))
	return v
}

var (
	errLost     = errors.New("it was damaged when it was to be changed")
	errChecksum = errors.New("its checksum does not fit")
)

// container is a stored set whose header was checked. It lies in the memory of a transaction.
type container struct {
	// list is that of formList; body is the bitmap of formBitmap, with its checksum.
	list, body []byte
	sum        uint32
	n          uint64
}

// open reads the header of a value.
func open(key, value []byte) (c container, err error) {
	if len(value) < listHeader {
		return container{}, fmt.Errorf("%d bytes are too few", len(value))
	}
	checked := value
	if value[checksumLen] == formBitmap {
		if len(value) < bitmapHeader {
			return container{}, fmt.Errorf("%d bytes are too few", len(value))
		}
		checked = value[:bitmapHeader]
	}
	if binary.BigEndian.Uint32(value) != checksum(key, checked[checksumLen:]) {
		return container{}, errChecksum
	}
	switch form, rest := value[checksumLen], value[listHeader:]; form {
	case formList:
		if len(rest)%2 != 0 || len(rest) > 2*listMax {
			return container{}, fmt.Errorf("a list of %d bytes", len(rest))
		}
		return container{list: rest, n: uint64(len(rest) / 2)}, nil
	case formBitmap:
		return container{
			body: value[bitmapHeader:],
			n:    uint64(binary.BigEndian.Uint16(rest)) + 1, sum: binary.BigEndian.Uint32(rest[2:]),
		}, nil
	case formLost:
		return container{}, errLost
	default:
		return container{}, fmt.Errorf("form %d is not known", form)
	}
}

// lows are the documents of a list.
func (c container) lows(room *[listMax]uint32) ([]uint32, error) {
	lows, last := room[:0], -1
	for i := 0; i < len(c.list); i += 2 {
		low := int(binary.BigEndian.Uint16(c.list[i:]))
		if low <= last {
			return nil, fmt.Errorf("document %d of a list follows %d", low, last)
		}
		lows, last = append(lows, uint32(low)), low
	}
	return lows, nil
}

// addTo adds the documents to a union.
func (c container) addTo(u *union) error {
	if c.body != nil {
		set, err := c.set()
		if err == nil {
			u.addSet(set)
		}
		return err
	}
	var room [listMax]uint32
	lows, err := c.lows(&room)
	for _, low := range lows {
		u.add(uint16(low))
	}
	return err
}

// set returns the documents. The bitmap may lie in the memory of the transaction and must not be changed.
func (c container) set() (*roaring.Bitmap, error) {
	set := roaring.New()
	if c.body == nil {
		var room [listMax]uint32
		lows, err := c.lows(&room)
		set.AddMany(lows)
		return set, err
	}
	if crc32.Checksum(c.body, castagnoli) != c.sum {
		return nil, errChecksum
	}
	n, err := set.FromBuffer(c.body)
	switch {
	case err != nil:
		return nil, err
	case n != int64(len(c.body)):
		return nil, fmt.Errorf("a bitmap of %d bytes in %d", n, len(c.body))
	case set.GetCardinality() != c.n:
		return nil, fmt.Errorf("a bitmap of %d documents is to have %d", set.GetCardinality(), c.n)
	case set.Maximum() >= 1<<maxChunkBits:
		return nil, fmt.Errorf("document %d is beyond the chunk", set.Maximum())
	}
	return set, nil
}

// own is set for a bitmap that may be changed, and that outlives the transaction. It looks at every byte.
func (c container) own() (*roaring.Bitmap, error) {
	set, err := c.set()
	if err != nil || c.body == nil {
		return set, err
	}
	if err := set.Validate(); err != nil {
		return nil, err
	}
	set.CloneCopyOnWriteContainers()
	return set, nil
}
