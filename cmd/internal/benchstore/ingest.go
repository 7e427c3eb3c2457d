package main

import (
	"errors"
	"math"
	"slices"
	"sync"
	"sync/atomic"
	"time"

	"github.com/google/uuid"
	"google.golang.org/protobuf/proto"

	"github.com/penstock-run/penstock/host"
	storev1 "github.com/penstock-run/penstock/proto/gen/penstock/store/v1"
)

// idBytes is the id of a run; text of millions would take too much.
type idBytes [16]byte

func (id idBytes) run() host.RunID { return host.RunID(uuid.UUID(id).String()) }

// clients is how many launch at once, slice how many runs come in between two looks at the disk.
const (
	clients = 256
	slice   = 20_000
)

// still is how many of the newest runs stay queued.
const still = 500

// fill launches runs until there are n, lets them end, and says how fast that was beside puts of the same records.
func (b *bench) fill(at string, n int) error {
	var ours, raws, wholes []float64
	written, size, puts := 0.0, 0, 0
	for b.runs < n {
		count := min(slice, n-b.runs)
		runs := runsFrom(b.runs, count) // making them is not the store's work
		before, err := bytesWritten()
		if err != nil {
			return err
		}
		began := time.Now()
		if err := b.launch(runs); err != nil {
			return err
		}
		rate := float64(count) / time.Since(began).Seconds()
		after, err := bytesWritten()
		if err != nil {
			return err
		}
		records, err := b.recordsOf(b.runs-count, runs)
		if err != nil {
			return err
		}
		began = time.Now()
		if err := b.raw.put(b.runs-count, records, clients); err != nil {
			return err
		}
		raw := float64(count) / time.Since(began).Seconds()
		began = time.Now()
		if err := b.raw.putWhole(b.runs-count, runs, records, clients); err != nil {
			return err
		}
		ours, raws, wholes = append(ours, rate), append(raws, raw), append(wholes, float64(count)/time.Since(began).Seconds())
		written += float64(after - before)
		for _, r := range records {
			size += len(r)
		}
		puts += count
		if err := b.end(b.runs-count, min(b.runs, n-still)); err != nil {
			return err
		}
		if b.runs%(20*slice) == 0 {
			b.sayf("%d runs", b.runs)
		}
	}
	if b.ingest == nil {
		b.ingest = map[string]float64{}
	}
	last := func(rates []float64) float64 { return middle(rates[max(0, len(rates)-20):]) } // what it is at this size, not on the way
	b.ingest[at] = last(ours)
	figures := []figure{
		{last(ours), "runs/s"}, {last(ours) / last(raws), "×raw"}, {last(ours) / last(wholes), "×raw-whole"},
		{written / float64(size), "×record-written"}, {float64(size) / float64(puts), "record-B"},
	}
	if before := b.ingest[label(base)]; before > 0 && at != label(base) {
		figures = append(figures, figure{b.ingest[at] / before, "×1M-rate"})
	}
	b.line("Ingest/runs="+at, puts, figures...)
	return b.space(at)
}

// launch creates runs as many clients would.
func (b *bench) launch(runs []host.NewRun) error {
	count := len(runs)
	b.ids = slices.Grow(b.ids, count)[:b.runs+count]
	var next atomic.Int64
	var group sync.WaitGroup
	errs := make([]error, clients)
	for c := range clients {
		group.Go(func() {
			for {
				i := int(next.Add(1)) - 1
				if i >= count || errs[c] != nil {
					return
				}
				run, _, err := b.store.CreateRun(b.ctx, runs[i])
				if err != nil {
					errs[c] = err
					return
				}
				b.ids[b.runs+i] = idBytes(uuid.MustParse(string(run.ID)))
			}
		})
	}
	group.Wait()
	b.runs += count
	return errors.Join(errs...)
}

// recordsOf are records like those of the store.
func (b *bench) recordsOf(from int, runs []host.NewRun) ([][]byte, error) {
	records := make([][]byte, len(runs))
	for i := range records {
		r := runs[i].Run
		id := uuid.MustParse(string(r.ID))
		m := &storev1.Run{
			Id: id[:], Seq: uint64(from + i + 1), Location: r.Job.Location, Repository: r.Job.Repository, Job: r.Job.Job,
			Status: string(r.Status), ConfigYaml: r.ConfigYAML, ConfigJson: r.ConfigJSON, OpPaths: r.OpPaths,
			Launched: &storev1.Snapshot{ServerInfo: r.Launched.ServerInfo, CodeVersion: r.Launched.CodeVersion},
		}
		for _, t := range r.Tags {
			m.Tags = append(m.Tags, &storev1.Tag{Key: t.Key, Value: t.Value, Origin: string(t.Origin)})
		}
		var err error
		if records[i], err = proto.Marshal(m); err != nil {
			return nil, err
		}
	}
	return records, nil
}

// end lets runs end, a thousand at a time.
func (b *bench) end(from, to int) error {
	for from < to {
		count := min(1000, to-from)
		ids := make([]host.RunID, count)
		number := make(map[host.RunID]int, count)
		for i := range ids {
			ids[i] = b.ids[from+i].run()
			number[ids[i]] = from + i
		}
		if _, err := b.store.UpdateRuns(b.ctx, host.Request{}, ids, func(r *host.Run) ([][]byte, error) {
			r.Attempt = 1
			r.StartedAt = r.CreatedAt.Add(2 * time.Second)
			r.EndedAt = r.StartedAt.Add(time.Minute)
			r.Status = ending(number[r.ID])
			return nil, nil
		}); err != nil {
			return err
		}
		from += count
	}
	return nil
}

// space says how many bytes a run takes on the disk.
func (b *bench) space(at string) error {
	total, err := b.fileBytes()
	if err != nil {
		return err
	}
	b.line("Space/runs="+at, b.runs, figure{float64(total) / float64(b.runs), "B/run"})
	return nil
}

// middle is the median.
func middle(values []float64) float64 {
	if len(values) == 0 {
		return math.NaN()
	}
	values = slices.Sorted(slices.Values(values))
	return values[len(values)/2]
}
