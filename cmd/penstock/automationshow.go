package main

import (
	"fmt"
	"strings"
	"time"
)

// state is how it stands, in a few words.
func (o *automationObject) state() string {
	by := ""
	if o.Switched == "DEFAULT" {
		by = " (by default)"
	}
	switch {
	case o.GoneSince != nil:
		return "gone"
	case o.Running:
		return "on" + by
	case o.Problem != "":
		return "stopped"
	default:
		return "off" + by
	}
}

// looks is what makes it tick.
func (o *automationObject) looks() string {
	switch {
	case o.Kind == "schedule" && len(o.Crons) == 0, o.Makes == "":
		return ""
	case o.Kind == "schedule":
		return strings.Join(o.Crons, "; ") + " " + o.Zone
	case o.Makes == "RUN_STATUS":
		return "runs: " + o.Where
	default:
		return "every " + shortSpan(o.interval())
	}
}

// shortSpan is a length of time without parts that are 0: 1h, not 1h0m0s.
func shortSpan(d time.Duration) string {
	text := d.String()
	if strings.HasSuffix(text, "m0s") {
		text = strings.TrimSuffix(text, "0s")
	}
	if strings.HasSuffix(text, "h0m") {
		text = strings.TrimSuffix(text, "0m")
	}
	return text
}

// automations prints a line for each, and then what people should know of them.
func (p printer) automations(list automationList, noun string) {
	if len(list.Automations) > 0 {
		rows := convert(list.Automations, func(o automationObject) []string {
			return []string{o.Name, o.state(), o.looks(), clockText(o.NextTickAt), lastText(o.LastTicks), strings.Join(o.Jobs, ", ")}
		})
		p.table([]string{strings.ToUpper(noun), "STATE", "WHEN", "NEXT", "LAST", "JOBS"}, rows)
	} else if len(list.Refusals) == 0 {
		fmt.Fprintf(p.err, "There are no %ss. docs/automation.md says how to write one.\n", noun)
	}
	for i := range list.Automations {
		p.troubled(&list.Automations[i])
	}
	for i := range list.Refusals {
		r := &list.Refusals[i]
		fmt.Fprintf(p.err, "penstock: the %ss of location %s are not shown:\n", noun, inert(r.Location))
		for _, line := range r.lines("  ") {
			fmt.Fprintln(p.err, line)
		}
	}
}

// troubled says on stderr why it makes no ticks.
func (p printer) troubled(o *automationObject) {
	if o.Problem == "" {
		return
	}
	fmt.Fprintf(p.err, "penstock: warning: %s %s makes no ticks: %s\n", inert(o.Kind), inert(o.Name), strings.Join(pieces(o.Problem, "  "), "\n"))
	if o.Remedy != "" {
		fmt.Fprintln(p.err, "  "+strings.Join(pieces(o.Remedy, "  "), "\n"))
	}
}

func lastText(ticks []tickObject) string {
	if len(ticks) == 0 {
		return ""
	}
	return ticks[0].Status + " " + clockText(ticks[0].At)
}

// automation prints one.
func (p printer) automation(o automationObject) error {
	if p.json {
		return p.object(o)
	}
	gone, stale := "", ""
	if o.GoneSince != nil {
		gone = "since " + clockText(o.GoneSince) + ": no code has it any more; its ticks are kept"
	}
	if o.Stale {
		stale = "its location does not answer; this is the last that is known"
	}
	title := strings.ToUpper(o.Kind[:1]) + o.Kind[1:]
	p.fields(
		[2]string{title, o.Name},
		[2]string{"State", o.state()},
		[2]string{"Gone", gone},
		[2]string{"Stale", stale},
		[2]string{"Problem", o.Problem},
		[2]string{"What to do", o.Remedy},
		[2]string{"Switched", o.switchedText()},
		[2]string{"Description", o.Description},
		[2]string{"When", o.looks()},
		[2]string{"Makes", o.makesText()},
		[2]string{"Missed ticks", o.missedText()},
		[2]string{"Jobs", strings.Join(o.Jobs, ", ")},
		[2]string{"Tags", tagsText(o.Tags, 200)},
		[2]string{"Next", clockText(o.NextTickAt)},
		[2]string{"Cursor", clip(o.Cursor, 200)},
	)
	if len(o.LastTicks) > 0 {
		p.section("Last ticks", aligned(append([][]string{tickHead}, convert(o.LastTicks, tickRow)...)))
	}
	return nil
}

func (o *automationObject) switchedText() string {
	if o.SwitchedAt == nil {
		return ""
	}
	return joined(" ", strings.ToLower(o.Switched), "at "+clockText(o.SwitchedAt), byText(o.SwitchedBy))
}

func byText(by string) string {
	if by == "" {
		return ""
	}
	return "by " + by
}

func (o *automationObject) makesText() string {
	return map[string]string{
		"FIXED_RUN": "one run, the same each time", "PARTITION_RUNS": "runs of partitions that ended since the tick before",
		"EVALUATED": "what its code asks for", "RUN_STATUS": "what its code asks for, after each run that ended and is selected",
	}[o.Makes]
}

func (o *automationObject) missedText() string {
	switch o.MissedTicks {
	case "SKIP":
		return "are skipped"
	case "ALL":
		return fmt.Sprintf("the latest %d are made up for", o.MissedAtMost)
	case "LATEST":
		return "the latest one is made up for"
	default:
		return ""
	}
}
