package diagnose

import (
	"fmt"
	"time"
)

// longFull is how long the queue may be full without a word.
const longFull = time.Hour

// queue looks whether runs that are queued get on.
func (d *Doctor) queue() []Check {
	s, since := d.o.Queue.Status(), d.o.Queue.FullSince()
	c := Check{Area: areaQueue, Message: fmt.Sprintf("%s in progress, %s", verb(s.InProgress, "run is", "runs are"), verb(s.Queued, "waits", "wait"))}
	switch {
	case s.MaxInProgress == 0:
		c.Level = Warning
		c.Message = fmt.Sprintf("the most runs in progress is set to 0, so nothing starts; %s", verb(s.Queued, "run waits", "runs wait"))
		c.Remedy = "Set queue.max_in_progress in the configuration file, or --max-in-progress, to 1 or more."
	case !since.IsZero():
		full := max(d.o.Clock.Now().Sub(since), 0)
		c.Message = fmt.Sprintf("all %s taken and others wait, for %s; %s", verb(s.MaxInProgress, "slot is", "slots are"), spanText(full), c.Message)
		if full > longFull {
			c.Level = Warning
			c.Remedy = "Raise queue.max_in_progress if the machines of the code locations can take more, or look with penstock run list --status STARTED for runs that take too long."
		}
	case s.MaxInProgress > 0:
		c.Message += fmt.Sprintf(", at most %d at a time", s.MaxInProgress)
	}
	return []Check{c}
}

// config tells what keeps the configuration file as it is now from being in use.
func (d *Doctor) config() []Check {
	f, ok := d.o.Config()
	switch {
	case !ok:
		return nil
	case f.Error == "":
		return []Check{{Area: areaConfig, Message: fmt.Sprintf("%s is in use as it is", f.Path)}}
	default:
		return []Check{{
			Area: areaConfig, Level: Error,
			Message: fmt.Sprintf("%s is not in use as it is since %s; what was read before is: %s", f.Path, f.ErrorSince.UTC().Format("2006-01-02 15:04:05 MST"), f.Error),
			Remedy:  "Correct the file; it is read again by itself.",
		}}
	}
}
