package tagindex

import (
	"iter"
	"slices"
	"sort"
	"strings"
)

// ordered maps texts to values in the order of the texts: a list of short sorted lists. A sorted slice would move
// megabytes for a text in its middle, and a map beside it would double the memory of unique values.
type ordered[V any] struct{ blocks [][]entry[V] }

type entry[V any] struct {
	text  string
	value V
}

const blockLen = 256

// find returns the block where text is or belongs, and its place there.
func (o *ordered[V]) find(text string) (block, at int, found bool) {
	block = max(0, sort.Search(len(o.blocks), func(i int) bool { return o.blocks[i][0].text > text })-1)
	if block < len(o.blocks) {
		at, found = slices.BinarySearchFunc(o.blocks[block], text, func(e entry[V], text string) int {
			return strings.Compare(e.text, text)
		})
	}
	return block, at, found
}

// get returns the value of a text, nil when it is not there. It moves with the next put or remove.
func (o *ordered[V]) get(text string) *V {
	if i, at, found := o.find(text); found {
		return &o.blocks[i][at].value
	}
	return nil
}

// put adds a text, or gives it another value.
func (o *ordered[V]) put(text string, value V) {
	i, at, found := o.find(text)
	e := entry[V]{text, value}
	switch {
	case found:
		o.blocks[i][at] = e
	case len(o.blocks) == 0:
		o.blocks = [][]entry[V]{{e}}
	case len(o.blocks[i]) < blockLen:
		o.blocks[i] = slices.Insert(o.blocks[i], at, e)
	case i == len(o.blocks)-1 && at == blockLen:
		o.blocks = append(o.blocks, []entry[V]{e}) // ascending texts fill their blocks
	default:
		upper := make([]entry[V], blockLen/2, blockLen)
		copy(upper, o.blocks[i][blockLen/2:])
		clear(o.blocks[i][blockLen/2:])
		o.blocks[i] = o.blocks[i][:blockLen/2]
		o.blocks = slices.Insert(o.blocks, i+1, upper)
		o.put(text, value)
	}
}

// remove takes a text out.
func (o *ordered[V]) remove(text string) {
	i, at, found := o.find(text)
	if !found {
		return
	}
	if o.blocks[i] = slices.Delete(o.blocks[i], at, at+1); len(o.blocks[i]) == 0 {
		o.blocks = slices.Delete(o.blocks, i, i+1)
	}
}

// from yields the texts from the given one on.
func (o *ordered[V]) from(text string) iter.Seq2[string, V] {
	return func(yield func(string, V) bool) {
		i, at, _ := o.find(text)
		for ; i < len(o.blocks); i, at = i+1, 0 {
			for _, e := range o.blocks[i][at:] {
				if !yield(e.text, e.value) {
					return
				}
			}
		}
	}
}
