package queue_test

import (
	"context"
	"fmt"
	"slices"
	"sync"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/host/launch"
	"github.com/penstock-run/penstock/usercode/tag"
)

// shortRuns is a launcher whose workers do nothing but start and succeed, at once.
type shortRuns struct {
	store host.Store
	// asked is called with each start, before anything becomes of it; ended right before the run ends.
	asked, ended func(host.RunID)
	workers      sync.WaitGroup
	mu           sync.Mutex
	err          error
}

func (s *shortRuns) Start(_ context.Context, r host.StartRequest) (host.StartOutcome, error) {
	s.asked(r.Run)
	s.workers.Go(func() {
		err := s.become(r.Run, host.Started)
		if err == nil {
			s.ended(r.Run)
			err = s.become(r.Run, host.Success)
		}
		if err != nil {
			s.mu.Lock()
			s.err = err
			s.mu.Unlock()
		}
	})
	return host.StartOutcome{}, nil
}

// become is what a worker's session stores.
func (s *shortRuns) become(id host.RunID, status host.RunStatus) error {
	_, err := s.store.UpdateRun(context.Background(), id, func(r *host.Run) ([][]byte, error) { return nil, r.Become(status, "", time.Now()) })
	return err
}

func (s *shortRuns) Cancel(context.Context, string, host.RunID, uint32, time.Duration, bool) (host.WorkerState, error) {
	return host.WorkerState{}, nil
}

func (s *shortRuns) Attempt(context.Context, string, host.RunID, uint32) (host.WorkerState, error) {
	return host.WorkerState{Phase: host.WorkerRunning}, nil
}

// drained is a queue of short runs under limits, which checks each start.
type drained struct {
	*fixture

	short *shortRuns
	mu    sync.Mutex
	// of are the limits that count each run, tags and seqs what it has.
	of    map[host.RunID][]string
	seqs  map[host.RunID]uint64
	taken map[string]int
	// last is the newest run that was started of those that the same limits count.
	last  map[string]uint64
	left  int
	empty chan struct{}
	wrong []string
}

const (
	drainMost      = 40
	drainProd      = 7
	drainCustomer  = 1
	drainCustomers = 60
)

// newDrained queues n runs, before the queue starts.
func newDrained(t testing.TB, n int) *drained {
	t.Helper()
	d := &drained{of: map[host.RunID][]string{}, seqs: map[host.RunID]uint64{}, taken: map[string]int{}, last: map[string]uint64{}, left: n, empty: make(chan struct{})}
	d.short = &shortRuns{asked: d.begin, ended: d.end}
	d.fixture = newFixture(t, drainMost)
	d.close()
	d.workers = d.short
	d.open()
	d.short.store = d.store
	prod, problems := host.NewLimit("prod", "env=prod", "", drainProd)
	each, more := host.NewLimit("", "", "customer", drainCustomer)
	if len(problems)+len(more) > 0 {
		t.Fatal(problems, more)
	}
	d.queue.SetLimits([]host.Limit{prod, each})
	var submitting sync.WaitGroup
	for first := range 64 {
		submitting.Go(func() {
			for i := first; i < n; i += 64 {
				d.add(i)
			}
		})
	}
	submitting.Wait()
	return d
}

func (d *drained) add(i int) {
	customer := fmt.Sprint("customer ", i%drainCustomers)
	tags, of := []tag.Tag{{Key: "customer", Value: customer}}, []string{"all", customer}
	if i%3 == 0 {
		tags, of = append(tags, tag.Tag{Key: "env", Value: "prod"}), append(of, "prod")
	}
	run, err := d.queue.Submit(d.t.Context(), launch.Request{RequestID: fmt.Sprintf("request-of-the-test-%d", i), Job: "my_job_with_tags", Tags: tags})
	if err != nil {
		d.t.Error(err)
		return
	}
	d.mu.Lock()
	defer d.mu.Unlock()
	d.of[run.ID], d.seqs[run.ID] = of, run.Seq
}

// begin checks that a start keeps all limits, and the order among runs that the same limits count.
func (d *drained) begin(id host.RunID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	most := map[string]int{"all": drainMost, "prod": drainProd}
	for _, l := range d.of[id] {
		m, ok := most[l]
		if !ok {
			m = drainCustomer
		}
		if d.taken[l]++; d.taken[l] > m {
			d.wrong = append(d.wrong, fmt.Sprintf("%d runs of %s at a time, at most %d", d.taken[l], l, m))
		}
	}
	same := fmt.Sprint(d.of[id])
	if d.seqs[id] < d.last[same] {
		d.wrong = append(d.wrong, fmt.Sprintf("run %d of %s started after run %d", d.seqs[id], same, d.last[same]))
	}
	d.last[same] = d.seqs[id]
}

func (d *drained) end(id host.RunID) {
	d.mu.Lock()
	defer d.mu.Unlock()
	for _, l := range d.of[id] {
		d.taken[l]--
	}
	if d.left--; d.left == 0 {
		close(d.empty)
	}
}

// drain starts the queue and waits until all runs have ended.
func (d *drained) drain() {
	d.t.Helper()
	d.start()
	select {
	case <-d.empty:
	case <-d.t.Context().Done():
		d.t.Fatal("the runs took too long")
	}
	d.short.workers.Wait()
	if d.short.err != nil {
		d.t.Error(d.short.err)
	}
	for _, w := range d.wrong[:min(len(d.wrong), 10)] {
		d.t.Error(w)
	}
	if counts, err := d.store.CountRuns(d.t.Context(), nil); err != nil || counts[host.Success] != uint64(len(d.of)) {
		d.t.Errorf("%v of %d runs have ended, %v", counts, len(d.of), err)
	}
}

func TestDrainKeepsLimitsAndOrder(t *testing.T) {
	newDrained(t, 300).drain()
}

// BenchmarkQueueDrain drains 10,000 runs whose workers take no time, under three limits.
func BenchmarkQueueDrain(b *testing.B) {
	const n = 10_000
	for range b.N {
		b.StopTimer()
		d := newDrained(b, n)
		b.StartTimer()
		began := time.Now()
		d.drain()
		b.ReportMetric(n/time.Since(began).Seconds(), "runs/s")
	}
}

// BenchmarkQueueDispatch launches runs one after the other at an idle queue, and tells how long it takes from the answer to
// a launch until a worker is asked for.
func BenchmarkQueueDispatch(b *testing.B) {
	f := newFixture(b, 10)
	f.close()
	asked, ended := make(chan time.Time, 1), make(chan struct{}, 1)
	short := &shortRuns{asked: func(host.RunID) { asked <- time.Now() }, ended: func(host.RunID) { ended <- struct{}{} }}
	f.workers = short
	f.open()
	short.store = f.store
	f.start()
	var took []time.Duration
	for b.Loop() {
		f.submit()
		answered := time.Now()
		took = append(took, max((<-asked).Sub(answered), 0))
		<-ended
		short.workers.Wait()
	}
	slices.Sort(took)
	for _, p := range []int{50, 95} {
		b.ReportMetric(float64(took[len(took)*p/100].Microseconds())/1000, fmt.Sprintf("p%d-ms", p))
	}
}
