package partition

import (
	"context"
	"slices"
	"sync"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/calendar"
)

// row is the keys of one dimension in their order.
type row interface {
	// count is how many exist.
	count(ctx context.Context) (int, error)
	// slice is those of an index from on, before to; both exist.
	slice(ctx context.Context, from, to int) ([]host.Partition, error)
	// index is where a key is; found tells whether it exists. why says for people why it does not, as far as that is known.
	index(ctx context.Context, key string) (at int, found bool, why string, err error)
	// has is index without the place, which may cost more.
	has(ctx context.Context, key string) (found bool, why string, err error)
}

// timeRow is spans of time as they exist at an instant.
type timeRow struct {
	spans *calendar.Spans
	now   time.Time
}

func (r *timeRow) count(context.Context) (int, error) { return r.spans.Count(r.now), nil }

func (r *timeRow) slice(_ context.Context, from, to int) ([]host.Partition, error) {
	return partitionsOf(r.spans.Slice(r.now, from, to)), nil
}

func (r *timeRow) index(_ context.Context, key string) (at int, found bool, why string, err error) {
	_, end, err := r.spans.At(key)
	if err == nil {
		at, err = r.spans.Index(key)
	}
	if why = textOf(err); why != "" {
		return 0, false, why, nil
	}
	if at >= r.spans.Count(r.now) {
		return 0, false, "it does not exist yet; its time ends at " + end.In(r.spans.Location()).Format("2006-01-02 15:04 MST"), nil
	}
	return at, true, "", nil
}

// textOf is what an error says, nothing of none: why there is no such key, which is no failure.
func textOf(err error) string {
	if err == nil {
		return ""
	}
	return err.Error()
}

func (r *timeRow) has(ctx context.Context, key string) (found bool, why string, err error) {
	_, found, why, err = r.index(ctx, key)
	return found, why, err
}

func partitionsOf(spans []calendar.Span) []host.Partition {
	all := make([]host.Partition, len(spans))
	for i, s := range spans {
		all[i] = host.Partition{Key: s.Key, Start: s.Start, End: s.End}
	}
	return all
}

// staticRow is keys that are written down.
type staticRow struct {
	keys []string
	once sync.Once
	at   map[string]int
}

func (r *staticRow) count(context.Context) (int, error) { return len(r.keys), nil }

func (r *staticRow) slice(_ context.Context, from, to int) ([]host.Partition, error) {
	return keyed(r.keys[from:to]), nil
}

func (r *staticRow) index(_ context.Context, key string) (at int, found bool, why string, err error) {
	r.once.Do(func() {
		r.at = make(map[string]int, len(r.keys))
		for i, k := range r.keys {
			r.at[k] = i
		}
	})
	at, found = r.at[key]
	return at, found, "", nil
}

// has looks for the one key: a map of all is made for who asks for many.
func (r *staticRow) has(_ context.Context, key string) (found bool, why string, err error) {
	return slices.Contains(r.keys, key), "", nil
}

func keyed(keys []string) []host.Partition {
	all := make([]host.Partition, len(keys))
	for i, key := range keys {
		all[i] = host.Partition{Key: key}
	}
	return all
}
