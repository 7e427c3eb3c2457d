package tagindex

import (
	"bytes"
	"iter"
	"maps"
	"slices"

	"go.etcd.io/bbolt"
)

// Batch is what a write transaction does to the index. Its methods are for the goroutine that writes. Nothing can be
// read of it before Done.
type Batch struct {
	x   *Index
	tx  *bbolt.Tx
	ops []op
	// seal is what Seal wrote, nil when it was not called.
	seal *sealed
	// drops are chunks that became wholly dead.
	drops   []uint32
	pending bool
	err     error
}

type action byte

const (
	gain action = iota // a posting
	lose               // a posting
	born               // the document, with its terms
	die
)

type op struct {
	seq   uint64
	do    action
	p     posting
	terms []Term // of who is born
}

// Begin starts a batch for a transaction that writes. Flush has to be called before the commit, and Done after it.
func (x *Index) Begin(tx *bbolt.Tx) *Batch { return &Batch{x: x, tx: tx} }

// Add adds a document with its terms, which belong to the batch from then on. Numbers mostly ascend, and none is used
// again after Delete; a chunk is due to be sealed when its last number, or one behind it, was added.
func (b *Batch) Add(seq uint64, terms []Term) {
	for _, t := range terms {
		b.check(t)
	}
	b.ops = append(b.ops, op{seq: seq, do: born, terms: terms})
}

// check keeps the error of a term that cannot be stored.
func (b *Batch) check(t Term) {
	if err := checkTerm(t); err != nil && b.err == nil {
		b.err = err
	}
}

// Change tells that the terms of a document were before and are after. Terms in both do not matter. Of a key that has
// terms in one of them, all terms that the document has of it must be there, because they tell whether it has the key.
func (b *Batch) Change(seq uint64, before, after []Term) {
	for i, t := range before {
		if !slices.Contains(after, t) {
			b.ops = append(b.ops, op{seq: seq, do: lose, p: t.posting()})
		}
		if f := t.field(); !hasKeyOf(after, f) && !hasKeyOf(before[:i], f) {
			b.ops = append(b.ops, op{seq: seq, do: lose, p: f.posting()})
		}
	}
	for i, t := range after {
		b.check(t)
		if !slices.Contains(before, t) {
			b.ops = append(b.ops, op{seq: seq, do: gain, p: t.posting()})
		}
		if f := t.field(); !hasKeyOf(before, f) && !hasKeyOf(after[:i], f) {
			b.ops = append(b.ops, op{seq: seq, do: gain, p: f.posting()})
		}
	}
}

func hasKeyOf(terms []Term, f field) bool {
	return slices.ContainsFunc(terms, func(t Term) bool { return t.Key == f.key && t.Kind == f.kind })
}

// Delete removes a document for good.
func (b *Batch) Delete(seq uint64) { b.ops = append(b.ops, op{seq: seq, do: die}) }

// Flush writes what the batch changes of sealed chunks: each stored set once, however many documents it gains and loses.
// An error fails the transaction as a whole; damage is none, what cannot be changed cannot be read either from then on.
func (b *Batch) Flush() error {
	if b.err != nil {
		return b.err
	}
	if len(b.ops) == 0 && b.seal == nil {
		return nil
	}
	boundary := b.x.sealed
	if b.seal != nil && b.seal.whole {
		boundary++
	}
	sets, deaths := map[string][]bit{}, map[uint32][]bit{}
	for _, o := range b.ops {
		chunk, low := b.x.chunk(o.seq), b.x.low(o.seq)
		switch {
		case chunk >= boundary:
		case o.do == born || o.do == die:
			deaths[chunk] = append(deaths[chunk], bit{low: low, on: o.do == die})
			for p := range o.gains() {
				b.set(sets, p, chunk, bit{low: low, on: true})
			}
		default:
			b.set(sets, o.p, chunk, bit{low: low, on: o.do == gain})
		}
	}
	if err := b.rewrite(sets); err != nil {
		return err
	}
	for chunk, to := range deaths {
		dead, err := kill(b.tx, chunk, to)
		if err != nil {
			return err
		}
		if dead == b.x.size() {
			b.drops = append(b.drops, chunk)
		}
	}
	b.announce()
	return nil
}

// set notes what becomes of a document in a stored set.
func (b *Batch) set(sets map[string][]bit, p posting, chunk uint32, to bit) {
	if !b.x.volatileKind(p.kind) {
		key := string(p.key(chunk))
		sets[key] = append(sets[key], to)
	}
}

// gains yields the postings of who is born, some more than once.
func (o op) gains() iter.Seq[posting] {
	return func(yield func(posting) bool) {
		for _, t := range o.terms {
			if !yield(t.posting()) || !yield(t.field().posting()) {
				return
			}
		}
	}
}

func (b *Batch) rewrite(sets map[string][]bit) error {
	if len(sets) == 0 {
		return nil
	}
	rewrites := make([]rewrite, 0, len(sets))
	for key, to := range sets {
		rewrites = append(rewrites, rewrite{key: []byte(key), to: to})
	}
	slices.SortFunc(rewrites, func(a, b rewrite) int { return bytes.Compare(a.key, b.key) })
	bucket := b.tx.Bucket(bucketPost)
	cursor := bucket.Cursor()
	for _, r := range rewrites {
		if err := r.apply(bucket, cursor); err != nil {
			return err
		}
	}
	return nil
}

// announce says that memory is about to change: who opens a transaction from now on has to look which side of the commit
// it is on.
func (b *Batch) announce() {
	b.pending = true
	b.x.mu.Lock()
	defer b.x.mu.Unlock()
	b.x.pending, b.x.settled = b.tx.ID(), make(chan struct{})
}

// Done ends the batch once its transaction was committed, or was not. It must be called in any case after Flush: readers
// that come in between wait for it.
func (b *Batch) Done(committed bool) {
	if !b.pending {
		return
	}
	x := b.x
	x.mu.Lock()
	defer x.mu.Unlock()
	if committed {
		b.settle()
	}
	close(x.settled)
	x.pending, x.settled = 0, nil
}

// settle brings a committed batch to memory.
func (b *Batch) settle() {
	x := b.x
	if b.seal != nil {
		x.settleSeal(b.seal)
	}
	for _, chunk := range b.drops {
		if !slices.Contains(x.drops, chunk) {
			x.drops = append(x.drops, chunk)
		}
	}
	changed := map[uint32]*memory{} // of x.volatile
	for _, o := range b.ops {
		chunk, low := x.chunk(o.seq), x.low(o.seq)
		switch {
		case chunk >= x.sealed:
			x.tailOf(chunk).apply(o, low)
			x.touched(chunk, o)
		case o.do == die && (x.volatile[chunk] != nil || changed[chunk] != nil):
			x.change(changed, chunk).forget(low)
		case (o.do == gain || o.do == lose) && x.volatileKind(o.p.kind):
			x.change(changed, chunk).apply(o, low)
		case o.do == born:
			for _, t := range o.terms {
				if x.volatileKind(t.Kind) {
					x.change(changed, chunk).add(t.posting(), low)
				}
			}
		}
		if o.do == born {
			x.next = max(x.next, o.seq+1)
		}
	}
	x.replaceVolatile(changed)
}

func (m *memory) apply(o op, low uint16) {
	switch o.do {
	case gain:
		if !o.p.has { // who gains a key gains a value of it
			m.add(o.p, low)
		}
	case lose:
		m.remove(o.p, low)
	case born:
		m.docs.Add(uint32(low))
		m.dead.Remove(uint32(low))
		for _, t := range o.terms {
			m.add(t.posting(), low)
		}
	case die:
		m.dead.Add(uint32(low))
	}
}

// change returns a copy of the volatile part of a sealed chunk.
func (x *Index) change(changed map[uint32]*memory, chunk uint32) *memory {
	m := changed[chunk]
	if m == nil {
		if m = newMemory(); x.volatile[chunk] != nil {
			m = x.volatile[chunk].clone()
		}
		changed[chunk] = m
	}
	return m
}

func (x *Index) replaceVolatile(changed map[uint32]*memory) {
	if len(changed) == 0 {
		return
	}
	volatile := make(map[uint32]*memory, len(x.volatile)+len(changed))
	maps.Copy(volatile, x.volatile)
	for chunk, m := range changed {
		if volatile[chunk] = m; len(m.fields) == 0 {
			delete(volatile, chunk)
		}
	}
	x.volatile = volatile
}
