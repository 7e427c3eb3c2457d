package bulk_test

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

// BenchmarkRetag100k changes a tag of 100,000 runs, again and again, while somebody updates one other run after another.
// It reports how long the action took, and how long such an update takes meanwhile and while nothing else goes on.
func BenchmarkRetag100k(b *testing.B) {
	const runs = 100_000
	f := newFixture(b, 0).start()
	f.fill(runs)
	other := f.run(host.Queued).ID
	var idle, busy []time.Duration
	for range 2000 {
		idle = append(idle, f.touch(other))
	}
	var took time.Duration
	b.ResetTimer()
	for i := range b.N {
		action := host.BulkAction{Kind: host.BulkTag, Set: []tag.Tag{{Key: "env", Value: fmt.Sprintf("round%d", i)}}}
		q := f.request("team=etl", action)
		var stop atomic.Bool
		var wg sync.WaitGroup
		began := time.Now()
		id := f.begin(q).ID
		wg.Go(func() {
			for !stop.Load() {
				busy = append(busy, f.touch(other))
			}
		})
		done := f.await(id)
		took += time.Since(began)
		stop.Store(true)
		wg.Wait()
		wantCounts(b, done, host.BulkDone, runs, runs, 0, 0)
	}
	b.ReportMetric(took.Seconds()/float64(b.N), "s/action")
	for _, m := range []struct {
		name  string
		times []time.Duration
	}{{"idle", idle}, {"busy", busy}} {
		slices.Sort(m.times)
		for _, p := range []int{50, 99} {
			b.ReportMetric(float64(m.times[len(m.times)*p/100].Microseconds()), fmt.Sprintf("µs-%s-p%d", m.name, p))
		}
	}
}

// fill adds runs as they are after a real one: about 1 KB, with six tags.
func (f *fixture) fill(n int) {
	f.t.Helper()
	var wg sync.WaitGroup
	var next atomic.Int64
	for range 256 {
		wg.Go(func() {
			for i := next.Add(1); i <= int64(n); i = next.Add(1) {
				id := newID(f.t)
				run := host.Run{
					ID: id, Job: host.JobName{Location: "warehouse", Repository: "tutorial", Job: "my_job_with_tags"}, Status: host.Queued, CreatedAt: time.Now(),
					ConfigYAML: strings.Repeat("key: value\n", 40), OpPaths: []string{"extract", "load", "transform"},
				}
				for _, t := range [][2]string{
					{"customer", fmt.Sprintf("c%04d", i%5000)}, {"date", fmt.Sprintf("2026-%03d", i%365)}, {"env", "dev"},
					{"penstock/job", "my_job_with_tags"}, {"penstock/location", "warehouse"}, {"team", "etl"},
				} {
					run.Tags = append(run.Tags, tag.Tag{Key: t[0], Value: t[1], Origin: tag.OriginLaunch})
				}
				if _, _, err := f.store.CreateRun(f.t.Context(), host.NewRun{RequestID: "request-" + string(id), Run: run}); err != nil {
					f.t.Error(err)
					return
				}
			}
		})
	}
	wg.Wait()
}

// touch updates a run and returns how long that took.
func (f *fixture) touch(id host.RunID) time.Duration {
	began := time.Now()
	if _, err := f.store.UpdateRun(f.t.Context(), id, func(r *host.Run) ([][]byte, error) {
		r.StartTimeouts++
		return nil, nil
	}); err != nil {
		f.t.Error(err)
	}
	return time.Since(began)
}
