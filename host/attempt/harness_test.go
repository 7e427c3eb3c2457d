package attempt_test

import (
	"context"
	"crypto/sha256"
	"errors"
	"log/slog"
	"path/filepath"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/attempt"
	"github.com/penstock-run/penstock/host/store/boltstore"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
	"github.com/penstock-run/penstock/usercode/tag"
)

// clock is the time package: real outside of synctest, fake in its bubbles.
type clock struct{}

func (clock) Now() time.Time                         { return time.Now() }
func (clock) After(d time.Duration) <-chan time.Time { return time.After(d) }

// launcher stands in for user-code servers: it records what it is asked and
// answers what the test wants.
type launcher struct {
	mu      sync.Mutex
	killed  []host.RunID
	state   host.WorkerState
	failing error
	// hung are locations that accept calls and never answer.
	hung map[string]bool
}

// answer waits as long as a location that hangs makes its callers wait.
func (l *launcher) answer(ctx context.Context, location string) (host.WorkerState, error) {
	l.mu.Lock()
	defer l.mu.Unlock()
	if l.hung[location] {
		l.mu.Unlock()
		<-ctx.Done()
		l.mu.Lock()
		return host.WorkerState{}, ctx.Err()
	}
	return l.state, l.failing
}

func (l *launcher) Start(context.Context, host.StartRequest) (host.StartOutcome, error) {
	return host.StartOutcome{}, errors.New("attempts never start workers")
}

func (l *launcher) Cancel(ctx context.Context, location string, id host.RunID, _ uint32, _ time.Duration, _ bool) (host.WorkerState, error) {
	l.mu.Lock()
	l.killed = append(l.killed, id)
	l.mu.Unlock()
	return l.answer(ctx, location)
}

func (l *launcher) Attempt(ctx context.Context, location string, _ host.RunID, _ uint32) (host.WorkerState, error) {
	return l.answer(ctx, location)
}

// fixture is Sessions over a real store.
type fixture struct {
	t        *testing.T
	path     string
	store    *boltstore.Store
	feed     *host.Feed
	launcher *launcher
	clock    host.Clock
	sessions *attempt.Sessions
	// meanwhile is the store as sessions see it.
	meanwhile *meanwhile
}

func newFixture(t *testing.T) *fixture {
	t.Helper()
	return newFixtureAt(t, clock{})
}

func newFixtureAt(t *testing.T, c host.Clock) *fixture {
	t.Helper()
	f := &fixture{
		t: t, clock: c, path: filepath.Join(t.TempDir(), "data"),
		launcher: &launcher{state: host.WorkerState{Phase: host.WorkerRunning}},
	}
	f.open()
	t.Cleanup(f.close)
	return f
}

func (f *fixture) open() {
	f.t.Helper()
	var err error
	f.feed = &host.Feed{}
	f.store, err = boltstore.Open(f.path, &boltstore.Options{Clock: f.clock, Logger: slog.New(slog.DiscardHandler), OnChange: f.feed.Publish})
	if err != nil {
		f.t.Fatal(err)
	}
	f.meanwhile = &meanwhile{Store: f.store}
	f.sessions = attempt.New(attempt.Options{
		Store: f.meanwhile, Launcher: f.launcher, Clock: f.clock, Logger: slog.New(slog.DiscardHandler), Feed: f.feed,
	})
	if err := f.sessions.Start(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) close() {
	f.sessions.Stop()
	if err := f.store.Close(); err != nil {
		f.t.Error(err)
	}
}

// restart closes the host's side and opens it again, as a crash of the host does to it.
func (f *fixture) restart() {
	f.t.Helper()
	f.close()
	f.open()
}

const token = "the attempt's secret"

// starting stores a run in STARTING, attempt 1.
func (f *fixture) starting() host.RunID {
	f.t.Helper()
	return f.startingAt("l")
}

func (f *fixture) startingAt(location string) host.RunID {
	f.t.Helper()
	id := uuid.Must(uuid.NewV7()).String()
	sum := sha256.Sum256([]byte(token))
	run, created, err := f.store.CreateRun(f.t.Context(), host.NewRun{
		RequestID: "request-" + id,
		Run: host.Run{
			ID: host.RunID(id), Job: host.JobName{Location: location, Repository: "r", Job: "j"}, Status: host.Queued,
			OpPaths: []string{"a"}, ConfigJSON: []byte(`{}`), CreatedAt: time.Now(),
		},
	})
	if err != nil || !created {
		f.t.Fatalf("create: created %t, %v", created, err)
	}
	f.update(run.ID, func(run *host.Run) {
		run.Attempt = 1
		run.Current = host.AttemptState{TokenSHA256: sum[:]}
		run.StartedFrom.Definition = host.Digest{1}
	}, host.Starting)
	return run.ID
}

func (f *fixture) update(id host.RunID, change func(*host.Run), next host.RunStatus) {
	f.t.Helper()
	_, err := f.store.UpdateRun(f.t.Context(), id, func(run *host.Run) ([][]byte, error) {
		if change != nil {
			change(run)
		}
		return nil, run.Become(next, "", time.Now())
	})
	if err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) run(id host.RunID) host.Run {
	f.t.Helper()
	run, err := f.store.Run(f.t.Context(), id)
	if err != nil {
		f.t.Fatal(err)
	}
	return run
}

func hello(id host.RunID, worker string) *workerv1.Hello {
	d := host.Digest{1}
	return &workerv1.Hello{
		RunId: string(id), Attempt: 1, WorkerId: worker, WantGrant: true,
		Handle: "pid 1", DefinitionDigest: d[:],
	}
}

// attach attaches and returns what the worker is told at once.
func (f *fixture) attach(tok string, h *workerv1.Hello) (*attempt.Session, answer) {
	f.t.Helper()
	s, err := f.sessions.Attach(f.t.Context(), tok, h)
	if err != nil {
		f.t.Fatal(err)
	}
	return s, take(s)
}

// answer is what a worker got, by kind.
type answer struct {
	welcome *workerv1.Welcome
	grant   *workerv1.Grant
	denied  *workerv1.Denied
	ack     *workerv1.Ack
	cancel  *workerv1.Cancel
	away    *workerv1.GoAway
	last    bool
}

func take(s *attempt.Session) answer {
	out, last := s.Take()
	a := answer{last: last}
	for _, m := range out {
		switch {
		case m.GetWelcome() != nil:
			a.welcome = m.GetWelcome()
		case m.GetGrant() != nil:
			a.grant = m.GetGrant()
		case m.GetDenied() != nil:
			a.denied = m.GetDenied()
		case m.GetAck() != nil:
			a.ack = m.GetAck()
		case m.GetCancel() != nil:
			a.cancel = m.GetCancel()
		case m.GetGoAway() != nil:
			a.away = m.GetGoAway()
		}
	}
	return a
}

func events(first uint64, list ...*workerv1.Event) *workerv1.AttachRequest {
	b := &workerv1.EventBatch{FirstSeq: first}
	for _, e := range list {
		data, err := proto.Marshal(e)
		if err != nil {
			panic(err)
		}
		b.Events = append(b.Events, data)
	}
	return &workerv1.AttachRequest{Message: &workerv1.AttachRequest_Events{Events: b}}
}

func logged(message string) *workerv1.Event { return &workerv1.Event{Kind: "log", Message: message} }

func ended(o workerv1.Outcome, reason, message string) *workerv1.Event {
	end := &workerv1.RunFinished{Outcome: o}
	if reason != "" {
		end.Failure = &workerv1.Failure{Reason: reason, Message: message}
	}
	return &workerv1.Event{Kind: "run_finished", Detail: &workerv1.Event_RunFinished{RunFinished: end}}
}

// setTag gives a run a tag.
func (f *fixture) setTag(id host.RunID, key, value string) {
	f.t.Helper()
	_, err := f.store.UpdateRun(f.t.Context(), id, func(run *host.Run) ([][]byte, error) {
		run.Tags = append(run.Tags, tag.Tag{Key: key, Value: value, Origin: tag.OriginLaunch})
		return nil, nil
	})
	if err != nil {
		f.t.Fatal(err)
	}
}
