package tagindex

import (
	"bytes"
	"encoding/binary"
	"hash/crc32"
	"slices"
	"testing"

	"github.com/RoaringBitmap/roaring/v2"
)

func setOf(lows ...uint32) *roaring.Bitmap { return roaring.BitmapOf(lows...) }

// shapes are sets of every form and kind of container.
func shapes() map[string]*roaring.Bitmap {
	every, even, half := roaring.New(), roaring.New(), roaring.New()
	every.AddRange(0, 1<<16)
	for low := uint32(0); low < 1<<16; low += 2 {
		even.Add(low)
	}
	for low := uint32(0); low < 3*listMax; low += 3 {
		half.Add(low)
	}
	longest, shortest := roaring.New(), roaring.New()
	longest.AddRange(0, listMax)
	shortest.AddRange(1000, 1000+listMax+1)
	return map[string]*roaring.Bitmap{
		"None": setOf(), "First": setOf(0), "Last": setOf(1<<16 - 1), "Few": setOf(3, 5, 60000),
		"LongestList": longest, "ShortestBitmap": shortest, "Sparse": half, "Every": every, "Even": even,
	}
}

func TestContainer(t *testing.T) {
	key := []byte("key")
	for name, set := range shapes() {
		t.Run(name, func(t *testing.T) {
			v, err := encode(key, set.Clone())
			if err != nil {
				t.Fatal(err)
			}
			c, err := open(key, v)
			if err != nil || c.n != set.GetCardinality() {
				t.Fatalf("got %d documents, %v, want %d", c.n, err, set.GetCardinality())
			}
			for _, read := range []func() (*roaring.Bitmap, error){c.set, c.own} {
				if got, err := read(); err != nil || !got.Equals(set) {
					t.Fatalf("got %v, %v, want %v", got, err, set)
				}
			}
			own, err := c.own()
			if err != nil {
				t.Fatal(err)
			}
			before := bytes.Clone(v)
			own.Flip(0, 1<<16)
			if !bytes.Equal(v, before) {
				t.Error("changing a set of its own changed what is stored")
			}
		})
	}
}

func TestOneDocumentTakesSevenBytes(t *testing.T) {
	key := []byte("key")
	v, err := encode(key, setOf(77))
	if err != nil || len(v) != 7 || !bytes.Equal(v, encodeOne(key, 77)) {
		t.Errorf("got %x, %v", v, err)
	}
}

// TestEveryFlippedBit changes each bit of stored sets: no count and no set comes of it but by the part that was not asked.
func TestEveryFlippedBit(t *testing.T) {
	key := []byte("key")
	for name, set := range shapes() {
		t.Run(name, func(t *testing.T) {
			v, err := encode(key, set.Clone())
			if err != nil {
				t.Fatal(err)
			}
			for i := range len(v) * 8 {
				if i > 8*64 && i%1009 != 0 {
					continue // large ones by sample
				}
				bad := bytes.Clone(v)
				bad[i/8] ^= 1 << (i % 8)
				c, err := open(key, bad)
				if err == nil && c.n != set.GetCardinality() {
					t.Fatalf("bit %d: counted %d of %d", i, c.n, set.GetCardinality())
				}
				if err == nil {
					if got, err := c.set(); err == nil {
						t.Fatalf("bit %d: read %v", i, got)
					}
				}
			}
			if _, err := open([]byte("kez"), v); err == nil {
				t.Error("read under another key")
			}
			for n := range min(len(v), 100) {
				if c, err := open(key, v[:n]); err == nil {
					if got, err := c.set(); err == nil {
						t.Fatalf("%d bytes: read %v", n, got)
					}
				}
			}
		})
	}
}

func TestLostIsAnError(t *testing.T) {
	if _, err := open([]byte("key"), lost([]byte("key"))); err != errLost { //nolint:errorlint // it is not wrapped
		t.Errorf("got %v", err)
	}
}

// FuzzContainer reads any bytes as what a checksum vouches for: they are refused, or a set that reads the same again.
func FuzzContainer(f *testing.F) {
	for _, set := range shapes() {
		v, err := encode([]byte("key"), set)
		if err != nil {
			f.Fatal(err)
		}
		f.Add(v)
	}
	f.Fuzz(func(t *testing.T, v []byte) {
		if len(v) < listHeader {
			if _, err := open(nil, v); err == nil {
				t.Fatalf("%x is too short", v)
			}
			return
		}
		v = slices.Clone(v)
		header := len(v)
		if v[checksumLen] == formBitmap && len(v) >= bitmapHeader {
			header = bitmapHeader
			binary.BigEndian.PutUint32(v[listHeader+2:], crc32.Checksum(v[bitmapHeader:], castagnoli))
		}
		seal([]byte("key"), v, header)
		c, err := open([]byte("key"), v)
		if err != nil {
			return
		}
		set, err := c.own()
		if err != nil {
			return
		}
		if set.GetCardinality() != c.n {
			t.Fatalf("%x has %d documents and says %d", v, set.GetCardinality(), c.n)
		}
		again, err := encode([]byte("key"), set.Clone())
		if err != nil {
			t.Fatal(err)
		}
		if c, err = open([]byte("key"), again); err != nil {
			t.Fatal(err)
		}
		if got, err := c.own(); err != nil || !got.Equals(set) {
			t.Fatalf("got %v, %v, want %v", got, err, set)
		}
	})
}

// FuzzKey reads any bytes as a key: they are refused, or a posting that makes the same key.
func FuzzKey(f *testing.F) {
	for _, p := range []posting{
		Term{'t', "team", "etl"}.posting(), Term{'t', "", ""}.posting(), Term{0, "a\x00b", "\x00"}.posting(),
		field{kind: 0xff, key: "\x00\xff"}.posting(),
	} {
		f.Add(p.key(7))
	}
	f.Fuzz(func(t *testing.T, k []byte) {
		chunk, p, err := parseKey(k)
		if err == nil && !bytes.Equal(p.key(chunk), k) {
			t.Fatalf("%x is %v of chunk %d, whose key is %x", k, p, chunk, p.key(chunk))
		}
	})
}
