package calendar

import (
	"errors"
	"fmt"
	"strconv"
	"strings"

	"github.com/netresearch/go-cron"
)

// field is a part of a cron.
type field struct {
	name     string
	option   cron.ParseOption
	min, max int
	// names are those of min, min+1, ...
	names []string
	bits  func(*cron.SpecSchedule) uint64
}

var fields = [5]field{
	{name: "minute", option: cron.Minute, max: 59, bits: func(s *cron.SpecSchedule) uint64 { return s.Minute }},
	{name: "hour", option: cron.Hour, max: 23, bits: func(s *cron.SpecSchedule) uint64 { return s.Hour }},
	{name: "day of the month", option: cron.Dom, min: 1, max: 31, bits: func(s *cron.SpecSchedule) uint64 { return s.Dom }},
	{
		name: "month", option: cron.Month, min: 1, max: 12, bits: func(s *cron.SpecSchedule) uint64 { return s.Month },
		names: []string{"JAN", "FEB", "MAR", "APR", "MAY", "JUN", "JUL", "AUG", "SEP", "OCT", "NOV", "DEC"},
	},
	{
		name: "day of the week", option: cron.Dow, max: 7, bits: func(s *cron.SpecSchedule) uint64 { return s.Dow },
		names: []string{"SUN", "MON", "TUE", "WED", "THU", "FRI", "SAT"},
	},
}

const fiveFields = "minute, hour, day of the month, month and day of the week"

// short are the names of some crons.
var short = map[string]string{
	"@hourly": "0 * * * *", "@daily": "0 0 * * *", "@midnight": "0 0 * * *", "@weekly": "0 0 * * 0",
	"@monthly": "0 0 1 * *", "@yearly": "0 0 1 1 *", "@annually": "0 0 1 1 *",
}

const shortNames = "@hourly, @daily, @midnight, @weekly, @monthly, @yearly, @annually"

// parse reads a cron. What the fields may hold is checked here, so that an error can say what is allowed; the library
// reads them.
func parse(text string) (pattern, error) {
	if len(text) > MaxCronBytes {
		return pattern{}, fmt.Errorf("cron %q... has %d bytes, at most %d are allowed", text[:20], len(text), MaxCronBytes)
	}
	p, err := parseFields(text)
	if err != nil {
		return pattern{}, fmt.Errorf("cron %q: %w", text, err)
	}
	return p, nil
}

func parseFields(text string) (pattern, error) {
	spelled := strings.TrimSpace(text)
	if strings.HasPrefix(spelled, "@") {
		expanded, ok := short[strings.ToLower(spelled)]
		switch {
		case ok:
			spelled = expanded
		case strings.HasPrefix(strings.ToLower(spelled), "@every"):
			return pattern{}, fmt.Errorf("@every is not supported, because it depends on when one begins to count:"+
				" write minutes with a step, such as */10 * * * *, or one of %s", shortNames)
		default:
			return pattern{}, fmt.Errorf("%q is not supported: allowed are %s, and five fields (%s)", spelled, shortNames, fiveFields)
		}
	}
	if strings.Contains(spelled, "TZ=") {
		return pattern{}, errors.New("TZ= is not supported: say the zone beside the crons, it is the same for all of them")
	}
	parts := strings.Fields(spelled)
	switch len(parts) {
	case len(fields):
	case len(fields) + 1, len(fields) + 2:
		return pattern{}, fmt.Errorf("%d fields, five are needed (%s): there are no seconds and no years", len(parts), fiveFields)
	case 1:
		return pattern{}, fmt.Errorf("one field, five are needed (%s), or one of %s", fiveFields, shortNames)
	default:
		return pattern{}, fmt.Errorf("%d fields, five are needed (%s), or one of %s", len(parts), fiveFields, shortNames)
	}
	var bits [5]uint64
	for i := range fields {
		var err error
		if bits[i], err = fields[i].parse(parts[i]); err != nil {
			return pattern{}, fmt.Errorf("%s: %w; allowed are %s", fields[i].name, err, fields[i].allowed())
		}
	}
	return pattern{minutes: bits[0], hours: bits[1], days: bits[2], months: bits[3], weekdays: bits[4]}, nil
}

func (f *field) parse(text string) (uint64, error) {
	for item := range strings.SplitSeq(text, ",") {
		if err := f.check(item); err != nil {
			return 0, err
		}
	}
	parser, err := cron.TryNewParser(f.option)
	if err != nil {
		return 0, err
	}
	schedule, err := parser.Parse(text)
	if err != nil {
		return 0, err
	}
	spec, ok := schedule.(*cron.SpecSchedule)
	if !ok {
		return 0, fmt.Errorf("%q is not understood", text)
	}
	return f.bits(spec), nil
}

// check tells what is wrong with an item of a list.
func (f *field) check(item string) error {
	values, step, stepped := strings.Cut(item, "/")
	from, to, ranged := strings.Cut(values, "-")
	low, high := f.min, f.max
	if values != "*" {
		var err error
		if low, err = f.value(from, item); err != nil {
			return err
		}
		if ranged {
			if high, err = f.value(to, item); err != nil {
				return err
			}
		}
	}
	if !stepped {
		return nil
	}
	// The week ends on Sunday twice, as 0 and as 7, so only what does not pass its end can be counted.
	if weekly := f.max == 7; weekly && values != "*" && (!ranged || low > high) {
		return fmt.Errorf("%q has a step but no range that ends in the week: write its days as a list", item)
	}
	size := high - low + 1
	if low > high {
		size += f.max - f.min + 1
	}
	n, ok := number(step)
	if !ok || n < 1 || n >= max(size, 2) {
		return fmt.Errorf("the step of %q is %q, needed is a number from 1 to %d", item, step, max(size-1, 1))
	}
	return nil
}

// value reads a number or name.
func (f *field) value(text, item string) (int, error) {
	for i, name := range f.names {
		if strings.EqualFold(text, name) {
			return f.min + i, nil
		}
	}
	n, ok := number(text)
	switch {
	case ok && n >= f.min && n <= f.max:
		return n, nil
	case ok:
		return 0, fmt.Errorf("%d is not between %d and %d", n, f.min, f.max)
	case strings.ContainsAny(item, "#?"), item != "" && strings.Trim(item, "0123456789-LW") == "" && f.max != 59 && f.max != 23:
		return 0, fmt.Errorf("%q is not supported: there are no L, W, # and ?", item)
	case item == "":
		return 0, errors.New("an item of the list is empty")
	default:
		return 0, fmt.Errorf("%q is not understood", item)
	}
}

// number reads one or two digits.
func number(text string) (int, bool) {
	if len(text) == 0 || len(text) > 2 || strings.Trim(text, "0123456789") != "" {
		return 0, false
	}
	n, err := strconv.Atoi(text)
	return n, err == nil
}

// allowed says what a field may be.
func (f *field) allowed() string {
	names := ""
	if len(f.names) > 0 {
		names = ", " + f.names[0] + "-" + f.names[len(f.names)-1]
	}
	return fmt.Sprintf("*, %d-%d%s, lists (a,b), ranges (a-b) and steps (*/n, a-b/n)", f.min, f.max, names)
}
