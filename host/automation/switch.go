package automation

import (
	"context"
	"time"

	"github.com/penstock-run/penstock/host"
)

// Switch switches one, and returns it. begin is called on one that does not run and will, before it is stored. One that
// is switched that way already stays as it is.
func Switch(ctx context.Context, store host.AutomationStore, name host.AutomationName, to host.AutomationSwitch, by string, now time.Time, begin func(*host.Automation)) (host.Automation, error) {
	return store.UpdateAutomation(ctx, name, func(a *host.Automation) error {
		if a.Switch == to {
			return nil
		}
		ran := On(a.Switch, DefaultOn(a))
		a.Switch, a.SwitchedBy, a.SwitchedAt = to, by, now
		if !ran && On(to, DefaultOn(a)) {
			begin(a)
		}
		return nil
	})
}
