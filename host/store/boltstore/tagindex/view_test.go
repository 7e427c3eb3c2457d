package tagindex

import (
	"context"
	"errors"
	"math/rand/v2"
	"slices"
	"strconv"
	"sync"
	"testing"

	"go.etcd.io/bbolt"
)

var (
	running  = Term{volatileKind, "status", "running"}
	finished = Term{'t', "status", "finished"}
)

// TestReadersBesideWriter has documents that are running or finished, and never both or neither, while they come, finish
// and are sealed.
func TestReadersBesideWriter(t *testing.T) {
	l := newLibrary(t, 5)
	var readers sync.WaitGroup
	stop := make(chan struct{})
	for range 3 {
		readers.Go(func() {
			for last := uint64(0); ; {
				select {
				case <-stop:
					return
				default:
				}
				if last = readBeside(t, l, last); t.Failed() {
					return
				}
			}
		})
	}
	random := rand.New(rand.NewPCG(1, 2))
	next := uint64(0)
	for range 200 {
		var edits []edit
		for range random.IntN(12) {
			edits = append(edits, edit{seq: next, terms: []Term{running, {'t', "number", strconv.FormatUint(next, 10)}}})
			next++
		}
		for range random.IntN(8) {
			if seq := random.Uint64N(next + 1); seq < l.next {
				edits = append(edits, edit{seq: seq, terms: []Term{finished, {'t', "number", strconv.FormatUint(seq, 10)}}})
			}
		}
		l.write(edits, random.IntN(30), 0, committed)
	}
	close(stop)
	readers.Wait()
	if l.x.sealed == 0 {
		t.Error("no chunk was sealed")
	}
}

// readBeside looks once, and returns how many documents there were: at least last.
func readBeside(t *testing.T, l *library, last uint64) uint64 {
	v, err := l.x.View(func() (*bbolt.Tx, error) { return l.db.Begin(false) })
	if err != nil {
		t.Error(err)
		return 0
	}
	defer func() {
		if err := v.Close(); err != nil {
			t.Error(err)
		}
	}()
	count := func(q Query) uint64 {
		n, err := v.Count(context.Background(), q)
		if err != nil {
			t.Error(err)
		}
		return n
	}
	all := count(All())
	records := uint64(v.Tx().Bucket(bucketDocuments).Stats().KeyN)
	if either, both := count(Or(MatchTerm(running), MatchTerm(finished))), count(And(MatchTerm(running), MatchTerm(finished))); either != all ||
		both != 0 || all != records || all < last {
		t.Errorf("%d documents of %d records, %d before: %d running or finished, %d both", all, records, last, either, both)
	}
	page, _, err := v.Page(context.Background(), HasKey('t', "number"), 0, 50)
	if err != nil || !slices.IsSortedFunc(page, func(a, b uint64) int { return int(b) - int(a) }) {
		t.Errorf("page %v, %v", page, err)
	}
	if _, _, err := v.Values(context.Background(), 't', "number", "1", 20); err != nil {
		t.Error(err)
	}
	if _, _, err := v.Keys(context.Background(), volatileKind, "", 20); err != nil {
		t.Error(err)
	}
	for _, q := range []Query{All(), Or(MatchTerm(running), MatchTerm(finished))} {
		if by, err := v.CountBy(context.Background(), q, "status", 't', volatileKind); err != nil || by["running"]+by["finished"] != all {
			t.Errorf("by status %v of %d, %v", by, all, err)
		}
	}
	if by, err := v.CountBy(context.Background(), MatchTerm(running), "status", 't', volatileKind); err != nil || by["finished"] != 0 {
		t.Errorf("running by status %v, %v", by, err)
	}
	return all
}

// TestCountByIsOfOneMoment finishes documents while they are counted: each is counted once, by what it had when it was
// selected.
func TestCountByIsOfOneMoment(t *testing.T) {
	for name, sealed := range map[string]bool{"InMemory": false, "Sealed": true} {
		t.Run(name, func(t *testing.T) {
			l := newLibrary(t, 2)
			for seq := range uint64(4) {
				l.write([]edit{{seq: seq, terms: []Term{running}}}, 0, 0, committed)
			}
			if sealed {
				l.write(nil, 1000, 0, committed)
			}
			if (l.x.sealed > 0) != sealed {
				t.Fatalf("%d chunks are sealed", l.x.sealed)
			}
			v := l.view()
			defer func() { l.must(v.Close()) }()
			by, err := v.CountBy(t.Context(), Check(MatchTerm(running), func(seq uint64) (bool, error) {
				l.write([]edit{{seq: seq, terms: []Term{finished}}, {seq: (seq + 3) % 4, terms: []Term{finished}}}, 0, 0, committed)
				return seq != 1, nil
			}), "status", 't', volatileKind)
			if err != nil || len(by) != 1 || by["running"] != 3 {
				t.Errorf("got %v, %v, want 3 that are running", by, err)
			}
		})
	}
}

// TestViewWaitsForMemory opens views between a commit and its Done.
func TestViewWaitsForMemory(t *testing.T) {
	l := newLibrary(t, 5)
	l.write([]edit{{seq: 0, terms: []Term{running}}}, 0, 0, committed)
	before := l.view()
	tx, err := l.db.Begin(true)
	l.must(err)
	b := l.x.Begin(tx)
	b.Change(0, []Term{running}, []Term{finished})
	l.must(b.Flush())
	early := l.view() // the transaction is not committed: this does not wait
	l.must(tx.Commit())
	opened := make(chan *View)
	tried := make(chan struct{}, 1000)
	go func() {
		v, err := l.x.View(func() (*bbolt.Tx, error) {
			select {
			case tried <- struct{}{}:
			default:
			}
			return l.db.Begin(false)
		})
		if err != nil {
			t.Error(err)
		}
		opened <- v
	}()
	<-tried
	select {
	case <-opened:
		t.Error("a view was opened before memory has what its transaction shows")
	default:
	}
	b.Done(true)
	late := <-opened
	for name, v := range map[string]*View{"before": before, "early": early, "late": late} {
		if n, err := v.Count(t.Context(), Or(MatchTerm(running), MatchTerm(finished))); err != nil || n != 1 {
			t.Errorf("%s: got %d, %v", name, n, err)
		}
		l.must(v.Close())
	}
}

func TestViewPassesErrorOn(t *testing.T) {
	l := newLibrary(t, 5)
	wrong := errors.New("wrong")
	if _, err := l.x.View(func() (*bbolt.Tx, error) { return nil, wrong }); !errors.Is(err, wrong) {
		t.Errorf("got %v", err)
	}
	l.must(l.view().Close()) // the lock was let go
	l.write([]edit{{seq: 1}}, 0, 0, committed)
}

// TestViewOutlivesSeal reads from a view that was opened before the chunk in memory was sealed and changed.
func TestViewOutlivesSeal(t *testing.T) {
	l := newLibrary(t, 2)
	for seq := range uint64(4) {
		l.write([]edit{{seq: seq, terms: []Term{running, {'t', "n", "1"}}}}, 0, 0, committed)
	}
	v := l.view()
	for l.write(nil, 1, 0, committed) {
	}
	l.write([]edit{{seq: 2, terms: []Term{finished}}, {seq: 9, terms: []Term{running}}}, 0, 0, committed)
	if page, next, err := v.Page(t.Context(), MatchTerm(running), 0, 10); err != nil || next != 0 || !slices.Equal(page, []uint64{3, 2, 1, 0}) {
		t.Errorf("got %v %d %v", page, next, err)
	}
	l.must(v.Close())
}

func TestTooLongTerm(t *testing.T) {
	l := newLibrary(t, 5)
	long := Term{'t', "key", string(make([]byte, MaxTermBytes-2))}
	l.must(l.db.Update(func(tx *bbolt.Tx) error {
		b := l.x.Begin(tx)
		b.Add(1, []Term{long})
		if err := b.Flush(); err == nil {
			t.Error("it was taken")
		}
		b.Done(false)
		return nil
	}))
	fits := Term{'t', "\x00" + "ke", string(make([]byte, MaxTermBytes-3))}
	for seq := range uint64(32) {
		l.write([]edit{{seq: seq, terms: []Term{fits}}}, 0, 0, committed)
	}
	for l.write(nil, 1000, 0, committed) {
	}
	v := l.view()
	if n, err := v.Count(t.Context(), MatchTerm(fits)); err != nil || n != 32 || l.x.sealed != 1 {
		t.Errorf("got %d, %v", n, err)
	}
	l.must(v.Close())
}
