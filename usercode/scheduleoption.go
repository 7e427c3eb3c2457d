package usercode

import "github.com/penstock-run/penstock/usercode/internal/spec"

// ScheduleOption is [Cron], [Zone], [RunConfig], [Description], [Tags], [DefaultOn] or [MissedTicks].
type ScheduleOption interface{ applySchedule(s *Schedule) }

// PartitionScheduleOption is [Cron], [Zone], [Description], [Tags], [DefaultOn] or [MissedTicks].
type PartitionScheduleOption interface{ applyPartitionSchedule(s *Schedule) }

// ScheduleFuncOption is [Cron], [Zone], [Timeout], [Description], [Tags], [DefaultOn] or [MissedTicks].
type ScheduleFuncOption interface{ applyScheduleFunc(s *Schedule) }

func (d Description) applySchedule(s *Schedule)          { s.describe(string(d)) }
func (d Description) applyPartitionSchedule(s *Schedule) { s.describe(string(d)) }
func (d Description) applyScheduleFunc(s *Schedule)      { s.describe(string(d)) }

func (t Tags) applySchedule(s *Schedule)          { s.addTags(t) }
func (t Tags) applyPartitionSchedule(s *Schedule) { s.addTags(t) }
func (t Tags) applyScheduleFunc(s *Schedule)      { s.addTags(t) }

// Who gives two zones may mean one for each cron, which would tick at other times.
func (z Zone) applySchedule(s *Schedule) {
	if s.schedule.Zone != "" {
		s.faultf("Zone is given twice, %q and %q; all crons of a schedule have one: keep it, or make two schedules", s.schedule.Zone, string(z))
		return
	}
	s.schedule.Zone = string(z)
}

func (z Zone) applyPartitionSchedule(s *Schedule) { z.applySchedule(s) }
func (z Zone) applyScheduleFunc(s *Schedule)      { z.applySchedule(s) }

func (t Timeout) applyScheduleFunc(s *Schedule) { s.limit(t) }

// Cron says when a schedule ticks, by the clock of its [Zone]: five fields for minute, hour, day of the month, month and
// day of the week, with ranges, lists, steps and names of months and days, or @hourly, @daily, @weekly, @monthly,
// @yearly. With several the schedule ticks when any of them does, once.
//
// Times of the day that do not exist because the clock is put forward come at the first instant after; those that are
// there twice come the first time; a cron with every hour of the day ticks every real hour. A cron that was changed
// counts from the deployment on.
type Cron string

func (c Cron) applySchedule(s *Schedule)          { s.schedule.Crons = append(s.schedule.Crons, string(c)) }
func (c Cron) applyPartitionSchedule(s *Schedule) { c.applySchedule(s) }
func (c Cron) applyScheduleFunc(s *Schedule)      { c.applySchedule(s) }

func (c RunConfig) applySchedule(s *Schedule) {
	if s.config != nil {
		s.faultf("RunConfig is given twice; keep one")
		return
	}
	s.config = c
}

// DefaultOn makes a schedule or sensor start to work when a host sees it first, until people switch it off. Without it
// people have to switch it on.
type DefaultOn struct{}

func (DefaultOn) applySchedule(s *Schedule)          { s.defaultOn = true }
func (DefaultOn) applyPartitionSchedule(s *Schedule) { s.defaultOn = true }
func (DefaultOn) applyScheduleFunc(s *Schedule)      { s.defaultOn = true }

// MissedTicks says what becomes of ticks whose time passed while the host was down, or while a function could not be
// asked: [SkipMissed], [LatestMissed] or [AllMissed]. LatestMissed when nothing is said.
type MissedTicks struct{ missed spec.MissedTicks }

// SkipMissed makes up for none.
func SkipMissed() MissedTicks { return MissedTicks{spec.MissedTicks{Policy: spec.MissedSkip}} }

// LatestMissed makes up for the latest one.
func LatestMissed() MissedTicks { return MissedTicks{spec.MissedTicks{Policy: spec.MissedLatest}} }

// AllMissed makes up for the newest, at most so many, from the oldest on; 1 to 100.
func AllMissed(atMost int) MissedTicks {
	return MissedTicks{spec.MissedTicks{Policy: spec.MissedAll, AtMost: atMost}}
}

func (m MissedTicks) applySchedule(s *Schedule) {
	switch {
	case s.schedule.Missed != spec.MissedTicks{}:
		s.faultf("what becomes of missed ticks is said twice; keep one")
	case m.missed.Policy == spec.MissedAll && (m.missed.AtMost < 1 || m.missed.AtMost > maxMissedTicks):
		s.faultf("AllMissed is given %d; it is a number of ticks from 1 to %d", m.missed.AtMost, maxMissedTicks)
	default:
		s.schedule.Missed = m.missed
	}
}

func (m MissedTicks) applyPartitionSchedule(s *Schedule) { m.applySchedule(s) }
func (m MissedTicks) applyScheduleFunc(s *Schedule)      { m.applySchedule(s) }
