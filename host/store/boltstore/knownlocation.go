package boltstore

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"sync"
	"time"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// PutKnownLocation implements host.Store.
func (s *Store) PutKnownLocation(ctx context.Context, l host.KnownLocation, bodies map[host.Digest][]byte) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	if err := checkKnown(&l); err != nil {
		return err
	}
	if err := s.checkBodiesOf(&l, bodies); err != nil {
		return err
	}
	payload, err := marshalKnown(&l)
	if err != nil {
		return err
	}
	if err := s.putInSlices(ctx, bodies); err != nil {
		return err
	}
	// What is written follows from what is there: nobody else may write of this location meanwhile.
	defer s.known.lock(l.Name)()
	a, err := s.advanceHistory(ctx, &l)
	if err != nil {
		return err
	}
	for slice, ok := a.cut(); ok; slice, ok = a.cut() {
		if err := s.meta.do(&write{ctx: ctx, size: slice.size(), apply: func(x *txn) error {
			x.putHistory(slice)
			return nil
		}}); err != nil {
			return err
		}
	}
	key := []byte(l.Name)
	value := pack(key, payload)
	return s.meta.do(&write{ctx: ctx, size: len(value) + a.size(), apply: func(x *txn) error {
		x.put(bucketLocations, key, value)
		x.put(bucketAnswered, key, answeredRecord(key, l.AnsweredAt))
		x.putHistory(a)
		return nil
	}})
}

// checkKnown checks what can be checked of a location without the store.
func checkKnown(l *host.KnownLocation) error {
	if err := checkNames("location", l.Name); err != nil {
		return err
	}
	if !storable(l.LoadedAt) || !storable(l.AnsweredAt) {
		return invalid("known location %s: it needs times at which it was loaded and answered, between the years 1970 and 2261", l.Name)
	}
	for i, r := range l.Repositories {
		if err := checkNames("repository", r.Name); err != nil {
			return err
		}
		if i > 0 && l.Repositories[i-1].Name >= r.Name {
			return invalid("known location %s: repository %.64q comes twice or out of order", l.Name, r.Name)
		}
		for k, j := range r.Jobs {
			if err := checkNames("job", j.Name); err != nil {
				return err
			}
			switch {
			case k > 0 && r.Jobs[k-1].Name >= j.Name:
				return invalid("known location %s: job %.64q of repository %s comes twice or out of order", l.Name, j.Name, r.Name)
			case j.Definition.IsZero():
				return invalid("known location %s: job %s/%s has no definition", l.Name, r.Name, j.Name)
			case j.MetadataHeld && j.Metadata.IsZero():
				return invalid("known location %s: metadata of job %s/%s is held, and there is none", l.Name, r.Name, j.Name)
			}
		}
	}
	return nil
}

// maxStorableYear is the last year that is in 64 bits of nanoseconds as a whole.
const maxStorableYear = 2261

// storable says whether a time fits nanoseconds in 64 bits.
func storable(t time.Time) bool {
	y := t.UTC().Year()
	return y >= 1970 && y <= maxStorableYear
}

// checkBodiesOf checks that every body that l names comes or is there, and that no other comes.
func (s *Store) checkBodiesOf(l *host.KnownLocation, bodies map[host.Digest][]byte) error {
	named := map[host.Digest]bool{}
	var missing error
	err := s.meta.view(func(tx *bbolt.Tx) error {
		stored := tx.Bucket(bucketBodies)
		name := func(d host.Digest, format string, args ...any) {
			if d.IsZero() || named[d] {
				return
			}
			named[d] = true
			if _, comes := bodies[d]; !comes && missing == nil && stored.Get(d[:]) == nil {
				missing = invalid("known location %s: body %s of %s is missing", l.Name, d, fmt.Sprintf(format, args...))
			}
		}
		for _, r := range l.Repositories {
			name(r.Body, "repository %s", r.Name)
			for _, j := range r.Jobs {
				name(j.Definition, "job %s/%s", r.Name, j.Name)
				if j.MetadataHeld {
					name(j.Metadata, "the metadata of job %s/%s", r.Name, j.Name)
				}
			}
		}
		return nil
	})
	if err = errors.Join(err, missing); err != nil {
		return err
	}
	for d := range bodies {
		if !named[d] {
			return invalid("known location %s: body %s comes along, and nothing names it", l.Name, d)
		}
	}
	return nil
}

// KnownLocations implements host.Store.
func (s *Store) KnownLocations(ctx context.Context) (all []host.KnownLocation, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	var spoilt error
	err = s.meta.view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketLocations).ForEach(func(k, v []byte) error {
			l, err := decodeKnown(tx, k, v)
			if err != nil {
				spoilt = errors.Join(spoilt, err)
				return nil
			}
			all = append(all, *l)
			return nil
		})
	})
	return all, errors.Join(err, spoilt)
}

// knownOf reads what is known of a location; nil when it is nothing.
func knownOf(tx *bbolt.Tx, name string) (*host.KnownLocation, error) {
	key := []byte(name)
	value := tx.Bucket(bucketLocations).Get(key)
	if value == nil {
		return nil, nil //nolint:nilnil // nothing is known, and that is no error here
	}
	return decodeKnown(tx, key, value)
}

// decodeKnown reads a record of bucket locations.
func decodeKnown(tx *bbolt.Tx, key, value []byte) (*host.KnownLocation, error) {
	payload, err := unpack(string(bucketLocations), key, value)
	if err != nil {
		return nil, err
	}
	l, err := unmarshalKnown(payload)
	if err == nil && !bytes.Equal([]byte(l.Name), key) {
		err = fmt.Errorf("it is of location %.64q", l.Name)
	}
	if err != nil {
		return nil, damaged(string(bucketLocations), key, err)
	}
	l.AnsweredAt, err = answeredOf(tx, key)
	return l, err
}

// readPrior is knownOf, for who replaces it: what cannot be read any more must not keep the new from being stored.
func (s *Store) readPrior(tx *bbolt.Tx, name string) *host.KnownLocation {
	l, err := knownOf(tx, name)
	if err != nil {
		s.log.Warn("what was known of a code location cannot be read; it is replaced",
			slog.String("location", name), slog.Any("error", err))
	}
	return l
}

// nameLocks are locks by name.
type nameLocks struct {
	mu sync.Mutex
	m  map[string]*nameLock
}

type nameLock struct {
	sync.Mutex

	users int // guarded by nameLocks.mu
}

// lock waits for the lock of a name and returns what gives it back.
func (n *nameLocks) lock(name string) (unlock func()) {
	n.mu.Lock()
	l := n.m[name]
	if l == nil {
		l = &nameLock{}
		if n.m == nil {
			n.m = map[string]*nameLock{}
		}
		n.m[name] = l
	}
	l.users++
	n.mu.Unlock()
	l.Lock()
	return func() {
		l.Unlock()
		n.mu.Lock()
		defer n.mu.Unlock()
		if l.users--; l.users == 0 {
			delete(n.m, name)
		}
	}
}
