package tagindex

import (
	"context"
	"errors"
	"slices"
	"testing"

	"go.etcd.io/bbolt"
)

var (
	teamB = Term{'t', "team", "b"}
	teamC = Term{'t', "team", "c"}
)

// TestChecksOfCandidatesAlone counts how often documents are checked.
func TestChecksOfCandidatesAlone(t *testing.T) {
	l := threeChunks(t)
	v := l.view()
	defer func() { l.must(v.Close()) }()
	asked := []uint64{}
	checked := func(inner Query) Query {
		return Check(inner, func(seq uint64) (bool, error) {
			asked = append(asked, seq)
			return seq%2 == 0, nil
		})
	}
	for _, c := range []struct {
		name  string
		q     Query
		limit int
		want  []uint64 // asked about
	}{
		{"APageStopsWhenItIsFull", And(checked(All()), SeqRange(100, 200)), 1, []uint64{199, 198, 197, 196}},
		{"AndAsksAboutWhatIsLeft", And(checked(All()), MatchTerm(teamA), SeqRange(100, 110)), 10, []uint64{108, 105, 102}},
		{"AndStopsAtNothing", And(checked(All()), MatchTerm(teamA), MatchTerm(teamB)), 10, nil},
		{"OrAsksAboutTheRest", And(SeqRange(100, 106), Or(checked(All()), MatchTerm(teamA), MatchTerm(teamB))), 10, []uint64{104, 101}},
		{"NotAsksAboutItsPart", And(SeqRange(100, 106), Not(checked(MatchTerm(teamC)))), 10, []uint64{104, 101}},
		{"CheckOfACheck", And(SeqRange(100, 103), Check(checked(All()), func(uint64) (bool, error) { return true, nil })), 10, []uint64{102, 101, 100}},
		{"NothingInADeadChunk", And(checked(All()), SeqRange(5000, 6000)), 10, nil},
	} {
		t.Run(c.name, func(t *testing.T) {
			asked = nil
			if _, _, err := v.Page(t.Context(), c.q, 0, c.limit); err != nil || !slices.Equal(asked, c.want) {
				t.Errorf("asked about %v, want %v (%v)", asked, c.want, err)
			}
		})
	}
}

func TestPageLooksAheadOnlySoFar(t *testing.T) {
	l := threeChunks(t)
	v := l.view()
	defer func() { l.must(v.Close()) }()
	asked := 0
	q := Check(All(), func(seq uint64) (bool, error) {
		asked++
		return seq > 3070, nil
	})
	page, next, err := v.Page(t.Context(), q, 0, 5)
	if err != nil || len(page) != 5 || next != page[4] {
		t.Fatalf("got %v, next %d, %v", page, next, err)
	}
	asked = 0
	page, next, err = v.Page(t.Context(), q, next, 6)
	if err != nil || len(page) != 6 || page[5] != 3071 || next == 0 || asked != 6+checksAhead {
		t.Fatalf("got %v, next %d, %v, after %d checks", page, next, err, asked)
	}
	if page, next, err = v.Page(t.Context(), q, next, 6); err != nil || len(page) != 0 || next != 0 {
		t.Fatalf("got %v, next %d, %v", page, next, err)
	}
}

func TestEmptyPages(t *testing.T) {
	empty := newLibrary(t, 3)
	v := empty.view()
	if page, next, err := v.Page(t.Context(), All(), 0, 5); len(page) != 0 || next != 0 || err != nil {
		t.Errorf("of nothing: got %v %d %v", page, next, err)
	}
	if n, err := v.Count(t.Context(), All()); n != 0 || err != nil {
		t.Errorf("count of nothing: got %d %v", n, err)
	}
	if values, more, err := v.Values(t.Context(), 't', "team", "", 5); len(values) != 0 || more || err != nil {
		t.Errorf("values of nothing: got %v %t %v", values, more, err)
	}
	empty.must(v.Close())
	l := threeChunks(t)
	v = l.view()
	defer func() { l.must(v.Close()) }()
	if page, next, err := v.Page(t.Context(), All(), 0, 0); len(page) != 0 || next != 0 || err != nil {
		t.Errorf("of no length: got %v %d %v", page, next, err)
	}
	if values, more, err := v.Values(t.Context(), 't', "team", "", 0); len(values) != 0 || more || err != nil {
		t.Errorf("no values: got %v %t %v", values, more, err)
	}
	if page, next, err := v.Page(t.Context(), All(), 1, 5); !slices.Equal(page, []uint64{0}) || next != 0 || err != nil {
		t.Errorf("before 1: got %v %d %v", page, next, err)
	}
}

// TestCancelled has a context that ends before, and one that ends while documents are checked.
func TestCancelled(t *testing.T) {
	l := threeChunks(t)
	v := l.view()
	defer func() { l.must(v.Close()) }()
	ended, cancel := context.WithCancel(t.Context())
	cancel()
	calls := map[string]func(ctx context.Context, q Query) error{
		"Page":    func(ctx context.Context, q Query) error { _, _, err := v.Page(ctx, q, 0, 10000); return err },
		"NoPage":  func(ctx context.Context, q Query) error { _, _, err := v.Page(ctx, q, 0, 0); return err },
		"Count":   func(ctx context.Context, q Query) error { _, err := v.Count(ctx, q); return err },
		"CountBy": func(ctx context.Context, q Query) error { _, err := v.CountBy(ctx, q, "number", 't'); return err },
		"Keys":    func(ctx context.Context, _ Query) error { _, _, err := v.Keys(ctx, 't', "", 10); return err },
		"Values": func(ctx context.Context, _ Query) error {
			_, _, err := v.Values(ctx, 't', "number", "", 10)
			return err
		},
	}
	for name, call := range calls {
		if err := call(ended, All()); !errors.Is(err, context.Canceled) {
			t.Errorf("%s: got %v", name, err)
		}
	}
	for _, name := range []string{"Page", "Count", "CountBy"} {
		ctx, cancel := context.WithCancel(t.Context())
		checks := 0
		err := calls[name](ctx, Check(All(), func(uint64) (bool, error) {
			if checks++; checks == 100 {
				cancel()
			}
			return true, nil
		}))
		if !errors.Is(err, context.Canceled) || checks > 100+checksPerLook {
			t.Errorf("%s: got %v after %d checks", name, err, checks)
		}
	}
}

func TestCheckFails(t *testing.T) {
	l := threeChunks(t)
	v := l.view()
	defer func() { l.must(v.Close()) }()
	wrong := errors.New("wrong")
	bad := Check(MatchTerm(teamA), func(uint64) (bool, error) { return false, wrong })
	for name, q := range map[string]Query{"Alone": bad, "And": And(bad, HasKey('t', "number")), "Or": Or(bad, MatchTerm(teamB)), "Not": Not(bad)} {
		if _, _, err := v.Page(t.Context(), q, 0, 5000); !errors.Is(err, wrong) {
			t.Errorf("page of %s: got %v", name, err)
		}
		if _, err := v.Count(t.Context(), q); !errors.Is(err, wrong) {
			t.Errorf("count of %s: got %v", name, err)
		}
	}
}

// TestDroppedChunk deletes all documents of a chunk: its postings go, in slices, and nothing else changes.
func TestDroppedChunk(t *testing.T) {
	l := threeChunks(t)
	var edits []edit
	for seq := range l.docs {
		if seq>>l.bits == 1 {
			edits = append(edits, edit{seq: seq, gone: true})
		}
	}
	l.write(edits, 0, 0, committed)
	if !l.x.Due() {
		t.Fatal("nothing is due")
	}
	l.load() // what is due is found again
	steps := 0
	for l.x.Due() {
		l.write(nil, 100, 0, committed)
		steps++
	}
	if steps != 11 { // 1024 numbers, 3 teams and 2 keys
		t.Errorf("it took %d slices", steps)
	}
	l.must(l.db.View(func(tx *bbolt.Tx) error {
		if k, _ := tx.Bucket(bucketPost).Cursor().Seek(chunkKey(1)); chunkOf(k) != 2 {
			t.Errorf("a posting is left: %x", k)
		}
		return nil
	}))
	v := l.view()
	defer func() { l.must(v.Close()) }()
	if n, err := v.Count(t.Context(), Not(MatchTerm(teamA))); err != nil || n != uint64(len(l.ask(matcher{
		match: func(_ uint64, terms []Term) bool { return !slices.Contains(terms, teamA) },
	}))) {
		t.Errorf("got %d, %v", n, err)
	}
	if problems := l.check(); len(problems) != 0 {
		t.Errorf("check: %v", problems)
	}
}

// TestDeadChunkIsSealed deletes all documents of a chunk before it is sealed: its postings go as well.
func TestDeadChunkIsSealed(t *testing.T) {
	l := newLibrary(t, 2)
	for seq := range uint64(8) {
		l.write([]edit{{seq: seq, terms: []Term{teamA}}}, 0, 0, committed)
	}
	for seq := range uint64(4) {
		l.write([]edit{{seq: seq, gone: true}}, 0, 0, committed)
	}
	for l.x.Due() {
		l.write(nil, 1, 0, committed)
	}
	if l.stored(teamA.posting().key(0)) != nil || l.stored(teamA.posting().key(1)) == nil {
		t.Error("postings of dead documents are left, or those of living ones are not there")
	}
}

// TestVolatileTermsAreForgotten ends what sealed documents have of a volatile kind: it takes no memory any more.
func TestVolatileTermsAreForgotten(t *testing.T) {
	l := newLibrary(t, 2)
	for seq := range uint64(5) {
		l.write([]edit{{seq: seq, terms: []Term{running}}}, 0, 0, committed)
	}
	l.write(nil, 1000, 0, committed)
	if l.x.sealed != 1 || len(l.x.volatile) != 1 {
		t.Fatalf("%d chunks are sealed, %d have volatile terms", l.x.sealed, len(l.x.volatile))
	}
	l.write([]edit{{seq: 0, terms: []Term{finished}}, {seq: 1, gone: true}, {seq: 2}}, 0, 0, committed)
	l.write([]edit{{seq: 3, gone: true}}, 0, 0, committed)
	if len(l.x.volatile) != 0 {
		t.Errorf("left are %v", l.x.volatile[0].fields)
	}
}
