package calendar

import (
	"fmt"
	"sort"
	"time"
)

// horizon is the instant after which no span ends.
var horizon = time.Date(lastYear+1, 1, 3, 0, 0, 0, 0, time.UTC).Unix()

const (
	// chunk is how much is laid at once where the clock is never moved.
	chunk = 3653 * day
	// longest is more than any span is long.
	longest = 40 * day
)

// laid is the beginnings of spans in rows at equal distances, so that counting and finding is arithmetic. What is asked
// for is laid when it is asked for.
type laid struct {
	rows []row
	// covered is the instant before which all beginnings are laid.
	covered int64
	// begun counts the beginnings in rows.
	begun int
}

// row is n beginnings in one stretch of the clock.
type row struct {
	index, n int
	// at and wall are the first of them, as instant and as the time that it is named after; each is stride after the other.
	at, wall, stride int64
	// stretch is where they are.
	stretch stretch
}

// lay lays all beginnings up to an instant, that included, and the one after it.
func (s *Spans) lay(until int64) {
	for s.covered <= min(until+longest, horizon) {
		s.layStretch()
	}
}

// layIndex lays the beginnings up to an index, that included.
func (s *Spans) layIndex(index int) {
	for s.begun <= index && s.covered <= horizon {
		s.layStretch()
	}
}

// layStretch lays the beginnings in the stretch of the clock that follows.
func (s *Spans) layStretch() {
	in := s.clock.at(s.covered)
	low, high := s.covered, min(in.to, s.covered+chunk)
	wall := low + in.offset
	if low == in.from {
		if nominal, ok := s.gap(in); ok {
			s.add(row{n: 1, at: low, wall: nominal, stride: hour, stretch: in})
		}
	}
	if s.unit != Hour {
		wall = max(wall, s.clock.reached(low-1)+1, s.start)
	}
	end := high + in.offset
	for {
		first, ok := s.pattern.next(wall)
		if !ok || first >= end {
			break
		}
		r := row{n: 1, at: first - in.offset, wall: first, stride: s.stride(), stretch: in}
		if s.unit != Month {
			r.n = int((end-1-first)/r.stride) + 1
		}
		s.add(r)
		wall = first + int64(r.n-1)*r.stride + minute
	}
	s.covered = high
}

// gap is the beginning that the clock jumped over right before a stretch, if the stretch does not begin with one anyway.
func (s *Spans) gap(in stretch) (int64, bool) {
	shown := in.from + in.offset
	if own, ok := s.pattern.next(shown); !ok || own == shown {
		return 0, false
	}
	if s.unit == Hour {
		_, ok := s.clock.swallowed(&s.pattern, in)
		return shown, ok
	}
	nominal, ok := s.pattern.prev(shown - 1)
	return nominal, ok && nominal > s.clock.reached(in.from-1) && nominal >= s.start
}

func (s *Spans) add(r row) {
	r.index = s.begun
	s.rows = append(s.rows, r)
	s.begun += r.n
}

func (s *Spans) stride() int64 {
	switch s.unit {
	case Hour:
		return hour
	case Day:
		return day
	default:
		return 7 * day
	}
}

// begunAt counts the beginnings up to an instant, that included.
func (s *Spans) begunAt(at int64) int {
	if at < s.begin {
		return 0
	}
	s.lay(at)
	i := sort.Search(len(s.rows), func(i int) bool { return s.rows[i].at > at }) - 1
	if i < 0 {
		return 0
	}
	r := &s.rows[i]
	return r.index + min(r.n, int((at-r.at)/r.stride)+1)
}

// ended counts the spans that have ended by an instant.
func (s *Spans) ended(at int64) int { return max(0, s.begunAt(min(at, s.end, horizon))-1) }

// count counts the spans that exist at an instant.
func (s *Spans) count(at int64) int {
	n := max(0, s.ended(at)+s.options.EndOffset)
	if s.options.EndOffset <= 0 {
		return n
	}
	if s.end != forever {
		return min(n, s.ended(s.end))
	}
	s.layIndex(n)
	return min(n, max(0, s.begun-1))
}

// Count is how many spans exist at an instant: those that have ended, and EndOffset more.
func (s *Spans) Count(now time.Time) int {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.count(now.Unix())
}

// Slice is the spans that exist at an instant, from one index to another one, that excluded. The first one has index 0.
// Indexes that do not exist are left out.
func (s *Spans) Slice(now time.Time, from, to int) []Span {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.slice(max(from, 0), min(to, s.count(now.Unix())))
}

// Ended is the spans that came to exist after an instant, until another one, that included. Without EndOffset, those are
// the ones that ended.
func (s *Spans) Ended(after, until time.Time) []Span {
	s.mu.Lock()
	defer s.mu.Unlock()
	return s.slice(s.count(after.Unix()), s.count(until.Unix()))
}

// Index is the index of a key, whether its span has ended or not.
func (s *Spans) Index(key string) (int, error) {
	start, _, err := s.At(key)
	if err != nil {
		return 0, err
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	index := s.begunAt(start.Unix()) - 1
	if index < 0 {
		return 0, fmt.Errorf("partition %.64q: it is before the start of the partitions, %s", key, s.options.Start)
	}
	return index, nil
}

func (s *Spans) slice(from, to int) []Span {
	if from >= to {
		return nil
	}
	s.layIndex(to)
	out := make([]Span, 0, to-from)
	i := sort.Search(len(s.rows), func(i int) bool { return s.rows[i].index > from }) - 1
	for ; i < len(s.rows) && len(out) < to-from; i++ {
		r := &s.rows[i]
		for k := max(0, from-r.index); k < r.n && len(out) < to-from; k++ {
			at := r.at + int64(k)*r.stride
			if len(out) > 0 {
				out[len(out)-1].End = instant(at)
			}
			out = append(out, Span{Key: s.keyIn(r, k), Start: instant(at)})
		}
	}
	if end, ok := s.clock.next(&s.pattern, out[len(out)-1].Start.Unix()); ok {
		out[len(out)-1].End = instant(end)
	}
	return out
}

// keyIn is the key of a beginning of a row.
func (s *Spans) keyIn(r *row, k int) string {
	at, wall := r.at+int64(k)*r.stride, r.wall+int64(k)*r.stride
	if s.unit != Hour {
		return wallTime(wall).Format(s.layout())
	}
	near := at < r.stretch.from+maxOffset || at >= r.stretch.to-maxOffset
	return s.hourKey(wall, at, near && len(s.clock.shows(wall)) > 1)
}
