package boltstore

import (
	"bytes"
	"context"
	"fmt"

	"github.com/google/uuid"
	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	storev1 "github.com/penstock-run/penstock/proto/gen/penstock/store/v1"
)

// Reasons of errors of actions.
const (
	reasonNoBulk     = "BULK_NOT_FOUND"
	reasonBulkExists = "BULK_EXISTS"
	reasonBulkEnded  = "BULK_ENDED"
)

// bulkSize is about how much a write of an action adds: most of it is its batch.
const bulkSize = 16 << 10

// gives tells that an action gives room back, and so that what is noted of it is written while the disk is nearly full.
func gives(b *host.Bulk) bool { return b.Action.Kind == host.BulkDelete }

// CreateBulk implements host.Store.
func (s *Store) CreateBulk(ctx context.Context, requestID string, b host.Bulk) (made host.Bulk, created bool, err error) {
	if err := ctx.Err(); err != nil {
		return host.Bulk{}, false, err
	}
	if !validRequestID(requestID) {
		return host.Bulk{}, false, invalid("request id %.80q must have 16 to 64 characters", requestID)
	}
	record, err := marshalBulk(&b)
	if err != nil {
		return host.Bulk{}, false, err
	}
	if b.State != host.BulkRunning {
		return host.Bulk{}, false, invalid("create bulk action %s: %.32q is not a state to begin with", b.ID, b.State)
	}
	record.RequestId = requestID
	err = s.meta.do(&write{ctx: ctx, size: bulkSize, frees: gives(&b), apply: func(x *txn) error {
		known, err := bulkOfRequest(x.Tx, requestID)
		if err != nil {
			return err
		}
		if known != nil {
			if !bytes.Equal(known.AskedDigest, record.AskedDigest) {
				return host.RequestUsed(requestID, fmt.Sprintf("began bulk action %s, which was asked for in other words", bulkID(known)))
			}
			record = known
			return nil
		}
		if x.Bucket(bucketBulks).Get(record.Id) != nil {
			return conflict(reasonBulkExists, "there is a bulk action %s already", b.ID)
		}
		payload, err := proto.Marshal(record)
		if err != nil {
			return invalid("bulk action %s cannot be stored: %v", b.ID, err)
		}
		if err := x.forgetBulks(); err != nil {
			return err
		}
		x.put(bucketBulks, record.Id, pack(record.Id, payload))
		x.put(bucketBulkRequests, []byte(requestID), record.Id)
		created = true
		return nil
	}})
	if err != nil {
		return host.Bulk{}, false, err
	}
	made, err = unmarshalBulk(record)
	return made, created, err
}

// forgetBulks makes room for one more: of those beyond the newest ones the ended go.
func (x *txn) forgetBulks() error {
	c := x.Bucket(bucketBulks).Cursor()
	k, _ := c.Last()
	for n := 1; k != nil && n < host.MaxBulks; n++ {
		k, _ = c.Prev()
	}
	var gone []*storev1.Bulk
	for ; k != nil; k, _ = c.Prev() {
		m, err := bulkByKey(x.Tx, k)
		if err != nil {
			return err
		}
		if host.BulkState(m.State) != host.BulkRunning {
			gone = append(gone, m)
		}
	}
	for _, m := range gone {
		x.del(bucketBulks, m.Id)
		x.del(bucketBulkRequests, []byte(m.RequestId))
	}
	return nil
}

// PutBulk implements host.Store.
func (s *Store) PutBulk(ctx context.Context, b host.Bulk) error {
	if err := ctx.Err(); err != nil {
		return err
	}
	record, err := marshalBulk(&b)
	if err != nil {
		return err
	}
	return s.meta.do(&write{ctx: ctx, size: bulkSize, frees: gives(&b), apply: func(x *txn) error {
		stored, err := bulkByKey(x.Tx, record.Id)
		if err != nil {
			return err
		}
		if stored == nil {
			return noBulk(b.ID)
		}
		next := proto.CloneOf(stored)
		next.State, next.EndedAt, next.Error = record.State, record.EndedAt, record.Error
		next.Batch, next.Next = record.Batch, record.Next
		next.Changed, next.PassedOver, next.Failed, next.Failures = record.Changed, record.PassedOver, record.Failed, record.Failures
		switch {
		case proto.Equal(next, stored):
			return nil
		case host.BulkState(stored.State) != host.BulkRunning:
			return conflict(reasonBulkEnded, "bulk action %s has ended", b.ID)
		}
		payload, err := proto.Marshal(next)
		if err != nil {
			return invalid("bulk action %s cannot be stored: %v", b.ID, err)
		}
		x.put(bucketBulks, next.Id, pack(next.Id, payload))
		return nil
	}})
}

// Bulk implements host.Store.
func (s *Store) Bulk(ctx context.Context, id string) (b host.Bulk, err error) {
	if err := ctx.Err(); err != nil {
		return host.Bulk{}, err
	}
	key, ok := idKey(host.RunID(id))
	if !ok {
		return host.Bulk{}, noBulk(id)
	}
	var record *storev1.Bulk
	if err := s.meta.view(func(tx *bbolt.Tx) (err error) {
		record, err = bulkByKey(tx, key)
		return err
	}); err != nil {
		return host.Bulk{}, err
	}
	if record == nil {
		return host.Bulk{}, noBulk(id)
	}
	return unmarshalBulk(record)
}

// BulkOfRequest implements host.Store.
func (s *Store) BulkOfRequest(ctx context.Context, requestID string) (b host.Bulk, err error) {
	if err := ctx.Err(); err != nil {
		return host.Bulk{}, err
	}
	var record *storev1.Bulk
	if err := s.meta.view(func(tx *bbolt.Tx) (err error) {
		record, err = bulkOfRequest(tx, requestID)
		return err
	}); err != nil {
		return host.Bulk{}, err
	}
	if record == nil {
		return host.Bulk{}, &host.Error{
			Code: host.NotFound, Reason: reasonNoBulk,
			Message: fmt.Sprintf("there is no bulk action that request id %.80q began", requestID),
		}
	}
	return unmarshalBulk(record)
}

// Bulks implements host.Store.
func (s *Store) Bulks(ctx context.Context, older string, limit int) (page []host.Bulk, next string, err error) {
	if err := ctx.Err(); err != nil || limit <= 0 {
		return nil, "", err
	}
	var from []byte
	if older != "" {
		var ok bool
		if from, ok = idKey(host.RunID(older)); !ok {
			return nil, "", invalid("bulk actions before %.64q: that is not the id of one", older)
		}
	}
	var damage host.Damage
	err = s.meta.view(func(tx *bbolt.Tx) error {
		c := tx.Bucket(bucketBulks).Cursor()
		k, v := c.Last()
		if from != nil {
			k, v = before(c, from)
		}
		for n := 0; k != nil; k, v = c.Prev() {
			if n++; n > limit {
				return nil
			}
			id, _ := idOf(k)
			next = string(id)
			record, err := decodeBulk(k, v)
			if err != nil {
				damage = append(damage, err)
				continue
			}
			b, err := unmarshalBulk(record)
			if err != nil {
				damage = append(damage, err)
				continue
			}
			page = append(page, b)
		}
		next = ""
		return nil
	})
	if err != nil {
		return nil, "", err
	}
	return page, next, damage.AsError()
}

// bulkOfRequest reads the action that a request began, nil when it began none.
func bulkOfRequest(tx *bbolt.Tx, requestID string) (*storev1.Bulk, error) {
	if !validRequestID(requestID) {
		return nil, nil //nolint:nilnil // nothing was begun with it, and that is no error here
	}
	key := []byte(requestID)
	id := tx.Bucket(bucketBulkRequests).Get(key)
	if id == nil {
		return nil, nil //nolint:nilnil // as above
	}
	known, err := bulkByKey(tx, id)
	if err == nil && (known == nil || known.RequestId != requestID) {
		err = damaged(string(bucketBulkRequests), key, fmt.Errorf("it does not lead to the bulk action that it began, %x", id))
	}
	return known, err
}

// bulkByKey reads a record of bucket bulks, nil when there is none.
func bulkByKey(tx *bbolt.Tx, key []byte) (*storev1.Bulk, error) {
	value := tx.Bucket(bucketBulks).Get(key)
	if value == nil {
		return nil, nil //nolint:nilnil // there is no such action, and that is no error here
	}
	return decodeBulk(key, value)
}

func decodeBulk(key, value []byte) (*storev1.Bulk, error) {
	payload, err := unpack(string(bucketBulks), key, value)
	if err != nil {
		return nil, err
	}
	m := &storev1.Bulk{}
	if err := proto.Unmarshal(payload, m); err != nil {
		return nil, damaged(string(bucketBulks), key, err)
	}
	if !bytes.Equal(m.Id, key) {
		return nil, damaged(string(bucketBulks), key, fmt.Errorf("it is bulk action %x", m.Id))
	}
	return m, nil
}

func bulkID(m *storev1.Bulk) string {
	id, err := uuid.FromBytes(m.Id)
	if err != nil {
		return fmt.Sprintf("%x", m.Id)
	}
	return id.String()
}

func noBulk(id string) error {
	return &host.Error{
		Code: host.NotFound, Reason: reasonNoBulk, Message: fmt.Sprintf("there is no bulk action %.64q", id),
		Remedy: fmt.Sprintf("list them with penstock bulk list; the newest %d are kept", host.MaxBulks),
	}
}
