package collect_test

import (
	"bytes"
	"context"
	"errors"
	"fmt"
	"log/slog"
	"path/filepath"
	"slices"
	"strings"
	"sync"
	"testing"
	"time"

	"github.com/google/uuid"
	"go.uber.org/goleak"
	"google.golang.org/grpc"
	"google.golang.org/grpc/codes"
	"google.golang.org/grpc/status"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/collect"
	"github.com/penstock-run/penstock/host/hosttest"
	"github.com/penstock-run/penstock/host/store/boltstore"
	usercodev1 "github.com/penstock-run/penstock/proto/gen/penstock/usercode/v1"
)

func TestMain(m *testing.M) { goleak.VerifyTestMain(m) }

// server stands in for the servers of a location.
type server struct {
	usercodev1.UserCodeServiceClient

	mu sync.Mutex
	// has are the runs that it has outputs of, asked what it was asked, answer what it does; nil removes.
	has    map[string]bool
	asked  [][]string
	answer func(ctx context.Context, ids []string) (*usercodev1.DeleteOutputsResponse, error)
	held   int
}

func (s *server) DeleteOutputs(ctx context.Context, r *usercodev1.DeleteOutputsRequest, _ ...grpc.CallOption) (*usercodev1.DeleteOutputsResponse, error) {
	s.mu.Lock()
	s.asked = append(s.asked, r.GetRunIds())
	answer := s.answer
	s.mu.Unlock()
	if answer != nil {
		if response, err := answer(ctx, r.GetRunIds()); response != nil || err != nil {
			return response, err
		}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	for _, id := range r.GetRunIds() {
		delete(s.has, id)
	}
	return &usercodev1.DeleteOutputsResponse{}, nil
}

// fixture is a Collector over a real store.
type fixture struct {
	t         *testing.T
	clock     *hosttest.Clock
	store     *boltstore.Store
	servers   map[string]*server
	unready   map[string]bool
	log       *bytes.Buffer
	collector *collect.Collector
}

func newFixture(t *testing.T, locations ...string) *fixture {
	t.Helper()
	f := &fixture{t: t, clock: hosttest.NewClock(), servers: map[string]*server{}, unready: map[string]bool{}, log: &bytes.Buffer{}}
	var err error
	if f.store, err = boltstore.Open(filepath.Join(t.TempDir(), "data"), &boltstore.Options{Clock: f.clock}); err != nil {
		t.Fatal(err)
	}
	for _, name := range locations {
		f.servers[name] = &server{has: map[string]bool{}}
	}
	f.collector = collect.New(collect.Options{
		Store: f.store, Clock: f.clock, Logger: slog.New(slog.NewTextHandler(f.log, nil)), Reach: f.reach,
	})
	t.Cleanup(func() {
		f.collector.Stop()
		if err := f.store.Close(); err != nil {
			t.Error(err)
		}
		for name, s := range f.servers {
			if s.held != 0 {
				t.Errorf("%d connections to %s were not let go", s.held, name)
			}
		}
	})
	return f
}

func (f *fixture) reach(location string) (usercodev1.UserCodeServiceClient, func(), error) {
	s := f.servers[location]
	switch {
	case s == nil:
		return nil, nil, &host.Error{Code: host.NotFound, Reason: "LOCATION_NOT_FOUND", Message: "there is none"}
	case f.unready[location]:
		return nil, nil, &host.Error{Code: host.Unavailable, Reason: "OUTPUTS_UNREACHABLE", Message: "it is away"}
	}
	s.mu.Lock()
	defer s.mu.Unlock()
	s.held++
	return s, func() {
		s.mu.Lock()
		defer s.mu.Unlock()
		s.held--
	}, nil
}

// deleted deletes n runs at a location that have outputs there, side by side, so that they share commits.
func (f *fixture) deleted(location string, n int) {
	f.t.Helper()
	var deleting sync.WaitGroup
	places := make(chan struct{}, 100)
	for range n {
		id := uuid.Must(uuid.NewV7()).String()
		if s := f.servers[location]; s != nil {
			s.has[id] = true
		}
		places <- struct{}{}
		deleting.Go(func() {
			if err := f.deleteOne(location, host.RunID(id)); err != nil {
				f.t.Error(err)
			}
			<-places
		})
	}
	deleting.Wait()
}

func (f *fixture) deleteOne(location string, id host.RunID) error {
	ctx := f.t.Context()
	if _, _, err := f.store.CreateRun(ctx, host.NewRun{RequestID: "request-" + string(id), Run: host.Run{
		ID: id, Job: host.JobName{Location: location, Repository: "r", Job: "j"}, Status: host.Queued,
	}}); err != nil {
		return err
	}
	if _, err := f.store.UpdateRun(ctx, id, func(r *host.Run) ([][]byte, error) {
		r.Status, r.Attempt = host.Success, 1
		return nil, nil
	}); err != nil {
		return err
	}
	return f.store.DeleteRun(ctx, id)
}

// begin begins a round.
func (f *fixture) begin() {
	f.t.Helper()
	if err := f.collector.RunOnce(f.t.Context()); err != nil {
		f.t.Fatal(err)
	}
}

func (f *fixture) round() {
	f.t.Helper()
	f.begin()
	f.collector.Await()
}

// left is how many runs are to be collected at a location.
func (f *fixture) left(location string) int {
	f.t.Helper()
	ids, err := f.store.OutputsToCollect(f.t.Context(), location, "", 1<<20)
	if err != nil {
		f.t.Fatal(err)
	}
	return len(ids)
}

func TestOutputsOfDeletedRunsAreRemoved(t *testing.T) {
	f := newFixture(t, "etl", "ml")
	f.deleted("etl", 3)
	f.deleted("ml", 2)
	f.round()
	for name, s := range f.servers {
		if len(s.has) > 0 || f.left(name) > 0 || len(s.asked) != 1 {
			t.Errorf("%s has outputs of %d runs, %d are to be collected, after %d calls", name, len(s.has), f.left(name), len(s.asked))
		}
	}
	f.round()
	if n := len(f.servers["etl"].asked); n != 1 {
		t.Errorf("with nothing to collect the location was asked %d times", n)
	}
}

func TestBatchesAreLimited(t *testing.T) {
	f := newFixture(t, "etl")
	f.deleted("etl", 1001)
	f.round()
	s := f.servers["etl"]
	if len(s.asked) != 2 || len(s.asked[0]) != 1000 || len(s.asked[1]) != 1 || f.left("etl") > 0 {
		t.Errorf("it was asked %d times, %d are left", len(s.asked), f.left("etl"))
	}
}

func TestWhatCannotBeRemovedIsAskedForAgain(t *testing.T) {
	f := newFixture(t, "etl")
	f.deleted("etl", 3)
	s := f.servers["etl"]
	stuck := ""
	s.answer = func(_ context.Context, ids []string) (*usercodev1.DeleteOutputsResponse, error) {
		if stuck == "" {
			stuck = ids[0]
		}
		if !slices.Contains(ids, stuck) {
			return nil, nil
		}
		return &usercodev1.DeleteOutputsResponse{Failed: []*usercodev1.DeleteOutputsResponse_Failed{
			{RunId: stuck, Message: "the disk is read-only"}, {RunId: "another", Message: strings.Repeat("x", 1<<20)},
		}}, nil
	}
	f.round()
	if n := f.left("etl"); n != 1 || !strings.Contains(f.log.String(), "the disk is read-only") || f.log.Len() > 5000 {
		t.Errorf("%d runs are left to collect, the log is %.300q", n, f.log)
	}
	f.deleted("etl", 1)
	f.round()
	if n := len(s.asked); n != 1 {
		t.Errorf("it was asked %d times at once, want a pause", n)
	}
	f.clock.Advance(time.Minute)
	f.round()
	if n := f.left("etl"); n != 1 || len(s.asked) != 2 {
		t.Errorf("%d runs are left, after %d calls; want the one that cannot be removed alone", n, len(s.asked))
	}
	s.answer = nil
	f.clock.Advance(time.Hour)
	f.round()
	if n := f.left("etl"); n != 0 {
		t.Errorf("%d runs are left", n)
	}
}

func TestFailingLocationIsLeftAlone(t *testing.T) {
	f := newFixture(t, "etl")
	f.deleted("etl", 8)
	s := f.servers["etl"]
	s.answer = func(context.Context, []string) (*usercodev1.DeleteOutputsResponse, error) {
		return nil, status.Error(codes.Unimplemented, "no \xff such call")
	}
	for range 2 * 60 {
		f.round()
		f.clock.Advance(time.Minute)
	}
	if n := len(s.asked); n < 5 || n > 9 {
		t.Errorf("in two hours it was asked %d times", n)
	}
	if n := f.left("etl"); n != 8 {
		t.Errorf("%d runs are left to collect, want all", n)
	}
}

// TestSlowLocationGetsSmallerBatches has a server that does not manage more than 100 runs within the deadline.
func TestSlowLocationGetsSmallerBatches(t *testing.T) {
	f := newFixture(t, "etl")
	f.deleted("etl", 300)
	s := f.servers["etl"]
	s.answer = func(_ context.Context, ids []string) (*usercodev1.DeleteOutputsResponse, error) {
		if len(ids) > 100 {
			return nil, errors.New("too slow")
		}
		return nil, nil
	}
	for range 10 {
		f.round()
		f.clock.Advance(time.Hour)
	}
	if n := f.left("etl"); n != 0 || len(s.has) != 0 {
		t.Errorf("%d runs are left to collect", n)
	}
}

// TestHungLocationHoldsUpNoOther has a location that never answers, and then a clock that shows the deadline.
func TestHungLocationHoldsUpNoOther(t *testing.T) {
	f := newFixture(t, "etl", "hung")
	f.deleted("etl", 1)
	f.deleted("hung", 1)
	hangs := make(chan struct{}, 1)
	f.servers["hung"].answer = func(ctx context.Context, _ []string) (*usercodev1.DeleteOutputsResponse, error) {
		hangs <- struct{}{}
		<-ctx.Done()
		return nil, ctx.Err()
	}
	removed := make(chan struct{}, 1)
	f.servers["etl"].answer = func(context.Context, []string) (*usercodev1.DeleteOutputsResponse, error) {
		removed <- struct{}{}
		return nil, nil
	}
	f.begin()
	<-hangs
	<-removed
	f.begin() // the hung one is not asked a second time
	if err := f.clock.AwaitWaiter(t.Context(), time.Minute); err != nil {
		t.Fatal(err)
	}
	f.clock.Advance(time.Minute)
	f.collector.Await()
	if n, asked := f.left("hung"), len(f.servers["hung"].asked); n != 1 || asked != 1 || f.left("etl") != 0 {
		t.Errorf("%d runs of the location that hangs are left after %d calls, %d of the other", n, asked, f.left("etl"))
	}
}

func TestLocationThatIsAwayKeepsItsRecords(t *testing.T) {
	f := newFixture(t, "etl")
	f.unready["etl"] = true
	f.deleted("etl", 2)
	f.deleted("gone", 2)
	for range 3 {
		f.round()
		f.clock.Advance(10 * time.Second)
	}
	if f.left("etl") != 2 || f.left("gone") != 2 {
		t.Errorf("%d and %d runs are left to collect, want 2 of each", f.left("etl"), f.left("gone"))
	}
	if n := strings.Count(f.log.String(), "not configured any more"); n != 1 || strings.Contains(f.log.String(), "away") {
		t.Errorf("the log tells %d times of a location that is gone: %s", n, f.log)
	}
	f.unready["etl"] = false
	f.servers["gone"] = &server{has: map[string]bool{}}
	f.round()
	if f.left("etl") != 0 || f.left("gone") != 0 {
		t.Errorf("%d and %d runs are left to collect", f.left("etl"), f.left("gone"))
	}
}

func TestStopEndsCalls(t *testing.T) {
	f := newFixture(t, "etl")
	f.collector.Stop() // before Start
	f.deleted("etl", 1)
	hangs := make(chan struct{}, 1)
	f.servers["etl"].answer = func(ctx context.Context, _ []string) (*usercodev1.DeleteOutputsResponse, error) {
		hangs <- struct{}{}
		<-ctx.Done()
		return nil, fmt.Errorf("ended: %w", ctx.Err())
	}
	if err := f.collector.Start(t.Context()); err != nil {
		t.Fatal(err)
	}
	<-hangs
	f.collector.Stop()
	f.collector.Stop()
	if n := f.left("etl"); n != 1 {
		t.Errorf("%d runs are left to collect, want 1", n)
	}
}
