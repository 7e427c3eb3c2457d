package boltstore

import (
	"bytes"
	"fmt"

	"go.etcd.io/bbolt"
)

// requestList is a bucket of the requests that began something: request id → id. It is made from the records of these.
type requestList struct {
	bucket, records []byte
	// what names that which was begun.
	what string
	// requestOf reads the id of the request from a record.
	requestOf func(key, value []byte) (string, error)
}

var (
	bulkRequests = requestList{bucketBulkRequests, bucketBulks, "bulk action", func(k, v []byte) (string, error) {
		m, err := decodeBulk(k, v)
		return m.GetRequestId(), err
	}}
	backfillRequests = requestList{bucketBackfillRequests, bucketBackfills, "backfill", func(k, v []byte) (string, error) {
		m, err := decodeBackfill(k, v)
		return m.GetRequestId(), err
	}}
)

// mayHave says whether a request may have begun what has this key: it has, or that cannot be read.
func (l requestList) mayHave(tx *bbolt.Tx, request, key []byte) bool {
	value := tx.Bucket(l.records).Get(key)
	if value == nil {
		return false
	}
	is, err := l.requestOf(key, value)
	return err != nil || is == string(request)
}

// changes compares the list with the records.
func (l requestList) changes(tx *bbolt.Tx) (changes []listChange) {
	list := tx.Bucket(l.bucket)
	c := list.Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if !l.mayHave(tx, k, v) {
			changes = append(changes, listChange{l.bucket, bytes.Clone(k), nil})
		}
	}
	c = tx.Bucket(l.records).Cursor()
	for k, v := c.First(); k != nil; k, v = c.Next() {
		if request, err := l.requestOf(k, v); err == nil && !bytes.Equal(list.Get([]byte(request)), k) {
			changes = append(changes, listChange{l.bucket, []byte(request), bytes.Clone(k)})
		}
	}
	return changes
}

// checkRecord looks whether what was begun is found by its request.
func (c *fsck) checkRecord(tx *bbolt.Tx, l requestList, k, v []byte) error {
	request, err := l.requestOf(k, v)
	if list := tx.Bucket(l.bucket); err == nil && list != nil && !bytes.Equal(list.Get([]byte(request)), k) {
		id, _ := idOf(k)
		c.problemf(true, "%s %s is not found by its request id %.80q", l.what, id, request)
	}
	return err
}

// checkRequest looks at a row of the list.
func (c *fsck) checkRequest(tx *bbolt.Tx, l requestList) func(k, v []byte) {
	return func(k, v []byte) {
		if !l.mayHave(tx, k, v) {
			c.record(true, l.bucket, k, fmt.Errorf("%x is not the %s that it began", v, l.what))
		}
	}
}
