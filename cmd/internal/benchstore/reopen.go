package main

import (
	"fmt"
	"os"
	"path/filepath"
	"runtime"
	"time"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host/store/boltstore"
)

// reopen measures opening, with the file in the cache of the system and without, and what the open store takes of the heap.
func (b *bench) reopen(at string) error {
	if err := b.close(); err != nil {
		return err
	}
	if err := b.indexShare(at); err != nil {
		return err
	}
	closed := heap()
	const times = 5
	took, err := timed(times, func(int) (err error) {
		if b.store != nil {
			if err := b.store.Close(); err != nil {
				return err
			}
		}
		b.store, err = boltstore.Open(b.data, nil)
		return err
	})
	if err != nil {
		return err
	}
	held := float64(heap()-closed) / 1e6
	cold, page, err := b.openCold()
	if err != nil {
		return err
	}
	b.line("Open/runs="+at, times, figure{quantile(took, 0.5), "warm-ms"}, figure{cold, "cold-ms"}, figure{page, "cold-page-ms"},
		figure{held, "heap-MB"})
	return b.open()
}

// openCold opens the store after the system has dropped what it had cached of it, and reads a page of a tag.
func (b *bench) openCold() (open, page float64, err error) {
	if err := b.store.Close(); err != nil {
		return 0, 0, err
	}
	b.store = nil
	files, err := filepath.Glob(filepath.Join(b.data, "*"))
	if err != nil {
		return 0, 0, err
	}
	for _, path := range files {
		if err := forget(path); err != nil {
			return 0, 0, fmt.Errorf("drop %s from the cache: %w", filepath.Base(path), err)
		}
	}
	began := time.Now()
	if b.store, err = boltstore.Open(b.data, nil); err != nil {
		return 0, 0, err
	}
	opened := time.Now()
	_, err = b.store.Runs(b.ctx, is("team", "team_07"), 0, pageSize)
	return opened.Sub(began).Seconds() * 1e3, time.Since(opened).Seconds() * 1e3, err
}

// heap is what is in use of it after a collection.
func heap() int64 {
	runtime.GC()
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return int64(m.HeapAlloc)
}

// fileBytes are the bytes that the store's files take on the disk.
func (b *bench) fileBytes() (total int64, err error) {
	err = filepath.Walk(b.data, func(_ string, info os.FileInfo, err error) error {
		if err == nil && info.Mode().IsRegular() {
			total += blocks(info)
		}
		return err
	})
	return total, err
}

// indexShare says how large the index is beside the records. It walks both, so it leaves that for the base.
func (b *bench) indexShare(at string) error {
	if b.runs > base {
		return nil
	}
	db, err := bbolt.Open(filepath.Join(b.data, "meta.db"), 0o600, &bbolt.Options{ReadOnly: true})
	if err != nil {
		return err
	}
	used := map[string]float64{}
	err = db.View(func(tx *bbolt.Tx) error {
		for _, name := range []string{"runs", "post"} {
			bucket := tx.Bucket([]byte(name))
			if bucket == nil {
				return fmt.Errorf("the store has no bucket %s", name)
			}
			s := bucket.Stats()
			used[name] = float64(s.LeafInuse + s.BranchInuse)
		}
		return nil
	})
	b.line("Index/runs="+at, b.runs, figure{used["post"] / used["runs"] * 100, "index-%"}, figure{used["post"] / float64(b.runs), "B/run"})
	return first(err, db.Close())
}
