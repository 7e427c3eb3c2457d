package tagindex

import (
	"slices"

	"github.com/RoaringBitmap/roaring/v2"
)

// docset is a set of documents of a chunk in memory, not empty. Unique values have one document, so one costs no
// allocation; a bitmap, which takes 200 bytes at least, comes with the number that it is worth.
type docset struct {
	one  uint16
	more *docs // nil: one alone
}

type docs struct {
	few  []uint16 // ascending
	bits *roaring.Bitmap
}

// fewMax is the most documents of a plain list. They mostly come in ascending order, and are then appended.
const fewMax = listMax

func (s docset) add(low uint16) docset {
	if s.more == nil {
		if low != s.one {
			s.more = &docs{few: []uint16{min(s.one, low), max(s.one, low)}}
		}
		return s
	}
	s.more.add(low)
	return s
}

func (d *docs) add(low uint16) {
	if d.bits != nil {
		d.bits.Add(uint32(low))
		return
	}
	at, found := slices.BinarySearch(d.few, low)
	if found {
		return
	}
	if len(d.few) < fewMax {
		d.few = slices.Insert(d.few, at, low)
		return
	}
	d.bits = bitmapOf(d.few)
	d.bits.Add(uint32(low))
	d.few = nil
}

// remove returns the set without a document; ok tells that some are left.
func (s docset) remove(low uint16) (_ docset, ok bool) {
	switch {
	case s.more == nil:
		return s, s.one != low
	case s.more.bits != nil:
		s.more.bits.Remove(uint32(low))
		return s, !s.more.bits.IsEmpty()
	}
	if at, found := slices.BinarySearch(s.more.few, low); found {
		s.more.few = slices.Delete(s.more.few, at, at+1)
	}
	return s, len(s.more.few) > 0
}

func (s docset) contains(low uint16) bool {
	switch {
	case s.more == nil:
		return s.one == low
	case s.more.bits != nil:
		return s.more.bits.Contains(uint32(low))
	default:
		_, found := slices.BinarySearch(s.more.few, low)
		return found
	}
}

func (s docset) len() uint64 {
	switch {
	case s.more == nil:
		return 1
	case s.more.bits != nil:
		return s.more.bits.GetCardinality()
	default:
		return uint64(len(s.more.few))
	}
}

// bitmap returns a copy.
func (s docset) bitmap() *roaring.Bitmap {
	switch {
	case s.more == nil:
		return roaring.BitmapOf(uint32(s.one))
	case s.more.bits != nil:
		return s.more.bits.Clone()
	default:
		return bitmapOf(s.more.few)
	}
}

// addTo adds the documents to a union.
func (s docset) addTo(u *union) {
	switch {
	case s.more == nil:
		u.add(s.one)
	case s.more.bits != nil:
		u.addSet(s.more.bits)
	default:
		for _, low := range s.more.few {
			u.add(low)
		}
	}
}

// without returns a copy without some documents; ok tells that it has any.
func (s docset) without(dead *roaring.Bitmap) (_ docset, ok bool) {
	switch {
	case s.more == nil:
		return s, !dead.Contains(uint32(s.one))
	case s.more.bits != nil:
		bits := roaring.AndNot(s.more.bits, dead)
		return docset{more: &docs{bits: bits}}, !bits.IsEmpty()
	}
	few := slices.DeleteFunc(slices.Clone(s.more.few), func(low uint16) bool { return dead.Contains(uint32(low)) })
	return docset{more: &docs{few: few}}, len(few) > 0
}

func bitmapOf(lows []uint16) *roaring.Bitmap {
	wide := make([]uint32, len(lows))
	for i, low := range lows {
		wide[i] = uint32(low)
	}
	return roaring.BitmapOf(wide...)
}

// union is the union of many sets of a chunk.
type union struct {
	words []uint64 // of those that come one by one
	sets  *roaring.Bitmap
}

func (u *union) add(low uint16) {
	if u.words == nil {
		u.words = make([]uint64, 1<<maxChunkBits/64)
	}
	u.words[low/64] |= 1 << (low % 64)
}

func (u *union) addSet(set *roaring.Bitmap) {
	if u.sets == nil {
		u.sets = roaring.New()
	}
	u.sets.Or(set)
}

// bitmap ends the union.
func (u *union) bitmap() *roaring.Bitmap {
	switch {
	case u.words == nil && u.sets == nil:
		return roaring.New()
	case u.words == nil:
		return u.sets
	}
	set := roaring.FromDense(u.words, false)
	if u.sets != nil {
		set.Or(u.sets)
	}
	return set
}
