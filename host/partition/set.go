package partition

import (
	"context"
	"strings"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Set is the partitions of a job as they are at one instant. With two dimensions a partition is a pair, and its key both
// keys with [host.PartitionSeparator] between them: in order, all pairs of the first key of the first dimension come first.
// All methods may be called concurrently.
type Set struct {
	job        host.JobName
	partitions *host.Partitions
	rows       []row
}

// Count is how many partitions exist.
func (s *Set) Count(ctx context.Context) (int, error) {
	n := 1
	for _, r := range s.rows {
		c, err := r.count(ctx)
		if err != nil {
			return 0, err
		}
		n *= c
	}
	return n, nil
}

// Has checks that a partition exists. The error, Invalid with PARTITION_UNKNOWN, says why it does not, which keys are like
// it, and how to list them.
func (s *Set) Has(ctx context.Context, key string) error {
	parts, err := s.split(key)
	if err != nil {
		return err
	}
	for i, r := range s.rows {
		found, why, err := r.has(ctx, parts[i])
		if err != nil {
			return err
		}
		if !found {
			return s.unknown(ctx, i, parts[i], why)
		}
	}
	return nil
}

// Span is when the partition's span of time begins and ends, that of its first dimension of time; not ok when it has none.
func (s *Set) Span(key string) (start, end time.Time, ok bool) {
	parts, err := s.split(key)
	if err != nil {
		return time.Time{}, time.Time{}, false
	}
	for i, r := range s.rows {
		if t, timed := r.(*timeRow); timed {
			start, end, err := t.spans.At(parts[i])
			return start, end, err == nil
		}
	}
	return time.Time{}, time.Time{}, false
}

// Tags are those that the system gives the run of a partition.
func (s *Set) Tags(key string) tag.List { return Tags(s.partitions, key) }

// Tags are those that the system gives the run of a partition, whether or not it exists.
func Tags(p *host.Partitions, key string) tag.List {
	tags := tag.List{tag.System(tag.KeyPartition, key), tag.System(tag.KeyPartitionSet, p.Name)}
	parts := strings.Split(key, host.PartitionSeparator)
	if len(p.Dimensions) == 2 && len(parts) == 2 {
		for i, d := range p.Dimensions {
			tags = append(tags, tag.System(tag.KeyPartitionDimension+d.Name, parts[i]))
		}
	}
	return tags
}

// Ended are the partitions whose span of time came to exist after one instant and until another one, that included: of two
// dimensions, each such span of the first dimension of time with every key of the other one. Invalid when no dimension is
// one of time, or when they are more than most.
func (s *Set) Ended(ctx context.Context, after, until time.Time, most int) ([]string, error) {
	for i, r := range s.rows {
		t, timed := r.(*timeRow)
		if !timed {
			continue
		}
		spans := partitionsOf(t.spans.Ended(after, until))
		if len(s.rows) == 1 {
			if len(spans) > most {
				return nil, tooMany(s.job, len(spans), most)
			}
			return keysOf(spans), nil
		}
		other := s.rows[1-i]
		n, err := other.count(ctx)
		if err != nil {
			return nil, err
		}
		if len(spans)*n > most {
			return nil, tooMany(s.job, len(spans)*n, most)
		}
		keys, err := other.slice(ctx, 0, n)
		if err != nil {
			return nil, err
		}
		if i == 0 {
			return pairs(spans, keys), nil
		}
		return pairs(keys, spans), nil
	}
	return nil, &host.Error{
		Code: host.Invalid, Reason: "NO_TIME_PARTITIONS",
		Message: "the partitions of job " + s.job.String() + " have no dimension of time",
	}
}

// pairs are the keys of all pairs in order.
func pairs(first, second []host.Partition) []string {
	all := make([]string, 0, len(first)*len(second))
	for _, a := range first {
		for _, b := range second {
			all = append(all, a.Key+host.PartitionSeparator+b.Key)
		}
	}
	return all
}

func keysOf(all []host.Partition) []string {
	keys := make([]string, len(all))
	for i, p := range all {
		keys[i] = p.Key
	}
	return keys
}

// index is where a partition is among all.
func (s *Set) index(ctx context.Context, key string) (int, error) {
	parts, err := s.split(key)
	if err != nil {
		return 0, err
	}
	at := 0
	for i, r := range s.rows {
		here, found, why, err := r.index(ctx, parts[i])
		if err != nil {
			return 0, err
		}
		if !found {
			return 0, s.unknown(ctx, i, parts[i], why)
		}
		if i > 0 {
			n, err := r.count(ctx)
			if err != nil {
				return 0, err
			}
			at *= n
		}
		at += here
	}
	return at, nil
}

// split is the keys of the dimensions.
func (s *Set) split(key string) ([]string, error) {
	parts := strings.Split(key, host.PartitionSeparator)
	if len(parts) == len(s.rows) {
		return parts, nil
	}
	return nil, s.unsplit(key)
}

// slice is whole partitions by their indexes.
func (s *Set) slice(ctx context.Context, from, to int) ([]host.Partition, error) {
	if len(s.rows) == 1 || from >= to {
		return s.rows[0].slice(ctx, from, max(from, to))
	}
	n, err := s.rows[1].count(ctx)
	if err != nil {
		return nil, err
	}
	first, err := s.rows[0].slice(ctx, from/n, (to-1)/n+1)
	if err != nil {
		return nil, err
	}
	second, err := s.rows[1].slice(ctx, 0, n)
	if err != nil {
		return nil, err
	}
	all := make([]host.Partition, 0, to-from)
	for at := from; at < to; at++ {
		a, b := first[at/n-from/n], second[at%n]
		p := host.Partition{Key: a.Key + host.PartitionSeparator + b.Key, Start: a.Start, End: a.End}
		if a.End.IsZero() {
			p.Start, p.End = b.Start, b.End
		}
		all = append(all, p)
	}
	return all, nil
}
