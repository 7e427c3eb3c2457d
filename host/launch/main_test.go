package launch

import (
	"context"
	"log/slog"
	"testing"
	"time"

	"go.uber.org/goleak"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/workspace"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

type systemClock struct{}

func (systemClock) Now() time.Time                         { return time.Now() }
func (systemClock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// open starts a workspace with one location, "etl", at an address, for the length of the test.
func open(t testing.TB, address string) *workspace.Workspace {
	t.Helper()
	w, err := workspace.New(workspace.Options{
		Locations: []host.LocationConfig{{Name: "etl", Address: address}},
		Clock:     systemClock{}, Logger: slog.New(slog.NewTextHandler(t.Output(), nil)), ProbeInterval: 2 * time.Millisecond,
	})
	if err != nil {
		t.Fatal(err)
	}
	if err := w.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(w.Stop)
	return w
}

// openReady is open, once the peer's jobs are there.
func openReady(t testing.TB, p *hosttest.Peer) *workspace.Workspace {
	t.Helper()
	w := open(t, p.Address())
	awaitState(t, w, host.LocationReady)
	return w
}

func awaitState(t testing.TB, w *workspace.Workspace, state host.LocationState) {
	t.Helper()
	await(t, w, string(state), func() bool {
		l, err := w.Location("etl")
		return err == nil && l.State == state
	})
}

// await waits until ok holds, looking at each change of the workspace.
func await(t testing.TB, w *workspace.Workspace, what string, ok func() bool) {
	t.Helper()
	s := w.Watch()
	defer s.Close()
	limit := time.After(20 * time.Second)
	for !ok() {
		select {
		case <-s.Ready():
			s.Take()
		case <-limit:
			t.Fatalf("waited in vain for %s", what)
		}
	}
}

// become deploys another behavior and waits until the workspace has its job.
func become(t testing.TB, w *workspace.Workspace, p *hosttest.Peer, b hosttest.Behavior, job string) {
	t.Helper()
	if err := p.Become(b); err != nil {
		t.Fatal(err)
	}
	await(t, w, "the new definitions", func() bool {
		l, err := w.Location("etl")
		if err != nil || l.State != host.LocationReady || l.Server.GetServerId() != p.ServerID() {
			return false
		}
		j, err := w.FindJob(job)
		return host.CodeOf(err) == host.NotFound || err == nil && j.Server().GetServerId() == p.ServerID()
	})
}

// behavior is a current server with one repository.
func behavior(definitions ...*usercodev1.JobDefinition) hosttest.Behavior {
	b := hosttest.Current()
	r := hosttest.Repository{Name: "tutorial"}
	for _, d := range definitions {
		r.Jobs = append(r.Jobs, hosttest.Job{Definition: d})
	}
	b.Repositories = []hosttest.Repository{r}
	return b
}

func deadline(t testing.TB) context.Context {
	t.Helper()
	ctx, cancel := context.WithTimeout(t.Context(), 20*time.Second)
	t.Cleanup(cancel)
	return ctx
}
