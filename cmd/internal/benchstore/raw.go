package main

import (
	"encoding/binary"
	"os"
	"time"

	"go.etcd.io/bbolt"
)

// rawStore is a bbolt file with nothing but records by number: what ingest is compared with.
type rawStore struct{ db *bbolt.DB }

var rawBucket = []byte("records")

func openRaw(path string) (*rawStore, error) {
	db, err := bbolt.Open(path, 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType, InitialMmapSize: 64 << 30})
	if err != nil {
		return nil, err
	}
	return &rawStore{db}, db.Update(func(tx *bbolt.Tx) error {
		_, err := tx.CreateBucketIfNotExists(rawBucket)
		return err
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
