package partition

import (
	"context"
	"fmt"
	"log/slog"
	"sync"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/calendar"
)

// DynamicKeys keeps the keys of dynamic dimensions; a [host.Store] does.
type DynamicKeys interface {
	PartitionKeys(ctx context.Context, name host.DynamicName, prefix string, after uint64, limit int) (host.PartitionKeyPage, error)
	HasPartitionKeys(ctx context.Context, name host.DynamicName, keys []string) (map[string]bool, error)
}

// Source makes sets of partitions. Make one with NewSource. All methods may be called concurrently.
type Source struct {
	dynamic DynamicKeys
	clock   host.Clock
	logger  *slog.Logger

	mu    sync.Mutex
	spans map[host.TimePartitions]*calendar.Spans
}

// maxSpans is how many calendars of time partitions are kept.
const maxSpans = 256

// NewSource returns a Source. The logger gets keys that cannot be read; nil means that nobody does.
func NewSource(dynamic DynamicKeys, clock host.Clock, logger *slog.Logger) *Source {
	if logger == nil {
		logger = slog.New(slog.DiscardHandler)
	}
	return &Source{dynamic: dynamic, clock: clock, logger: logger, spans: map[host.TimePartitions]*calendar.Spans{}}
}

// Of is the partitions of a job as they are now. Invalid when a calendar cannot be made of them.
func (s *Source) Of(job host.JobName, p *host.Partitions) (*Set, error) {
	set := &Set{job: job, partitions: p}
	now := s.clock.Now()
	for i := range p.Dimensions {
		d := &p.Dimensions[i]
		var r row
		switch {
		case d.Time != nil:
			spans, err := s.spansOf(d.Time)
			if err != nil {
				return nil, &host.Error{
					Code: host.Invalid, Reason: "PARTITIONS_UNUSABLE",
					Message: fmt.Sprintf("the partitions of job %s cannot be used: dimension %s: %v", job, d.Name, err),
					Remedy:  "Correct them in the user code and deploy it again.",
				}
			}
			r = &timeRow{spans: spans, now: now}
		case d.Dynamic:
			name := host.DynamicName{Location: job.Location, Repository: job.Repository, Dimension: d.Name}
			r = &dynamicRow{keys: s.dynamic, logger: s.logger, name: name}
		default:
			r = &staticRow{keys: d.Static}
		}
		set.rows = append(set.rows, r)
	}
	return set, nil
}

// spansOf is the calendar of time partitions. It is kept, since it remembers what it worked out.
func (s *Source) spansOf(t *host.TimePartitions) (*calendar.Spans, error) {
	s.mu.Lock()
	defer s.mu.Unlock()
	if spans := s.spans[*t]; spans != nil {
		return spans, nil
	}
	spans, err := Spans(t)
	if err != nil {
		return nil, err
	}
	if len(s.spans) >= maxSpans {
		clear(s.spans)
	}
	s.spans[*t] = spans
	return spans, nil
}

// Spans is the calendar of time partitions. An error names everything that is wrong with them.
func Spans(t *host.TimePartitions) (*calendar.Spans, error) {
	return calendar.NewSpans(calendar.Unit(t.Unit), calendar.SpanOptions{
		Zone: t.Zone, Start: t.Start, End: t.End, Minute: t.Minute, Hour: t.Hour, Day: t.Day, EndOffset: t.EndOffset,
	})
}
