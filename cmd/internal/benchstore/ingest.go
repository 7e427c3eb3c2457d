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

// fill launches runs until there are n, lets them end, and says how fast that was, up to the base beside puts of the same
// records: of more of them the files would take twice the disk.
func (b *bench) fill(at string, n int) error {
	var ours []float64
	var beside puts
	first := b.runs
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
		ours = append(ours, perSecond(count, began))
		after, err := bytesWritten()
		if err != nil {
			return err
		}
		if b.runs <= base {
			beside.written += after - before
			if err := b.putBeside(&beside, runs); err != nil {
				return err
			}
		}
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
	b.ingest[at] = latest(ours)
	figures := []figure{{b.ingest[at], "runs/s"}}
	if beside.runs > 0 {
		figures = append(figures,
			figure{b.ingest[at] / latest(beside.records), "×raw"}, figure{b.ingest[at] / latest(beside.whole), "×raw-whole"},
			figure{float64(beside.written) / float64(beside.size), "×record-written"}, figure{float64(beside.size) / float64(beside.runs), "record-B"})
	}
	if before := b.ingest[label(base)]; before > 0 && at != label(base) {
		figures = append(figures, figure{b.ingest[at] / before, "×1M-rate"})
	}
	b.line("Ingest/runs="+at, b.runs-first, figures...)
	return b.space(at)
}

// puts are what bare bbolt does with runs beside the store.
type puts struct {
	// records and whole are runs a second, of records alone and of all that a run has, slice by slice.
	records, whole []float64
	// runs is how many, size the bytes of their records, and written what the store wrote for the same ones.
	runs, size int
	written    int64
}

// putBeside puts the newest runs into the bare file, too.
func (b *bench) putBeside(p *puts, runs []host.NewRun) error {
	from := b.runs - len(runs)
	records, err := b.recordsOf(from, runs)
	if err != nil {
		return err
	}
	began := time.Now()
	if err := b.raw.put(from, records, clients); err != nil {
		return err
	}
	p.records = append(p.records, perSecond(len(runs), began))
	began = time.Now()
	if err := b.raw.putWhole(from, runs, records, clients); err != nil {
		return err
	}
	p.whole = append(p.whole, perSecond(len(runs), began))
	for _, r := range records {
		p.size += len(r)
	}
	p.runs += len(runs)
	return nil
}

func perSecond(n int, began time.Time) float64 { return float64(n) / time.Since(began).Seconds() }

// latest is the rate of the last slices: what it is at this size, not on the way.
func latest(rates []float64) float64 { return middle(rates[max(0, len(rates)-20):]) }

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
