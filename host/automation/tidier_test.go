package automation_test

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/automation"
	"github.com/penstock-run/penstock/host/hosttest"
)

// tidied is a store that tells when it was tidied.
type tidied struct {
	host.AutomationStore
	at chan time.Time
}

func (s tidied) TidyTicks(_ context.Context, now time.Time) (int, error) {
	s.at <- now
	return 1, nil
}

func TestTidier(t *testing.T) {
	clock, store := hosttest.NewClock(), tidied{at: make(chan time.Time, 1)}
	tidier := automation.NewTidier(store, clock, slog.New(slog.DiscardHandler))
	tidier.Stop()
	if err := tidier.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	for _, wait := range []time.Duration{time.Minute, time.Hour, time.Hour} {
		if err := clock.Await(t.Context(), wait); err != nil {
			t.Fatal(err)
		}
		if at := <-store.at; !at.Equal(clock.Now()) {
			t.Errorf("it was tidied as of %s, want %s", at, clock.Now())
		}
	}
	tidier.Stop()
	tidier.Stop()
}
