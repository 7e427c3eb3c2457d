package boltstore

import (
	"context"
	"encoding/binary"
	"fmt"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// requestLen is the length of what a request is kept as: run id, seq, nanoseconds of CreatedAt, which tell its age.
const requestLen = idLen + seqLen + 8

// RunOfRequest implements host.Store.
func (s *Store) RunOfRequest(ctx context.Context, requestID string) (host.Run, error) {
	if err := ctx.Err(); err != nil {
		return host.Run{}, err
	}
	var run *host.Run
	err := s.meta.view(func(tx *bbolt.Tx) (err error) {
		run, err = runOfRequest(tx, requestID)
		return err
	})
	if host.ReasonOf(err) == reasonRequest || err == nil && run == nil {
		err = &host.Error{
			Code: host.NotFound, Reason: reasonNoRun,
			Message: fmt.Sprintf("there is no run that request id %.80q made", requestID),
		}
	}
	if err != nil {
		return host.Run{}, err
	}
	return *run, nil
}

// runOfRequest returns the run that a request id made, nil when the id is new. A run that was deleted since is a
// Conflict.
func runOfRequest(tx *bbolt.Tx, requestID string) (*host.Run, error) {
	if !validRequestID(requestID) {
		return nil, nil //nolint:nilnil // nothing was made with it, and that is no error here
	}
	key := []byte(requestID)
	value := tx.Bucket(bucketIdempotency).Get(key)
	if value == nil {
		return nil, nil //nolint:nilnil // as above
	}
	payload, err := unpack(string(bucketIdempotency), key, value)
	if err != nil {
		return nil, err
	}
	if len(payload) != requestLen {
		return nil, damaged(string(bucketIdempotency), key, fmt.Errorf("%d bytes are not %d", len(payload), requestLen))
	}
	id, _ := idOf(payload[:idLen])
	run, err := runBySeq(tx, binary.BigEndian.Uint64(payload[idLen:]))
	if err != nil {
		return nil, err
	}
	if run == nil {
		return nil, conflict(reasonRequest, "request id %q made run %s, which was deleted", requestID, id)
	}
	if run.ID != id {
		return nil, damaged(string(bucketIdempotency), key, fmt.Errorf("it points to run %s, not to %s", run.ID, id))
	}
	return run, nil
}

// putRequest remembers which run a request id made.
func (x *txn) putRequest(requestID string, id []byte, run *host.Run) {
	payload := make([]byte, 0, requestLen)
	payload = append(payload, id...)
	payload = binary.BigEndian.AppendUint64(payload, run.Seq)
	payload = binary.BigEndian.AppendUint64(payload, uint64(run.CreatedAt.UnixNano()))
	key := []byte(requestID)
	x.put(bucketIdempotency, key, pack(key, payload))
}
