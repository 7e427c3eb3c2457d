package diagnose

import (
	"fmt"
	"time"

	"github.com/penstock-run/penstock/host"
)

const (
	// maxJump is how much the wall clock may be corrected since the host's start without a word.
	maxJump = 5 * time.Second
	// maxAhead is how much another clock may be ahead without a word.
	maxAhead = 2 * time.Second
)

const clockRemedy = "Let a time service such as chrony or systemd-timesyncd set the clock of %s."

// clock compares the clocks that can be compared: the host's own with one that nobody sets, that of the machines of code
// locations with when they were first seen, and the newest run with now.
func (d *Doctor) clock() (checks []Check) {
	now := d.o.Clock.Now()
	// Without the monotonic reading: what the wall clock says has passed.
	passed := now.Round(0).Sub(d.o.StartedAt.Round(0))
	if jump := passed - d.o.Uptime(); jump.Abs() > maxJump {
		direction := "forward"
		if jump < 0 {
			direction = "back"
		}
		checks = append(checks, Check{
			Area: areaClock, Level: Warning,
			Message: fmt.Sprintf("since this host started its clock was set %s by %s in all, or the machine slept", direction, spanText(jump.Abs())),
			Remedy:  fmt.Sprintf(clockRemedy, "this machine") + " Times of runs from before may be off by that much.",
		})
	}
	if d.o.Facts != nil {
		if f, err := d.o.Facts(); err == nil {
			checks = append(checks, newest(f, now)...)
		}
	}
	for _, l := range d.o.Workspace.Locations() {
		for _, r := range l.Replicas {
			if r.Server.GetStartedAt() == nil {
				continue
			}
			// It had started when it was first seen, whatever its clock says. How far a clock is behind cannot be told so.
			if ahead := r.Server.GetStartedAt().AsTime().Sub(r.FirstSeen); ahead > maxAhead {
				checks = append(checks, Check{
					Area: areaClock, Level: Warning, Location: l.Name,
					Message: fmt.Sprintf("the clock of the server of code location %s at %s is at least %s ahead of this host's", l.Name, r.Address, spanText(ahead)),
					Remedy:  fmt.Sprintf(clockRemedy, "both machines") + " Times of its runs' events are those of its clock.",
				})
				break
			}
		}
	}
	if len(checks) == 0 {
		checks = append(checks, Check{Area: areaClock, Message: "the clock has not jumped since this host started, and no other is seen to be ahead of it"})
	}
	return checks
}

// newest finds a newest run from the future: new runs get its time until then, so that their order stays.
func newest(f StoreFacts, now time.Time) []Check {
	ahead := f.LastCreated.Sub(now)
	if ahead <= maxAhead {
		return nil
	}
	return []Check{{
		Area: areaClock, Level: Warning,
		Message: fmt.Sprintf("the newest run was created %s in the future, so the clock was ahead then or is behind now; new runs get that time until it has come",
			spanText(ahead)),
		Remedy: fmt.Sprintf(clockRemedy, "this machine"),
	}}
}

// spanText is a length of time for people: to the second, from an hour on to the minute.
func spanText(d time.Duration) string {
	if d >= time.Hour {
		return host.SpanText(d.Round(time.Minute))
	}
	return host.SpanText(d.Round(time.Second))
}
