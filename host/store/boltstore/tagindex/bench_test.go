package tagindex

import (
	"context"
	"encoding/binary"
	"flag"
	"fmt"
	"hash/fnv"
	"os"
	"path/filepath"
	"slices"
	"testing"
	"time"

	"github.com/RoaringBitmap/roaring/v2"
	"go.etcd.io/bbolt"
)

var benchDocs = flag.Uint64("docs", 1_000_000, "how many documents benchmarks have")

// runTerms are the terms of a run as a store may index it: 6 tags, of which 2 have a value of their own for each run, the
// job by three names, where it is from, its version, its status, and the ten minutes in which it started and ended.
func runTerms(seq uint64) []Term {
	h := mix(seq)
	pick := func(n uint64) uint64 {
		h = mix(h)
		return h % n
	}
	job := fmt.Sprintf("job_%03d", pick(200))
	slot := func(minutes uint64) string { return string(be64(2_900_000 + (seq/60+minutes)/10)) }
	env := "prod"
	if n := pick(20); n == 0 {
		env = "staging" // a twentieth
	} else if n < 7 {
		env = "dev" // a third
	}
	status := "SUCCESS"
	if pick(10) == 0 {
		status = "FAILURE"
	}
	location := fmt.Sprintf("team_%d", pick(5))
	return []Term{
		{'t', "team", fmt.Sprintf("team-%02d", pick(20))},
		{'t', "env", env},
		{'t', "region", fmt.Sprintf("region-%d", pick(5))},
		{'t', "owner", fmt.Sprintf("owner-%03d", pick(100))},
		{'t', "order", fmt.Sprintf("order-%016x", mix(seq+1<<40))},
		{'t', "trace", fmt.Sprintf("%016x%016x", mix(seq+1<<41), mix(seq+1<<42))},
		{'f', "job", job},
		{'f', "job", "main/" + job},
		{'f', "job", location + "/main/" + job},
		{'f', "location", location},
		{'f', "repository", "main"},
		{'f', "version", fmt.Sprintf("v1.%d", seq/20_000)},
		{'f', "status", status},
		{'d', "started", slot(0)},
		{'d', "ended", slot(pick(30))},
	}
}

func mix(n uint64) uint64 {
	h := fnv.New64a()
	var b [8]byte
	binary.LittleEndian.PutUint64(b[:], n)
	h.Write(b[:])
	return h.Sum64()
}

func benchDocuments(from, to uint64, add func(uint64, []Term)) error {
	for seq := from; seq < min(to, *benchDocs); seq++ {
		add(seq, runTerms(seq))
	}
	return nil
}

// built is a file with the index of all documents, made once for all benchmarks.
var built struct {
	path  string
	took  time.Duration
	bytes int64
}

// benchIndex opens the index of all documents.
func benchIndex(b testing.TB) (*Index, *bbolt.DB) {
	b.Helper()
	build := built.path == ""
	if build {
		dir, err := os.MkdirTemp("", "tagindex") //nolint:usetesting // the next benchmark uses it too
		if err != nil {
			b.Fatal(err)
		}
		built.path = filepath.Join(dir, "index.db")
	}
	db, err := bbolt.Open(built.path, 0o600, &bbolt.Options{NoSync: true, NoGrowSync: true, PageSize: 8192, InitialMmapSize: 8 << 30})
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() {
		if err := db.Close(); err != nil {
			b.Error(err)
		}
	})
	x := New(nil)
	if build {
		start := time.Now()
		if err := x.Rebuild(b.Context(), *benchDocs, benchDocuments, db.Update); err != nil {
			b.Fatal(err)
		}
		built.took = time.Since(start)
		if err := db.View(func(tx *bbolt.Tx) error {
			built.bytes = tx.Size()
			return nil
		}); err != nil {
			b.Fatal(err)
		}
	}
	if err := db.View(func(tx *bbolt.Tx) error {
		return x.Load(tx, benchDocuments, func(func(uint64, []Term)) error { return nil })
	}); err != nil {
		b.Fatal(err)
	}
	return x, db
}

func TestMain(m *testing.M) {
	flag.Parse()
	code := m.Run()
	if built.path != "" {
		if err := os.RemoveAll(filepath.Dir(built.path)); err != nil {
			fmt.Fprintln(os.Stderr, err)
		}
	}
	os.Exit(code)
}

// BenchmarkQueries opens a view for each query, as a request does.
func BenchmarkQueries(b *testing.B) {
	x, db := benchIndex(b)
	b.Logf("%d documents: built in %v, %.0f bytes each", *benchDocs, built.took.Round(time.Millisecond), float64(built.bytes)/float64(*benchDocs))
	team, dev, staging := Term{'t', "team", "team-07"}, Term{'t', "env", "dev"}, Term{'t', "env", "staging"}
	owner := Term{'t', "owner", "owner-042"}
	order := Term{'t', "order", fmt.Sprintf("order-%016x", mix(*benchDocs/2+1<<40))}
	page := func(q Query) func(ctx context.Context, v *View) error {
		return func(ctx context.Context, v *View) error {
			_, _, err := v.Page(ctx, q, 0, 25)
			return err
		}
	}
	count := func(q Query) func(ctx context.Context, v *View) error {
		return func(ctx context.Context, v *View) error {
			_, err := v.Count(ctx, q)
			return err
		}
	}
	values := func(key, prefix string) func(ctx context.Context, v *View) error {
		return func(ctx context.Context, v *View) error {
			_, _, err := v.Values(ctx, 't', key, prefix, 20)
			return err
		}
	}
	last := 2_900_000 + *benchDocs/600
	for _, c := range []struct {
		name string
		ask  func(ctx context.Context, v *View) error
	}{
		{"PageOfAll", page(All())},
		{"PageOfATag", page(MatchTerm(dev))},
		{"PageOfTwoTagsAndNot", page(And(MatchTerm(team), MatchTerm(dev), Not(MatchTerm(owner))))},
		{"PageOfAnOldUniqueValue", page(MatchTerm(order))},
		{"PageOfTwoThatNeverMeet", page(And(MatchTerm(dev), MatchTerm(staging)))},
		{"CountOfATag", count(MatchTerm(dev))},
		{"CountOfTwoTags", count(And(MatchTerm(team), MatchTerm(dev)))},
		{"CountOfTwoTagsAndNot", count(And(MatchTerm(team), MatchTerm(dev), Not(MatchTerm(owner))))},
		{"CountOfADay", count(ValueRange('d', "started", string(be64(last-144)), string(be64(last))))},
		{"CountOfAPrefixOfUniqueValues", count(ValuePrefix('t', "order", "order-1"))},
		{"CountByStatus", func(ctx context.Context, v *View) error {
			_, err := v.CountBy(ctx, MatchTerm(dev), "status", 'f')
			return err
		}},
		{"ValuesOfATag", values("team", "")},
		{"ValuesOfAUniqueTag", values("order", "order-7")},
		{"KeysOfTags", func(ctx context.Context, v *View) error {
			_, _, err := v.Keys(ctx, 't', "", 20)
			return err
		}},
	} {
		b.Run(c.name, func(b *testing.B) {
			var took []time.Duration
			for b.Loop() {
				start := time.Now()
				v, err := x.View(func() (*bbolt.Tx, error) { return db.Begin(false) })
				if err != nil {
					b.Fatal(err)
				}
				if err := c.ask(b.Context(), v); err != nil {
					b.Fatal(err)
				}
				if err := v.Close(); err != nil {
					b.Fatal(err)
				}
				took = append(took, time.Since(start))
			}
			slices.Sort(took)
			b.ReportMetric(float64(took[len(took)/2].Nanoseconds())/1e3, "µs-p50")
			b.ReportMetric(float64(took[len(took)*99/100].Nanoseconds())/1e3, "µs-p99")
		})
	}
}

// BenchmarkTail asks a chunk in memory that is full, under the lock that its writer waits for.
func BenchmarkTail(b *testing.B) {
	db, x := freshIndex(b)
	for next := uint64(0); next < 1<<16; {
		if err := addGroup(db, x, &next, 4096, runTerms); err != nil {
			b.Fatal(err)
		}
	}
	for name, ask := range map[string]func(v *View) error{
		"CountOfTwoTags": func(v *View) error {
			_, err := v.Count(b.Context(), And(MatchTerm(Term{'t', "team", "team-07"}), MatchTerm(Term{'t', "env", "dev"})))
			return err
		},
		"CountOfAPrefixOfUniqueValues": func(v *View) error {
			_, err := v.Count(b.Context(), ValuePrefix('t', "order", "order-"))
			return err
		},
		"ValuesOfAUniqueTag": func(v *View) error {
			_, _, err := v.Values(b.Context(), 't', "order", "order-7", 20)
			return err
		},
	} {
		b.Run(name, func(b *testing.B) {
			for b.Loop() {
				v, err := x.View(func() (*bbolt.Tx, error) { return db.Begin(false) })
				if err != nil {
					b.Fatal(err)
				}
				if err := ask(v); err != nil {
					b.Fatal(err)
				}
				if err := v.Close(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}

// BenchmarkOpen loads the index: what is not sealed, in memory.
func BenchmarkOpen(b *testing.B) {
	_, db := benchIndex(b)
	for b.Loop() {
		x := New(nil)
		if err := db.View(func(tx *bbolt.Tx) error {
			return x.Load(tx, func(_, _ uint64, _ func(uint64, []Term)) error { return nil }, func(func(uint64, []Term)) error { return nil })
		}); err != nil {
			b.Fatal(err)
		}
	}
}

// BenchmarkContainer reads a stored bitmap of 8 KB: its header, the set with its checksum, and the checksum alone.
func BenchmarkContainer(b *testing.B) {
	set, key := roaring.New(), []byte("0000tteam\x00\x01team-07")
	for low := range uint64(1 << 16) {
		if mix(low)%3 == 0 {
			set.Add(uint32(low))
		}
	}
	v, err := encode(key, set)
	if err != nil {
		b.Fatal(err)
	}
	for name, read := range map[string]func() error{
		"Header": func() error { _, err := open(key, v); return err },
		"Set": func() error {
			c, err := open(key, v)
			if err == nil {
				_, err = c.set()
			}
			return err
		},
		"Checksum": func() error { checksum(nil, v); return nil },
	} {
		b.Run(name, func(b *testing.B) {
			b.ReportAllocs()
			for b.Loop() {
				if err := read(); err != nil {
					b.Fatal(err)
				}
			}
		})
	}
}
