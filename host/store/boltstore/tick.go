package boltstore

import (
	"bytes"
	"context"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// reasonNoTick is the reason of errors of ticks that are not there.
const reasonNoTick = "TICK_NOT_FOUND"

// TickRow implements host.Store.
func (s *Store) TickRow(ctx context.Context, name host.AutomationName, at time.Time) (t host.Tick, err error) {
	if err := ctx.Err(); err != nil {
		return t, err
	}
	automation, err := automationKey(name)
	if err != nil {
		return t, err
	}
	if storable(at) {
		err = s.meta.view(func(tx *bbolt.Tx) error {
			is, err := tickByKey(tx, tickKey(automation, at))
			if is != nil {
				t = *is
			}
			return err
		})
	}
	if err == nil && t.Count == 0 {
		err = &host.Error{
			Code: host.NotFound, Reason: reasonNoTick,
			Message: fmt.Sprintf("%s %.200q has no tick of %s", name.Kind, name, at.UTC().Format(time.RFC3339Nano)),
			Remedy:  fmt.Sprintf("list them with penstock %s ticks; those that made no run are kept for 7 days, others, and those that failed, for 90", name.Kind),
		}
	}
	return t, err
}

// tickByKey reads a tick, nil when there is none.
func tickByKey(tx *bbolt.Tx, key []byte) (*host.Tick, error) {
	value := tx.Bucket(bucketTicks).Get(key)
	if value == nil {
		return nil, nil //nolint:nilnil // there is none, and that is no error here
	}
	t, _, err := decodeTick(key, value)
	if err != nil {
		return nil, err
	}
	return &t, nil
}

// newestTick reads the tick of a schedule or sensor that is the last in order, nil when there is none.
func newestTick(tx *bbolt.Tx, automation []byte) (key []byte, t *host.Tick, err error) {
	k, v := before(tx.Bucket(bucketTicks).Cursor(), behindTicks(automation))
	if !bytes.HasPrefix(k, automation) {
		return nil, nil, nil
	}
	newest, _, err := decodeTick(k, v)
	return bytes.Clone(k), &newest, err
}

// behindTicks is behind all ticks of a schedule or sensor: their instants are before the year 2262.
func behindTicks(automation []byte) []byte {
	return append(bytes.Clone(automation), 0xff)
}

// tickLook is how many ticks a page is looked for among.
const tickLook = 10_000

// Ticks implements host.Store.
func (s *Store) Ticks(
	ctx context.Context, name host.AutomationName, statuses []host.TickStatus, older time.Time, limit int,
) (page host.TickPage, err error) {
	if err := ctx.Err(); err != nil {
		return page, err
	}
	automation, err := automationKey(name)
	if err != nil || limit <= 0 {
		return page, err
	}
	from := behindTicks(automation)
	switch {
	case older.IsZero() || older.Year() > maxStorableYear:
	case !storable(older):
		return page, nil // before the first that can be
	default:
		from = tickKey(automation, older)
	}
	var damage host.Damage
	err = s.meta.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketTicks).Cursor()
		k, v := before(c, from)
		for look, size := tickLook, 0; bytes.HasPrefix(k, automation); k, v = c.Prev() {
			if look == 0 || len(page.Ticks) == limit || size >= maxPageBytes {
				return nil
			}
			look--
			page.Next = tickAt(k)
			t, bytes, err := decodeTick(k, v)
			switch {
			case err != nil:
				damage = append(damage, err)
			case len(statuses) == 0 || slices.Contains(statuses, t.Status):
				page.Ticks, size = append(page.Ticks, t), size+bytes
			}
		}
		page.Next = time.Time{}
		return nil
	})
	if err != nil {
		return host.TickPage{}, err
	}
	return page, damage.AsError()
}
