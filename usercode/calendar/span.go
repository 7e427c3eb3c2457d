package calendar

import (
	"errors"
	"fmt"
	"sync"
	"time"
)

// Spans cut time into hours, days, weeks or months of a zone: each ends where the next one begins. They begin at the
// instants of the calendar that [Spans.Cron] has, so the doc of the package says what happens where the clock is moved:
// a day may have 23, 24.5 or 25 hours, and one that does not exist is no span. They may be used by many at once.
type Spans struct {
	unit    Unit
	options SpanOptions
	cron    string
	clock   *clock
	pattern pattern
	// start is a time on the wall, begin the instant of it; end is the instant after which none ends.
	start, begin, end int64

	mu   sync.Mutex
	laid // guarded by mu
}

// Span is one of them.
type Span struct {
	// Key names it, see [Spans.Key].
	Key string
	// Start and End are its bounds; End is the start of the next one.
	Start, End time.Time
}

// NewSpans makes spans of a unit. An error names everything that is wrong.
func NewSpans(u Unit, o SpanOptions) (*Spans, error) {
	cron, err := o.cron(u)
	errs := []error{err}
	s := &Spans{unit: u, options: o, cron: cron, end: forever}
	if s.clock, err = newClock(o.Zone); err != nil {
		errs = append(errs, err)
	}
	if s.start, err = wallOption("start", o.Start); err != nil {
		errs = append(errs, err)
	}
	var end int64
	if o.End != "" {
		if end, err = wallOption("end", o.End); err != nil {
			errs = append(errs, err)
		} else if end <= s.start {
			errs = append(errs, fmt.Errorf("end %s is not after start %s", o.End, o.Start))
		}
	}
	if err := errors.Join(errs...); err != nil {
		return nil, err
	}
	if s.pattern, err = parse(cron); err != nil {
		return nil, err
	}
	s.begin = s.clock.first(s.start)
	if o.End != "" {
		s.end = s.clock.first(end)
	}
	s.covered = s.begin
	return s, nil
}

// Unit is how long they are.
func (s *Spans) Unit() Unit { return s.unit }

// Zone is the name of the zone.
func (s *Spans) Zone() string { return s.clock.zone }

// Location is the zone: the bounds of spans are in UTC, and on its clock they are what people mean.
func (s *Spans) Location() *time.Location { return s.clock.loc }

// Cron is the cron of their beginnings: a schedule that has it ticks when a span has ended.
func (s *Spans) Cron() string { return s.cron }

// Of is the span that holds an instant, whether it has ended or not. It is not ok before the first and after the last one.
func (s *Spans) Of(t time.Time) (Span, bool) {
	at, ok := s.clock.prev(&s.pattern, t.Unix()+1)
	if !ok {
		return Span{}, false
	}
	span, err := s.span(at)
	return span, err == nil
}

// At is the span of a key, whether it has ended or not. An error says why there is none.
func (s *Spans) At(key string) (start, end time.Time, err error) {
	at, err := s.startOf(key)
	if err != nil {
		return time.Time{}, time.Time{}, fmt.Errorf("partition %.64q: %w", key, err)
	}
	span, err := s.span(at)
	if err != nil {
		return time.Time{}, time.Time{}, fmt.Errorf("partition %.64q: %w", key, err)
	}
	return span.Start, span.End, nil
}

// span is the one that begins at an instant where one may begin.
func (s *Spans) span(at int64) (Span, error) {
	key, nominal, ok := s.keyOf(at)
	switch {
	case !ok:
		return Span{}, fmt.Errorf("no %s begins then", s.unit)
	case at < s.begin, s.unit != Hour && nominal < s.start:
		return Span{}, fmt.Errorf("it is before the start of the partitions, %s", s.options.Start)
	}
	next, ok := s.clock.next(&s.pattern, at)
	switch {
	case s.end != forever && (!ok || next > s.end):
		return Span{}, fmt.Errorf("it ends after the end of the partitions, %s", s.options.End)
	case !ok || next > horizon:
		return Span{}, errors.New("it is too far in the future")
	}
	return Span{Key: key, Start: instant(at), End: instant(next)}, nil
}

func instant(at int64) time.Time { return time.Unix(at, 0).UTC() }
