package tagindex

import (
	"iter"
	"slices"
	"sort"
)

// ordered is a set of texts in order, which many are added to and taken from: a list of short sorted lists. A sorted
// slice would move a megabyte for a text in its middle.
type ordered struct{ blocks [][]string }

const blockLen = 256

// find returns the block where text is or belongs, and its place there.
func (o *ordered) find(text string) (block, at int, found bool) {
	block = max(0, sort.Search(len(o.blocks), func(i int) bool { return o.blocks[i][0] > text })-1)
	if block < len(o.blocks) {
		at, found = slices.BinarySearch(o.blocks[block], text)
	}
	return block, at, found
}

// add puts a text that is not there in its place.
func (o *ordered) add(text string) {
	i, at, found := o.find(text)
	switch {
	case found:
	case len(o.blocks) == 0:
		o.blocks = [][]string{{text}}
	case len(o.blocks[i]) < blockLen:
		o.blocks[i] = slices.Insert(o.blocks[i], at, text)
	case i == len(o.blocks)-1 && at == blockLen:
		o.blocks = append(o.blocks, []string{text}) // ascending texts fill their blocks
	default:
		upper := make([]string, blockLen/2, blockLen)
		copy(upper, o.blocks[i][blockLen/2:])
		clear(o.blocks[i][blockLen/2:])
		o.blocks[i] = o.blocks[i][:blockLen/2]
		o.blocks = slices.Insert(o.blocks, i+1, upper)
		o.add(text)
	}
}

// remove takes a text out.
func (o *ordered) remove(text string) {
	i, at, found := o.find(text)
	if !found {
		return
	}
	if o.blocks[i] = slices.Delete(o.blocks[i], at, at+1); len(o.blocks[i]) == 0 {
		o.blocks = slices.Delete(o.blocks, i, i+1)
	}
}

// from yields the texts from the given one on.
func (o *ordered) from(text string) iter.Seq[string] {
	return func(yield func(string) bool) {
		i, at, _ := o.find(text)
		for ; i < len(o.blocks); i, at = i+1, 0 {
			for _, s := range o.blocks[i][at:] {
				if !yield(s) {
					return
				}
			}
		}
	}
}
