package boltstore

import (
	"context"
	"errors"
	"strings"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/host/store/boltstore/tagindex"
)

// query is what answers from the index, and looks at records where the index alone does not tell.
type query struct {
	store *Store
	ctx   context.Context //nolint:containedctx // a query ends with the call that asks
	view  *tagindex.View
	tx    *bbolt.Tx // of the view
	// damage are the records that could not be looked at.
	damage *damagedRuns
}

// selecting runs f with a view of the index, which ends with it. f must copy what it keeps.
func (s *Store) selecting(ctx context.Context, damage *damagedRuns, f func(*query) error) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	err := s.meta.guarded(func() (err error) {
		v, err := s.index.View(s.meta.begin)
		if err != nil {
			return err
		}
		defer func() { err = errors.Join(err, v.Close()) }()
		return f(&query{store: s, ctx: ctx, view: v, tx: v.Tx(), damage: damage})
	})
	if d, ok := errors.AsType[*tagindex.DamageError](err); ok {
		return damagedIndex(d)
	}
	return err
}

// reportUnread tells of runs below before (0: all) that could not be read when the index was loaded: whether they match
// nobody knows.
func (q *query) reportUnread(before uint64) {
	for _, seq := range q.store.index.unread {
		if before != 0 && seq >= before {
			continue
		}
		if _, err := runBySeq(q.tx, seq); err != nil {
			q.damage.add(seq, err)
		}
	}
}

// wholeFrom is the shortest text that may be the cut text of a longer one, see host.TermText.
const wholeFrom = host.MaxTermText - 3

// of returns the query that finds what e matches.
func (q *query) of(e *selector.Expr) (tagindex.Query, error) {
	if e == nil {
		return tagindex.All(), nil
	}
	switch e.Op {
	case selector.And:
		return q.and(e.Args)
	case selector.Or:
		args, err := q.each(e.Args)
		return tagindex.Or(args...), err
	case selector.Not:
		arg, err := q.of(e.Args[0])
		return tagindex.Not(arg), err
	case selector.Before, selector.NotAfter, selector.After, selector.NotBefore:
		span, ok := spanOf(e)
		if !ok {
			return nothing(), nil
		}
		return q.span(span), nil
	case selector.Exists, selector.Is, selector.HasPrefix:
		return q.value(e)
	default:
		return nothing(), nil
	}
}

// nothing finds nothing.
func nothing() tagindex.Query { return tagindex.SeqSet(nil) }

func (q *query) each(args []*selector.Expr) (queries []tagindex.Query, err error) {
	for _, arg := range args {
		of, err := q.of(arg)
		if err != nil {
			return nil, err
		}
		queries = append(queries, of)
	}
	return queries, nil
}

// and takes bounds of one time together: the slots between them are few, those on one side of each many.
func (q *query) and(args []*selector.Expr) (tagindex.Query, error) {
	spans := map[string]span{}
	var rest []*selector.Expr
	for _, arg := range args {
		s, ok := spanOf(arg)
		if !ok {
			rest = append(rest, arg)
			continue
		}
		if before, again := spans[s.field]; again {
			s = before.and(s)
		}
		spans[s.field] = s
	}
	queries, err := q.each(rest)
	if err != nil {
		return nil, err
	}
	for _, field := range timeFields {
		if s, ok := spans[field.name]; ok {
			queries = append(queries, q.span(s))
		}
	}
	return tagindex.And(queries...), nil
}

// value is the query of Exists, Is and HasPrefix.
func (q *query) value(e *selector.Expr) (tagindex.Query, error) {
	switch e.On {
	case selector.Tag:
		if !host.ListsValues(e.Name) && e.Op != selector.Exists {
			return q.checked(tagindex.HasKey(kindTag, e.Name), e), nil
		}
		return q.text(kindTag, e), nil
	case selector.Metadata:
		return q.text(kindMetadata, e), nil
	case selector.Field:
		return q.field(e)
	default:
		return nothing(), nil
	}
}

func (q *query) field(e *selector.Expr) (tagindex.Query, error) {
	switch e.Name {
	case host.FieldStatus:
		if e.Op == selector.Exists {
			return tagindex.All(), nil
		}
		return tagindex.Or(q.text(kindField, e), q.text(kindOpen, e)), nil
	case host.FieldPartition:
		tagged := *e
		tagged.On, tagged.Name = selector.Tag, host.PartitionKey
		return q.text(kindTag, &tagged), nil
	case host.FieldID:
		if e.Op == selector.Exists {
			return tagindex.All(), nil
		}
		return q.ids(e)
	case host.FieldCreated:
		if e.Op == selector.Exists {
			return tagindex.All(), nil
		}
		return nothing(), nil
	case host.FieldStarted, host.FieldEnded:
		if e.Op == selector.Exists {
			return tagindex.HasKey(kindTime, e.Name), nil
		}
		return nothing(), nil
	default:
		return q.text(kindField, e), nil
	}
}

// text is the query of a key, or of a value of it. What the index has of a long text is found by its beginning, and the
// runs are looked at.
func (q *query) text(kind byte, e *selector.Expr) tagindex.Query {
	key, whole := host.TermText(e.Name), len(e.Name) < wholeFrom
	var found tagindex.Query
	switch e.Op {
	case selector.Exists:
		found = tagindex.HasKey(kind, key)
	case selector.Is:
		found = tagindex.MatchTerm(tagindex.Term{Kind: kind, Key: key, Value: host.TermText(e.Value)})
		whole = whole && len(e.Value) < wholeFrom
	default:
		prefix := e.Value[:min(len(e.Value), wholeFrom)]
		found = tagindex.ValuePrefix(kind, key, prefix)
		whole = whole && len(prefix) == len(e.Value)
	}
	if whole {
		return found
	}
	return q.checked(found, e)
}

// maxIDs is how many ids a query lists. Beginnings that more have are looked for in the records.
const maxIDs = 10_000

// ids is the query of a run's id, or of the beginning of one.
func (q *query) ids(e *selector.Expr) (tagindex.Query, error) {
	var seqs []uint64
	if err := eachID(q.tx, e.Value, func(id host.RunID, seq uint64) (more bool, err error) {
		if e.Op == selector.HasPrefix || string(id) == e.Value {
			seqs = append(seqs, seq)
		}
		return len(seqs) <= maxIDs, nil
	}); err != nil {
		return nil, err
	}
	if len(seqs) <= maxIDs {
		return tagindex.SeqSet(seqs), nil
	}
	return tagindex.Check(tagindex.All(), func(seq uint64) (bool, error) {
		id, ok := q.idOf(seq)
		return ok && strings.HasPrefix(string(id), e.Value), nil
	}), nil
}

// checked is of what found finds only what e matches, which the records tell.
func (q *query) checked(found tagindex.Query, e *selector.Expr) tagindex.Query {
	return tagindex.Check(found, func(seq uint64) (bool, error) {
		run, err := runBySeq(q.tx, seq)
		if err != nil {
			q.damage.add(seq, err)
			return false, nil
		}
		return run != nil && e.Matches(q.store.texts.source(q.tx, run)), nil
	})
}

// damagedRuns are errors of records of runs, each once.
type damagedRuns struct {
	seqs map[uint64]bool
	host.Damage
}

func (d *damagedRuns) add(seq uint64, err error) {
	if d.seqs[seq] {
		return
	}
	if d.seqs == nil {
		d.seqs = map[uint64]bool{}
	}
	d.seqs[seq] = true
	d.Damage = append(d.Damage, err)
}
