package tagindex

import (
	"fmt"
	"path/filepath"
	"runtime"
	"testing"
	"time"

	"go.etcd.io/bbolt"
)

// BenchmarkAdd adds documents in groups to memory, and seals what is full.
func BenchmarkAdd(b *testing.B) {
	made := make([][]Term, 1<<18)
	for i := range made {
		made[i] = runTerms(uint64(i))
	}
	for _, group := range []int{1, 256} {
		b.Run(fmt.Sprintf("GroupsOf%d", group), func(b *testing.B) {
			db, x := freshIndex(b)
			next := uint64(0)
			for b.Loop() {
				if err := addGroup(db, x, &next, group, func(seq uint64) []Term { return made[seq%uint64(len(made))] }); err != nil {
					b.Fatal(err)
				}
			}
			b.ReportMetric(float64(next)/b.Elapsed().Seconds(), "docs/s")
		})
	}
}

func freshIndex(b testing.TB) (*bbolt.DB, *Index) {
	b.Helper()
	db, err := bbolt.Open(filepath.Join(b.TempDir(), "index.db"), 0o600, &bbolt.Options{NoSync: true, NoGrowSync: true, PageSize: 8192, InitialMmapSize: 8 << 30})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { db.Close() })
	x := New(nil)
	none := func(uint64, uint64, func(uint64, []Term)) error { return nil }
	if err := db.Update(func(tx *bbolt.Tx) error {
		if err := CreateBuckets(tx); err != nil {
			return err
		}
		return x.Load(tx, none, func(func(uint64, []Term)) error { return nil })
	}); err != nil {
		b.Fatal(err)
	}
	return db, x
}

func addGroup(db *bbolt.DB, x *Index, next *uint64, group int, terms func(uint64) []Term) error {
	var batch *Batch
	err := db.Update(func(tx *bbolt.Tx) error {
		batch = x.Begin(tx)
		if x.Due() {
			if _, err := batch.Seal(1000); err != nil {
				return err
			}
		}
		for range group {
			batch.Add(*next, terms(*next))
			*next++
		}
		return batch.Flush()
	})
	batch.Done(err == nil)
	return err
}

// BenchmarkSeal seals a chunk of 65,536 documents in slices of 1,000 postings.
func BenchmarkSeal(b *testing.B) {
	var longest time.Duration
	slices := 0
	var bytes int64
	for b.Loop() {
		b.StopTimer()
		db, x := freshIndex(b)
		for next := uint64(0); next < 1<<16; {
			if err := addGroup(db, x, &next, 4096, runTerms); err != nil {
				b.Fatal(err)
			}
		}
		b.StartTimer()
		for slices = 0; x.Due(); slices++ {
			start := time.Now()
			var batch *Batch
			err := db.Update(func(tx *bbolt.Tx) (err error) {
				batch = x.Begin(tx)
				if _, err = batch.Seal(1000); err == nil {
					err = batch.Flush()
				}
				bytes = tx.Size()
				return err
			})
			batch.Done(err == nil)
			if err != nil {
				b.Fatal(err)
			}
			longest = max(longest, time.Since(start))
		}
	}
	b.ReportMetric(float64(slices), "slices")
	b.ReportMetric(float64(longest.Microseconds())/1e3, "ms-longest-slice")
	b.ReportMetric(float64(bytes)/(1<<16), "bytes/doc")
}

// BenchmarkRetag moves sealed documents to another team: alone, and a thousand in one transaction.
func BenchmarkRetag(b *testing.B) {
	x, db := benchIndex(b)
	sealed := x.first(x.sealed)
	var to [20]Term
	for i := range to {
		to[i] = Term{'t', "team", fmt.Sprintf("team-%02d", i)}
	}
	for _, c := range []struct {
		name          string
		group, spread uint64
	}{{"Alone", 1, 1}, {"ThousandNeighbours", 1000, 1}, {"ThousandFromEverywhere", 1000, sealed/1000 + 1}} {
		b.Run(c.name, func(b *testing.B) {
			if sealed < c.group {
				b.Skip("too few documents")
			}
			group, spread := c.group, c.spread
			round := uint64(0)
			for b.Loop() {
				var batch *Batch
				err := db.Update(func(tx *bbolt.Tx) error {
					batch = x.Begin(tx)
					for i := range group {
						seq := (round*7919 + i*spread) % sealed
						batch.Change(seq, runTerms(seq)[:1], []Term{to[round%20]})
					}
					return batch.Flush()
				})
				batch.Done(err == nil)
				if err != nil {
					b.Fatal(err)
				}
				round++
			}
			b.ReportMetric(float64(b.Elapsed().Nanoseconds())/1e3/float64(round*group), "µs/doc")
		})
	}
}

// BenchmarkHeap shows what the index keeps in memory: a full tail in which three tags have a value of their own for each
// document, and what was sealed.
func BenchmarkHeap(b *testing.B) {
	heap := func() float64 {
		runtime.GC()
		var m runtime.MemStats
		runtime.ReadMemStats(&m)
		return float64(m.HeapAlloc) / (1 << 20)
	}
	for b.Loop() {
		before := heap()
		m := newMemory()
		x := New(nil)
		for seq := range uint64(1 << 16) {
			m.apply(op{do: born, terms: []Term{
				{'t', "order", fmt.Sprintf("order-%016x", mix(seq+1<<40))},
				{'t', "trace", fmt.Sprintf("%016x%016x", mix(seq+1<<41), mix(seq+1<<42))},
				{'t', "span", fmt.Sprintf("%016x", mix(seq+1<<43))},
				{'t', "team", fmt.Sprintf("team-%02d", seq%20)},
				{'f', "job", fmt.Sprintf("job_%03d", seq%200)},
			}}, x.low(seq))
		}
		b.ReportMetric(heap()-before, "MB-of-a-full-tail")
		runtime.KeepAlive(m)
	}
}
