package boltstore

import (
	"bytes"
	"encoding/binary"
	"unicode/utf8"

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

// maxNameLen is the most bytes of a name in a key, far above what locations may send and such that keys fit.
const maxNameLen = 4096

// checkNames says what is wrong with names that keys are made of.
func checkNames(what string, names ...string) error {
	for _, name := range names {
		if name == "" || len(name) > maxNameLen || !utf8.ValidString(name) {
			return invalid("%s %.64q does not have a name of 1 to %d bytes of UTF-8", what, name, maxNameLen)
		}
	}
	return nil
}

// locationKey is what the keys of a location's rows in history begin with. Each name follows its length, so that none
// is the beginning of another.
func locationKey(name string) []byte { return appendName(nil, name) }

// jobKey is what the keys of a job's rows in history begin with.
func jobKey(job host.JobName) []byte {
	k := make([]byte, 0, 3*2+len(job.Location)+len(job.Repository)+len(job.Job)+seqLen)
	return appendName(appendName(appendName(k, job.Location), job.Repository), job.Job)
}

func appendName(k []byte, name string) []byte {
	return append(binary.BigEndian.AppendUint16(k, uint16(len(name))), name...) // see checkNames
}

// periodKey is the key of a row in history.
func periodKey(job []byte, seq uint64) []byte {
	return binary.BigEndian.AppendUint64(bytes.Clone(job), seq)
}

// jobOfPeriod is the job's part of a periodKey.
func jobOfPeriod(key []byte) []byte { return key[:len(key)-seqLen] }

// seqOfPeriod is the number in a periodKey.
func seqOfPeriod(key []byte) uint64 { return binary.BigEndian.Uint64(key[len(key)-seqLen:]) }
