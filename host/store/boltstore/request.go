package boltstore

import (
	"bytes"
	"context"
	"encoding/binary"
	"fmt"
	"slices"
	"time"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
)

// A request is kept as what it did, in one of two forms that their length tells apart. A launch is run id, seq and
// nanoseconds of CreatedAt, which tell its age, and has launchLen bytes. Any other write has zeros in place of the run id,
// then memoryFormat, nanoseconds, the length of What as BE16, What, and the ids of the runs that it changed, at least one.
const (
	launchLen         = idLen + seqLen + 8
	memoryFormat byte = 2
	memoryHeader      = idLen + 1 + 8 + 2
)

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
	if host.ReasonOf(err) == host.ReasonRequestUsed || err == nil && run == nil {
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

// RunsOfRequest implements host.Store.
func (s *Store) RunsOfRequest(ctx context.Context, r host.Request) (ids []host.RunID, err error) {
	if err := ctx.Err(); err != nil {
		return nil, err
	}
	if err := checkRequest(r); err != nil {
		return nil, err
	}
	err = s.meta.view(func(tx *bbolt.Tx) error {
		m, err := memoryOf(tx, r)
		for _, key := range m.ids {
			id, _ := idOf(key)
			ids = append(ids, id)
		}
		return err
	})
	return ids, err
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
	if len(payload) != launchLen {
		m, err := decodeMemory(key, payload)
		if err != nil {
			return nil, err
		}
		return nil, host.RequestUsed(requestID, fmt.Sprintf("was used for a %s, not for a launch", host.Request{What: m.what}.For()))
	}
	id, _ := idOf(payload[:idLen])
	run, err := runBySeq(tx, binary.BigEndian.Uint64(payload[idLen:]))
	if err != nil {
		return nil, err
	}
	if run == nil {
		return nil, host.RequestUsed(requestID, fmt.Sprintf("made run %s, which was deleted", id))
	}
	if run.ID != id {
		return nil, damaged(string(bucketIdempotency), key, fmt.Errorf("it points to run %s, not to %s", run.ID, id))
	}
	return run, nil
}

// putRequest remembers which run a request id made.
func (x *txn) putRequest(requestID string, id []byte, run *host.Run) {
	payload := make([]byte, 0, launchLen)
	payload = append(payload, id...)
	payload = binary.BigEndian.AppendUint64(payload, run.Seq)
	payload = binary.BigEndian.AppendUint64(payload, uint64(run.CreatedAt.UnixNano()))
	key := []byte(requestID)
	x.put(bucketIdempotency, key, pack(key, payload))
}

// memory is what is remembered of a write to runs that exist.
type memory struct {
	at   time.Time
	what string
	// ids are those of the runs that it changed.
	ids   [][]byte
	index map[string]bool
}

// has tells whether the request changed the run with this key of ids.
func (m *memory) has(key []byte) bool { return m.index[string(key)] }

// memoryOf returns what a request did before, nothing when it is new or the zero Request. One that asked for something
// else is a Conflict.
func memoryOf(tx *bbolt.Tx, r host.Request) (memory, error) {
	key := []byte(r.ID)
	if r == (host.Request{}) {
		return memory{}, nil
	}
	value := tx.Bucket(bucketIdempotency).Get(key)
	if value == nil {
		return memory{what: r.What}, nil
	}
	payload, err := unpack(string(bucketIdempotency), key, value)
	if err != nil {
		return memory{}, err
	}
	if len(payload) == launchLen {
		id, _ := idOf(payload[:idLen])
		return memory{}, host.RequestUsed(r.ID, fmt.Sprintf("made run %s, and is not that of a %s", id, r.For()))
	}
	m, err := decodeMemory(key, payload)
	if err == nil && m.what != r.What {
		return memory{}, r.UsedFor(host.Request{What: m.what})
	}
	return m, err
}

// decodeMemory reads what is kept of a write. Nothing of it lies in payload.
func decodeMemory(key, payload []byte) (m memory, err error) {
	broken := func(format string, args ...any) (memory, error) {
		return memory{}, damaged(string(bucketIdempotency), key, fmt.Errorf(format, args...))
	}
	if len(payload) <= launchLen || payload[idLen] != memoryFormat {
		return broken("%d bytes that begin with %x are not a request", len(payload), payload[:min(idLen+1, len(payload))])
	}
	head, rest := payload[idLen+1:memoryHeader], payload[memoryHeader:]
	m.at = time.Unix(0, int64(binary.BigEndian.Uint64(head))).UTC()
	n := int(binary.BigEndian.Uint16(head[8:]))
	if len(rest) < n || (len(rest)-n)%idLen != 0 {
		return broken("%d bytes are not what was asked for in %d bytes, and ids", len(rest), n)
	}
	m.what = string(rest[:n])
	m.index = make(map[string]bool, len(rest)/idLen)
	for id := range slices.Chunk(bytes.Clone(rest[n:]), idLen) {
		m.ids = append(m.ids, id)
		m.index[string(id)] = true
	}
	return m, nil
}

// putMemory remembers what a request changed.
func (x *txn) putMemory(requestID string, m memory) {
	payload := make([]byte, 0, memoryHeader+len(m.what)+idLen*len(m.ids))
	payload = append(payload, make([]byte, idLen)...)
	payload = append(payload, memoryFormat)
	payload = binary.BigEndian.AppendUint64(payload, uint64(m.at.UnixNano()))
	payload = binary.BigEndian.AppendUint16(payload, uint16(len(m.what))) // see checkRequest
	payload = append(payload, m.what...)
	for _, id := range m.ids {
		payload = append(payload, id...)
	}
	key := []byte(requestID)
	x.put(bucketIdempotency, key, pack(key, payload))
}
