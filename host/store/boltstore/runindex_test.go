package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"path/filepath"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/host/store/boltstore/tagindex"
	"github.com/penstock-run/penstock/usercode/tag"
)

// tagged makes runs with a tag n of their own each, and a tag that all have.
func tagged(t testing.TB, s *Store, count int) (runs []host.Run) {
	t.Helper()
	for i := range count {
		n := newRun()
		n.Run.Tags = []tag.Tag{{Key: "all", Value: "x"}, {Key: "n", Value: fmt.Sprint(i + 1)}}
		run, _, err := s.CreateRun(t.Context(), n)
		if err != nil {
			t.Fatal(err)
		}
		runs = append(runs, run)
	}
	return runs
}

// seqsOf are the numbers of the runs that match, newest first; what comes beside them is an error of the test.
func seqsOf(t testing.TB, s *Store, where *selector.Expr) (seqs []uint64) {
	t.Helper()
	page, err := s.Runs(t.Context(), where, 0, 1000)
	if err != nil {
		t.Errorf("Runs of %+v: %v", where, err)
	}
	for i := range page.Runs {
		seqs = append(seqs, page.Runs[i].Seq)
	}
	return seqs
}

// sealAll writes until the index has nothing to seal any more.
func sealAll(t testing.TB, s *Store) {
	t.Helper()
	for s.index.Due() {
		if err := s.meta.do(&write{ctx: t.Context(), apply: func(*txn) error { return nil }}); err != nil {
			t.Fatal(err)
		}
	}
}

func TestFullChunksAreSealed(t *testing.T) {
	s, dir := openNew(t, smallChunks())
	tagged(t, s, 8*5+3)
	sealAll(t, s)
	chunks := map[string]bool{}
	if err := s.meta.view(func(tx *bbolt.Tx) error {
		return tx.Bucket([]byte("post")).ForEach(func(k, _ []byte) error {
			chunks[string(k[:4])] = true
			return nil
		})
	}); err != nil {
		t.Fatal(err)
	}
	if len(chunks) != 5 {
		t.Errorf("%d chunks are on disk, want 5", len(chunks))
	}
	for range 2 {
		if got := seqsOf(t, s, selector.TagIs("n", "13")); !slices.Equal(got, []uint64{13}) {
			t.Errorf("run 13 is found as %v", got)
		}
		if got, err := s.CountRuns(t.Context(), selector.TagIs("all", "x")); err != nil || got[host.Queued] != 43 {
			t.Errorf("CountRuns = %v, %v", got, err)
		}
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		var err error
		if s, err = Open(dir, smallChunks()); err != nil {
			t.Fatal(err)
		}
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestFailedWritesLeaveTheIndex has writes that fail alone share a transaction with others.
func TestFailedWritesLeaveTheIndex(t *testing.T) {
	s, _ := openNew(t, smallChunks())
	runs := tagged(t, s, 20)
	sealAll(t, s)
	refused := errors.New("refused")
	retag := func(value string, err error) func(*host.Run) ([][]byte, error) {
		return func(r *host.Run) ([][]byte, error) {
			r.Tags = []tag.Tag{{Key: "all", Value: value}}
			return nil, err
		}
	}
	if _, err := s.UpdateRun(t.Context(), runs[2].ID, retag("refused", refused)); !errors.Is(err, refused) {
		t.Fatal(err)
	}
	again := newRun()
	again.Run.ID, again.Run.Tags = runs[4].ID, []tag.Tag{{Key: "all", Value: "twice"}}
	if _, _, err := s.CreateRun(t.Context(), again); host.CodeOf(err) != host.Conflict {
		t.Fatal(err)
	}
	results, err := s.UpdateRuns(t.Context(), host.Request{}, []host.RunID{runs[0].ID, runs[1].ID, runs[19].ID},
		func(r *host.Run) ([][]byte, error) {
			if r.Seq == 2 {
				return retag("refused", refused)(r)
			}
			return retag("y", nil)(r)
		})
	if err != nil || !errors.Is(results[1].Err, refused) {
		t.Fatal(results, err)
	}
	func() {
		defer func() { _ = recover() }()
		_, _ = s.UpdateRun(t.Context(), runs[3].ID, func(r *host.Run) ([][]byte, error) {
			r.Tags = nil
			panic("midway")
		})
	}()
	ctx, cancel := context.WithCancel(t.Context())
	cancel()
	if _, err := s.UpdateRun(ctx, runs[5].ID, retag("canceled", nil)); !errors.Is(err, context.Canceled) {
		t.Fatal(err)
	}
	page, err := s.RunTerms(t.Context(), host.TermQuery{On: selector.Tag, Name: "all", Limit: 10})
	if err != nil || fmt.Sprint(page.Terms) != "[{x 18} {y 2}]" {
		t.Errorf("values of the tag are %v, %v; want x for 18 and y for 2", page.Terms, err)
	}
	if got := seqsOf(t, s, selector.TagIs("all", "y")); !slices.Equal(got, []uint64{20, 1}) {
		t.Errorf("y is found as %v", got)
	}
}

// TestPageOfChangingRuns changes runs after a page was begun: what of them is in memory is newer than their records, and
// the page has none that it does not show as what was asked for.
func TestPageOfChangingRuns(t *testing.T) {
	s, _ := openNew(t, nil)
	runs := tagged(t, s, 3)
	all, other := selector.TagIs("all", "x"), selector.TagIs("n", "other")
	var damage damagedRuns
	if err := s.selecting(t.Context(), &damage, func(q *query) error {
		updated(t, s, runs[0].ID, func(r *host.Run) { r.Tags[1].Value = "other" })
		updated(t, s, runs[1].ID, func(r *host.Run) { r.Status = host.Success })
		if err := s.DeleteRun(t.Context(), runs[1].ID); err != nil {
			return err
		}
		create(t, s)
		for _, c := range []struct {
			where            *selector.Expr
			indexed, records []uint64
		}{
			{nil, []uint64{3, 2, 1}, []uint64{3, 2, 1}}, {all, []uint64{3, 1}, []uint64{3, 1}}, {other, []uint64{1}, nil},
		} {
			seqs, _, err := q.page(c.where, 0, 10)
			if err != nil || !slices.Equal(seqs, c.indexed) {
				t.Errorf("page of %+v = %v, %v; want %v", c.where, seqs, err, c.indexed)
			}
			seqs = slices.DeleteFunc(seqs, func(seq uint64) bool {
				run, _ := q.run(seq, c.where)
				return run == nil
			})
			if !slices.Equal(seqs, c.records) {
				t.Errorf("runs of %+v = %v, want %v", c.where, seqs, c.records)
			}
		}
		return damage.AsError()
	}); err != nil {
		t.Fatal(err)
	}
}

// TestPageBesideADamagedRun spoils the record of a run: pages go on without it, and say so, as long as the store is open
// and when it is opened again.
func TestPageBesideADamagedRun(t *testing.T) {
	for name, options := range map[string]*Options{"sealed": smallChunks(), "in memory": nil} {
		t.Run(name, func(t *testing.T) {
			dir := filepath.Join(t.TempDir(), "store")
			s, err := Open(dir, options)
			if err != nil {
				t.Fatal(err)
			}
			tagged(t, s, 20)
			sealAll(t, s)
			if err := s.meta.do(&write{ctx: t.Context(), apply: func(x *txn) error {
				x.put(bucketRuns, seqKey(3), []byte("spoilt"))
				return nil
			}}); err != nil {
				t.Fatal(err)
			}
			all := selector.TagIs("all", "x")
			for range 2 {
				page, err := s.Runs(t.Context(), all, 0, 100)
				damage, other := host.DamageIn(err)
				if len(page.Runs) != 19 || page.Next != 0 || len(damage) != 1 || other != nil {
					t.Errorf("Runs = %d, next %d, %v; want the 19 others beside the damage", len(page.Runs), page.Next, err)
				}
				wantReason(t, "Runs", err, host.Internal, reasonDamaged)
				if page, err := s.Runs(t.Context(), nil, 0, 100); len(page.Runs) != 19 || host.ReasonOf(err) != reasonDamaged {
					t.Errorf("Runs of everything = %d, %v", len(page.Runs), err)
				}
				if page, err := s.Runs(t.Context(), all, 0, 5); len(page.Runs) != 5 || page.Next == 0 {
					t.Errorf("a page that does not come to it = %d, next %d, %v", len(page.Runs), page.Next, err)
				}
				if err := s.Close(); err != nil {
					t.Fatal(err)
				}
				if s, err = Open(dir, options); err != nil {
					t.Fatal(err)
				}
			}
			if err := s.Close(); err != nil {
				t.Fatal(err)
			}
		})
	}
}

// TestDamagedRunIsToldOf spoils the record of a run that is in memory: lists and counts tell of it also when its chunk was
// sealed since, and when the index was made anew.
func TestDamagedRunIsToldOf(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s, err := Open(dir, smallChunks())
	if err != nil {
		t.Fatal(err)
	}
	tagged(t, s, 4)
	if err := s.meta.do(&write{ctx: t.Context(), apply: func(x *txn) error {
		x.put(bucketRuns, seqKey(3), []byte("spoilt"))
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	check := func(when string) {
		t.Helper()
		if err := s.Close(); err != nil {
			t.Fatal(err)
		}
		if found, _ := problems(t, dir); len(found) != 1 {
			t.Errorf("%s: Fsck finds %v, want the record", when, found)
		}
		if s, err = Open(dir, smallChunks()); err != nil {
			t.Fatal(err)
		}
		for name, where := range map[string]*selector.Expr{
			"a tag": selector.TagIs("all", "x"), "no tag": selector.None(selector.TagIs("all", "y")), "nothing": selector.TagIs("all", "y"),
		} {
			page, err := s.Runs(t.Context(), where, 0, 100)
			if damage, other := host.DamageIn(err); len(damage) != 1 || other != nil {
				t.Errorf("%s: Runs of %s = %d runs, %v", when, name, len(page.Runs), err)
			}
			_, err = s.SelectRuns(t.Context(), where, 0, 100)
			wantReason(t, when+": SelectRuns of "+name, err, host.Internal, reasonDamaged)
			_, err = s.CountRuns(t.Context(), where)
			wantReason(t, when+": CountRuns of "+name, err, host.Internal, reasonDamaged)
		}
	}
	check("in memory")
	tagged(t, s, 10)
	sealAll(t, s)
	check("sealed")
	if err := s.meta.do(&write{ctx: t.Context(), apply: func(x *txn) error {
		k, _ := x.Bucket([]byte("post")).Cursor().First()
		x.del([]byte("post"), bytes.Clone(k))
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	if err := errors.Join(s.Close(), Repair(t.Context(), dir, smallChunks())); err != nil {
		t.Fatal(err)
	}
	if s, err = Open(dir, smallChunks()); err != nil {
		t.Fatal(err)
	}
	check("made anew")
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestDamagedIndexIsNotServed spoils a set of the index: what depends on it is an error that says what to do, the rest goes
// on.
func TestDamagedIndexIsNotServed(t *testing.T) {
	dir := filepath.Join(t.TempDir(), "store")
	s, err := Open(dir, smallChunks())
	if err != nil {
		t.Fatal(err)
	}
	tagged(t, s, 20)
	sealAll(t, s)
	if err := s.meta.do(&write{ctx: t.Context(), apply: func(x *txn) error {
		post := x.Bucket([]byte("post"))
		c := post.Cursor()
		for k, v := c.First(); k != nil; k, v = c.Next() {
			if bytes.HasSuffix(k, []byte("all\x00\x01x")) {
				spoilt := bytes.Clone(v)
				spoilt[len(spoilt)-1] ^= 1
				x.changed(post.Put(bytes.Clone(k), spoilt))
				return nil
			}
		}
		return errors.New("the set is not there")
	}}); err != nil {
		t.Fatal(err)
	}
	_, err = s.Runs(t.Context(), selector.TagIs("all", "x"), 0, 100)
	wantReason(t, "Runs", err, host.Internal, reasonDamaged)
	var e *host.Error
	if !errors.As(err, &e) || !strings.Contains(e.Remedy, "fsck") {
		t.Errorf("the remedy %v does not name fsck", e)
	}
	_, err = s.CountRuns(t.Context(), selector.TagIs("all", "x"))
	wantReason(t, "CountRuns", err, host.Internal, reasonDamaged)
	if got := seqsOf(t, s, selector.TagIs("n", "3")); !slices.Equal(got, []uint64{3}) {
		t.Errorf("what does not depend on it is found as %v", got)
	}
	if got := seqsOf(t, s, nil); len(got) != 20 {
		t.Errorf("all are found as %v", got)
	}
	if err := s.Close(); err != nil {
		t.Fatal(err)
	}
}

// TestBeginningsOfManyIDs finds more ids than a query lists.
func TestBeginningsOfManyIDs(t *testing.T) {
	s, _ := openNew(t, nil)
	const count = maxIDs + 10
	var one host.RunID
	if err := s.meta.do(&write{ctx: t.Context(), apply: func(x *txn) error {
		for i := range count {
			c := creation{store: s, new: newRun()}
			c.new.Run.ID = host.RunID(fmt.Sprintf("0190a000-0000-7000-8000-%012x", i))
			c.new.RequestID = "request " + string(c.new.Run.ID)
			one = c.new.Run.ID
			if err := errors.Join(c.prepare(), c.apply(x)); err != nil {
				return err
			}
		}
		return nil
	}}); err != nil {
		t.Fatal(err)
	}
	for prefix, want := range map[string]uint64{"0190": count, "0190a000-0000-7000-8000-0000000000": 256, string(one): 1, "0191": 0} {
		got, err := s.CountRuns(t.Context(), selector.FieldHasPrefix(host.FieldID, prefix))
		if err != nil || got.Total() != want {
			t.Errorf("CountRuns of %s = %v, %v; want %d", prefix, got, err, want)
		}
	}
	page, err := s.Runs(t.Context(), selector.FieldHasPrefix(host.FieldID, "0190"), 0, 2)
	if err != nil || len(page.Runs) != 2 || page.Runs[0].ID != one {
		t.Errorf("Runs = %d, %v", len(page.Runs), err)
	}
}

func TestChangedKeys(t *testing.T) {
	terms := func(text string) (terms []tagindex.Term) {
		for f := range strings.FieldsSeq(text) {
			key, value, _ := strings.Cut(f, "=")
			terms = append(terms, tagindex.Term{Kind: kindTag, Key: key, Value: value})
		}
		return terms
	}
	for _, c := range [][4]string{
		{"", "", "", ""},
		{"a=1 b=1", "a=1 b=1", "", ""},
		{"a=1 b=1 c=1", "a=1 b=2 c=1", "b=1", "b=2"},
		{"a=1", "a=1 a=2", "a=1", "a=1 a=2"},
		{"a=1 a=2 b=1", "b=1", "a=1 a=2", ""},
		{"", "a=1 z=1", "", "a=1 z=1"},
		{"b=1", "a=1 c=1", "b=1", "a=1 c=1"},
	} {
		was, is := changedKeys(terms(c[0]), terms(c[1]))
		if !slices.Equal(was, terms(c[2])) || !slices.Equal(is, terms(c[3])) {
			t.Errorf("changedKeys(%s, %s) = %v, %v", c[0], c[1], was, is)
		}
	}
}
