package main

import (
	"encoding/binary"
	"os"
	"time"

	"github.com/google/uuid"
	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// rawStore is a bbolt file with nothing but records by number: what ingest is compared with. In buckets of its own it has
// all that a new run has in the store: its record, its id, its request, that it is open, and its first event.
type rawStore struct{ db *bbolt.DB }

var (
	rawBucket    = []byte("records")
	wholeBuckets = [][]byte{[]byte("runs"), []byte("ids"), []byte("requests"), []byte("open"), []byte("notes")}
)

func openRaw(path string) (*rawStore, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType, InitialMmapSize: 64 << 30})
	if err != nil {
		return nil, err
	}
	return &rawStore{db}, db.Update(func(tx *bbolt.Tx) error {
		for _, name := range append([][]byte{rawBucket}, wholeBuckets...) {
			if _, err := tx.CreateBucketIfNotExists(name); err != nil {
				return err
			}
		}
		return nil
	})
}

// put stores records, so many in a transaction as the store's writer takes for as many clients.
func (r *rawStore) put(from int, records [][]byte, group int) error {
	for at := 0; at < len(records); at += group {
		if err := r.db.Update(func(tx *bbolt.Tx) error {
			b := tx.Bucket(rawBucket)
			b.FillPercent = 0.95
			for i, record := range records[at:min(at+group, len(records))] {
				if err := b.Put(binary.BigEndian.AppendUint64(nil, uint64(from+at+i)), record); err != nil {
					return err
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

// putWhole stores all that new runs have, in as many transactions.
func (r *rawStore) putWhole(from int, runs []host.NewRun, records [][]byte, group int) error {
	for at := 0; at < len(runs); at += group {
		if err := r.db.Update(func(tx *bbolt.Tx) error {
			for i := at; i < min(at+group, len(runs)); i++ {
				id := uuid.MustParse(string(runs[i].Run.ID))
				seq := binary.BigEndian.AppendUint64(nil, uint64(from+i))
				for b, put := range [][2][]byte{
					{seq, records[i]}, {id[:], seq}, {[]byte(runs[i].RequestID), append(id[:], seq...)},
					{seq, []byte(runs[i].Run.Status)}, {append(seq, 0), runs[i].Events[0]},
				} {
					bucket := tx.Bucket(wholeBuckets[b])
					bucket.FillPercent = 0.95
					if err := bucket.Put(put[0], put[1]); err != nil {
						return err
					}
				}
			}
			return nil
		}); err != nil {
			return err
		}
	}
	return nil
}

func (r *rawStore) close() error { return r.db.Close() }

// diskProbe measures what the disk needs to make 4 KiB durable.
type diskProbe struct {
	f    *os.File
	took []time.Duration
}

func newDiskProbe(path string) (*diskProbe, error) {
	f, err := os.Create(path)
	if err != nil {
		return nil, err
	}
	return &diskProbe{f: f}, f.Truncate(4 << 20)
}

func (p *diskProbe) once() error {
	page := make([]byte, 4096)
	page[0] = byte(len(p.took))
	began := time.Now()
	if _, err := p.f.WriteAt(page, int64(len(p.took)%1024)*4096); err != nil {
		return err
	}
	if err := syncData(p.f); err != nil {
		return err
	}
	p.took = append(p.took, time.Since(began))
	return nil
}

func (p *diskProbe) close() error { return first(p.f.Close(), os.Remove(p.f.Name())) }
