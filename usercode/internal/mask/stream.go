package mask

// Stream masks data that comes in pieces, cut anywhere. It is not safe for concurrent use.
type Stream struct {
	masker  *Masker
	held    string // may be the beginning of a value, and is shorter than the longest form of one
	covered int    // of held: bytes that a value covers which was taken out already
}

// Stream starts one.
func (m *Masker) Stream() *Stream { return &Stream{masker: m} }

// Write answers what is known to hold no value, in place of values their Replacement. The end of the data is held back
// as long as it may be the beginning of one; that is rare, and never more than the longest form of a value.
func (s *Stream) Write(data []byte) []byte {
	if s.masker == nil {
		return data
	}
	text := s.held + string(data)
	return s.take(text, s.masker.open(text, 1))
}

// Flush answers what was held back. Four bytes or more that are the beginning of a value are taken out.
func (s *Stream) Flush() []byte {
	if s.held == "" {
		return nil
	}
	text := s.held
	out := s.take(text, s.masker.open(text, MinBytes))
	if s.held != "" && s.covered == 0 {
		out = append(out, Replacement...)
	}
	s.held, s.covered = "", 0
	return out
}

// take gives what is before limit, where no value begins that is not complete.
func (s *Stream) take(text string, limit int) []byte {
	out := make([]byte, 0, limit)
	covered := s.covered
	for at, end := s.masker.next(text, 0); at >= 0 && at < limit; at, end = s.masker.next(text, end) {
		if at >= covered {
			out = append(append(out, text[covered:at]...), Replacement...)
		}
		covered = max(covered, end)
	}
	if covered < limit {
		out = append(out, text[covered:limit]...)
		covered = limit
	}
	s.held, s.covered = text[limit:], covered-limit
	return out
}
