package usercode

import "time"

// PartitionsOption is [Description].
type PartitionsOption interface{ applyPartitions(def *partitionsDef) }

// TimePartitionsOption is [Description], [Zone], [AtMinute], [AtHour], [OnWeekday], [OnDay], [Until] or [EndOffset].
type TimePartitionsOption interface{ applyTimePartitions(def *partitionsDef) }

func (d Description) applyPartitions(def *partitionsDef)     { def.describe(string(d)) }
func (d Description) applyTimePartitions(def *partitionsDef) { def.describe(string(d)) }

// Zone is the IANA name of the zone by whose clock partitions begin or a schedule ticks, such as "Europe/Berlin"; UTC when
// it is not given. What that means when the clock is moved says package calendar.
type Zone string

func (z Zone) applyTimePartitions(def *partitionsDef) { def.span.Zone = string(z) }

// AtMinute is the minute of the hour at which partitions of time begin; 0 when it is not given.
type AtMinute int

func (m AtMinute) applyTimePartitions(def *partitionsDef) { def.span.Minute = int(m) }

// AtHour is the hour of the day at which days, weeks and months begin; 0 when it is not given.
type AtHour int

func (h AtHour) applyTimePartitions(def *partitionsDef) { def.span.Hour = int(h) }

// OnWeekday is the day on which weeks begin; Sunday when it is not given:
//
//	usercode.NewWeeklyPartitions("weeks", "2026-01-05", usercode.OnWeekday(time.Monday))
type OnWeekday time.Weekday

func (d OnWeekday) applyTimePartitions(def *partitionsDef) {
	if !def.begins("OnWeekday", "week") {
		return
	}
	def.span.Day = int(d)
}

// OnDay is the day on which months begin, from 1 to 28; 1 when it is not given.
type OnDay int

func (d OnDay) applyTimePartitions(def *partitionsDef) {
	if !def.begins("OnDay", "month") {
		return
	}
	if d < 1 || d > 28 {
		def.faultf("OnDay is %d; it is a day from 1 to 28, which every month has", d)
		return
	}
	def.span.Day = int(d)
}

// begins is whether the option is for this unit.
func (d *partitionsDef) begins(option, unit string) bool {
	if string(d.unit) != unit {
		d.faultf("%s is for partitions of a %s, and these are of a %s", option, unit, d.unit)
		return false
	}
	return true
}

// Until is a time on the wall, as the start, after which no partition of time ends. Without it there is always a next one.
type Until string

func (u Until) applyTimePartitions(def *partitionsDef) { def.span.End = wallTime(string(u)) }

// EndOffset is how many partitions of time exist that have not ended: with 1 there is that of today, too. A negative one
// takes the newest away, for data that comes late.
type EndOffset int

func (n EndOffset) applyTimePartitions(def *partitionsDef) { def.span.EndOffset = int(n) }
