package usercode

import (
	"fmt"
	"time"

	"github.com/penstock-run/penstock/usercode/calendar"
	"github.com/penstock-run/penstock/usercode/internal/spec"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Partitions are the parts into which a job's work falls: spans of time, or keys that are written down. They become a
// [JobOption], and jobs that share them share their name:
//
//	var days = usercode.NewDailyPartitions("days", "2026-01-01", usercode.Zone("America/New_York"))
//	var dailyReport = usercode.NewJob("daily_report", body, days, usercode.PartitionConfig(configOfDay))
//
// A run of such a job is launched for one of them, which [PartitionFrom] tells its ops, or for none.
type Partitions struct{ def *partitionsDef }

// DynamicPartitions are keys that are added and removed while things run: by people, by the API, and by sensors with
// [DynamicPartitions.Add].
type DynamicPartitions struct{ def *partitionsDef }

// PartitionPairs are the pairs of the partitions of two dimensions.
type PartitionPairs struct{ def *partitionsDef }

// PartitionDimension is [Partitions] or [DynamicPartitions].
type PartitionDimension interface{ dimension() *partitionsDef }

func (p *Partitions) dimension() *partitionsDef {
	if p == nil {
		return nil
	}
	return p.def
}

func (p *DynamicPartitions) dimension() *partitionsDef {
	if p == nil {
		return nil
	}
	return p.def
}

func (p *Partitions) applyJob(j *Job)        { j.partition(p.dimension()) }
func (p *DynamicPartitions) applyJob(j *Job) { j.partition(p.dimension()) }

func (p *PartitionPairs) applyJob(j *Job) {
	if p == nil {
		j.partition(nil)
		return
	}
	j.partition(p.def)
}

// partitionsDef is what all kinds have.
type partitionsDef struct {
	partitions spec.Partitions
	faults     []fault

	// Of time alone. A worker has use for the zones of few partitions, so spans are made when a job is compiled.
	unit calendar.Unit
	span calendar.SpanOptions

	pair  []*partitionsDef // of pairs alone
	built bool             // guarded by compiling
}

func newPartitionsDef(name string) *partitionsDef {
	def := &partitionsDef{partitions: spec.Partitions{Name: name, Origin: authorLine()}}
	if err := tag.CheckName(name); err != nil {
		def.faultf("%v", err)
	}
	return def
}

func (d *partitionsDef) faultf(format string, args ...any) {
	message := fmt.Sprintf("partitions %q: %s", d.partitions.Name, fmt.Sprintf(format, args...))
	d.faults = append(d.faults, fault{origin: d.partitions.Origin, message: message})
}

func (d *partitionsDef) describe(text string) {
	if err := checkDescription(text); err != nil {
		d.faultf("%v", err)
		return
	}
	d.partitions.Description = text
}

// NewHourlyPartitions are hours since start, a time on the wall of their [Zone]: "2026-01-01" or "2026-01-01T15:00". A
// partition exists once it has ended, unless [EndOffset] says otherwise.
func NewHourlyPartitions(name, start string, opts ...TimePartitionsOption) *Partitions {
	return newTimePartitions(name, calendar.Hour, start, opts)
}

// NewDailyPartitions are days since start, as of [NewHourlyPartitions]. The key of one is its date.
func NewDailyPartitions(name, start string, opts ...TimePartitionsOption) *Partitions {
	return newTimePartitions(name, calendar.Day, start, opts)
}

// NewWeeklyPartitions are weeks since start, as of [NewHourlyPartitions]; they begin on Sundays unless [OnWeekday] says
// otherwise. The key of one is the date of its first day.
func NewWeeklyPartitions(name, start string, opts ...TimePartitionsOption) *Partitions {
	return newTimePartitions(name, calendar.Week, start, opts)
}

// NewMonthlyPartitions are months since start, as of [NewHourlyPartitions]; they begin on the first unless [OnDay] says
// otherwise. The key of one is "2026-11", or the date of its first day.
func NewMonthlyPartitions(name, start string, opts ...TimePartitionsOption) *Partitions {
	return newTimePartitions(name, calendar.Month, start, opts)
}

func newTimePartitions(name string, unit calendar.Unit, start string, opts []TimePartitionsOption) *Partitions {
	def := newPartitionsDef(name)
	def.unit, def.span.Start = unit, wallTime(start)
	for _, o := range opts {
		if o != nil {
			o.applyTimePartitions(def)
		}
	}
	return &Partitions{def}
}

// build makes the dimensions, the first time.
func (d *partitionsDef) build() *spec.Partitions {
	if d.built {
		return &d.partitions
	}
	d.built = true
	if d.unit != "" {
		spans, err := calendar.NewSpans(d.unit, d.span)
		for _, err := range flatten([]error{err}) {
			d.faultf("%v", err)
		}
		d.partitions.Dimensions = []spec.Dimension{{Name: d.partitions.Name, Time: &spec.TimePartitions{Unit: d.unit, Options: d.span, Spans: spans}}}
	}
	for _, dimension := range d.pair {
		d.partitions.Dimensions = append(d.partitions.Dimensions, dimension.build().Dimensions...)
		d.faults = append(d.faults, dimension.faults...)
	}
	return &d.partitions
}

// wallTime adds the midnight that a date is short for.
func wallTime(text string) string {
	if _, err := time.Parse(time.DateOnly, text); err == nil {
		return text + "T00:00"
	}
	return text
}

// NewStaticPartitions are the keys, in their order; at most 10,000. A key has 1 to 255 bytes without control characters,
// "|" and "..".
func NewStaticPartitions(name string, keys []string, opts ...PartitionsOption) *Partitions {
	def := newPartitionsDef(name)
	def.apply(opts)
	if len(keys) == 0 {
		def.faultf("there is no key")
	}
	if len(keys) > spec.MaxStaticPartitions {
		def.faultf("there are %d keys; the limit is %d", len(keys), spec.MaxStaticPartitions)
	}
	first := make(map[string]int, len(keys))
	for i, key := range keys {
		if err := spec.CheckPartitionKey(key); err != nil {
			def.faultf("key %d, %.100q: %v", i+1, key, err)
		} else if twin, twice := first[key]; twice {
			def.faultf("key %d, %.100q, is key %d already", i+1, key, twin)
		} else {
			first[key] = i + 1
		}
	}
	def.partitions.Dimensions = []spec.Dimension{{Name: name, Static: append([]string(nil), keys...)}}
	return &Partitions{def}
}

// NewDynamicPartitions has the keys that a host keeps under the name, for all jobs of the repository.
func NewDynamicPartitions(name string, opts ...PartitionsOption) *DynamicPartitions {
	def := newPartitionsDef(name)
	def.apply(opts)
	def.partitions.Dimensions = []spec.Dimension{{Name: name, Dynamic: true}}
	return &DynamicPartitions{def}
}

// NewPartitionPairs has a partition for each pair of one of first and one of second; its key is both keys with "|"
// between them. At most one of the two is of time.
func NewPartitionPairs(name string, first, second PartitionDimension, opts ...PartitionsOption) *PartitionPairs {
	def := newPartitionsDef(name)
	def.apply(opts)
	for i, d := range []PartitionDimension{first, second} {
		var dimension *partitionsDef
		if d != nil {
			dimension = d.dimension()
		}
		if dimension == nil {
			def.faultf("dimension %d is nil; variables that init() or main() sets are nil when package variables are made", i+1)
			continue
		}
		def.pair = append(def.pair, dimension)
	}
	if len(def.pair) == 2 {
		if a, b := def.pair[0].partitions.Name, def.pair[1].partitions.Name; a == b {
			def.faultf("both dimensions have the name %q; give them different ones", a)
		}
		if def.pair[0].unit != "" && def.pair[1].unit != "" {
			def.faultf("both dimensions are of time; one of them can be")
		}
	}
	return &PartitionPairs{def}
}

func (d *partitionsDef) apply(opts []PartitionsOption) {
	for _, o := range opts {
		if o != nil {
			o.applyPartitions(d)
		}
	}
}

// PartitionKeysChange is what [DynamicPartitions.Add] and [DynamicPartitions.Remove] make, for a [SensorResult].
type PartitionKeysChange struct{ change spec.PartitionKeysChange }

// Add adds keys behind those that are there; a key that is there stays where it is.
func (p *DynamicPartitions) Add(keys ...string) PartitionKeysChange {
	return PartitionKeysChange{spec.PartitionKeysChange{Dimension: p.def.partitions.Name, Add: keys}}
}

// Remove removes keys. Runs of them keep their tags.
func (p *DynamicPartitions) Remove(keys ...string) PartitionKeysChange {
	return PartitionKeysChange{spec.PartitionKeysChange{Dimension: p.def.partitions.Name, Remove: keys}}
}
