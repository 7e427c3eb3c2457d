package attempt_test

import (
	"context"
	"log/slog"
	"testing"
	"testing/synctest"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
)

// damagedEvents is a store that cannot read the events of a run.
type damagedEvents struct {
	host.Store

	of host.RunID
}

func (d damagedEvents) LastSeq(ctx context.Context, id host.RunID, n uint32) (uint64, error) {
	if id == d.of {
		return 0, &host.Error{Code: host.Internal, Reason: host.ReasonDamaged, Message: "a record cannot be read"}
	}
	return d.Store.LastSeq(ctx, id, n)
}

// TestDamagedEventsOfOneRun starts a host over a run whose events cannot be read: the others go on, and it ends.
func TestDamagedEventsOfOneRun(t *testing.T) {
	synctest.Test(t, func(t *testing.T) {
		f := newFixture(t)
		damaged, s := granted(f)
		s.Close()
		sound, s := granted(f)
		s.Close()
		f.sessions.Stop()
		f.sessions = attempt.New(attempt.Options{
			Store: damagedEvents{f.store, damaged}, Launcher: f.launcher, Clock: f.clock, Logger: slog.New(slog.DiscardHandler),
		})
		if err := f.sessions.Start(t.Context()); err != nil {
			t.Fatal(err)
		}
		s, _ = f.attach(token, hello(sound, "w1"))
		if err := s.Receive(t.Context(), events(1, logged("a"))); err != nil {
			t.Errorf("the sound run: %v", err)
		}
		if _, err := f.sessions.Attach(t.Context(), token, hello(damaged, "w1")); err == nil {
			t.Error("the worker of the damaged run was let in, though what it reports cannot be stored")
		}
		pass(65 * time.Second)
		if run := f.run(damaged); run.Status != host.Failure {
			t.Errorf("the damaged run is %s after a minute without its worker", run.Status)
		}
	})
}
