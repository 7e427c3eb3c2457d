package boltstore

import (
	"bytes"
	"context"
	"encoding/hex"
	"errors"
	"fmt"
	"slices"
	"strings"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	storev1 "github.com/penstock-run/penstock/proto/gen/penstock/store/v1"
)

// Reasons of errors of backfills.
const (
	reasonNoBackfill     = "BACKFILL_NOT_FOUND"
	reasonBackfillExists = "BACKFILL_EXISTS"
)

// CreateBackfill implements host.Store.
func (s *Store) CreateBackfill(ctx context.Context, requestID string, b host.Backfill) (made host.Backfill, created bool, err error) {
	if err := ctx.Err(); err != nil {
		return host.Backfill{}, false, err
	}
	if !validRequestID(requestID) {
		return host.Backfill{}, false, invalid("request id %.80q must have 16 to 64 characters", requestID)
	}
	m, err := marshalBackfill(&b)
	if err != nil {
		return host.Backfill{}, false, err
	}
	if b.State != host.BackfillRunning || b.Round != 0 {
		return host.Backfill{}, false, invalid("create backfill %s: %.32q in round %d is not how one begins", b.ID, b.State, b.Round)
	}
	m.RequestId = requestID
	value, err := packBackfill(m)
	if err != nil {
		return host.Backfill{}, false, err
	}
	partitions, err := packRound(m.Id, &b)
	if err != nil {
		return host.Backfill{}, false, err
	}
	var there *storev1.Backfill
	if err := s.meta.do(&write{ctx: ctx, size: len(value) + len(partitions.value), apply: func(x *txn) error {
		known, err := backfillOfRequest(x.Tx, requestID)
		if err != nil {
			return err
		}
		if known != nil {
			if !bytes.Equal(known.AskedDigest, m.AskedDigest) {
				return host.RequestUsed(requestID, fmt.Sprintf("began backfill %s, which was asked for in other words", backfillID(known)))
			}
			there = known
			return nil
		}
		if x.Bucket(bucketBackfills).Get(m.Id) != nil {
			return conflict(reasonBackfillExists, "there is a backfill %s already", b.ID)
		}
		x.forgetBackfills()
		x.put(bucketBackfills, m.Id, value)
		x.put(bucketBackfillPartitions, partitions.key, partitions.value)
		x.put(bucketBackfillRequests, []byte(requestID), m.Id)
		return nil
	}}); err != nil {
		return host.Backfill{}, false, err
	}
	if there != nil {
		made, err = s.Backfill(ctx, backfillID(there))
		return made, false, err
	}
	made = unmarshalBackfill(m)
	made.Partitions = slices.Clone(b.Partitions)
	return made, true, nil
}

// forgetBackfills makes room for one more: of those beyond the newest ones the ended go. One that cannot be read stays.
func (x *txn) forgetBackfills() {
	c := x.Bucket(bucketBackfills).Cursor()
	k, v := c.Last()
	for n := 1; k != nil && n < host.MaxBackfills; n++ {
		k, v = c.Prev()
	}
	var gone []*storev1.Backfill
	for ; k != nil; k, v = c.Prev() {
		if m, err := decodeBackfill(k, v); err == nil && host.BackfillState(m.State).Final() {
			gone = append(gone, m)
		}
	}
	for _, m := range gone {
		x.del(bucketBackfills, m.Id)
		x.del(bucketBackfillRequests, []byte(m.RequestId))
		x.del(bucketBackfillPartitions, roundKey(m.Id, 0))
		x.del(bucketBackfillPartitions, roundKey(m.Id, m.Round))
	}
}

// UpdateBackfill implements host.Store. The partitions, which never change, are read before: they may be many.
func (s *Store) UpdateBackfill(ctx context.Context, id string, change func(*host.Backfill) error) (host.Backfill, error) {
	whole, err := s.Backfill(ctx, id)
	if err != nil {
		return host.Backfill{}, err
	}
	key, _ := idKey(host.RunID(id))
	var made host.Backfill
	var panicked any
	err = s.meta.do(&write{ctx: ctx, size: updateSize, apply: func(x *txn) error {
		m, err := backfillByKey(x.Tx, key)
		if err != nil {
			return err
		}
		if m == nil {
			return noBackfill(id)
		}
		was := unmarshalBackfill(m)
		was.Partitions, was.Retry = whole.Partitions, whole.Retry
		if was.Round != whole.Round { // another one began since
			if was.Retry, err = retryOf(x.Tx, m); err != nil {
				return err
			}
		}
		made = was
		made.Retry, made.Refusals = slices.Clone(was.Retry), slices.Clone(was.Refusals)
		if panicked, err = guarded(func() error { return change(&made) }); err != nil {
			return err
		}
		return x.updateBackfill(m, &was, &made)
	}})
	if panicked != nil {
		panic(panicked) // change is the caller's, and so is its panic
	}
	if err != nil {
		return host.Backfill{}, err
	}
	return made, nil
}

// updateBackfill stores what a change of the record m, which is was, has made of it; made becomes what is stored. An error
// comes before anything is written.
func (x *txn) updateBackfill(m *storev1.Backfill, was, made *host.Backfill) error {
	next := *was
	next.State, next.EndedAt, next.Problem, next.Next = made.State, made.EndedAt, made.Problem, made.Next
	next.Refusals, next.RefusedCount = made.Refusals, made.RefusedCount
	next.Round, next.RetryRequest, next.Forced, next.Counts = made.Round, made.RetryRequest, made.Forced, made.Counts
	if next.Round < was.Round {
		return invalid("update backfill %s: its round cannot go back from %d to %d", was.ID, was.Round, next.Round)
	}
	if next.Round > was.Round {
		next.Retry = made.Retry
	}
	state, err := marshalBackfill(&next)
	if err != nil {
		return err
	}
	stored := proto.CloneOf(m) // with what a newer host wrote into it
	stored.State, stored.EndedAt, stored.Problem, stored.Next = state.State, state.EndedAt, state.Problem, state.Next
	stored.Refusals, stored.RefusedCount = state.Refusals, state.RefusedCount
	stored.Round, stored.RetryRequest, stored.Forced = state.Round, state.RetryRequest, state.Forced
	stored.Counted, stored.Counts = state.Counted, state.Counts
	value, err := packBackfill(stored)
	if err != nil {
		return invalid("backfill %s cannot be stored: %v", was.ID, err)
	}
	if next.Round > was.Round {
		round, err := packRound(m.Id, &next)
		if err != nil {
			return err
		}
		if was.Round > 0 {
			x.del(bucketBackfillPartitions, roundKey(m.Id, uint64(was.Round)))
		}
		x.put(bucketBackfillPartitions, round.key, round.value)
	}
	x.putChanged(bucketBackfills, record{key: m.Id, value: value})
	partitions, retry := next.Partitions, slices.Clone(next.Retry)
	*made = unmarshalBackfill(stored)
	made.Partitions, made.Retry = partitions, retry
	return nil
}

// Backfill implements host.Store.
func (s *Store) Backfill(ctx context.Context, id string) (b host.Backfill, err error) {
	if err := ctx.Err(); err != nil {
		return host.Backfill{}, err
	}
	key, ok := idKey(host.RunID(id))
	if !ok {
		return host.Backfill{}, noBackfill(id)
	}
	err = s.meta.view(func(tx *bbolt.Tx) error {
		m, err := backfillByKey(tx, key)
		if err != nil {
			return err
		}
		if m == nil {
			return noBackfill(id)
		}
		b, err = wholeBackfill(tx, m)
		return err
	})
	return b, err
}

// BackfillOfRequest implements host.Store.
func (s *Store) BackfillOfRequest(ctx context.Context, requestID string) (b host.Backfill, err error) {
	if err := ctx.Err(); err != nil {
		return host.Backfill{}, err
	}
	err = s.meta.view(func(tx *bbolt.Tx) error {
		m, err := backfillOfRequest(tx, requestID)
		if err != nil {
			return err
		}
		if m == nil {
			return &host.Error{
				Code: host.NotFound, Reason: reasonNoBackfill,
				Message: fmt.Sprintf("there is no backfill that request id %.80q began", requestID),
			}
		}
		b, err = wholeBackfill(tx, m)
		return err
	})
	return b, err
}

// FindBackfills implements host.Store.
func (s *Store) FindBackfills(ctx context.Context, prefix string, limit int) (ids []string, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	digits := strings.ReplaceAll(prefix, "-", "")
	from, err := hex.DecodeString(digits[:len(digits)&^1])
	if err != nil {
		return nil, nil //nolint:nilerr // no id begins so
	}
	err = s.meta.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketBackfills).Cursor()
		for k, _ := c.Seek(from); bytes.HasPrefix(k, from) && k != nil && len(ids) < limit; k, _ = c.Next() {
			if id, ok := idOf(k); ok && strings.HasPrefix(string(id), prefix) {
				ids = append(ids, string(id))
			}
		}
		return nil
	})
	return ids, err
}

// backfillPage is how many partitions the backfills of a page have, but for the last one.
const backfillPage = 200_000

// Backfills implements host.Store.
func (s *Store) Backfills(ctx context.Context, job host.JobName, older string, limit int) (page []host.Backfill, next string, err error) {
	if err := ctx.Err(); err != nil || limit <= 0 {
		return nil, "", err
	}
	var from []byte
	if older != "" {
		var ok bool
		if from, ok = idKey(host.RunID(older)); !ok {
			return nil, "", invalid("backfills before %.64q: that is not the id of one", older)
		}
	}
	var damage host.Damage
	err = s.meta.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketBackfills).Cursor()
		k, v := c.Last()
		if from != nil {
			k, v = before(c, from)
		}
		for partitions := 0; k != nil; k, v = c.Prev() {
			if len(page) == limit || partitions >= backfillPage {
				return nil
			}
			id, _ := idOf(k)
			next = string(id)
			m, err := decodeBackfill(k, v)
			if err == nil && job != (host.JobName{}) && unmarshalBackfill(m).Job != job {
				continue
			}
			var b host.Backfill
			if err == nil {
				b, err = wholeBackfill(tx, m)
			}
			if err != nil {
				damage = append(damage, err)
				continue
			}
			page, partitions = append(page, b), partitions+len(b.Partitions)
		}
		next = ""
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	return page, next, damage.AsError()
}

// wholeBackfill is the backfill of a record, with its partitions.
func wholeBackfill(tx *bbolt.Tx, m *storev1.Backfill) (b host.Backfill, err error) {
	round, err := roundOf(tx, m.Id, 0)
	if err != nil {
		return b, err
	}
	b = unmarshalBackfill(m)
	b.Partitions = round.Keys
	b.Retry, err = retryOf(tx, m)
	return b, err
}

// retryOf reads which partitions a backfill launches again.
func retryOf(tx *bbolt.Tx, m *storev1.Backfill) (places []int, err error) {
	if m.Round == 0 {
		return nil, nil
	}
	round, err := roundOf(tx, m.Id, m.Round)
	if err != nil {
		return nil, err
	}
	for _, place := range round.Places {
		places = append(places, int(place))
	}
	return places, nil
}

func roundOf(tx *bbolt.Tx, id []byte, round uint64) (*storev1.BackfillPartitions, error) {
	key := roundKey(id, round)
	value := tx.Bucket(bucketBackfillPartitions).Get(key)
	if value == nil {
		return nil, damaged(string(bucketBackfillPartitions), key, errors.New("it is missing"))
	}
	return decodeRound(key, value)
}

// backfillOfRequest reads the backfill that a request began, nil when it began none.
func backfillOfRequest(tx *bbolt.Tx, requestID string) (*storev1.Backfill, error) {
	if !validRequestID(requestID) {
		return nil, nil //nolint:nilnil // nothing was begun with it, and that is no error here
	}
	key := []byte(requestID)
	id := tx.Bucket(bucketBackfillRequests).Get(key)
	if id == nil {
		return nil, nil //nolint:nilnil // as above
	}
	known, err := backfillByKey(tx, id)
	if err == nil && (known == nil || known.RequestId != requestID) {
		err = damaged(string(bucketBackfillRequests), key, fmt.Errorf("it does not lead to the backfill that it began, %x", id))
	}
	return known, err
}

// backfillByKey reads a record, nil when there is none.
func backfillByKey(tx *bbolt.Tx, key []byte) (*storev1.Backfill, error) {
	value := tx.Bucket(bucketBackfills).Get(key)
	if value == nil {
		return nil, nil //nolint:nilnil // there is no such backfill, and that is no error here
	}
	return decodeBackfill(key, value)
}

func decodeBackfill(key, value []byte) (*storev1.Backfill, error) {
	payload, err := unpack(string(bucketBackfills), key, value)
	if err != nil {
		return nil, err
	}
	m := &storev1.Backfill{}
	if err := proto.Unmarshal(payload, m); err != nil {
		return nil, damaged(string(bucketBackfills), key, err)
	}
	if !bytes.Equal(m.Id, key) {
		return nil, damaged(string(bucketBackfills), key, fmt.Errorf("it is backfill %x", m.Id))
	}
	return m, nil
}

func noBackfill(id string) error {
	return &host.Error{
		Code: host.NotFound, Reason: reasonNoBackfill, Message: fmt.Sprintf("there is no backfill %.64q", id),
		Remedy: fmt.Sprintf("list them with penstock backfill list; the newest %d are kept", host.MaxBackfills),
	}
}
