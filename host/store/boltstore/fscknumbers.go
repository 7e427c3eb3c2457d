package boltstore

// numbers is a set of numbers of runs, which are dense.
type numbers struct{ bits []uint64 }

// add puts a number in. One that no store of this size has is left out.
func (n *numbers) add(seq uint64) {
	i := seq / 64
	if i > 1<<32 {
		return
	}
	for uint64(len(n.bits)) <= i {
		n.bits = append(n.bits, make([]uint64, max(1024, len(n.bits)))...)
	}
	n.bits[i] |= 1 << (seq % 64)
}

func (n *numbers) has(seq uint64) bool {
	i := seq / 64
	return i < uint64(len(n.bits)) && n.bits[i]&(1<<(seq%64)) != 0
}
