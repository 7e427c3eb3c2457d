package partition

import (
	"context"
	"log/slog"
	"sync"

	"github.com/penstock-run/penstock/host"
)

// dynamicRow is keys that the host keeps, as they are when all are first asked for.
type dynamicRow struct {
	keys   DynamicKeys
	logger *slog.Logger
	name   host.DynamicName

	mu   sync.Mutex
	read *staticRow
}

// readAtOnce is how many keys are read from the store at a time.
const readAtOnce = 10_000

func (r *dynamicRow) all(ctx context.Context) (*staticRow, error) {
	r.mu.Lock()
	defer r.mu.Unlock()
	if r.read != nil {
		return r.read, nil
	}
	var all []string
	for after := uint64(0); ; {
		page, err := r.keys.PartitionKeys(ctx, r.name, "", after, readAtOnce)
		damage, err := host.DamageIn(err)
		if err != nil {
			return nil, err
		}
		if damage != nil {
			r.logger.Error("keys of dynamic partitions cannot be read; they are left out", "location", r.name.Location,
				"repository", r.name.Repository, "dimension", r.name.Dimension, "error", damage)
		}
		all = append(all, page.Keys...)
		if after = page.Next; after == 0 {
			r.read = &staticRow{keys: all}
			return r.read, nil
		}
	}
}

func (r *dynamicRow) count(ctx context.Context) (int, error) {
	all, err := r.all(ctx)
	if err != nil {
		return 0, err
	}
	return all.count(ctx)
}

func (r *dynamicRow) slice(ctx context.Context, from, to int) ([]host.Partition, error) {
	all, err := r.all(ctx)
	if err != nil {
		return nil, err
	}
	return all.slice(ctx, from, to)
}

func (r *dynamicRow) index(ctx context.Context, key string) (at int, found bool, why string, err error) {
	all, err := r.all(ctx)
	if err != nil {
		return 0, false, "", err
	}
	return all.index(ctx, key)
}

// has asks for the one key: all may be many.
func (r *dynamicRow) has(ctx context.Context, key string) (found bool, why string, err error) {
	if why := textOf(host.CheckPartitionKey(key)); why != "" {
		return false, why, nil
	}
	there, err := r.keys.HasPartitionKeys(ctx, r.name, []string{key})
	return there[key], "", err
}
