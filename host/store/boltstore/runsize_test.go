package boltstore

import (
	"crypto/sha256"
	"encoding/hex"
	"fmt"
	"math/rand/v2"
	"path/filepath"
	"sync"
	"sync/atomic"
	"testing"
	"time"

	"go.etcd.io/bbolt"
	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/penstock-run/penstock/host"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// workerBatches are the batches that a worker sends of a run with some ops, which write two log lines each, and whose
// outputs are stored. A batch has what happens in 50 ms: a part of an op or two.
func workerBatches(t testing.TB, run host.RunID, ops int, chance *rand.Rand) (batches [][][]byte) {
	t.Helper()
	now := time.Date(2026, 11, 23, 4, 0, 0, chance.IntN(1e9), time.UTC)
	var batch [][]byte
	add := func(e *workerv1.Event) {
		now = now.Add(time.Duration(chance.IntN(40_000_000)))
		e.Time = timestamppb.New(now)
		event, err := proto.Marshal(e)
		if err != nil {
			t.Fatal(err)
		}
		batch = append(batch, event)
	}
	send := func() { batches, batch = append(batches, batch), nil }
	add(&workerv1.Event{Kind: "run_started", Detail: &workerv1.Event_RunStarted{RunStarted: &workerv1.RunStarted{Ops: uint32(ops)}}})
	send()
	for i := range ops {
		path := fmt.Sprintf("%s_%d", []string{"extract_orders", "clean_orders", "join_customers", "aggregate", "load"}[i%5], i)
		op := func(kind, message string, detail *workerv1.Event) {
			detail.Kind, detail.Message, detail.OpPath, detail.OpAttempt = kind, message, path, 1
			add(detail)
		}
		digest := sha256.Sum256(fmt.Append(nil, run, i))
		op("op_started", "", &workerv1.Event{Detail: &workerv1.Event_OpStarted{OpStarted: &workerv1.OpStarted{}}})
		op("log", fmt.Sprintf("reading %d rows from s3://warehouse/orders/part-%05d.parquet", chance.IntN(1e6), i),
			&workerv1.Event{Detail: &workerv1.Event_Log{Log: &workerv1.LogRecord{}}})
		op("log", fmt.Sprintf("wrote %d rows", chance.IntN(1e6)), &workerv1.Event{Detail: &workerv1.Event_Log{Log: &workerv1.LogRecord{}}})
		op("op_finished", "", &workerv1.Event{Detail: &workerv1.Event_OpFinished{OpFinished: &workerv1.OpFinished{
			Outcome: workerv1.Outcome_OUTCOME_SUCCESS, Duration: durationpb.New(time.Duration(chance.IntN(1e9))),
		}}})
		if chance.IntN(2) == 0 {
			send()
		}
		op("output", "", &workerv1.Event{Detail: &workerv1.Event_Output{Output: &workerv1.Output{
			Name: "result", Address: fmt.Sprintf("runs/%s/%s", run, hex.EncodeToString(digest[:])), Digest: digest[:],
			Size: uint64(chance.IntN(1e7)), Codec: "json",
		}}})
		if chance.IntN(2) == 0 {
			send()
		}
	}
	add(&workerv1.Event{Kind: "run_finished", Detail: &workerv1.Event_RunFinished{RunFinished: &workerv1.RunFinished{Outcome: workerv1.Outcome_OUTCOME_SUCCESS}}})
	send()
	return batches
}

// runLife takes a run of 30 ops through its life, as its worker and the host do. It returns how many events it has and how
// many bytes these are.
func runLife(b *testing.B, s *Store, chance *rand.Rand) (events, raw int) {
	b.Helper()
	run, _, err := s.CreateRun(b.Context(), typicalRun())
	if err != nil {
		b.Error(err)
		return 0, 0
	}
	become := func(status host.RunStatus) {
		if _, err := s.UpdateRun(b.Context(), run.ID, func(r *host.Run) ([][]byte, error) {
			r.Status, r.Attempt = status, 1
			return [][]byte{fmt.Append(nil, "the host says that the run is ", status)}, nil
		}); err != nil {
			b.Error(err)
		}
	}
	become(host.Starting)
	become(host.Started)
	last := uint64(0)
	for _, batch := range workerBatches(b, run.ID, 30, chance) {
		for _, e := range batch {
			raw += len(e)
		}
		events += len(batch)
		if last, err = s.AppendEvents(b.Context(), run.ID, host.EventBatch{Attempt: 1, First: last + 1, Events: batch}); err != nil {
			b.Error(err)
			return 0, 0
		}
	}
	become(host.Success)
	return events, raw
}

// BenchmarkRunSize says what a run of 30 ops takes on the disk, all in all: at most 10 KB, its events at most 0.3 of what
// they are. 64 runs are in progress at a time.
func BenchmarkRunSize(b *testing.B) {
	const runs, live = 2048, 64
	for b.Loop() {
		s, dir := openNew(b, nil)
		var raw, events atomic.Int64
		var wg sync.WaitGroup
		for i := range live {
			wg.Go(func() {
				chance := rand.New(rand.NewPCG(1, uint64(i)))
				for range runs / live {
					n, size := runLife(b, s, chance)
					events.Add(int64(n))
					raw.Add(int64(size))
				}
			})
		}
		wg.Wait()
		if err := s.Close(); err != nil {
			b.Fatal(err)
		}
		records, size := 0, map[string]float64{}
		for _, name := range []string{metaName, eventsName(1)} {
			readOnly(b, filepath.Join(dir, name), func(tx *bbolt.Tx) error {
				size[name] = float64(tx.Size())
				if name == metaName {
					return nil
				}
				return tx.Bucket(bucketEvents).ForEach(func(k, v []byte) error {
					records += len(k) + len(v)
					return nil
				})
			})
		}
		b.ReportMetric(size[metaName]/runs, "B/run-meta")
		b.ReportMetric(size[eventsName(1)]/runs, "B/run-events")
		b.ReportMetric((size[metaName]+size[eventsName(1)])/runs, "B/run")
		b.ReportMetric(float64(raw.Load())/runs, "B/run-raw")
		b.ReportMetric(float64(events.Load())/runs, "events/run")
		b.ReportMetric(float64(records)/float64(raw.Load()), "×raw-records")
		b.ReportMetric(size[eventsName(1)]/float64(raw.Load()), "×raw-file")
	}
}
