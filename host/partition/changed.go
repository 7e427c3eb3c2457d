package partition

import (
	"context"
	"slices"

	"github.com/penstock-run/penstock/host"
)

// Changed is the set as it is once keys of dynamic dimensions were changed: for who changes them together with what needs
// them. Changes of other dimensions are passed over.
func (s *Set) Changed(changes []host.PartitionKeysChange) *Set {
	next := &Set{job: s.job, partitions: s.partitions, rows: slices.Clone(s.rows)}
	for i, r := range next.rows {
		d, dynamic := r.(*dynamicRow)
		if !dynamic {
			continue
		}
		c := &changedRow{row: d, added: map[string]bool{}, removed: map[string]bool{}}
		for _, change := range changes {
			if change.Name == d.name {
				c.take(change)
			}
		}
		if len(c.order)+len(c.removed) > 0 {
			next.rows[i] = c
		}
	}
	return next
}

// changedRow is a row of keys after changes.
type changedRow struct {
	row
	added, removed map[string]bool
	// order are the keys that are added, in the order in which they first are.
	order []string
}

// take takes a change in: it removes keys, and then adds some.
func (r *changedRow) take(c host.PartitionKeysChange) {
	for _, key := range c.Remove {
		r.removed[key] = true
		if r.added[key] {
			delete(r.added, key)
			r.order = slices.DeleteFunc(r.order, func(k string) bool { return k == key })
		}
	}
	for _, key := range c.Add {
		if !r.added[key] {
			r.added[key] = true
			r.order = append(r.order, key)
		}
	}
}

// after is the whole row after the changes.
func (r *changedRow) after(ctx context.Context) (*staticRow, error) {
	n, err := r.row.count(ctx)
	if err != nil {
		return nil, err
	}
	before, err := r.row.slice(ctx, 0, n)
	if err != nil {
		return nil, err
	}
	there, keys := map[string]bool{}, []string(nil)
	for _, p := range before {
		if !r.removed[p.Key] {
			there[p.Key] = true
			keys = append(keys, p.Key)
		}
	}
	for _, key := range r.order {
		if !there[key] {
			keys = append(keys, key)
		}
	}
	return &staticRow{keys: keys}, nil
}

func (r *changedRow) count(ctx context.Context) (int, error) {
	all, err := r.after(ctx)
	if err != nil {
		return 0, err
	}
	return all.count(ctx)
}

func (r *changedRow) slice(ctx context.Context, from, to int) ([]host.Partition, error) {
	all, err := r.after(ctx)
	if err != nil {
		return nil, err
	}
	return all.slice(ctx, from, to)
}

func (r *changedRow) index(ctx context.Context, key string) (at int, found bool, why string, err error) {
	all, err := r.after(ctx)
	if err != nil {
		return 0, false, "", err
	}
	return all.index(ctx, key)
}

// has asks for the one key: all may be many.
func (r *changedRow) has(ctx context.Context, key string) (found bool, why string, err error) {
	if err := host.CheckPartitionKey(key); err != nil {
		return false, err.Error(), nil //nolint:nilerr // that is why there is none
	}
	if r.added[key] || r.removed[key] {
		return r.added[key], "", nil
	}
	return r.row.has(ctx, key)
}
