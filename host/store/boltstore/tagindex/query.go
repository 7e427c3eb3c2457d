package tagindex

import (
	"cmp"
	"slices"
	"sort"

	"github.com/RoaringBitmap/roaring/v2"
)

// Query selects documents. It is evaluated chunk by chunk, the newest first, with sets of the documents of a chunk. A
// Query can be used again, and by several goroutines when its checks can.
type Query interface {
	// eval answers for a chunk. Sets may have documents that are dead or never were. It is called under the lock that the
	// chunk needs; the answer is used without.
	eval(c *chunk) (answer, error)
	// rank orders the parts of an And: what costs least first, what needs checks last.
	rank() int
}

const (
	rankNumbers = iota // no posting is read
	rankSets           // postings are
	rankCheck          // and documents are checked
)

// answer is what a query selects of a chunk.
type answer struct {
	// yes are selected, without the others. maybe are those that decide has to be asked about; nil when there are none.
	yes, maybe *roaring.Bitmap
	decide     func(low uint32) (bool, error)
}

// holds tells whether a document is selected.
func (a answer) holds(low uint32) (bool, error) {
	switch {
	case a.yes.Contains(low):
		return true, nil
	case a.maybe != nil && a.maybe.Contains(low):
		return a.decide(low)
	default:
		return false, nil
	}
}

// possible are all that may be selected.
func (a answer) possible() *roaring.Bitmap {
	if a.maybe == nil {
		return a.yes
	}
	return roaring.Or(a.yes, a.maybe)
}

// MatchTerm selects the documents with a term.
func MatchTerm(t Term) Query { return matchPosting{t.posting()} }

// HasKey selects the documents with any value of a key.
func HasKey(kind byte, key string) Query { return matchPosting{field{kind: kind, key: key}.posting()} }

type matchPosting struct{ p posting }

func (q matchPosting) rank() int { return rankSets }

func (q matchPosting) eval(c *chunk) (answer, error) {
	f, err := c.find(q.p)
	if err != nil || f.n == 0 {
		return answer{yes: roaring.New()}, err
	}
	set, err := f.set()
	return answer{yes: set}, err
}

// ValuePrefix selects the documents with a value of a key that begins with prefix.
func ValuePrefix(kind byte, key, prefix string) Query {
	if prefix == "" {
		return HasKey(kind, key)
	}
	return matchSpan{field{kind: kind, key: key}, prefixSpan(prefix)}
}

// ValueRange selects the documents with a value of a key that is at least from and less than to, byte by byte; an empty
// to is no bound.
func ValueRange(kind byte, key, from, to string) Query {
	return matchSpan{field{kind: kind, key: key}, span{from: from, to: to, bounded: to != ""}}
}

type matchSpan struct {
	field field
	span  span
}

func (q matchSpan) rank() int { return rankSets }

func (q matchSpan) eval(c *chunk) (answer, error) {
	set, err := c.union(q.field, q.span)
	return answer{yes: set}, err
}

// SeqRange selects the documents whose numbers are at least from and less than to.
func SeqRange(from, to uint64) Query { return seqRange{from, to} }

type seqRange struct{ from, to uint64 }

func (q seqRange) rank() int { return rankNumbers }

func (q seqRange) eval(c *chunk) (answer, error) {
	first := c.x.first(c.number)
	set := roaring.New()
	if from, to := max(q.from, first), min(q.to, first+c.x.size()); from < to {
		set.AddRange(from-first, to-first)
	}
	return answer{yes: set}, nil
}

// SeqSet selects documents by number.
func SeqSet(seqs []uint64) Query {
	seqs = slices.Clone(seqs)
	slices.Sort(seqs)
	return seqSet{slices.Compact(seqs)}
}

type seqSet struct{ seqs []uint64 }

func (q seqSet) rank() int { return rankNumbers }

func (q seqSet) eval(c *chunk) (answer, error) {
	first := c.x.first(c.number)
	set := roaring.New()
	for i := sort.Search(len(q.seqs), func(i int) bool { return q.seqs[i] >= first }); i < len(q.seqs); i++ {
		if q.seqs[i]-first >= c.x.size() {
			break
		}
		set.Add(uint32(q.seqs[i] - first))
	}
	return answer{yes: set}, nil
}

// All selects all documents.
func All() Query { return and{} }

// And selects what all of qs select; without any, all documents.
func And(qs ...Query) Query {
	var all and
	for _, q := range qs {
		switch q := q.(type) {
		case and:
			all.terms = append(all.terms, q.terms...)
			all.others = append(all.others, q.others...)
		case matchPosting:
			all.terms = append(all.terms, q)
		default:
			all.others = append(all.others, q)
		}
	}
	if len(qs) == 1 {
		return qs[0]
	}
	slices.SortStableFunc(all.others, func(a, b Query) int { return cmp.Compare(a.rank(), b.rank()) })
	return all
}

type and struct {
	terms  []matchPosting
	others []Query // by rank
}

// all tells that everything is selected.
func (q and) all() bool { return len(q.terms)+len(q.others) == 0 }

func (q and) rank() int {
	if len(q.others) == 0 {
		return rankSets
	}
	return max(rankSets, q.others[len(q.others)-1].rank())
}

// eval intersects the smallest sets first and stops when nothing is left.
func (q and) eval(c *chunk) (answer, error) {
	terms, err := q.find(c)
	if err != nil || len(terms) > 0 && terms[0].n == 0 {
		return answer{yes: roaring.New()}, err
	}
	var left both
	others := q.others
	for ; len(others) > 0 && others[0].rank() == rankNumbers; others = others[1:] {
		if err := left.narrowBy(others[0], c); err != nil {
			return answer{}, err
		}
	}
	for i := 0; i < len(terms) && !left.empty(); i++ {
		set, err := terms[i].set()
		if err != nil {
			return answer{}, err
		}
		left.narrow(answer{yes: set})
	}
	for ; len(others) > 0 && !left.empty(); others = others[1:] {
		if err := left.narrowBy(others[0], c); err != nil {
			return answer{}, err
		}
	}
	return left.answer(c), nil
}

// find finds the postings of terms, the smallest first, or one that is empty.
func (q and) find(c *chunk) ([]found, error) {
	terms := make([]found, 0, len(q.terms))
	for _, t := range q.terms {
		f, err := c.find(t.p)
		if err != nil || f.n == 0 {
			return []found{f}, err
		}
		terms = append(terms, f)
	}
	slices.SortFunc(terms, func(a, b found) int { return cmp.Compare(a.n, b.n) })
	return terms, nil
}

// both is what several answers select together.
type both struct {
	// possible and yes are nil before the first answer, and the same set while all answers are certain.
	possible, yes *roaring.Bitmap
	unsure        []answer
}

func (b *both) narrowBy(q Query, c *chunk) error {
	a, err := q.eval(c)
	if err == nil {
		b.narrow(a)
	}
	return err
}

func (b *both) narrow(a answer) {
	switch {
	case b.possible == nil:
		b.possible, b.yes = a.possible(), a.yes
	case b.possible == b.yes && a.maybe == nil:
		b.possible = roaring.And(b.possible, a.yes)
		b.yes = b.possible
	default:
		b.possible, b.yes = roaring.And(b.possible, a.possible()), roaring.And(b.yes, a.yes)
	}
	if a.maybe != nil {
		b.unsure = append(b.unsure, a)
	}
}

// empty tells that nothing is left.
func (b *both) empty() bool { return b.possible != nil && b.possible.IsEmpty() }

func (b *both) answer(c *chunk) answer {
	switch {
	case b.possible == nil:
		return answer{yes: c.every()}
	case b.possible == b.yes || b.empty():
		return answer{yes: b.yes}
	}
	// The parts that are certain select all that is possible.
	return answer{yes: b.yes, maybe: roaring.AndNot(b.possible, b.yes), decide: func(low uint32) (bool, error) {
		for _, a := range b.unsure {
			if ok, err := a.holds(low); err != nil || !ok {
				return false, err
			}
		}
		return true, nil
	}}
}

// Or selects what any of qs selects.
func Or(qs ...Query) Query {
	if len(qs) == 1 {
		return qs[0]
	}
	return or(slices.Clone(qs))
}

type or []Query

func (q or) rank() int {
	rank := rankSets
	for _, part := range q {
		rank = max(rank, part.rank())
	}
	return rank
}

func (q or) eval(c *chunk) (answer, error) {
	yes, maybe := roaring.New(), roaring.New()
	var unsure []answer
	for _, part := range q {
		a, err := part.eval(c)
		if err != nil {
			return answer{}, err
		}
		yes.Or(a.yes)
		if a.maybe != nil {
			maybe.Or(a.maybe)
			unsure = append(unsure, a)
		}
	}
	if unsure == nil {
		return answer{yes: yes}, nil
	}
	maybe.AndNot(yes)
	return answer{yes: yes, maybe: maybe, decide: func(low uint32) (bool, error) {
		for _, a := range unsure {
			if ok, err := a.holds(low); err != nil || ok {
				return ok, err
			}
		}
		return false, nil
	}}, nil
}

// Not selects what q does not.
func Not(q Query) Query { return not{q} }

type not struct{ q Query }

func (q not) rank() int { return max(rankSets, q.q.rank()) }

func (q not) eval(c *chunk) (answer, error) {
	a, err := q.q.eval(c)
	if err != nil {
		return answer{}, err
	}
	yes := roaring.Flip(a.possible(), 0, c.x.size())
	if a.maybe == nil {
		return answer{yes: yes}, nil
	}
	return answer{yes: yes, maybe: a.maybe, decide: func(low uint32) (bool, error) {
		ok, err := a.decide(low)
		return !ok, err
	}}, nil
}

// Check selects the documents of q that ok accepts. It is asked only about documents of which nothing else decides,
// newest first, and never about one that was deleted before the view was opened. A document that was changed since may be
// one that ok finds as it was, or, when it was deleted, still there; one that it does not find it should not accept.
func Check(q Query, ok func(seq uint64) (bool, error)) Query { return check{q, ok} }

type check struct {
	q  Query
	ok func(seq uint64) (bool, error)
}

func (q check) rank() int { return rankCheck }

func (q check) eval(c *chunk) (answer, error) {
	a, err := q.q.eval(c)
	if err != nil {
		return answer{}, err
	}
	first := c.x.first(c.number)
	return answer{yes: roaring.New(), maybe: a.possible(), decide: func(low uint32) (bool, error) {
		if held, err := a.holds(low); err != nil || !held {
			return false, err
		}
		return q.ok(first + uint64(low))
	}}, nil
}
