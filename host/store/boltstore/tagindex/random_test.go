package tagindex

import (
	"cmp"
	"fmt"
	"maps"
	"slices"
	"strings"
	"testing"

	"go.etcd.io/bbolt"
	"pgregory.net/rapid"
)

var (
	kinds = rapid.SampledFrom([]byte{'t', 'u', volatileKind, 0, 0xff})
	keys  = rapid.SampledFrom([]string{"a", "b", "a\x00", "a\x00b", "", "ab", "\x00", "\xff", "a\xff", "\xff\x00", "ключ"})
	// values are few, so that documents share them, or odd.
	texts = rapid.OneOf(
		rapid.SampledFrom([]string{"x", "y", "x\x00", "", "xy", "\x00\x01", "\xff", "\xff\xff", "значение"}),
		rapid.StringN(0, 3, -1),
	)
	terms = rapid.Custom(func(t *rapid.T) Term {
		return Term{Kind: kinds.Draw(t, "kind"), Key: keys.Draw(t, "key"), Value: texts.Draw(t, "value")}
	})
	termLists = rapid.SliceOfNDistinct(terms, 0, 6, rapid.ID[Term])
)

// TestRandom compares the index with brute force while documents come, change and go, chunks are sealed in slices, writes
// are undone, and the process crashes at any of these moments.
func TestRandom(t *testing.T) {
	for _, bits := range []int{1, 2, 3, 4, 8} {
		t.Run(fmt.Sprintf("ChunksOf%d", 1<<bits), func(t *testing.T) { testRandom(t, bits) })
	}
}

func testRandom(t *testing.T, bits int) {
	l := newLibrary(t, bits)
	rapid.Check(t, func(rt *rapid.T) {
		l.reset(bits)
		defer l.release()
		write := func(rt *rapid.T, slice int) {
			edits := edits(rt, l)
			end := rapid.SampledFrom([]ending{committed, committed, committed, rolledBack, crashed, lostCommit}).Draw(rt, "end")
			l.write(edits, slice, rapid.IntRange(0, len(edits)).Draw(rt, "slice at"), end)
		}
		rt.Repeat(map[string]func(*rapid.T){
			"write": func(rt *rapid.T) { write(rt, 0) },
			"write and seal": func(rt *rapid.T) {
				write(rt, rapid.IntRange(1, 20).Draw(rt, "slice"))
			},
			"seal all": func(*rapid.T) {
				for l.x.Due() {
					for l.write(nil, 1000, 0, committed) {
					}
				}
			},
			"add many": func(rt *rapid.T) {
				var edits []edit
				alike := rapid.SliceOfN(termLists, 1, 5).Draw(rt, "alike")
				for i := range rapid.IntRange(0, 2<<l.bits).Draw(rt, "many") {
					edits = append(edits, edit{seq: l.next + uint64(i), terms: alike[i%len(alike)]})
				}
				l.write(edits, 0, 0, committed)
			},
			"change many": func(rt *rapid.T) {
				var edits []edit
				alike, step := rapid.SliceOfN(termLists, 1, 5).Draw(rt, "alike"), rapid.IntRange(1, 5).Draw(rt, "step")
				old := slices.Sorted(maps.Keys(l.docs))
				for i := 0; i < len(old); i += step {
					edits = append(edits, edit{seq: old[i], terms: alike[i%len(alike)], gone: len(alike[i%len(alike)]) == 0})
				}
				l.write(edits, rapid.IntRange(0, 5).Draw(rt, "slice"), 0, committed)
			},
			"delete a chunk": func(rt *rapid.T) {
				chunk := rapid.Uint64Range(0, l.next>>l.bits).Draw(rt, "chunk")
				var edits []edit
				for seq := range l.docs {
					if seq>>l.bits == chunk {
						edits = append(edits, edit{seq: seq, gone: true})
					}
				}
				l.write(edits, 0, 0, committed)
			},
			"crash": func(*rapid.T) { l.load() },
			"query": func(rt *rapid.T) { compareQuery(rt, l) },
			"hold": func(rt *rapid.T) {
				if len(l.held) == 3 {
					rt.Skip("enough are open")
				}
				l.hold()
			},
			"release":   func(*rapid.T) { l.release() },
			"look back": func(rt *rapid.T) { compareHeld(rt, l) },
			"suggest":   func(rt *rapid.T) { compareTypeAhead(rt, l) },
			"check": func(rt *rapid.T) {
				if problems := l.check(); len(problems) > 0 {
					rt.Fatalf("what is stored differs from the documents: %v", problems)
				}
			},
			"rebuild": func(rt *rapid.T) { rebuild(rt, l) },
		})
	})
}

// edits are of documents, old and new, some of them twice.
func edits(rt *rapid.T, l *library) (edits []edit) {
	next := l.next
	there := maps.Clone(l.docs)
	for range rapid.IntRange(0, 6).Draw(rt, "edits") {
		e := edit{terms: termLists.Draw(rt, "terms")}
		old := slices.Sorted(maps.Keys(there))
		if len(old) == 0 || rapid.Bool().Draw(rt, "new") {
			e.seq = next + rapid.SampledFrom([]uint64{0, 0, 0, 1, 5}).Draw(rt, "gap")
			next = e.seq + 1
		} else {
			e.seq = rapid.SampledFrom(old).Draw(rt, "seq")
			e.gone = rapid.IntRange(0, 3).Draw(rt, "gone") == 0
		}
		if there[e.seq] = e.terms; e.gone {
			delete(there, e.seq)
		}
		edits = append(edits, e)
	}
	return edits
}

func compareQuery(rt *rapid.T, l *library) {
	m := matchers(3).Draw(rt, "query")
	v := l.view()
	defer func() { l.must(v.Close()) }()
	q, want := m.query(v), l.ask(m)
	limit := rapid.IntRange(1, 10).Draw(rt, "limit")
	before := rapid.Uint64Range(0, l.next+2).Draw(rt, "before")
	var got []uint64
	for from, pages := before, 0; ; pages++ {
		page, next, err := v.Page(rt.Context(), q, from, limit)
		if err != nil {
			rt.Fatalf("%v: %v", m, err)
		}
		got = append(got, page...)
		if next == 0 {
			break
		}
		if len(page) != limit || pages > len(want) {
			rt.Fatalf("%v: page %d has %d documents of %d, and says that another comes", m, pages, len(page), limit)
		}
		from = next
	}
	below := want
	if before > 0 {
		below = slices.DeleteFunc(slices.Clone(want), func(seq uint64) bool { return seq >= before })
	}
	if !slices.Equal(got, below) {
		rt.Fatalf("%v before %d by %d: got %v, want %v of %v", m, before, limit, got, below, l.docs)
	}
	if n, err := v.Count(rt.Context(), q); err != nil || n != uint64(len(want)) {
		rt.Fatalf("%v: counted %d, %v, want %d", m, n, err, len(want))
	}
	by, key := rapid.SliceOfNDistinct(kinds, 1, 2, rapid.ID[byte]).Draw(rt, "by kinds"), keys.Draw(rt, "by key")
	var of [][]Term
	for _, seq := range want {
		of = append(of, l.docs[seq])
	}
	wantBy := map[string]uint64{}
	for _, kind := range by {
		for value, n := range tally(of, func(t Term) (string, bool) { return t.Value, t.Kind == kind && t.Key == key }) {
			wantBy[value] += n
		}
	}
	if got, err := v.CountBy(rt.Context(), q, key, by...); err != nil || !maps.Equal(got, wantBy) {
		rt.Fatalf("%v by %q of %q: got %v, %v, want %v", m, key, by, got, err, wantBy)
	}
}

// compareHeld asks a view that was opened some time ago.
func compareHeld(rt *rapid.T, l *library) {
	if len(l.held) == 0 {
		rt.Skip("none is open")
	}
	h, m := rapid.SampledFrom(l.held).Draw(rt, "view"), matchers(2).Draw(rt, "query")
	got, next, err := h.v.Page(rt.Context(), m.query(h.v), 0, 1<<20)
	if err != nil || next != 0 {
		rt.Fatalf("%v: next %d, %v", m, next, err)
	}
	known := func(seq uint64) bool { return !h.changed[seq] }
	got = slices.DeleteFunc(got, func(seq uint64) bool { return !known(seq) })
	var want []uint64
	for _, seq := range slices.Backward(slices.Sorted(maps.Keys(h.docs))) {
		if known(seq) && m.match(seq, h.docs[seq]) {
			want = append(want, seq)
		}
	}
	if !slices.Equal(got, want) {
		rt.Fatalf("%v: an old view finds %v, want %v", m, got, want)
	}
}

func compareTypeAhead(rt *rapid.T, l *library) {
	v := l.view()
	defer func() { l.must(v.Close()) }()
	kind, key, limit := kinds.Draw(rt, "kind"), keys.Draw(rt, "key"), rapid.IntRange(1, 8).Draw(rt, "limit")
	prefix := rapid.OneOf(rapid.Just(""), texts).Draw(rt, "prefix")
	docs := slices.Collect(maps.Values(l.docs))
	want, wantMore := listed(tally(docs, func(t Term) (string, bool) { return t.Value, t.Kind == kind && t.Key == key }), prefix, limit)
	if got, more, err := v.Values(rt.Context(), kind, key, prefix, limit); err != nil || more != wantMore || !slices.Equal(got, want) {
		rt.Fatalf("values of %q %q from %q by %d: got %v %t %v, want %v %t", kind, key, prefix, limit, got, more, err, want, wantMore)
	}
	prefix = rapid.OneOf(rapid.Just(""), keys).Draw(rt, "key prefix")
	want, wantMore = listed(tally(docs, func(t Term) (string, bool) { return t.Key, t.Kind == kind }), prefix, limit)
	if got, more, err := v.Keys(rt.Context(), kind, prefix, limit); err != nil || more != wantMore || !slices.Equal(got, want) {
		rt.Fatalf("keys of %q from %q by %d: got %v %t %v, want %v %t", kind, prefix, limit, got, more, err, want, wantMore)
	}
}

// rebuild makes the index anew, and may be interrupted.
func rebuild(rt *rapid.T, l *library) {
	left := rapid.IntRange(0, 20).Draw(rt, "transactions")
	err := New(testOptions(l.bits)).Rebuild(rt.Context(), l.next, func(from, to uint64, add func(uint64, []Term)) error {
		return l.db.View(func(tx *bbolt.Tx) error { return documentsOf(tx)(from, to, add) })
	}, func(f func(*bbolt.Tx) error) error {
		if left--; left < 0 {
			return errUndo
		}
		return l.db.Update(f)
	})
	if err != nil && left >= 0 {
		rt.Fatal(err)
	}
	l.load()
	if err == nil && l.x.full(l.x.sealed) {
		rt.Fatalf("chunk %d of documents below %d was not rebuilt", l.x.sealed, l.next)
	}
}

// matchers are queries of every operator.
func matchers(depth int) *rapid.Generator[matcher] {
	leaf := rapid.OneOf(
		rapid.Custom(func(t *rapid.T) matcher {
			term := terms.Draw(t, "term")
			return plain(fmt.Sprint(term), MatchTerm(term), func(_ uint64, terms []Term) bool { return slices.Contains(terms, term) })
		}),
		rapid.Custom(func(t *rapid.T) matcher {
			kind, key := kinds.Draw(t, "kind"), keys.Draw(t, "key")
			return plain(fmt.Sprintf("has %q", key), HasKey(kind, key), func(_ uint64, terms []Term) bool {
				return hasKeyOf(terms, field{kind: kind, key: key})
			})
		}),
		rapid.Custom(func(t *rapid.T) matcher {
			kind, key, prefix := kinds.Draw(t, "kind"), keys.Draw(t, "key"), texts.Draw(t, "prefix")
			return plain(fmt.Sprintf("%q prefix %q", key, prefix), ValuePrefix(kind, key, prefix), func(_ uint64, terms []Term) bool {
				return slices.ContainsFunc(terms, func(t Term) bool {
					return t.Kind == kind && t.Key == key && strings.HasPrefix(t.Value, prefix)
				})
			})
		}),
		rapid.Custom(func(t *rapid.T) matcher {
			kind, key, from, to := kinds.Draw(t, "kind"), keys.Draw(t, "key"), texts.Draw(t, "from"), texts.Draw(t, "to")
			return plain(fmt.Sprintf("%q from %q to %q", key, from, to), ValueRange(kind, key, from, to), func(_ uint64, terms []Term) bool {
				return slices.ContainsFunc(terms, func(t Term) bool {
					return t.Kind == kind && t.Key == key && t.Value >= from && (to == "" || t.Value < to)
				})
			})
		}),
		rapid.Custom(func(t *rapid.T) matcher {
			from, to := rapid.Uint64Range(0, 40).Draw(t, "from"), rapid.Uint64Range(0, 80).Draw(t, "to")
			return plain(fmt.Sprintf("%d to %d", from, to), SeqRange(from, to), func(seq uint64, _ []Term) bool { return seq >= from && seq < to })
		}),
		rapid.Custom(func(t *rapid.T) matcher {
			seqs := rapid.SliceOf(rapid.Uint64Range(0, 60)).Draw(t, "seqs")
			return plain(fmt.Sprint(seqs), SeqSet(seqs), func(seq uint64, _ []Term) bool { return slices.Contains(seqs, seq) })
		}),
		rapid.Just(plain("all", All(), func(uint64, []Term) bool { return true })),
	)
	if depth == 0 {
		return leaf
	}
	inner := rapid.SliceOfN(rapid.Deferred(func() *rapid.Generator[matcher] { return matchers(depth - 1) }), 0, 3)
	return rapid.OneOf(
		leaf,
		rapid.Custom(func(t *rapid.T) matcher {
			parts := inner.Draw(t, "and")
			return matcher{
				fmt.Sprint("and", parts), func(v *View) Query { return And(queries(v, parts)...) },
				func(seq uint64, terms []Term) bool {
					return !slices.ContainsFunc(parts, func(m matcher) bool { return !m.match(seq, terms) })
				},
			}
		}),
		rapid.Custom(func(t *rapid.T) matcher {
			parts := inner.Draw(t, "or")
			return matcher{
				fmt.Sprint("or", parts), func(v *View) Query { return Or(queries(v, parts)...) },
				func(seq uint64, terms []Term) bool {
					return slices.ContainsFunc(parts, func(m matcher) bool { return m.match(seq, terms) })
				},
			}
		}),
		rapid.Custom(func(t *rapid.T) matcher {
			part := matchers(depth-1).Draw(t, "not")
			return matcher{
				fmt.Sprint("not", part), func(v *View) Query { return Not(part.query(v)) },
				func(seq uint64, terms []Term) bool { return !part.match(seq, terms) },
			}
		}),
		rapid.Custom(func(t *rapid.T) matcher {
			part, n := matchers(depth-1).Draw(t, "check"), rapid.IntRange(0, 4).Draw(t, "terms")
			return matcher{
				fmt.Sprint("check", n, part), func(v *View) Query {
					return Check(part.query(v), func(seq uint64) (bool, error) {
						terms, err := termsOf(v.Tx().Bucket(bucketDocuments).Get(be64(seq)))
						return len(terms) >= n, err
					})
				},
				func(seq uint64, terms []Term) bool { return part.match(seq, terms) && len(terms) >= n },
			}
		}),
	)
}

func plain(text string, q Query, match func(uint64, []Term) bool) matcher {
	return matcher{text, func(*View) Query { return q }, match}
}

func queries(v *View, parts []matcher) (qs []Query) {
	for _, m := range parts {
		qs = append(qs, m.query(v))
	}
	return qs
}

// TestOrder compares texts in short lists with a sorted slice.
func TestOrder(t *testing.T) {
	rapid.Check(t, func(rt *rapid.T) {
		var o ordered[string]
		want := map[string]bool{}
		for range rapid.IntRange(0, 5).Draw(rt, "rounds") {
			start, step := rapid.IntRange(0, 2000).Draw(rt, "start"), rapid.SampledFrom([]int{1, -1, 7, 700}).Draw(rt, "step")
			add := rapid.IntRange(0, 3).Draw(rt, "add") > 0
			for i := range rapid.IntRange(0, 600).Draw(rt, "texts") {
				text := fmt.Sprintf("%04d", ((start+i*step)%2000+2000)%2000)
				if add {
					o.put(text, text+text)
					want[text] = true
				} else {
					o.remove(text)
					delete(want, text)
				}
			}
		}
		from := fmt.Sprintf("%04d", rapid.IntRange(0, 2001).Draw(rt, "from"))
		wanted := slices.DeleteFunc(slices.Sorted(maps.Keys(want)), func(s string) bool { return cmp.Less(s, from) })
		var got []string
		for text, value := range o.from(from) {
			if got = append(got, text); value != text+text {
				rt.Fatalf("%q has %q", text, value)
			}
		}
		if !slices.Equal(got, wanted) {
			rt.Fatalf("got %q, want %q", got, wanted)
		}
		for _, block := range o.blocks {
			if len(block) == 0 || len(block) > blockLen {
				rt.Fatalf("a block has %d texts", len(block))
			}
		}
	})
}
