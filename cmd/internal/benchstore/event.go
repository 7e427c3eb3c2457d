package main

import (
	"crypto/sha256"
	"errors"
	"fmt"
	"sync"
	"sync/atomic"
	"time"

	"google.golang.org/protobuf/proto"
	"google.golang.org/protobuf/types/known/durationpb"
	"google.golang.org/protobuf/types/known/timestamppb"

	"github.com/penstock-run/penstock/host"
	workerv1 "github.com/penstock-run/penstock/proto/gen/penstock/worker/v1"
)

// workers is how many report at once.
const workers = 64

// pace is how many events a second the workers of a busy host report: twice goal S7.
const pace = 100_000

// events measures what workers report: how fast it becomes durable, what a command waits meanwhile, how fast the last
// ones are read, and what runs of 30 ops take on the disk.
func (b *bench) events(at string) error {
	idle, err := b.commandTimes(b.times(500))
	if err != nil {
		return err
	}
	ids, stored, busy, err := b.report(still/2, pace)
	if err != nil {
		return err
	}
	tails, err := b.tailTimes(ids)
	if err != nil {
		return err
	}
	b.line("EventsPaced/runs="+at, int(stored), figure{float64(stored) / b.window.Seconds(), "events/s"},
		figure{quantile(busy, 0.5) / quantile(idle, 0.5), "×idle-command"}, figure{quantile(tails, 0.95), "tail-p95-ms"})
	if _, stored, busy, err = b.report(still/2+workers, 0); err != nil {
		return err
	}
	b.line("Events/runs="+at, int(stored), figure{float64(stored) / b.window.Seconds(), "events/s"},
		figure{quantile(busy, 0.5) / quantile(idle, 0.5), "×idle-command"})
	return b.rest(at)
}

// report lets many workers report batches for a while: so many events a second in all, or as fast as they are taken. back
// is how far behind the newest run theirs begin. busy are the times of commands meanwhile.
func (b *bench) report(back, perSecond int) (ids []host.RunID, stored int64, busy []time.Duration, err error) {
	batch, _ := opEvents(0, 50) // of five events each
	var group sync.WaitGroup
	var count atomic.Int64
	errs := make([]error, workers)
	until := time.Now().Add(b.window)
	for w := range workers {
		id, err := b.startOne(b.runs - back - 1 - w)
		if err != nil {
			return nil, 0, nil, err
		}
		ids = append(ids, id)
		group.Go(func() {
			var turns <-chan time.Time // none: as fast as they are taken
			if perSecond > 0 {
				ticker := time.NewTicker(time.Duration(workers*len(batch)) * time.Second / time.Duration(perSecond))
				defer ticker.Stop()
				turns = ticker.C
			}
			for seq := uint64(1); time.Now().Before(until); seq += uint64(len(batch)) {
				if _, errs[w] = b.store.AppendEvents(b.ctx, id, host.EventBatch{Attempt: 1, First: seq, Events: batch}); errs[w] != nil {
					return
				}
				count.Add(int64(len(batch)))
				if turns != nil {
					<-turns
				}
			}
		})
	}
	busy, err = b.commandTimes(b.times(500))
	group.Wait()
	return ids, count.Load(), busy, first(err, errors.Join(errs...))
}

// tailTimes are how long it takes to read the last events of runs.
func (b *bench) tailTimes(ids []host.RunID) (tails []time.Duration, err error) {
	for _, id := range ids {
		took, err := timed(50, func(int) error {
			_, err := b.store.LastEvents(b.ctx, id, 20)
			return err
		})
		if err != nil {
			return nil, err
		}
		tails = append(tails, took...)
	}
	return tails, nil
}

// commandTimes are those of commands of one client.
func (b *bench) commandTimes(times int) ([]time.Duration, error) {
	id := b.ids[b.runs-1].run()
	return timed(times, func(int) error {
		_, err := b.store.UpdateRun(b.ctx, id, func(r *host.Run) ([][]byte, error) {
			r.StartTimeouts++
			return nil, nil
		})
		return err
	})
}

// startOne starts the i-th run, which is queued, or waits for its code since a host looked at it.
func (b *bench) startOne(i int) (host.RunID, error) {
	id := b.ids[i].run()
	_, err := b.store.UpdateRun(b.ctx, id, func(r *host.Run) ([][]byte, error) {
		r.Status, r.Attempt, r.WaitingSince = host.Started, 1, time.Time{}
		return nil, nil
	})
	return id, err
}

// rest measures what runs of 30 ops with default logs take on the disk once they have ended and their batches are merged.
func (b *bench) rest(at string) error {
	const ops, ticks = 30, 10
	runs := b.times(400)
	before, err := b.fileBytes()
	if err != nil {
		return err
	}
	raw := 0
	for i := range runs {
		n := runOf(b.runs + i)
		n.RequestID, n.Run.Status, n.Run.Attempt = n.RequestID+"-rest", host.Started, 1
		run, _, err := b.store.CreateRun(b.ctx, n)
		if err != nil {
			return err
		}
		seq := uint64(1)
		for at := 0; at < ops; at += ops / ticks {
			events, size := opEvents(at, ops/ticks)
			if _, err := b.store.AppendEvents(b.ctx, run.ID, host.EventBatch{Attempt: 1, First: seq, Events: events}); err != nil {
				return err
			}
			seq, raw = seq+uint64(len(events)), raw+size
		}
		if _, err := b.store.UpdateRun(b.ctx, run.ID, func(r *host.Run) ([][]byte, error) {
			r.Status, r.EndedAt = host.Success, r.CreatedAt.Add(time.Minute)
			return nil, nil
		}); err != nil {
			return err
		}
	}
	if err := b.close(); err != nil { // what is merged in the background is done
		return err
	}
	after, err := b.fileBytes()
	if err != nil {
		return err
	}
	b.line("EventSpace/runs="+at, runs, figure{float64(after-before) / float64(runs), "B/run"}, figure{float64(after-before) / float64(raw), "×raw"})
	return b.open()
}

// opEvents are the events of ops as a worker sends them: started, two log lines, finished, output. size is their bytes.
func opEvents(from, ops int) (events [][]byte, size int) {
	for op := from; op < from+ops; op++ {
		at := timestamppb.New(firstDay.Add(time.Duration(op) * 137 * time.Millisecond))
		path := fmt.Sprintf("load.step_%02d", op)
		digest := sha256.Sum256([]byte(path))
		for _, e := range []*workerv1.Event{
			{Kind: "op_started", Detail: &workerv1.Event_OpStarted{OpStarted: &workerv1.OpStarted{}}},
			{Kind: "log", Message: fmt.Sprintf("read %d rows of table orders_%d", 1000*op+17, op), Detail: &workerv1.Event_Log{Log: &workerv1.LogRecord{}}},
			{Kind: "log", Message: fmt.Sprintf("wrote part %d, checksum %016x", op, mix(uint64(op))), Detail: &workerv1.Event_Log{Log: &workerv1.LogRecord{}}},
			{Kind: "op_finished", Detail: &workerv1.Event_OpFinished{OpFinished: &workerv1.OpFinished{
				Outcome: workerv1.Outcome_OUTCOME_SUCCESS, Duration: durationpb.New(time.Duration(op) * 137 * time.Millisecond),
			}}},
			{Kind: "output", Detail: &workerv1.Event_Output{Output: &workerv1.Output{
				Name: "result", Address: fmt.Sprintf("runs/%032x/%064x", from, digest), Size: 4321, Digest: digest[:], Codec: "json",
			}}},
		} {
			e.Time, e.OpPath, e.OpAttempt = at, path, 1
			data, err := proto.Marshal(e)
			if err != nil {
				panic(err) // it is made here
			}
			events, size = append(events, data), size+len(data)
		}
	}
	return events, size
}
