package boltstore

import (
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// scattered makes a closed file with so many records of a page each, of which it removes all but every nth.
func scattered(t testing.TB, records, keep int) (path string) {
	t.Helper()
	path = filepath.Join(t.TempDir(), "scattered.db")
	d, err := openDatabase(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	defer d.db.Close()
	d.db.NoSync, d.db.NoFreelistSync = true, true
	const slice = 4000
	for from := 0; from < records; from += slice {
		if err := d.db.Update(func(tx *bbolt.Tx) error {
			b, err := tx.CreateBucketIfNotExists(bucketRuns)
			for i := from; i < min(from+slice, records) && err == nil; i++ {
				err = b.Put(seqKey(uint64(i)), make([]byte, 5000))
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	for from := 0; from < records; from += slice {
		if err := d.db.Update(func(tx *bbolt.Tx) (err error) {
			for i := from; i < min(from+slice, records) && err == nil; i++ {
				if i%keep > 0 {
					err = tx.Bucket(bucketRuns).Delete(seqKey(uint64(i)))
				}
			}
			return err
		}); err != nil {
			t.Fatal(err)
		}
	}
	d.db.NoFreelistSync = false
	if err := d.db.Update(func(*bbolt.Tx) error { return nil }); err != nil {
		t.Fatal(err)
	}
	return path
}

// hasFreelist says whether a file has its list of free pages.
func hasFreelist(t testing.TB, path string) bool {
	t.Helper()
	f, err := os.Open(path)
	if err != nil {
		t.Fatal(err)
	}
	defer f.Close()
	m, damage := readMetaPages(f)
	if damage != [2]error{} {
		t.Fatal(damage)
	}
	return m.freelist != noFreelist
}

func TestLongFreelistIsWrittenAtTheEnd(t *testing.T) {
	path := scattered(t, 2*largeFreelist, 1000)
	d, err := openDatabase(path, nil)
	if err != nil {
		t.Fatal(err)
	}
	w := newWriter(d, newHalt(nil, nil), &diskSpace{}, nil)
	put := func(i uint64) {
		t.Helper()
		if err := w.do(&write{ctx: t.Context(), apply: func(x *txn) error {
			x.put(bucketRuns, seqKey(i), make([]byte, 5000))
			return nil
		}}); err != nil {
			t.Fatal(err)
		}
	}
	put(1)
	put(2)
	if hasFreelist(t, path) {
		t.Error("a commit wrote the long list")
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	if !hasFreelist(t, path) {
		t.Error("the list is not there after a clean end")
	}

	if d, err = openDatabase(path, nil); err != nil {
		t.Fatal(err)
	}
	free := d.db.Stats().FreePageN
	w = newWriter(d, newHalt(nil, nil), &diskSpace{}, nil)
	for i := uint64(1); d.db.Stats().FreePageN > largeFreelist/2-100; i += 200 {
		if err := w.do(&write{ctx: t.Context(), apply: func(x *txn) error {
			for j := i; j < i+200; j++ {
				x.put(bucketRuns, seqKey(j), make([]byte, 5000))
			}
			return nil
		}}); err != nil {
			t.Fatal(err)
		}
	}
	put(3)
	if !hasFreelist(t, path) {
		t.Errorf("of %d free pages, %d are left, and a commit does not write their list", free, d.db.Stats().FreePageN)
	}
	if err := w.close(); err != nil {
		t.Fatal(err)
	}
	readOnly(t, path, func(tx *bbolt.Tx) error {
		for err := range tx.Check() {
			t.Error(err)
		}
		return nil
	})
}

// BenchmarkFreelist says what a commit costs in a file with many free pages, with and without their list, and what it costs
// to open it when the list is not there.
func BenchmarkFreelist(b *testing.B) {
	for _, free := range []int{1, 4 << 10, 8 << 10, 16 << 10, 170_000} {
		b.Run(fmt.Sprint("pages=", free), func(b *testing.B) {
			path := scattered(b, free+free/9+1, 10)
			sync := newProbe(b)
			with, without := []time.Duration(nil), []time.Duration(nil)
			var opened time.Duration
			for b.Loop() {
				d, err := openDatabase(path, nil)
				if err != nil {
					b.Fatal(err)
				}
				for i := range 100 {
					d.db.NoFreelistSync = i%2 == 0
					sync.once(b)
					began := time.Now()
					if err := d.db.Update(func(tx *bbolt.Tx) error {
						return tx.Bucket(bucketRuns).Put(seqKey(0), make([]byte, 1000))
					}); err != nil {
						b.Fatal(err)
					}
					if took := time.Since(began); d.db.NoFreelistSync {
						without = append(without, took)
					} else {
						with = append(with, took)
					}
				}
				d.db.NoFreelistSync = true
				if err := d.db.Update(func(*bbolt.Tx) error { return nil }); err != nil {
					b.Fatal(err)
				}
				if err := d.db.Close(); err != nil {
					b.Fatal(err)
				}
				began := time.Now()
				if d, err = openDatabase(path, nil); err != nil {
					b.Fatal(err)
				}
				opened = time.Since(began)
				if err := d.db.Close(); err != nil {
					b.Fatal(err)
				}
			}
			slices.Sort(with)
			b.ReportMetric(p50(with)/p50(sync.took), "×fdatasync-with-list")
			b.ReportMetric(p50(without)/p50(sync.took), "×fdatasync-without")
			b.ReportMetric(float64(opened)/1e6, "ms/open-without")
		})
	}
}
