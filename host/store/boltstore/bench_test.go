package boltstore

import (
	"bytes"
	"context"
	"encoding/json"
	"fmt"
	"os"
	"path/filepath"
	"slices"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"

	"github.com/penstock-run/penstock/host"
	"github.com/penstock-run/penstock/usercode/tag"
)

// Figures of one disk mean little on another, and on a shared machine little a minute later. So each benchmark probes
// what it compares with in its own loop, and reports ratios.

// probe measures what the disk needs to make 4 KiB durable.
type probe struct {
	f    *os.File
	took []time.Duration
}

func newProbe(b *testing.B) *probe {
	b.Helper()
	f, err := os.Create(filepath.Join(b.TempDir(), "probe"))
	if err != nil {
		b.Fatal(err)
	}
	b.Cleanup(func() { _ = f.Close() })
	if err := f.Truncate(4 << 20); err != nil {
		b.Fatal(err)
	}
	return &probe{f: f}
}

func (p *probe) once(b *testing.B) {
	b.Helper()
	began := time.Now()
	if _, err := p.f.WriteAt(bytes.Repeat([]byte{byte(len(p.took))}, 4096), int64(len(p.took)%1024)*4096); err != nil {
		b.Fatal(err)
	}
	if err := syncData(p.f); err != nil {
		b.Fatal(err)
	}
	p.took = append(p.took, time.Since(began))
}

func p50(took []time.Duration) float64 {
	slices.Sort(took)
	return float64(took[len(took)/2])
}

// typicalRun is a run of about 1 KB with six tags.
func typicalRun() host.NewRun {
	n := newRun()
	for i := range 6 {
		n.Run.Tags = append(n.Run.Tags, tag.Tag{Key: fmt.Sprint("team.example/key_", i), Value: fmt.Sprint("value ", n.Run.ID, i), Origin: tag.OriginLaunch})
	}
	n.Run.ConfigYAML = "config:\n  read:\n    path: /data/" + string(n.Run.ID) + "\n"
	n.Run.ConfigJSON = []byte(`{"config":{"read":{"path":"/data/` + string(n.Run.ID) + `"}}}`)
	n.Run.OpPaths = []string{"read", "parse", "join", "write"}
	n.Run.Launched = host.Snapshot{ServerInfo: bytes.Repeat([]byte(n.Run.ID), 3)}
	return n
}

// BenchmarkOneClient is goal S1: p50 of a durable command at most 3.5 times that of fdatasync.
func BenchmarkOneClient(b *testing.B) {
	for name, command := range map[string]func(b *testing.B, s *Store, run host.RunID){
		"UpdateRun": func(b *testing.B, s *Store, run host.RunID) {
			updated(b, s, run, func(r *host.Run) { r.StartTimeouts++ }, "note")
		},
		"CreateRun": func(b *testing.B, s *Store, _ host.RunID) {
			if _, _, err := s.CreateRun(b.Context(), typicalRun()); err != nil {
				b.Fatal(err)
			}
		},
		"AppendEvents": func(b *testing.B, s *Store, run host.RunID) {
			last, err := s.LastSeq(b.Context(), run, 1)
			if err != nil {
				b.Fatal(err)
			}
			if _, err := s.AppendEvents(b.Context(), run, numbered(last+1, last+10)); err != nil {
				b.Fatal(err)
			}
		},
	} {
		b.Run(name, func(b *testing.B) {
			s, _ := openNew(b, nil)
			run, sync, took := start(b, s), newProbe(b), []time.Duration(nil)
			for b.Loop() {
				sync.once(b)
				began := time.Now()
				command(b, s, run.ID)
				took = append(took, time.Since(began))
			}
			b.ReportMetric(p50(took)/p50(sync.took), "×fdatasync")
			b.ReportMetric(p50(took)/1e3, "µs/p50")
		})
	}
}

// clients runs work in n goroutines for a while and returns how often per second it was done.
func clients(n int, lasting time.Duration, work func(client int) error) (perSecond float64, err error) {
	ctx, cancel := context.WithTimeout(context.Background(), lasting)
	defer cancel()
	var done atomic.Int64
	var failed atomic.Pointer[error]
	var wg sync.WaitGroup
	began := time.Now()
	for client := range n {
		wg.Go(func() {
			for ctx.Err() == nil {
				if err := work(client); err != nil {
					failed.Store(&err)
					return
				}
				done.Add(1)
			}
		})
	}
	wg.Wait()
	if e := failed.Load(); e != nil {
		err = *e
	}
	return float64(done.Load()) / time.Since(began).Seconds(), err
}

// BenchmarkManyClients is goal S2: 256 clients get at least 30 times the rate of one. Each changes its own run.
func BenchmarkManyClients(b *testing.B) {
	s, _ := openNew(b, nil)
	var runs []host.RunID
	for range 256 {
		runs = append(runs, start(b, s).ID)
	}
	work := func(client int) error {
		_, err := s.UpdateRun(b.Context(), runs[client], func(r *host.Run) ([][]byte, error) {
			r.StartTimeouts++
			return nil, nil
		})
		return err
	}
	var one, many []float64
	for b.Loop() {
		r1, err := clients(1, 200*time.Millisecond, work)
		if err != nil {
			b.Fatal(err)
		}
		rN, err := clients(len(runs), 200*time.Millisecond, work)
		if err != nil {
			b.Fatal(err)
		}
		one, many = append(one, r1), append(many, rN)
	}
	slices.Sort(one)
	slices.Sort(many)
	b.ReportMetric(many[len(many)/2]/one[len(one)/2], "×one-client")
	b.ReportMetric(many[len(many)/2], "updates/s")
}

// BenchmarkIngest is goal S3: creating runs with all that belongs to them, by 256 clients, at least half as fast as a bare
// bbolt file that gets records of the same size, 256 per transaction; and at most 2.5 times their size is written.
func BenchmarkIngest(b *testing.B) {
	s, dir := openNew(b, nil)
	bare, err := bbolt.Open(filepath.Join(dir, "bare.db"), 0o600, &bbolt.Options{FreelistType: bbolt.FreelistMapType, InitialMmapSize: 1 << 30})
	if err != nil {
		b.Fatal(err)
	}
	defer bare.Close()
	sample := typicalRun()
	payload, err := marshalRun(&sample.Run)
	if err != nil {
		b.Fatal(err)
	}
	seq, made := uint64(0), atomic.Int64{}
	var raw, ours []float64
	written := pagesOf(s)
	for b.Loop() {
		r, err := clients(1, 200*time.Millisecond, func(int) error {
			return bare.Update(func(tx *bbolt.Tx) error {
				bucket, err := tx.CreateBucketIfNotExists(bucketRuns)
				for range 256 {
					if seq++; err == nil {
						err = bucket.Put(seqKey(seq), payload)
					}
				}
				return err
			})
		})
		if err != nil {
			b.Fatal(err)
		}
		o, err := clients(256, 200*time.Millisecond, func(int) error {
			made.Add(1)
			_, _, err := s.CreateRun(b.Context(), typicalRun())
			return err
		})
		if err != nil {
			b.Fatal(err)
		}
		raw, ours = append(raw, r*256), append(ours, o)
	}
	slices.Sort(raw)
	slices.Sort(ours)
	b.ReportMetric(ours[len(ours)/2]/raw[len(raw)/2], "×bare")
	b.ReportMetric(ours[len(ours)/2], "runs/s")
	b.ReportMetric(float64(len(payload)), "B/record")
	b.ReportMetric(float64(pagesOf(s)-written)/float64(made.Load())/float64(len(payload)), "×record-written")
}

// pagesOf is how many bytes of pages the transactions of meta.db have written.
func pagesOf(s *Store) int64 {
	stats := s.meta.db.Stats()
	return stats.TxStats.GetPageAlloc()
}

// typicalEvent is an event as an op's log line makes one.
func typicalEvent(run host.RunID, seq uint64) []byte {
	text, err := json.Marshal(map[string]any{
		"kind": "log", "seq": seq, "time": 1_770_000_000_000_000_000 + seq*7_654_321, "op": fmt.Sprint("graph.op_", seq%7),
		"level": "INFO", "message": fmt.Sprintf("read %d rows of part %d from the source", seq*31%9973, seq),
	})
	if err != nil {
		panic(err)
	}
	return append(text, run[len(run)-4:]...)
}

// BenchmarkEvents is goal S7: 64 workers store at least 50,000 events a second at no more than 0.3 of their size, and
// a command meanwhile takes at most twice its time.
func BenchmarkEvents(b *testing.B) {
	s, _ := openNew(b, nil)
	runs, last := make([]host.RunID, 64), make([]uint64, 64)
	for i := range runs {
		runs[i] = start(b, s).ID
	}
	command := start(b, s).ID
	var raw atomic.Int64
	work := func(client int) error {
		batch := host.EventBatch{Attempt: 1, First: last[client] + 1}
		for range 100 {
			last[client]++
			e := typicalEvent(runs[client], last[client])
			raw.Add(int64(len(e)))
			batch.Events = append(batch.Events, e)
		}
		_, err := s.AppendEvents(b.Context(), runs[client], batch)
		return err
	}
	measure := func() time.Duration {
		began := time.Now()
		updated(b, s, command, func(r *host.Run) { r.StartTimeouts++ }, "note")
		return time.Since(began)
	}
	var rates []float64
	var idle, busy []time.Duration
	for b.Loop() {
		for range 50 {
			idle = append(idle, measure())
		}
		done := make(chan struct{})
		go func() {
			defer close(done)
			rate, err := clients(len(runs), 500*time.Millisecond, work)
			if err != nil {
				b.Error(err)
			}
			rates = append(rates, 100*rate)
		}()
		for running := true; running; {
			select {
			case <-done:
				running = false
			default:
				busy = append(busy, measure())
			}
		}
	}
	var tail []time.Duration
	for range 1000 {
		began := time.Now()
		if got, err := s.LastEvents(b.Context(), runs[0], 20); err != nil || len(got) != 20 {
			b.Fatal(len(got), err)
		}
		tail = append(tail, time.Since(began))
	}
	slices.Sort(rates)
	slices.Sort(tail)
	b.ReportMetric(rates[len(rates)/2], "events/s")
	b.ReportMetric(float64(stored(b, s))/float64(raw.Load()), "×raw-size")
	b.ReportMetric(p50(busy)/p50(idle), "×idle-command")
	b.ReportMetric(float64(tail[len(tail)*95/100])/1e3, "µs/tail-p95")
}

// stored is what the events take: keys and values.
func stored(b *testing.B, s *Store) (n int) {
	b.Helper()
	if err := s.epochs.current().view(func(tx *bbolt.Tx) error {
		return tx.Bucket(bucketEvents).ForEach(func(k, v []byte) error {
			n += len(k) + len(v)
			return nil
		})
	}); err != nil {
		b.Fatal(err)
	}
	return n
}
