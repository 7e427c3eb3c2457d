package boltstore

import (
	"io"
	"os"

	"go.etcd.io/bbolt"
)

// largeFreelist is how many free pages make a freelist too long to be written with every commit. With 8,192 of them a commit
// takes a fifth longer, with 170,000, as a mass delete leaves them, four times as long.
const largeFreelist = 8 << 10

// chooseFreelist leaves a long list of free pages out of the next commit. Whoever opens the file after a crash then finds
// them by looking at all others, see readAhead; at any other end closeFreelist writes the list. Only who writes may call it.
func (d *database) chooseFreelist() {
	stats := d.db.Stats()
	switch free := stats.FreePageN + stats.PendingPageN; {
	case free > largeFreelist:
		d.db.NoFreelistSync = true
	case free < largeFreelist/2:
		d.db.NoFreelistSync = false
	}
}

// closeFreelist writes the list if the last commit left it out. Nobody writes any more.
func (d *database) closeFreelist() error {
	if !d.db.NoFreelistSync {
		return nil
	}
	d.db.NoFreelistSync = false
	return d.db.Update(func(*bbolt.Tx) error { return nil })
}

// readAhead reads a file from its beginning to its end if it has no list of free pages, so that the pages that are in use
// can be looked at in any order: from a cold disk that takes ten times as long. Errors are left to who opens the file.
func readAhead(path string) {
	f, err := os.Open(path)
	if err != nil {
		return
	}
	defer func() { _ = f.Close() }() // it was only read
	if m, damage := readMetaPages(f); damage == [2]error{} && m.freelist == noFreelist {
		used := io.NewSectionReader(f, 0, int64(m.pages)*int64(m.pageSize))
		_, _ = io.CopyBuffer(struct{ io.Writer }{io.Discard}, struct{ io.Reader }{used}, make([]byte, 1<<20)) // in large pieces
	}
}
