package spec

import (
	"errors"
	"fmt"
	"slices"
	"strings"
	"time"
	"unicode"
	"unicode/utf8"

	"github.com/penstock-run/penstock/usercode/calendar"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Limits of partitions.
const (
	// MaxPartitionKeyBytes is the length of the longest key of a dimension.
	MaxPartitionKeyBytes = 255
	// MaxStaticPartitions is how many keys may be written down.
	MaxStaticPartitions = 10_000
	// PartitionSeparator stands between the keys of two dimensions.
	PartitionSeparator = "|"
)

// Partitions says into which parts a job's work falls.
type Partitions struct {
	Name        string
	Description string      // markdown
	Dimensions  []Dimension // one or two
	// Origin is where the author made it, "file:line".
	Origin string
}

// Dimension is one row of keys: exactly one of Time, Static and Dynamic says which.
type Dimension struct {
	Name    string
	Time    *TimePartitions
	Static  []string
	Dynamic bool
}

// TimePartitions are spans of time on the calendar of a zone.
type TimePartitions struct {
	Unit    calendar.Unit
	Options calendar.SpanOptions
	Spans   *calendar.Spans // what both come to
}

// Partition is one part.
type Partition struct {
	Key  string
	Keys map[string]string // of each dimension, by its name
	// Start and End are those of the span of time, in its zone; zero when there is none.
	Start, End time.Time
}

// Time is the dimension of time; nil when there is none.
func (p *Partitions) Time() *TimePartitions {
	for _, d := range p.Dimensions {
		if d.Time != nil {
			return d.Time
		}
	}
	return nil
}

// At is the partition of a key, or why there can be none. Whether a dynamic key was added, and whether a span of time has
// ended, only the host knows.
func (p *Partitions) At(key string) (Partition, error) {
	keys := []string{key}
	if len(p.Dimensions) == 2 {
		if keys = strings.Split(key, PartitionSeparator); len(keys) != 2 {
			return Partition{}, fmt.Errorf("%s: partition %q: it is a pair, the keys of %s and %s with %s between them",
				p.Name, key, p.Dimensions[0].Name, p.Dimensions[1].Name, PartitionSeparator)
		}
	}
	at := Partition{Key: key, Keys: make(map[string]string, len(keys))}
	for i, d := range p.Dimensions {
		if err := CheckPartitionKey(keys[i]); err != nil {
			return Partition{}, fmt.Errorf("%s: partition %q: %w", d.Name, keys[i], err)
		}
		switch {
		case d.Time != nil:
			start, end, err := d.Time.Spans.At(keys[i])
			if err != nil {
				return Partition{}, fmt.Errorf("%s: %w", d.Name, err)
			}
			zone := d.Time.Spans.Location()
			at.Start, at.End = start.In(zone), end.In(zone)
		case !d.Dynamic && !slices.Contains(d.Static, keys[i]):
			return Partition{}, fmt.Errorf("%s: partition %q: there is no such key", d.Name, keys[i])
		}
		at.Keys[d.Name] = keys[i]
	}
	return at, nil
}

// Tags are what the host attaches to runs of the partition.
func (p *Partitions) Tags(at Partition) tag.List {
	tags := tag.List{tag.System(tag.KeyPartition, at.Key), tag.System(tag.KeyPartitionSet, p.Name)}
	if len(p.Dimensions) > 1 {
		for _, d := range p.Dimensions {
			tags = append(tags, tag.System(tag.KeyPartitionDimension+d.Name, at.Keys[d.Name]))
		}
	}
	return tags
}

// CheckPartitionKey is the rule for keys of a dimension.
func CheckPartitionKey(key string) error {
	switch {
	case key == "":
		return errors.New("the key is empty")
	case len(key) > MaxPartitionKeyBytes:
		return fmt.Errorf("the key has %d bytes; the limit is %d", len(key), MaxPartitionKeyBytes)
	case !utf8.ValidString(key):
		return errors.New("the key is not valid UTF-8")
	case strings.ContainsFunc(key, unicode.IsControl):
		return errors.New("the key has control characters")
	case strings.Contains(key, PartitionSeparator) || strings.Contains(key, ".."):
		return errors.New(`the key has "|" or "..", which stand between keys`)
	case strings.HasPrefix(key, " ") || strings.HasSuffix(key, " "):
		return errors.New("the key begins or ends with a space")
	}
	return nil
}

// PartitionRun is what belongs to the run of a partition.
type PartitionRun struct {
	Config []byte   // run config, JSON; empty means none
	Tags   tag.List // sorted by key
}
