package tagindex

import (
	"bytes"

	"go.etcd.io/bbolt"
)

// scan goes through the stored postings of a range of keys, in order. What lies beside both ends of the range is checked
// too: a posting with a flipped bit in its key lies where it lay, and may look as if it were not of the range.
type scan struct {
	cursor *bbolt.Cursor
	// end is the key behind the range.
	end []byte
	// key is where the scan is, nil at the end, and at what is there.
	key []byte
	at  found
}

// scan begins a scan from a key to below another.
func (v *View) scan(from, end []byte) (*scan, error) {
	s := &scan{cursor: v.tx.Bucket(bucketPost).Cursor(), end: end}
	return s, s.seek(from)
}

// seek goes to the first key from the given one on.
func (s *scan) seek(from []byte) error {
	if k, _ := s.cursor.Seek(from); k == nil {
		s.key = nil
		last, value := s.cursor.Last()
		return checkBeside(bucketPost, last, value)
	}
	before, value := s.cursor.Prev()
	if before == nil {
		return s.take(s.cursor.First())
	}
	if err := checkBeside(bucketPost, before, value); err != nil {
		return err
	}
	return s.next()
}

func (s *scan) next() error { return s.take(s.cursor.Next()) }

func (s *scan) take(k, v []byte) error {
	if k == nil || bytes.Compare(k, s.end) >= 0 {
		s.key = nil
		return checkBeside(bucketPost, k, v)
	}
	stored, err := open(k, v)
	if err != nil {
		return damaged(bucketPost, k, err)
	}
	s.key, s.at = k, found{n: stored.n, key: k, stored: stored}
	return nil
}
