package tag

import (
	"slices"
	"strings"
)

// Merge makes one list of several layers, sorted by key. Of tags with the same key the one with the stronger origin
// stays; between equal origins, the later one. There is one exception to the strength of the system: an image that
// the system reports (KeyImage) never replaces one that a user set. The layers are not changed.
func Merge(layers ...List) List {
	all := slices.Concat(layers...)
	slices.SortStableFunc(all, func(a, b Tag) int { return strings.Compare(a.Key, b.Key) })
	merged := make(List, 0, len(all))
	for _, t := range all {
		last := len(merged) - 1
		switch {
		case last < 0 || merged[last].Key != t.Key:
			merged = append(merged, t)
		case t.strength() >= merged[last].strength():
			merged[last] = t
		}
	}
	return merged
}

func (t Tag) strength() int {
	if t.Key == KeyImage && t.Origin == OriginSystem {
		return -1
	}
	return t.Origin.rank()
}
