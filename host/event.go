package host

import (
	"fmt"
	"strconv"
	"strings"
)

// Cursor is a place in a run's events: after the worker event Seq of Attempt,
// and after Note host events that follow it. The zero Cursor is before
// everything. Cursors order like their fields.
type Cursor struct {
	Attempt uint32
	Seq     uint64
	Note    uint32
}

// String returns the wire form, for example "1.42.0".
func (c Cursor) String() string { return fmt.Sprintf("%d.%d.%d", c.Attempt, c.Seq, c.Note) }

// Less reports whether c comes before d.
func (c Cursor) Less(d Cursor) bool {
	if c.Attempt != d.Attempt {
		return c.Attempt < d.Attempt
	}
	if c.Seq != d.Seq {
		return c.Seq < d.Seq
	}
	return c.Note < d.Note
}

// ParseCursor reads the wire form; "" is the zero Cursor. Anything else is Invalid.
func ParseCursor(s string) (Cursor, error) {
	if s == "" {
		return Cursor{}, nil
	}
	parts := strings.Split(s, ".")
	if len(parts) == 3 {
		a, errA := strconv.ParseUint(parts[0], 10, 32)
		q, errQ := strconv.ParseUint(parts[1], 10, 64)
		n, errN := strconv.ParseUint(parts[2], 10, 32)
		if errA == nil && errQ == nil && errN == nil {
			return Cursor{Attempt: uint32(a), Seq: q, Note: uint32(n)}, nil
		}
	}
	return Cursor{}, &Error{
		Code:    Invalid,
		Reason:  "CURSOR",
		Message: fmt.Sprintf("%.64q is not an event cursor; use the one of the message before, or none", s),
	}
}

// StoredEvent is an event with its place.
type StoredEvent struct {
	// Cursor is after this event. Cursor.Note is 0 for a worker's event; for an
	// event of the host it counts from 1 after the worker event Cursor.Seq.
	Cursor Cursor
	// Data is the encoded penstock.worker.v1.Event as it came.
	Data []byte
}

// EventBatch is a run of a worker's events without gaps.
type EventBatch struct {
	Attempt uint32
	// First is the seq of the first event, from 1 per attempt.
	First uint64
	// Events are encoded penstock.worker.v1.Event messages.
	Events [][]byte
}
