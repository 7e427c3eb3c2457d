package tagindex

import (
	"bytes"
	"cmp"
	"encoding/binary"
	"errors"
	"fmt"
	"maps"
	"math"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
)

const volatileKind = 'v'

func testOptions(bits int) *Options {
	return &Options{Volatile: func(kind byte) bool { return kind == volatileKind }, chunkBits: bits}
}

var bucketDocuments = []byte("documents")

// library is a store of documents with an index: what a store does with runs, in little.
type library struct {
	t    testing.TB
	db   *bbolt.DB
	x    *Index
	bits int
	// docs are those that are committed, next the number of the one that comes next: the truth.
	docs map[uint64][]Term
	next uint64
	// held are views that are open.
	held []*heldView
}

// heldView is a view with what was there when it was opened. Of what has changed since it may tell either.
type heldView struct {
	v       *View
	docs    map[uint64][]Term
	changed map[uint64]bool
}

// options make no promise about power cuts: what is tested is what a transaction holds.
var options = &bbolt.Options{NoSync: true, NoGrowSync: true, InitialMmapSize: 1 << 30}

func newLibrary(t testing.TB, bits int) *library {
	t.Helper()
	db, err := bbolt.Open(filepath.Join(t.TempDir(), "library.db"), 0o600, options)
	l := &library{t: t, db: db}
	l.must(err)
	t.Cleanup(func() { l.must(l.db.Close()) })
	l.reset(bits)
	return l
}

// reset makes the library empty, with chunks of another size.
func (l *library) reset(bits int) {
	l.t.Helper()
	l.bits, l.docs, l.next = bits, map[uint64][]Term{}, 0
	l.must(l.db.Update(func(tx *bbolt.Tx) error {
		for _, name := range append(Buckets(), bucketDocuments) {
			if tx.Bucket(name) == nil {
				continue
			}
			if err := tx.DeleteBucket(name); err != nil {
				return err
			}
		}
		if _, err := tx.CreateBucket(bucketDocuments); err != nil {
			return err
		}
		return CreateBuckets(tx)
	}))
	l.load()
}

// load makes the index from what is on disk, as after a crash.
func (l *library) load() {
	l.t.Helper()
	l.x = New(testOptions(l.bits))
	l.must(l.db.View(func(tx *bbolt.Tx) error {
		return l.x.Load(tx, documentsOf(tx), func(add func(uint64, []Term)) error {
			return documentsOf(tx)(0, math.MaxUint64, func(seq uint64, terms []Term) {
				if slices.ContainsFunc(terms, func(t Term) bool { return t.Kind == volatileKind }) {
					add(seq, terms)
				}
			})
		})
	}))
}

func (l *library) must(err error) {
	l.t.Helper()
	if err != nil {
		l.t.Fatal(err)
	}
}

// documentsOf reads the records.
func documentsOf(tx *bbolt.Tx) Documents {
	return func(from, to uint64, add func(uint64, []Term)) error {
		c := tx.Bucket(bucketDocuments).Cursor()
		for k, v := c.Seek(be64(from)); k != nil && binary.BigEndian.Uint64(k) < to; k, v = c.Next() {
			terms, err := termsOf(v)
			if err != nil {
				return err
			}
			add(binary.BigEndian.Uint64(k), terms)
		}
		return nil
	}
}

func be64(n uint64) []byte { return binary.BigEndian.AppendUint64(nil, n) }

func termsOf(record []byte) (terms []Term, err error) {
	for len(record) > 0 {
		t := Term{Kind: record[0]}
		record = record[1:]
		for _, text := range []*string{&t.Key, &t.Value} {
			n, length := binary.Uvarint(record)
			if length <= 0 || n > uint64(len(record)-length) {
				return nil, fmt.Errorf("record ends with %x", record)
			}
			*text, record = string(record[length:][:n]), record[length+int(n):]
		}
		terms = append(terms, t)
	}
	return terms, nil
}

func recordOf(terms []Term) (record []byte) {
	for _, t := range terms {
		record = append(record, t.Kind)
		for _, text := range []string{t.Key, t.Value} {
			record = append(binary.AppendUvarint(record, uint64(len(text))), text...)
		}
	}
	return record
}

// edit is a change to a document: to these terms, or gone.
type edit struct {
	seq   uint64
	terms []Term
	gone  bool
}

// how a write ends.
type ending int

const (
	committed  ending = iota
	rolledBack        // the transaction was undone, the process goes on
	crashed           // committed, and the process ended before it knew
	lostCommit        // undone, and the process ended
)

var errUndo = errors.New("undo")

// write applies edits in one transaction, with a slice of a seal when slice > 0 after as many of them as are given.
func (l *library) write(edits []edit, slice, sliceAt int, end ending) (more bool) {
	l.t.Helper()
	docs, next := maps.Clone(l.docs), l.next
	for _, h := range l.held {
		for _, e := range edits {
			h.changed[e.seq] = true
		}
	}
	var b *Batch
	err := l.db.Update(func(tx *bbolt.Tx) (err error) {
		records := tx.Bucket(bucketDocuments)
		b = l.x.Begin(tx)
		for i := 0; i <= len(edits); i++ {
			if slice > 0 && i == min(sliceAt, len(edits)) {
				if more, err = b.Seal(slice); err != nil {
					return err
				}
			}
			if i == len(edits) {
				break
			}
			e := edits[i]
			before, was := docs[e.seq]
			switch {
			case e.gone:
				b.Delete(e.seq)
				delete(docs, e.seq)
				err = records.Delete(be64(e.seq))
			case !was:
				b.Add(e.seq, e.terms)
				docs[e.seq] = e.terms
				next = max(next, e.seq+1)
				err = records.Put(be64(e.seq), recordOf(e.terms))
			default:
				b.Change(e.seq, before, e.terms)
				docs[e.seq] = e.terms
				err = records.Put(be64(e.seq), recordOf(e.terms))
			}
			if err != nil {
				return err
			}
		}
		if err := b.Flush(); err != nil {
			return err
		}
		if end == rolledBack || end == lostCommit {
			return errUndo
		}
		return nil
	})
	if err != nil && !errors.Is(err, errUndo) {
		l.t.Fatal(err)
	}
	switch end {
	case committed:
		b.Done(true)
		l.docs, l.next = docs, next
	case rolledBack:
		b.Done(false)
	case crashed:
		l.docs, l.next = docs, next
		l.load()
	case lostCommit:
		l.load()
	}
	return more
}

func (l *library) view() *View {
	l.t.Helper()
	v, err := l.x.View(func() (*bbolt.Tx, error) { return l.db.Begin(false) })
	l.must(err)
	return v
}

// hold opens a view that stays open.
func (l *library) hold() {
	l.held = append(l.held, &heldView{v: l.view(), docs: maps.Clone(l.docs), changed: map[uint64]bool{}})
}

// release closes all views.
func (l *library) release() {
	for _, h := range l.held {
		l.must(h.v.Close())
	}
	l.held = nil
}

// matcher is a query and what it means.
type matcher struct {
	text  string
	query func(v *View) Query
	match func(seq uint64, terms []Term) bool
}

// ask answers by brute force, newest first.
func (l *library) ask(m matcher) (seqs []uint64) {
	for seq, terms := range l.docs {
		if m.match(seq, terms) {
			seqs = append(seqs, seq)
		}
	}
	slices.SortFunc(seqs, func(a, b uint64) int { return cmp.Compare(b, a) })
	return seqs
}

// tally counts texts of the documents, each once per document.
func tally(docs []([]Term), of func(Term) (string, bool)) map[string]uint64 {
	counts := map[string]uint64{}
	for _, terms := range docs {
		once := map[string]bool{}
		for _, t := range terms {
			if text, ok := of(t); ok && !once[text] {
				once[text] = true
				counts[text]++
			}
		}
	}
	return counts
}

// listed makes a page of a tally.
func listed(counts map[string]uint64, prefix string, limit int) (page []Count, more bool) {
	for _, text := range slices.Sorted(maps.Keys(counts)) {
		if !strings.HasPrefix(text, prefix) {
			continue
		}
		if len(page) == limit {
			return page, true
		}
		page = append(page, Count{Text: text, Docs: counts[text]})
	}
	return page, false
}

// check compares what is stored with the records.
func (l *library) check() (problems []error) {
	l.t.Helper()
	l.must(l.db.View(func(tx *bbolt.Tx) error {
		return New(testOptions(l.bits)).Check(l.t.Context(), tx, documentsOf(tx), nil, func(problem error) {
			problems = append(problems, problem)
		})
	}))
	return problems
}

func (m matcher) String() string { return fmt.Sprintf("[%s]", m.text) }

// repair makes the index anew.
func (l *library) repair() {
	l.t.Helper()
	l.must(New(testOptions(l.bits)).Rebuild(l.t.Context(), l.next, func(from, to uint64, add func(uint64, []Term)) error {
		return l.db.View(func(tx *bbolt.Tx) error { return documentsOf(tx)(from, to, add) })
	}, l.db.Update))
	l.load()
}

// stored returns a value of bucket post.
func (l *library) stored(key []byte) (value []byte) {
	l.t.Helper()
	l.must(l.db.View(func(tx *bbolt.Tx) error {
		value = bytes.Clone(tx.Bucket(bucketPost).Get(key))
		return nil
	}))
	return value
}
