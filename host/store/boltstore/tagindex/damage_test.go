package tagindex

import (
	"bytes"
	"errors"
	"fmt"
	"os"
	"testing"

	"go.etcd.io/bbolt"
)

// threeChunks has three sealed chunks of 1024 documents and one in memory: each with a number, one in three of team a.
func threeChunks(t testing.TB) *library {
	t.Helper()
	l := newLibrary(t, 10)
	edits := make([]edit, 3*1024+10)
	for i := range edits {
		edits[i] = edit{seq: uint64(i), terms: []Term{
			{'t', "number", fmt.Sprintf("%05d", i)}, {'t', "team", []string{"a", "b", "c"}[i%3]},
		}}
	}
	l.write(edits, 0, 0, committed)
	for l.write(nil, 1000, 0, committed) {
	}
	if l.x.sealed != 3 {
		t.Fatalf("%d chunks are sealed", l.x.sealed)
	}
	return l
}

var teamA = Term{'t', "team", "a"}

// spoil changes bytes that are found in the file, as a bad disk does: bbolt notices nothing and keeps no order.
func (l *library) spoil(find []byte, change func(found []byte)) {
	l.t.Helper()
	path := l.db.Path()
	l.must(l.db.Close())
	file, err := os.ReadFile(path)
	l.must(err)
	at := bytes.Index(file, find)
	if at < 0 {
		l.t.Fatalf("%x is not in the file", find)
	}
	for ; at >= 0; at = bytes.Index(file, find) { // pages that are free may have it too
		change(file[at:][:len(find)])
	}
	l.must(os.WriteFile(path, file, 0o600))
	l.db, err = bbolt.Open(path, 0o600, options)
	l.must(err)
	l.load()
}

func asDamage(t *testing.T, what string, err error) {
	t.Helper()
	var d *DamageError
	if !errors.As(err, &d) || d.Bucket == "" || len(d.Key) == 0 || d.Unwrap() == nil {
		t.Errorf("%s: got %v, want an error that names bucket and key", what, err)
	}
}

// TestDamagedContainer reads what depends on a spoilt set, and what does not.
func TestDamagedContainer(t *testing.T) {
	key := teamA.posting().key(1)
	for name, change := range map[string]func(value []byte){
		"Header": func(v []byte) { v[6] ^= 1 },
		"Body":   func(v []byte) { v[len(v)-1] ^= 0x10 },
	} {
		t.Run(name, func(t *testing.T) {
			l := threeChunks(t)
			l.spoil(append(bytes.Clone(key), l.stored(key)...), func(found []byte) { change(found[len(key):]) })
			v := l.view()
			defer func() { l.must(v.Close()) }()
			_, _, err := v.Page(t.Context(), MatchTerm(teamA), 0, 2000)
			asDamage(t, "page", err)
			_, _, err = v.Page(t.Context(), And(MatchTerm(teamA), HasKey('t', "number")), 0, 2000)
			asDamage(t, "page of both", err)
			_, _, err = v.Page(t.Context(), Not(MatchTerm(teamA)), 0, 3000)
			asDamage(t, "page of not", err)
			_, err = v.Count(t.Context(), ValuePrefix('t', "team", "a"))
			asDamage(t, "count of prefix", err)
			_, err = v.CountBy(t.Context(), HasKey('t', "number"), "team", 't')
			asDamage(t, "count by", err)
			if page, _, err := v.Page(t.Context(), MatchTerm(teamA), 0, 100); err != nil || len(page) != 100 {
				t.Errorf("page of newer chunks: got %d, %v", len(page), err)
			}
			if n, err := v.Count(t.Context(), HasKey('t', "number")); err != nil || n != 3*1024+10 {
				t.Errorf("count of what is whole: got %d, %v", n, err)
			}
			if problems := l.check(); len(problems) != 1 {
				t.Errorf("check: got %v", problems)
			} else {
				asDamage(t, "check", problems[0])
			}
		})
	}
}

// TestDamagedKey flips bits in a key: the search, which ends beside it, must not take the posting for missing.
func TestDamagedKey(t *testing.T) {
	key := Term{'t', "number", "01500"}.posting().key(1)
	for bit := 5 * 8; bit < len(key)*8; bit += 11 { // a chunk's number in front may make bbolt's own search go wrong
		l := threeChunks(t)
		l.spoil(key, func(at []byte) { at[bit/8] ^= 1 << (bit % 8) })
		v := l.view()
		n, err := v.Count(t.Context(), MatchTerm(Term{'t', "number", "01500"}))
		if err == nil {
			t.Errorf("bit %d: counted %d", bit, n)
		} else {
			asDamage(t, fmt.Sprint("bit ", bit), err)
		}
		l.must(v.Close())
		if problems := l.check(); len(problems) == 0 {
			t.Errorf("bit %d: check found nothing", bit)
		}
	}
}

// TestDamagedKeyIsNoAnswer flips bits in keys: whatever is asked, the answer is right or an error.
func TestDamagedKeyIsNoAnswer(t *testing.T) {
	l := newLibrary(t, 3)
	edits := make([]edit, 3*8+2)
	for i := range edits {
		edits[i] = edit{seq: uint64(i), terms: []Term{
			{'f', "status", []string{"ok", "bad"}[i%2]},
			{'t', "number", fmt.Sprintf("%05d", i)}, {'t', "team", []string{"a", "b", "c"}[i%3]}, {'u', "z", "z"},
		}}
	}
	l.write(edits, 0, 0, committed)
	for l.write(nil, 1000, 0, committed) {
	}
	var keys [][]byte
	l.must(l.db.View(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketPost).ForEach(func(k, _ []byte) error {
			keys = append(keys, bytes.Clone(k))
			return nil
		})
	}))
	count := func(q Query) func(*View) (any, error) {
		return func(v *View) (any, error) { return v.Count(t.Context(), q) }
	}
	by := func(q Query, kind byte, key string) func(*View) (any, error) {
		return func(v *View) (any, error) { return v.CountBy(t.Context(), q, key, kind) }
	}
	keysOf := func(kind byte, prefix string) func(*View) (any, error) {
		return func(v *View) (any, error) {
			found, _, err := v.Keys(t.Context(), kind, prefix, 100)
			return found, err
		}
	}
	valuesOf := func(kind byte, key, prefix string) func(*View) (any, error) {
		return func(v *View) (any, error) {
			found, _, err := v.Values(t.Context(), kind, key, prefix, 100)
			return found, err
		}
	}
	questions := map[string]func(v *View) (any, error){
		"a term": count(MatchTerm(Term{'t', "number", "00003"})), "a key": count(HasKey('t', "number")), "no key": count(Not(HasKey('u', "z"))),
		"prefix of many": count(ValuePrefix('t', "number", "0000")), "prefix of one": count(ValuePrefix('t', "team", "b")),
		"range": count(ValueRange('t', "number", "00003", "00017")), "open range": count(ValueRange('t', "number", "", "")),
		"all by status": by(All(), 'f', "status"), "team a by z": by(MatchTerm(teamA), 'u', "z"),
		"keys": keysOf('t', ""), "last keys": keysOf('u', ""), "keys from te": keysOf('t', "te"),
		"values": valuesOf('t', "team", ""), "first values": valuesOf('f', "status", ""), "values from 0000": valuesOf('t', "number", "0000"),
	}
	ask := func(name string) string {
		v := l.view()
		defer func() { l.must(v.Close()) }()
		answer, err := questions[name](v)
		if err != nil {
			asDamage(t, name, err)
			return ""
		}
		return fmt.Sprint(answer)
	}
	right := map[string]string{}
	for name := range questions {
		right[name] = ask(name)
	}
	for i, key := range keys {
		for bit := i % 17; bit < len(key)*8; bit += 17 {
			flip := func(at []byte) { at[bit/8] ^= 1 << (bit % 8) }
			record := append(bytes.Clone(key), l.stored(key)...)
			l.spoil(record, flip)
			for name := range questions {
				if got := ask(name); got != "" && got != right[name] {
					t.Errorf("bit %d of %x: %s are %s, want %s", bit, key, name, got, right[name])
				}
			}
			flip(record)
			l.spoil(record, flip)
		}
	}
}

func TestDamagedDead(t *testing.T) {
	l := threeChunks(t)
	l.write([]edit{{seq: 1030, gone: true}}, 0, 0, committed)
	l.must(l.db.Update(func(tx *bbolt.Tx) error {
		b := tx.Bucket(bucketDead)
		v := bytes.Clone(b.Get(chunkKey(1)))
		v[5] ^= 1
		return b.Put(chunkKey(1), v)
	}))
	v := l.view()
	_, err := v.Count(t.Context(), All())
	asDamage(t, "count", err)
	_, _, err = v.Values(t.Context(), 't', "team", "", 10)
	asDamage(t, "values", err)
	l.must(v.Close())
	l.write([]edit{{seq: 1031, gone: true}, {seq: 9, gone: true}}, 0, 0, committed)
	if problems := l.check(); len(problems) != 1 {
		t.Errorf("check: got %v", problems)
	}
	l.repair()
	if problems := l.check(); len(problems) != 0 {
		t.Errorf("check after a repair: got %v", problems)
	}

	l.must(l.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucketDead).Delete(chunkKey(1)) }))
	v = l.view()
	_, err = v.Count(t.Context(), All())
	asDamage(t, "count without", err)
	l.must(v.Close())
}

// TestChangeOfWhatIsDamaged retags documents whose sets cannot be read: the write goes on, and the sets stay errors until
// they are made anew.
func TestChangeOfWhatIsDamaged(t *testing.T) {
	l := threeChunks(t)
	key := teamA.posting().key(1)
	l.must(l.db.Update(func(tx *bbolt.Tx) error { // once in its value
		b := tx.Bucket(bucketPost)
		v := bytes.Clone(b.Get(key))
		v[len(v)-1] ^= 1
		return b.Put(key, v)
	}))
	seq := uint64(1025) // of team c
	l.write([]edit{{seq: seq, terms: []Term{teamA, {'t', "number", "01025"}}}}, 0, 0, committed)
	v := l.view()
	_, err := v.Count(t.Context(), MatchTerm(teamA))
	asDamage(t, "count", err)
	if n, err := v.Count(t.Context(), MatchTerm(Term{'t', "team", "c"})); err != nil || n != 1027-1 {
		t.Errorf("the other team has %d, %v", n, err)
	}
	l.must(v.Close())
	l.repair()
	v = l.view()
	if n, err := v.Count(t.Context(), MatchTerm(teamA)); err != nil || n != 1028+1 {
		t.Errorf("after a repair: got %d, %v", n, err)
	}
	l.must(v.Close())
	if problems := l.check(); len(problems) != 0 {
		t.Errorf("check after a repair: got %v", problems)
	}
}

func TestDamagedSealed(t *testing.T) {
	for name, value := range map[string][]byte{
		"Short": {1}, "Checksum": {1, 2, 3, 4, 0, 0, 0, 1},
	} {
		t.Run(name, func(t *testing.T) {
			l := threeChunks(t)
			l.must(l.db.Update(func(tx *bbolt.Tx) error { return tx.Bucket(bucketIndex).Put(keySealed, value) }))
			l.must(l.db.View(func(tx *bbolt.Tx) error {
				asDamage(t, "load", New(testOptions(l.bits)).Load(tx, documentsOf(tx), func(func(uint64, []Term)) error { return nil }))
				return nil
			}))
			if problems := l.check(); len(problems) != 1 {
				t.Errorf("check: got %v", problems)
			}
			l.repair()
			if problems := l.check(); len(problems) != 0 {
				t.Errorf("check after a repair: got %v", problems)
			}
		})
	}
}

func TestNoBuckets(t *testing.T) {
	l := threeChunks(t)
	l.must(l.db.Update(func(tx *bbolt.Tx) error { return tx.DeleteBucket(bucketPost) }))
	var d *DamageError
	l.must(l.db.View(func(tx *bbolt.Tx) error {
		if err := New(nil).Load(tx, documentsOf(tx), nil); !errors.As(err, &d) || d.Bucket != "post" {
			t.Errorf("load: got %v", err)
		}
		return nil
	}))
	l.repair()
	if problems := l.check(); len(problems) != 0 {
		t.Errorf("check after a repair: got %v", problems)
	}
}

// TestCheckFinds makes each difference that there can be.
func TestCheckFinds(t *testing.T) {
	for name, change := range map[string]func(tx *bbolt.Tx) error{
		"Missing": func(tx *bbolt.Tx) error { return tx.Bucket(bucketPost).Delete(teamA.posting().key(2)) },
		"MissingLast": func(tx *bbolt.Tx) error {
			return tx.Bucket(bucketPost).Delete(Term{'t', "team", "c"}.posting().key(2))
		},
		"Stray": func(tx *bbolt.Tx) error {
			key := Term{'t', "team", "0"}.posting().key(0)
			return tx.Bucket(bucketPost).Put(key, encodeOne(key, 5))
		},
		"StrayBehind": func(tx *bbolt.Tx) error {
			key := Term{'z', "team", "0"}.posting().key(0)
			return tx.Bucket(bucketPost).Put(key, encodeOne(key, 5))
		},
		"Different": func(tx *bbolt.Tx) error {
			key := Term{'t', "number", "00005"}.posting().key(0)
			return tx.Bucket(bucketPost).Put(key, encodeOne(key, 6))
		},
		"NoKey": func(tx *bbolt.Tx) error {
			key := append(chunkKey(1), 't', 'a')
			return tx.Bucket(bucketPost).Put(key, encodeOne(key, 6))
		},
		"Dead": func(tx *bbolt.Tx) error { return putDead(tx.Bucket(bucketDead), chunkKey(1), setOf(5)) },
		"DocumentGone": func(tx *bbolt.Tx) error {
			return tx.Bucket(bucketDocuments).Delete(be64(2000))
		},
	} {
		t.Run(name, func(t *testing.T) {
			l := threeChunks(t)
			l.must(l.db.Update(change))
			problems := l.check()
			if len(problems) == 0 {
				t.Error("check found nothing")
			}
			for _, p := range problems {
				asDamage(t, "problem", p)
			}
			l.repair()
			if problems := l.check(); len(problems) != 0 {
				t.Errorf("check after a repair: got %v", problems)
			}
		})
	}
}
