package host

import (
	"iter"
	"math/bits"
)

// opSet is a set of a graph's ops, a bit for each in the order of its paths.
type opSet []uint64

func (g *OpGraph) noOps() opSet { return make(opSet, (len(g.sorted)+63)/64) }

func (g *OpGraph) allOps() opSet {
	s := g.noOps()
	for i := range g.sorted {
		s[i/64] |= 1 << (i % 64)
	}
	return s
}

func (s opSet) add(v *vertex) { s[v.index/64] |= 1 << (v.index % 64) }

func (s opSet) has(v *vertex) bool { return s[v.index/64]&(1<<(v.index%64)) != 0 }

func (s opSet) empty() bool {
	for _, w := range s {
		if w != 0 {
			return false
		}
	}
	return true
}

// join adds the ops of o; keep drops those that are not in o, and drop those that are.
func (s opSet) join(o opSet) {
	for i := range s {
		s[i] |= o[i]
	}
}

func (s opSet) keep(o opSet) {
	for i := range s {
		s[i] &= o[i]
	}
}

func (s opSet) drop(o opSet) {
	for i := range s {
		s[i] &^= o[i]
	}
}

// members are the ops of s, a set of g, sorted by path.
func (g *OpGraph) members(s opSet) iter.Seq[*vertex] {
	return func(yield func(*vertex) bool) {
		for i, w := range s {
			for ; w != 0; w &= w - 1 {
				if !yield(g.sorted[i*64+bits.TrailingZeros64(w)]) {
					return
				}
			}
		}
	}
}
