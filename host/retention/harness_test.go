package retention_test

import (
	"fmt"
	"log/slog"
	"slices"
	"strings"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/retention"
	"github.com/penstock-run/penstock/host/selector"
	"github.com/penstock-run/penstock/host/store/boltstore"
	"github.com/penstock-run/penstock/usercode/tag"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

const day = 24 * time.Hour

// fixture is a Keeper over a real store, whose runs have names for the test.
type fixture struct {
	t      *testing.T
	clock  *hosttest.Clock
	store  *boltstore.Store
	log    *strings.Builder
	keeper *retention.Keeper
	names  map[host.RunID]string
	// deleted gets the runs that are deleted.
	deleted chan host.RunID
}

func newFixture(t *testing.T, p retention.Policy) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: hosttest.NewClock(), log: &strings.Builder{}, names: map[host.RunID]string{}, deleted: make(chan host.RunID, 1000)}
	var err error
	if f.store, err = boltstore.Open(t.TempDir(), &boltstore.Options{Clock: f.clock, OnChange: func(c host.Change) {
		if c.Deleted {
			f.deleted <- c.Run.ID
		}
	}}); err != nil {
		t.Fatal(err)
	}
	t.Cleanup(func() {
		if err := f.store.Close(); err != nil {
			t.Error(err)
		}
	})
	if problems := p.Check(); len(problems) > 0 {
		t.Fatal(problems)
	}
	f.keeper = retention.New(retention.Options{Store: f.store, Clock: f.clock, Logger: slog.New(slog.NewTextHandler(f.log, nil)), Policy: p})
	return f
}

// run adds a run of job that ended so long ago; one without a final status is still queued.
func (f *fixture) run(name, job string, status host.RunStatus, ago time.Duration, tags ...tag.Tag) host.RunID {
	f.t.Helper()
	id := host.RunID(uuid.Must(uuid.NewV7()).String())
	run, _, err := f.store.CreateRun(f.t.Context(), host.NewRun{
		RequestID: "request-" + string(id),
		Run: host.Run{
			ID: id, Job: host.JobName{Location: "l", Repository: "r", Job: job}, Status: host.Queued,
			CreatedAt: f.clock.Now().Add(-400 * day), Tags: tags,
		},
	})
	if err == nil && status != "" {
		_, err = f.store.UpdateRun(f.t.Context(), id, func(r *host.Run) ([][]byte, error) {
			r.Status, r.EndedAt = status, f.clock.Now().Add(-ago)
			return nil, nil
		})
	}
	if err != nil {
		f.t.Fatal(err)
	}
	f.names[run.ID] = name
	return run.ID
}

// left are the names of the runs that are there, in order of the text.
func (f *fixture) left() []string {
	f.t.Helper()
	page, err := f.store.Runs(f.t.Context(), nil, 0, 1000)
	if err != nil {
		f.t.Fatal(err)
	}
	var names []string
	for _, r := range page.Runs {
		names = append(names, f.names[r.ID])
	}
	slices.Sort(names)
	return names
}

func (f *fixture) wantLeft(want ...string) {
	f.t.Helper()
	slices.Sort(want)
	if got := f.left(); !slices.Equal(got, want) {
		f.t.Errorf("left are %v, want %v", got, want)
	}
}

func (f *fixture) runOnce() {
	f.t.Helper()
	if err := f.keeper.RunOnce(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

// rule keeps runs with a tag, all runs when key is empty.
func rule(key, value string, keep time.Duration) retention.Rule {
	if key == "" {
		return retention.Rule{Keep: keep}
	}
	return retention.Rule{Text: fmt.Sprintf("%s=%s", key, value), Where: selector.TagIs(key, value), Keep: keep}
}

func statusRule(s host.RunStatus, keep time.Duration) retention.Rule {
	return retention.Rule{Text: "status=" + strings.ToLower(string(s)), Where: host.StatusIn(s), Keep: keep}
}

func env(value string) tag.Tag { return tag.Tag{Key: "env", Value: value, Origin: tag.OriginLaunch} }
