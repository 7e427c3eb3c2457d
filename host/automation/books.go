package automation

import (
	"context"
	"fmt"
	"log/slog"
	"strings"

	"github.com/penstock-run/penstock/host"
)

// Books are the records of one kind in the store.
type Books struct {
	kind   host.AutomationKind
	store  host.AutomationStore
	clock  host.Clock
	logger *slog.Logger
	// damaged is what was logged last.
	damaged string
}

// NewBooks returns the records of a kind.
func NewBooks(kind host.AutomationKind, store host.AutomationStore, clock host.Clock, logger *slog.Logger) *Books {
	return &Books{kind: kind, store: store, clock: clock, logger: logger}
}

// Keep stores what changed of the definitions, see Reconcile, and returns all records of the kind. begin is called before,
// with each that begins. It is called by one goroutine.
func (b *Books) Keep(ctx context.Context, there []Definition, absent func(location string) bool, begin func(context.Context, *host.Automation) error) ([]host.Automation, error) {
	stored, err := b.read(ctx)
	if err != nil {
		return nil, err
	}
	changes := Reconcile(stored, there, absent, b.clock.Now())
	if len(changes) == 0 {
		return stored, nil
	}
	changed := make([]host.Automation, len(changes))
	for i, c := range changes {
		changed[i] = c.Automation
		if c.Begins {
			if err := begin(ctx, &changed[i]); err != nil {
				return nil, err
			}
		}
	}
	// A record that cannot be read stays as it is, and that was logged.
	if _, err := host.DamageIn(b.store.PutAutomations(ctx, changed)); err != nil {
		return nil, fmt.Errorf("store which %ss there are: %w", b.kind, err)
	}
	for i := range changed {
		if !changed[i].GoneSince.IsZero() {
			b.logger.Info("a deploy, or a change of the configuration, removed a "+string(b.kind), "name", changed[i].Name.String())
		}
	}
	return b.read(ctx)
}

// read returns the records of the kind.
func (b *Books) read(ctx context.Context) (records []host.Automation, err error) {
	all, err := b.store.Automations(ctx)
	damage, err := host.DamageIn(err)
	if err != nil {
		return nil, err
	}
	text := ""
	if damage != nil {
		text = damage.Error()
	}
	if text != "" && text != b.damaged {
		b.logger.Error("records of schedules and sensors cannot be read; those do not run", "records", len(damage), "error", damage)
	}
	b.damaged = text
	for i := range all {
		if all[i].Name.Kind == b.kind {
			records = append(records, all[i])
		}
	}
	return records, nil
}

// Named tells that a definition can be recorded: its name could be read.
func Named(n host.AutomationName) bool { return !strings.HasPrefix(n.Name, "#") }
