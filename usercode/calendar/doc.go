// Package calendar says when schedules tick and where partitions of time begin and end. User code applies it to what its
// authors write, the host to what it is sent: both have one opinion of every instant.
//
// A [Calendar] is made of cron expressions and a zone. Expressions are about the clock on the wall, and a clock on the
// wall is moved: by an hour in New York, by half an hour on Lord Howe Island, at midnight in Havana, by a whole day in
// Apia. One rule says what that means:
//
//   - A time on the wall comes when the clock first reaches or passes it. So a time that does not exist, because the clock
//     was put forward over it, comes once: at the first instant after the gap. A time that is there twice, because the
//     clock was put back, comes once: the first time.
//   - A cron that has all 24 hours in its hour field, such as "*/15 * * * *" or @hourly, counts hours and not times of the
//     day: it ticks whenever the clock shows one of its minutes, so in both hours of a fold, and in no hour that does
//     not exist. Where a gap ends within an hour, times that fell into this hour's part of the gap come at its end. Days,
//     months and weekdays may be restricted all the same.
//
// Several crons make the union of their instants. No instant comes twice.
//
// [Spans] cut time into hours, days, weeks or months without a gap, by the same rule: partition and tick meet.
//
// The package imports the standard library and a parser of cron fields. All instants that it returns are in UTC.
package calendar
