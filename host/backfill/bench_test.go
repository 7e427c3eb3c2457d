package backfill_test

import (
	"fmt"
	"runtime"
	"testing"

	"github.com/penstock-run/penstock/host"
)

// BenchmarkBackfill carries out backfills whose runs end at once: what each partition costs does not grow with their number.
func BenchmarkBackfill(b *testing.B) {
	for _, partitions := range []int{1000, 10_000} {
		for _, open := range []int{10, 100} {
			b.Run(fmt.Sprintf("partitions=%d/open=%d", partitions, open), func(b *testing.B) {
				for b.Loop() {
					b.StopTimer()
					f := newFixture(b, partitions).start()
					changes := f.feed.Subscribe(1 << 20)
					before := heap()
					b.StartTimer()
					id := f.begin(all(open)).ID
					watch := f.runner.Watch(id)
					most := uint64(0)
					for ended := 0; ended < partitions; {
						<-changes.Ready()
						changed, _ := changes.Take()
						var ids []host.RunID
						for i := range changed {
							if changed[i].Run.Status == host.Queued {
								ids = append(ids, changed[i].Run.ID)
							}
						}
						if _, err := f.store.UpdateRuns(b.Context(), host.Request{}, ids, func(r *host.Run) ([][]byte, error) {
							r.Status, r.EndedAt = host.Success, f.clock.Now()
							return nil, nil
						}); err != nil {
							b.Fatal(err)
						}
						if ended += len(ids); ended > partitions/2 && most == 0 {
							b.StopTimer()
							most = heap() - before
							b.StartTimer()
						}
					}
					for {
						stored, err := f.store.Backfill(b.Context(), id)
						if err != nil {
							b.Fatal(err)
						}
						if stored.State.Final() {
							break
						}
						<-watch.Ready()
						watch.Take()
					}
					b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(partitions), "µs/partition")
					b.ReportMetric(float64(most)/float64(partitions), "heap-B/partition")
				}
			})
		}
	}
}

// BenchmarkPaint measures how long a host needs to find the runs of a backfill at its start.
func BenchmarkPaint(b *testing.B) {
	const partitions = 5000
	f := newFixture(b, partitions).start()
	id := f.begin(all(1000)).ID
	f.drain(id, well)
	stored, err := f.store.Backfill(b.Context(), id)
	if err != nil {
		b.Fatal(err)
	}
	for b.Loop() {
		if err := f.runner.Paint(b.Context(), &stored); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/partitions, "µs/partition")
}

func heap() uint64 {
	runtime.GC()
	var m runtime.MemStats
	runtime.ReadMemStats(&m)
	return m.HeapAlloc
}

// BenchmarkPreview measures a selection by how partitions stand: each is looked up in the index.
func BenchmarkPreview(b *testing.B) {
	const partitions = 5000
	f := newFixture(b, partitions).start()
	f.drain(f.begin(all(1000)).ID, well)
	q := all(0)
	q.FailedOnly = true
	for b.Loop() {
		if _, err := f.runner.Preview(b.Context(), q); err != nil {
			b.Fatal(err)
		}
	}
	b.ReportMetric(float64(b.Elapsed().Microseconds())/float64(b.N)/partitions, "µs/partition")
}
