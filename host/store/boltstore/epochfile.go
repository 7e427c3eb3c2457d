package boltstore

import (
	"os"

	"go.etcd.io/bbolt"
)

// snugSlack is what is mapped beyond the end of a file that only loses records: taking some out may need a few new pages
// first, and a mapping that grows stops readers for a moment.
const snugSlack = 16 << 20

// openSnug opens a bbolt file that is there, and maps not much more than it has.
func openSnug(path string, open openFile) (*database, error) {
	info, err := os.Stat(path)
	if err != nil {
		return nil, err
	}
	readAhead(path)
	db, err := guardedOpen(path, &bbolt.Options{
		Timeout: lockWait, FreelistType: bbolt.FreelistMapType, OpenFile: open,
		InitialMmapSize: int(info.Size()) + snugSlack,
	})
	if err != nil {
		return nil, unreadable(path, err)
	}
	return &database{db: db, path: path}, nil
}
