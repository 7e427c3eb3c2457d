package boltstore

import "go.etcd.io/bbolt"

// largeFreelist is how many free pages make a freelist too long to be written with every commit. With 8,192 of them a commit
// takes a fifth longer, with 170,000, as a mass delete leaves them, four times as long.
const largeFreelist = 8 << 10

// chooseFreelist leaves a long list of free pages out of the next commit. Whoever opens the file after a crash then finds
// them by reading the whole of it; see closeFreelist for all other ends. Only who writes may call it.
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
