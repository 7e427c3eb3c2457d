package automation

import (
	"errors"
	"time"

	"github.com/penstock-run/penstock/host"
)

// Standing is how a schedule or sensor stands in the daemon that runs it.
type Standing struct {
	// Running tells that it makes ticks: switched on, there, allowed and usable.
	Running bool
	// Next is the next instant of a schedule, or when a sensor is evaluated next; zero when that is not known.
	Next time.Time
	// Problem is why it makes no ticks though it is switched on; empty when nothing is wrong. Remedy is what to do.
	Problem, Remedy string
}

// Trouble is what people are told when an error keeps a schedule or sensor from making ticks.
func Trouble(err error) (problem, remedy string) {
	if err == nil {
		return "", ""
	}
	var e *host.Error
	if !errors.As(err, &e) {
		return "the host met a fault of its own; its log says which", "look into the log of the host; it goes on to try"
	}
	return e.Error(), e.Remedy
}

// On tells whether one that is there makes ticks by its switch.
func On(s host.AutomationSwitch, defaultOn bool) bool {
	return s == host.SwitchOn || s == host.SwitchDefault && defaultOn
}
