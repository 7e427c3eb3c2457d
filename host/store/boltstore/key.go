package boltstore

import (
	"encoding/binary"

	"github.com/google/uuid"

	"github.com/penstock-run/penstock/host"
)

// Lengths of keys.
const (
	seqLen   = 8
	idLen    = 16
	placeLen = seqLen + 4 + 8 + 4
)

// seqKey is the key of a run in runs, open and purge.
func seqKey(seq uint64) []byte { return binary.BigEndian.AppendUint64(nil, seq) }

// seqOf reads a seqKey.
func seqOf(key []byte) (seq uint64, ok bool) {
	if len(key) != seqLen {
		return 0, false
	}
	return binary.BigEndian.Uint64(key), true
}

// placeKey is the key of a note, or of a batch of events whose first is at c. Keys order like cursors.
func placeKey(run uint64, c host.Cursor) []byte {
	k := make([]byte, 0, placeLen)
	k = binary.BigEndian.AppendUint64(k, run)
	k = binary.BigEndian.AppendUint32(k, c.Attempt)
	k = binary.BigEndian.AppendUint64(k, c.Seq)
	return binary.BigEndian.AppendUint32(k, c.Note)
}

// placeOf reads a placeKey of the given run. ok is false for a key of another run, and for none.
func placeOf(run uint64, key []byte) (c host.Cursor, ok bool) {
	if len(key) != placeLen || binary.BigEndian.Uint64(key) != run {
		return host.Cursor{}, false
	}
	return host.Cursor{
		Attempt: binary.BigEndian.Uint32(key[seqLen:]),
		Seq:     binary.BigEndian.Uint64(key[seqLen+4:]),
		Note:    binary.BigEndian.Uint32(key[seqLen+12:]),
	}, true
}

// idKey is the key of a run's id. ok is false for anything but the text of a UUID as it is written.
func idKey(id host.RunID) (key []byte, ok bool) {
	u, err := uuid.Parse(string(id))
	if err != nil || u.String() != string(id) {
		return nil, false
	}
	return u[:], true
}

// idOf reads an idKey.
func idOf(key []byte) (id host.RunID, ok bool) {
	u, err := uuid.FromBytes(key)
	return host.RunID(u.String()), err == nil
}
