package boltstore

import (
	"bytes"
	"encoding/binary"
	"fmt"
	"io"
)

// Flags of pages and of records in them.
const (
	branchPage  = 1
	leafPage    = 2
	bucketEntry = 1
)

// Lengths of what lies in pages.
const (
	elementLen    = 16 // of a branch and of a leaf page alike
	bucketRootLen = 16 // page and sequence
)

// maxChainBytes bounds one page with those that follow it: no record is that large.
const maxChainBytes = 1 << 30

// pageWalk looks at every page of a bbolt file that can be reached, without trusting any of them: bbolt itself would
// reach outside of the file, or go around in circles.
type pageWalk struct {
	file   io.ReaderAt
	meta   metaPage
	report func(error)
	// seen has a bit for each page.
	seen []uint64
}

// walkPages checks the trees of a file. m is its meta page that holds.
func walkPages(file io.ReaderAt, m metaPage, report func(error)) {
	w := &pageWalk{file: file, meta: m, report: report, seen: make([]uint64, m.pages/64+1)}
	w.tree(m.root, nil, nil, true)
}

// claim notes that a page is in use, and says whether it may be.
func (w *pageWalk) claim(id uint64) bool {
	if id < 2 || id >= w.meta.pages {
		w.report(fmt.Errorf("page %d is referred to, and there are %d", id, w.meta.pages))
		return false
	}
	if w.seen[id/64]&(1<<(id%64)) != 0 {
		w.report(fmt.Errorf("page %d is referred to twice", id))
		return false
	}
	w.seen[id/64] |= 1 << (id % 64)
	return true
}

// load reads a page with those that follow it.
func (w *pageWalk) load(id uint64) ([]byte, bool) {
	if !w.claim(id) {
		return nil, false
	}
	size, order := int64(w.meta.pageSize), binary.NativeEndian
	page := make([]byte, size)
	if _, err := w.file.ReadAt(page, int64(id)*size); err != nil {
		w.report(fmt.Errorf("page %d: %w", id, err))
		return nil, false
	}
	more := uint64(order.Uint32(page[12:]))
	if got := order.Uint64(page); got != id {
		w.report(fmt.Errorf("page %d says that it is page %d", id, got))
		return nil, false
	}
	if id+more >= w.meta.pages || int64(more+1)*size > maxChainBytes {
		w.report(fmt.Errorf("page %d has %d more behind it, and there are %d", id, more, w.meta.pages))
		return nil, false
	}
	for next := id + 1; next <= id+more; next++ {
		if !w.claim(next) {
			return nil, false
		}
	}
	if more == 0 {
		return page, true
	}
	page = make([]byte, int64(more+1)*size)
	if _, err := w.file.ReadAt(page, int64(id)*size); err != nil {
		w.report(fmt.Errorf("page %d: %w", id, err))
		return nil, false
	}
	return page, true
}

// tree checks a page and what is below it. Keys are at least from, and below to; nil is no bound. top tells that it is the
// tree of buckets.
func (w *pageWalk) tree(id uint64, from, to []byte, top bool) {
	page, ok := w.load(id)
	if !ok {
		return
	}
	w.elements(fmt.Sprintf("page %d", id), page, from, to, top)
}

// element is one of a page.
type element struct {
	flags uint32
	child uint64
	key   []byte
	value []byte
}

// elements checks what is in a page, and what is below it.
func (w *pageWalk) elements(name string, page, from, to []byte, top bool) {
	order := binary.NativeEndian
	kind, count := order.Uint16(page[8:]), int(order.Uint16(page[10:]))
	if kind != branchPage && kind != leafPage {
		w.report(fmt.Errorf("%s is of no known kind (%d)", name, kind))
		return
	}
	if pageHeader+count*elementLen > len(page) {
		w.report(fmt.Errorf("%s has no room for its %d records", name, count))
		return
	}
	all := make([]element, count)
	at := uint64(pageHeader + count*elementLen)
	for i := range all {
		e, begin, ok := elementOf(page, kind, i)
		if !ok {
			w.report(fmt.Errorf("%s: record %d lies outside of it", name, i))
			return
		}
		// Records lie behind their list, one behind the other. With another number of them, or another length, some would
		// be left out, and nobody else would notice.
		if begin != at {
			w.report(fmt.Errorf("%s: record %d does not lie behind the one before", name, i))
			return
		}
		at += uint64(len(e.key) + len(e.value))
		if i == 0 && kind == branchPage && len(e.key) == 0 {
			e.key = from // the least key of a tree that begins it may be left out
		}
		if bytes.Compare(e.key, from) < 0 || to != nil && bytes.Compare(e.key, to) >= 0 || i > 0 && bytes.Compare(e.key, all[i-1].key) <= 0 {
			w.report(fmt.Errorf("%s: the key of record %d, %x, is not in order", name, i, e.key))
			return
		}
		all[i] = e
	}
	for i, e := range all {
		switch {
		case kind == branchPage:
			end := to
			if i+1 < len(all) {
				end = all[i+1].key
			}
			w.tree(e.child, e.key, end, top)
		case top && e.flags&bucketEntry != 0:
			w.bucket(e.key, e.value)
		}
	}
}

// elementOf reads one element, which begins at begin. ok is false when it is not inside of the page.
func elementOf(page []byte, kind uint16, i int) (e element, begin uint64, ok bool) {
	order := binary.NativeEndian
	at := uint64(pageHeader + i*elementLen)
	b := page[at:]
	var pos, keyLen, valueLen uint64
	if kind == branchPage {
		pos, keyLen, e.child = uint64(order.Uint32(b)), uint64(order.Uint32(b[4:])), order.Uint64(b[8:])
	} else {
		e.flags, pos = order.Uint32(b), uint64(order.Uint32(b[4:]))
		keyLen, valueLen = uint64(order.Uint32(b[8:])), uint64(order.Uint32(b[12:]))
	}
	begin = at + pos
	if begin+keyLen+valueLen > uint64(len(page)) {
		return e, begin, false
	}
	e.key, e.value = page[begin:begin+keyLen], page[begin+keyLen:begin+keyLen+valueLen]
	return e, begin, true
}

// bucket checks the tree of a bucket; a small one lies in its record.
func (w *pageWalk) bucket(name, value []byte) {
	if len(value) < bucketRootLen {
		w.report(fmt.Errorf("bucket %q has %d bytes", name, len(value)))
		return
	}
	if root := binary.NativeEndian.Uint64(value); root != 0 {
		w.tree(root, nil, nil, false)
		return
	}
	if len(value) < bucketRootLen+pageHeader {
		w.report(fmt.Errorf("bucket %q has %d bytes", name, len(value)))
		return
	}
	w.elements(fmt.Sprintf("bucket %q", name), value[bucketRootLen:], nil, nil, false)
}
