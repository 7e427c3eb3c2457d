package alert

import (
	"fmt"
	"regexp"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/usercode/calendar"
)

// lateness says when a run is late.
type lateness struct {
	// about says it for people.
	about string
	// finished asks for the end, else for the start.
	finished bool
	// after is how long it may take, from its launch to its start, or from its start to its end; 0 when by counts.
	after time.Duration
	// by is the time of day until which it may take: the first after its launch.
	by *calendar.Calendar
}

// timeOfDay is a time of day, and a zone.
var timeOfDay = regexp.MustCompile(`^([01][0-9]|2[0-3]):([0-5][0-9])(?: +([^ ]+))?$`)

// newLateness reads what the text says of it, nil when that is nothing or wrong.
func newLateness(t *RuleText) (l *lateness, problems []host.Problem) {
	given := 0
	for _, f := range []struct {
		field, text string
		finished    bool
		read        func(*lateness, string) error
		words       string
	}{
		{"not_started_after", t.NotStartedAfter, false, (*lateness).readAfter, "not started after "},
		{"not_started_by", t.NotStartedBy, false, (*lateness).readBy, "not started by "},
		{"not_finished_after", t.NotFinishedAfter, true, (*lateness).readAfter, "not finished after "},
		{"not_finished_by", t.NotFinishedBy, true, (*lateness).readBy, "not finished by "},
	} {
		if f.text == "" {
			continue
		}
		l = &lateness{about: f.words + f.text, finished: f.finished}
		if given++; given == 2 {
			problems = append(problems, host.Problem{Field: f.field, Message: "a rule is about one time; make it two rules"})
		}
		if err := f.read(l, f.text); err != nil {
			problems = append(problems, host.Problem{Field: f.field, Message: err.Error()})
		}
	}
	if len(problems) > 0 {
		return nil, problems
	}
	return l, nil
}

func (l *lateness) readAfter(text string) error {
	span, ok := selector.ParseSpan(text)
	if !ok || span < time.Second {
		return fmt.Errorf("%.40q is not a length of time; write numbers with units, such as 90s, 15m or 2h", text)
	}
	l.after = span
	return nil
}

func (l *lateness) readBy(text string) error {
	m := timeOfDay.FindStringSubmatch(text)
	if m == nil {
		return fmt.Errorf("%.80q is not a time of day; write hours and minutes, and a zone unless it is UTC, such as 07:00 Europe/Berlin", text)
	}
	var err error
	l.by, err = calendar.New(m[3], m[2]+" "+m[1]+" * * *")
	return err
}

// deadline is when an open run becomes late; false when it cannot, as things are.
func (l *lateness) deadline(run openRun) (at time.Time, ok bool) {
	switch {
	case !l.finished && !run.started.IsZero():
		return time.Time{}, false
	case l.by != nil:
		return l.by.Next(run.created)
	case l.finished && run.started.IsZero():
		return time.Time{}, false
	case l.finished:
		return run.started.Add(l.after), true
	default:
		return run.created.Add(l.after), true
	}
}
