package boltstore

import (
	"encoding/binary"
	"errors"
	"fmt"
	"hash/fnv"
	"io"
	"os"
)

// The layout of a bbolt file, as far as it is read here: without mapping the file, and whatever is in it.
const (
	boltMagic   = 0xED0CDAED
	boltVersion = 2
	// pageHeader is what each page begins with: its number in 64 bits, flags and count in 16 each, and how many pages belong
	// to it that follow in 32; all as the machine has them.
	pageHeader = 16
	// metaLen is what a meta page has behind that: magic, version, page size, flags, root, sequence, freelist, number of
	// pages, transaction, checksum of all before.
	metaLen = 4*4 + 5*8 + 8
	// noFreelist is the number of no page.
	noFreelist = ^uint64(0)
)

// metaPage is one of the two pages that say what is in a bbolt file. A commit writes the older one of them.
type metaPage struct {
	pageSize              uint32
	root, freelist, pages uint64
	transaction           uint64
}

// readMetaPage reads the meta page at an offset. The error says that it is none.
func readMetaPage(f io.ReaderAt, at int64) (m metaPage, err error) {
	var page [pageHeader + metaLen]byte
	if _, err := f.ReadAt(page[:], at); err != nil {
		return m, err
	}
	b, order := page[pageHeader:], binary.NativeEndian
	sum := fnv.New64a()
	_, _ = sum.Write(b[:metaLen-8]) // it never fails
	switch {
	case order.Uint32(b) != boltMagic, order.Uint32(b[4:]) != boltVersion:
		return m, errors.New("it is not a page of a database")
	case order.Uint64(b[metaLen-8:]) != sum.Sum64():
		return m, errors.New("its checksum does not fit")
	}
	return metaPage{
		pageSize: order.Uint32(b[8:]), root: order.Uint64(b[16:]), freelist: order.Uint64(b[32:]),
		pages: order.Uint64(b[40:]), transaction: order.Uint64(b[48:]),
	}, nil
}

// readMetaPages returns what holds of a file. damage says of each of the two pages what is wrong with it.
func readMetaPages(f io.ReaderAt) (m metaPage, damage [2]error) {
	first, err := readMetaPage(f, 0)
	if err != nil {
		damage[0] = err
		// The other one says where it is.
		for at := int64(1 << 10); at <= 64<<10; at *= 2 {
			if m, err := readMetaPage(f, at); err == nil && int64(m.pageSize) == at {
				return m, damage
			}
		}
		damage[1] = err
		return m, damage
	}
	second, err := readMetaPage(f, int64(first.pageSize))
	if damage[1] = err; err == nil && second.transaction > first.transaction {
		return second, damage
	}
	return first, damage
}

// checkMetaPages refuses a file of which a meta page is damaged. bbolt would go on with the other one, and so with what
// was there before the last commit. The caller holds the file's lock.
func checkMetaPages(path string) (err error) {
	f, err := os.Open(path)
	if err != nil {
		return err
	}
	defer func() { err = errors.Join(err, f.Close()) }()
	m, damage := readMetaPages(f)
	for i, wrong := range damage {
		if wrong != nil {
			return damagedFile(path, fmt.Errorf("meta page %d: %w", i, wrong))
		}
	}
	info, err := f.Stat()
	if err != nil {
		return err
	}
	if size := int64(m.pages) * int64(m.pageSize); info.Size() < size {
		return damagedFile(path, fmt.Errorf("it has %d bytes of %d", info.Size(), size))
	}
	return nil
}
