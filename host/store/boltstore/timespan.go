package boltstore

import (
	"sort"
	"time"

	"google.golang.org/protobuf/encoding/protowire"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/host/store/boltstore/tagindex"
)

// timeFields are the fields of runs that are times, with their numbers in the record.
var timeFields = []struct {
	name   string
	number protowire.Number
}{{host.FieldCreated, fieldCreatedAt}, {host.FieldStarted, fieldStartedAt}, {host.FieldEnded, fieldEndedAt}}

// span is a condition on a time: from is its first instant and to the first behind it, each nil when there is none.
type span struct {
	field    string
	from, to *time.Time
}

// spanOf is the span of a condition. ok is false for one that is none, or that no run matches.
func spanOf(e *selector.Expr) (s span, ok bool) {
	if e == nil || e.Time.Relative {
		return span{}, false
	}
	s.field = e.Name
	// Times are stored to the nanosecond.
	at, next := e.Time.At, e.Time.At.Add(1)
	switch e.Op {
	case selector.Before:
		s.to = &at
	case selector.NotAfter:
		s.to = &next
	case selector.After:
		s.from = &next
	case selector.NotBefore:
		s.from = &at
	default:
		return span{}, false
	}
	return s, numberOf(s.field) != 0
}

func numberOf(field string) protowire.Number {
	for _, f := range timeFields {
		if f.name == field {
			return f.number
		}
	}
	return 0
}

// and is what both spans of a field have.
func (s span) and(other span) span {
	if s.from == nil || other.from != nil && other.from.After(*s.from) {
		s.from = other.from
	}
	if s.to == nil || other.to != nil && other.to.Before(*s.to) {
		s.to = other.to
	}
	return s
}

func (s span) has(t time.Time) bool {
	return !t.IsZero() && (s.from == nil || !t.Before(*s.from)) && (s.to == nil || t.Before(*s.to))
}

// span is the query of a condition on a time.
func (q *query) span(s span) tagindex.Query {
	if s.from != nil && s.to != nil && !s.from.Before(*s.to) {
		return nothing()
	}
	if s.field == host.FieldCreated {
		return q.created(s)
	}
	// The slots that lie in the span wholly, and the runs of those that it begins and ends in.
	first, end := "", pastSlots
	var edges []string
	if s.from != nil {
		first = slotOf(*s.from)
		edges, first = append(edges, first), first+"\x00"
	}
	if s.to != nil {
		if end = slotOf(*s.to); len(edges) == 0 || edges[0] != end {
			edges = append(edges, end)
		}
	}
	var found []tagindex.Query
	if first < end {
		found = append(found, tagindex.ValueRange(kindTime, s.field, first, end))
	}
	for _, slot := range edges {
		found = append(found, q.within(slot, s))
	}
	return tagindex.Or(found...)
}

// pastSlots is behind every slot.
const pastSlots = "\xff\xff\xff\xff\xff\xff\xff\xff\xff"

// within finds the runs of a slot that a span has.
func (q *query) within(slot string, s span) tagindex.Query {
	number := numberOf(s.field)
	return tagindex.Check(tagindex.MatchTerm(tagindex.Term{Kind: kindTime, Key: s.field, Value: slot}), func(seq uint64) (bool, error) {
		key := seqKey(seq)
		value := q.tx.Bucket(bucketRuns).Get(key)
		if value == nil {
			return false, nil
		}
		t, err := timeIn(key, value, number)
		if err != nil {
			q.damage.add(seq, err)
		}
		return err == nil && s.has(t), nil
	})
}

// created is the query of a span of when runs were created, which is in order of their numbers.
func (q *query) created(s span) tagindex.Query {
	from, to := uint64(0), ^uint64(0)
	if s.from != nil {
		from = q.createdFrom(*s.from)
	}
	if s.to != nil {
		to = q.createdFrom(*s.to)
	}
	return tagindex.SeqRange(from, to)
}

// createdFrom returns the number of the first run that was created at an instant or later, one behind the last when there
// is none.
func (q *query) createdFrom(at time.Time) uint64 {
	c := q.tx.Bucket(bucketRuns).Cursor()
	last, _ := c.Last()
	end, _ := seqOf(last)
	// Where runs are missing, or cannot be read, the next one tells.
	n := sort.Search(int(end), func(i int) bool {
		for k, v := c.Seek(seqKey(uint64(i) + 1)); k != nil; k, v = c.Next() {
			if t, err := timeIn(k, v, fieldCreatedAt); err == nil {
				return !t.Before(at)
			}
		}
		return true
	})
	return uint64(n) + 1
}

// timeIn reads a time from the record of a run; zero when it has none.
func timeIn(key, value []byte, number protowire.Number) (time.Time, error) {
	text, err := fieldIn(key, value, number)
	if err != nil || text == nil {
		return time.Time{}, err
	}
	m := &timestamppb.Timestamp{}
	if err := proto.Unmarshal(text, m); err != nil {
		return time.Time{}, damaged(string(bucketRuns), key, err)
	}
	return m.AsTime(), nil
}
